//! Convolution as a matrix product, for NVIDIA GPUs: the gradient of Candle's own convolution is slow there.
//!
//! [`Im2Col`] lays the inputs that a kernel covers at each output position side by side (Chellapilla, Puri and Simard 2006);
//! its gradient [`Col2Im`] adds them up where they came from. The product with the weights, and both gradients of that, are
//! Candle's matrix products, which are cuBLAS's there. On CPUs all of it works too, so that it can be tested.

#[cfg(feature = "cuda")]
#[allow(unsafe_code, reason = "a GPU's memory and kernels are reached by it")]
mod cuda;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use crate::graph::host_slice;
use crate::layers::Conv;

/// `[batch, channels, height, width]`, a weight `[filters, channels, kernel, kernel]` and a bias `[filters]` to
/// `[batch, filters, out_height, out_width]`.
pub(crate) fn convolve(conv: Conv, x: &Tensor, weight: &Tensor, bias: &Tensor) -> candle_core::Result<Tensor> {
    let batch = x.dim(0)?;
    let columns = x.contiguous()?.apply_op1(Im2Col(conv))?;
    let products = weight.flatten_from(1)?.matmul(&columns)?;
    products
        .reshape((conv.filters, batch, conv.out_height(), conv.out_width()))?
        .permute((1, 0, 2, 3))?
        .broadcast_add(&bias.reshape((1, conv.filters, 1, 1))?)
}

/// Pixels `[batch, channels, height, width]` to columns `[channels * kernel * kernel, batch * out_height * out_width]`.
struct Im2Col(Conv);

/// Columns to pixels: each pixel is the sum of all columns' elements that [`Im2Col`] takes from it.
struct Col2Im(Conv);

impl Conv {
    fn pixels(&self, batch: usize) -> Shape {
        (batch, self.channels, self.height, self.width).into()
    }

    fn columns(&self, batch: usize) -> Shape {
        (self.channels * self.kernel * self.kernel, batch * self.out_height() * self.out_width()).into()
    }

    /// For each run of `out_width` columns, in their order, where in the pixels it begins; a pixel lies `stride` behind the
    /// one before.
    fn runs(self, batch: usize) -> impl Iterator<Item = usize> {
        let Self { channels, height, width, kernel, stride, .. } = self;
        let out_height = self.out_height();
        (0..channels * kernel * kernel).flat_map(move |row| {
            let (channel, y, x) = (row / (kernel * kernel), row / kernel % kernel, row % kernel);
            (0..batch * out_height).map(move |line| {
                let (image, out_y) = (line / out_height, line % out_height);
                ((image * channels + channel) * height + out_y * stride + y) * width + x
            })
        })
    }
}

impl CustomOp1 for Im2Col {
    fn name(&self) -> &'static str {
        "im2col"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (Self(conv), batch) = (self, layout.shape().dims4()?.0);
        let pixels: &[f32] = host_slice(storage, layout)?;
        let shape = conv.columns(batch);
        let mut columns = Vec::with_capacity(shape.elem_count());
        for start in conv.runs(batch) {
            columns.extend(pixels[start..].iter().step_by(conv.stride).take(conv.out_width()));
        }
        Ok((CpuStorage::F32(columns), shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        storage: &candle_core::CudaStorage,
        layout: &Layout,
    ) -> candle_core::Result<(candle_core::CudaStorage, Shape)> {
        let (Self(conv), batch) = (self, layout.shape().dims4()?.0);
        let shape = conv.columns(batch);
        Ok((cuda::launch("im2col", *conv, batch, storage, layout, shape.elem_count())?, shape))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, upstream: &Tensor) -> candle_core::Result<Option<Tensor>> {
        upstream.contiguous()?.apply_op1_no_bwd(&Col2Im(self.0)).map(Some)
    }
}

impl CustomOp1 for Col2Im {
    fn name(&self) -> &'static str {
        "col2im"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (Self(conv), batch) = (self, self.batch(layout)?);
        let columns: &[f32] = host_slice(storage, layout)?;
        let shape = conv.pixels(batch);
        let mut pixels = vec![0.0; shape.elem_count()];
        for (start, run) in conv.runs(batch).zip(columns.chunks_exact(conv.out_width())) {
            for (pixel, column) in pixels[start..].iter_mut().step_by(conv.stride).zip(run) {
                *pixel += column;
            }
        }
        Ok((CpuStorage::F32(pixels), shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        storage: &candle_core::CudaStorage,
        layout: &Layout,
    ) -> candle_core::Result<(candle_core::CudaStorage, Shape)> {
        let (Self(conv), batch) = (self, self.batch(layout)?);
        let shape = conv.pixels(batch);
        Ok((cuda::launch("col2im", *conv, batch, storage, layout, shape.elem_count())?, shape))
    }
}

impl Col2Im {
    fn batch(&self, layout: &Layout) -> candle_core::Result<usize> {
        Ok(layout.shape().dims2()?.1 / (self.0.out_height() * self.0.out_width()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use candle_core::{Device, Var};
    use proptest::prelude::*;

    use super::*;

    /// Numbers in [-1, 1) of no pattern.
    fn numbers(shape: impl Into<Shape>, seed: u64) -> Tensor {
        let shape = shape.into();
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        };
        Tensor::from_vec((0..shape.elem_count()).map(|_| next()).collect(), shape, &Device::Cpu).unwrap()
    }

    fn assert_close(what: &str, a: &Tensor, b: &Tensor) {
        assert_eq!(a.dims(), b.dims(), "{what}");
        let flat = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (a, b) = (flat(a), flat(b));
        let scale = b.iter().fold(1.0f32, |most, x| most.max(x.abs()));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() <= 2e-5 * scale, "{what}: {a} {b}");
        }
    }

