//! ModuRL with the allocator that `deepq` has, so that the libraries are compared and not their allocators.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    deepq_bench_modurl::serve("mimalloc")
}
