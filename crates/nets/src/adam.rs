//! Adam (Kingma and Ba 2015, algorithm 1) as one pass over each parameter.

use candle_core::Tensor;

/// The constants of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adam {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// The learning rate over the first moment's bias correction.
    rate: f32,
    /// One over the root of the second moment's bias correction.
    unbias: f32,
}

impl Adam {
    /// For the step of this number; the first is 1.
    pub(crate) fn at_step(step: u64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            epsilon: epsilon as f32,
            rate: (learning_rate / correction(beta1)) as f32,
            unbias: (1.0 / correction(beta2).sqrt()) as f32,
        }
    }

    /// One step; all slices are of one length.
    pub(crate) fn step(&self, values: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32]) {
        let n = values.len();
        let (mean, square, gradient) = (&mut mean[..n], &mut square[..n], &gradient[..n]);
        for i in 0..n {
            let g = gradient[i];
            mean[i] = self.beta1 * mean[i] + (1.0 - self.beta1) * g;
            square[i] = self.beta2 * square[i] + (1.0 - self.beta2) * g * g;
            values[i] -= self.rate * mean[i] / (square[i].sqrt() * self.unbias + self.epsilon);
        }
    }

    /// The same by Candle's operations, for other devices. Gives the new value.
    pub(crate) fn step_tensors(
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