    fn convs() -> impl Strategy<Value = Conv> {
        (1..5usize, 1..5usize, 0..9usize, 0..9usize, 1..7usize, 1..5usize).prop_map(
            |(channels, stride, more_height, more_width, filters, kernel)| Conv {
                channels,
                height: kernel + more_height,
                width: kernel + more_width,
                filters,
                kernel,
                stride,
                padding: 0,
            },
        )
    }

    /// Input, weight, bias, and what the outputs are multiplied with before they are added up.
    fn operands(conv: Conv, batch: usize) -> [Var; 4] {
        let outputs = (batch, conv.filters, conv.out_height(), conv.out_width());
        [
            numbers(conv.pixels(batch), 1),
            numbers((conv.filters, conv.channels, conv.kernel, conv.kernel), 2),
            numbers(conv.filters, 3),
            numbers(outputs, 4),
        ]
        .map(|tensor| Var::from_tensor(&tensor).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 80 }))]

        #[test]
        fn equals_candles_convolution(conv in convs(), batch in 1..6usize) {
            let [x, weight, bias, factors] = operands(conv, batch);
            let actual = convolve(conv, &x, &weight, &bias).unwrap();
            // Without the rows and columns that no kernel reaches, which Candle's gradient mistakes.
            let used = x.narrow(2, 0, conv.used_height()).unwrap().narrow(3, 0, conv.used_width()).unwrap();
            let expected = used.contiguous().unwrap().conv2d(&weight, 0, conv.stride, 1, 1).unwrap();
            let expected = expected.broadcast_add(&bias.reshape((1, conv.filters, 1, 1)).unwrap()).unwrap();
            assert_close("outputs", &actual, &expected);
            let [actual, expected] =
                [actual, expected].map(|y| y.mul(&factors).unwrap().sum_all().unwrap().backward().unwrap());
            for (what, var) in [("pixels", &x), ("weight", &weight), ("bias", &bias)] {
                assert_close(what, actual.get(var).unwrap(), expected.get(var).unwrap());
            }
        }

        /// The sum is linear in each operand, so that large differences show its gradient as well as small ones.
        #[test]
        fn gradients_agree_with_finite_differences(conv in convs(), batch in 1..4usize) {
            let [x, weight, bias, factors] = operands(conv, batch);
            let sum = || {
                let y = convolve(conv, &x, &weight, &bias).unwrap().mul(&factors).unwrap();
                // In f64, because the sum is much larger than what one element does to it.
                y.to_dtype(candle_core::DType::F64).unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap()
            };
            let y = convolve(conv, &x, &weight, &bias).unwrap();
            let gradients = y.mul(&factors).unwrap().sum_all().unwrap().backward().unwrap();
            for var in [&x, &weight, &bias] {
                let before = var.as_detached_tensor().copy().unwrap();
                let direction = numbers(before.shape().clone(), 5);
                let gradient = gradients.get(var).unwrap();
                let slope = gradient.mul(&direction).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
                let at = |step: f64| {
                    var.set(&(&before + (&direction * step).unwrap()).unwrap()).unwrap();
                    sum()
                };
                let difference = (at(0.5) - at(-0.5)) as f32;
                var.set(&before).unwrap();
                prop_assert!((difference - slope).abs() <= 2e-4 * slope.abs().max(1.0), "{difference} {slope}");
            }
        }
    }

    /// What an input lying about in memory in another order must not change.
    #[test]
    fn inputs_need_not_be_contiguous() {
        let conv = Conv { channels: 3, height: 7, width: 6, filters: 2, kernel: 3, stride: 2, padding: 0 };
        let [x, weight, bias, _] = operands(conv, 4);
        let turned = x.permute((3, 2, 1, 0)).unwrap().contiguous().unwrap().permute((3, 2, 1, 0)).unwrap();
        let [a, b] = [x.as_tensor(), &turned].map(|x| convolve(conv, x, &weight, &bias).unwrap());
        assert_close("outputs", &a, &b);
    }
}
