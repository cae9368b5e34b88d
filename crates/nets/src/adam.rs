//! What Adam needs to know of a step, and the step by Candle's operations.

use candle_core::Tensor;

use crate::kernels::adam::AdamStep;

impl AdamStep {
    /// For the step of this number; the first is 1.
    pub(crate) fn at(step: u64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            epsilon: epsilon as f32,
            rate: (learning_rate / correction(beta1)) as f32,
            unbias: (1.0 / correction(beta2).sqrt()) as f32,
        }
    }

    /// One step by Candle's operations, for devices without kernels. Gives the new value.
    pub(crate) fn on_tensors(
        &self,
        value: &Tensor,
        moments: &mut [Tensor; 2],
        gradient: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let [mean, square] = moments;
        let (beta1, beta2) = (f64::from(self.beta1), f64::from(self.beta2));
        *mean = ((&*mean * beta1)? + (gradient * (1.0 - beta1))?)?;
        *square = ((&*square * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
        let root = square.sqrt()?.affine(f64::from(self.unbias), f64::from(self.epsilon))?;
        value.detach() - (mean.div(&root)? * f64::from(self.rate))?
    }
}
