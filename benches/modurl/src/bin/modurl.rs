//! ModuRL as its own benchmark runs it: with the system's allocator.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    deepq_bench_modurl::serve("system")
}
