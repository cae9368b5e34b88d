//! Im2Col and Col2Im on NVIDIA GPUs. **Untested:** this compiles, and so do the kernels, but no GPU was at hand to run them.

use std::sync::OnceLock;

use candle_core::CudaStorage;
use candle_core::Layout;
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileError, compile_ptx};

use crate::layers::Conv;

const KERNELS: &str = include_str!("im2col.cu");

/// Threads of a block.
const BLOCK: u32 = 256;

/// Most elements that the kernels can count.
const MOST_ELEMENTS: usize = i32::MAX as usize;

/// Runs a kernel of `im2col.cu` on contiguous f32 values; gives the `len` values that it writes.
pub(super) fn launch(
    kernel: &str,
    conv: Conv,
    batch: usize,
    input: &CudaStorage,
    layout: &Layout,
    len: usize,
) -> candle_core::Result<CudaStorage> {
    let Some((start, end)) = layout.contiguous_offsets() else { candle_core::bail!("expected contiguous values") };
    if len.max(end - start) > MOST_ELEMENTS {
        candle_core::bail!("{kernel}: a batch of {batch} is too large for this convolution");
    }
    let device = input.device();
    let input = input.as_cuda_slice::<f32>()?.slice(start..end);
    // SAFETY: the kernel writes every one of these elements before anything reads them.
    let mut output = unsafe { device.alloc::<f32>(len) }?;
    let input_sizes = [batch, conv.channels, conv.height, conv.width];
    let output_sizes = [conv.kernel, conv.stride, conv.out_height(), conv.out_width()];
    let sizes: Vec<u32> = input_sizes
        .into_iter()
        .chain(output_sizes)
        .map(u32::try_from)
        .collect::<Result<_, _>>()
        .map_err(candle_core::Error::wrap)?;
    let function = device.get_or_load_custom_func(kernel, "deepq_im2col", ptx()?)?;
    let mut arguments = function.builder();
    arguments.arg(&input).arg(&mut output);
    for size in &sizes {
        arguments.arg(size);
    }
    let blocks = (len as u32).div_ceil(BLOCK);
    let config = LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the arguments are the kernel's parameters in their order; it reads within `input` and writes within `output`,
    // whose lengths follow from the sizes.
    unsafe { arguments.launch(config) }.w()?;
    Ok(CudaStorage::wrap_cuda_slice(output, device.clone()))
}

/// The kernels for the driver, compiled once.
fn ptx() -> candle_core::Result<&'static str> {
    static PTX: OnceLock<Result<String, CompileError>> = OnceLock::new();
    let ptx = PTX.get_or_init(|| compile_ptx(KERNELS).map(|ptx| ptx.to_src()));
    ptx.as_deref().map_err(CompileError::clone).w()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    /// NVRTC needs no GPU.
    #[test]
    fn kernels_compile() {
        let ptx = super::ptx().unwrap();
        assert!(ptx.contains(".entry im2col") && ptx.contains(".entry col2im"), "{ptx}");
    }
}
