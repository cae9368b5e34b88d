//! Which optimizer, and what it does to a parameter.

use candle_core::Tensor;
use deepq_kernels::Isa;
use deepq_kernels::adam::{Adam, AdamStep};
use deepq_kernels::rms_prop::{RmsProp, RmsPropStep};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NetError;

/// An optimizer, as an experiment's `[optimizer]` section says it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerSpec {
    /// Adam (Kingma and Ba 2015) with bias correction and without weight decay, as PyTorch's.
    Adam {
        /// Step size, above 0.
        #[schemars(extend("exclusiveMinimum" = 0))]
        learning_rate: f64,
        /// Decay of the mean gradient, in [0, 1).
        #[serde(default = "beta1")]
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta1: f64,
        /// Decay of the mean squared gradient, in [0, 1).
        #[serde(default = "beta2")]
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta2: f64,
        /// Added to the root of the mean squared gradient, 0 or more.
        #[serde(default = "epsilon")]
        #[schemars(range(min = 0))]
        epsilon: f64,
    },
    /// Rectified Adam (Liu et al. 2020), as PyTorch's `RAdam`: plain momentum until the mean squared gradient can be relied
    /// upon, and Adam with a growing step size then.
    #[serde(rename = "radam")]
    RAdam {
        /// Step size, above 0.
        #[schemars(extend("exclusiveMinimum" = 0))]
        learning_rate: f64,
        /// Decay of the mean gradient, in [0, 1).
        #[serde(default = "beta1")]
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta1: f64,
        /// Decay of the mean squared gradient, in [0, 1).
        #[serde(default = "beta2")]
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta2: f64,
        /// Added to the root of the mean squared gradient, 0 or more.
        #[serde(default = "epsilon")]
        #[schemars(range(min = 0))]
        epsilon: f64,
    },
    /// RMSProp centred by the mean gradient (Graves 2013), as PyTorch's `RMSprop(centered=True)`.
    #[serde(rename = "rmsprop")]
    RmsProp {
        /// Step size, above 0.
        #[schemars(extend("exclusiveMinimum" = 0))]
        learning_rate: f64,
        /// Decay of the mean and the mean squared gradient, in [0, 1); 0.95 in Mnih et al. 2015.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        decay: f64,
        /// Added to the root of the gradient's variance, above 0.
        #[schemars(extend("exclusiveMinimum" = 0))]
        epsilon: f64,
    },
}

/// Kingma and Ba's own values, which PyTorch has too.
fn beta1() -> f64 {
    0.9
}

fn beta2() -> f64 {
    0.999
}

fn epsilon() -> f64 {
    1e-8
}

impl OptimizerSpec {
    /// Adam with the paper's decays.
    pub fn adam(learning_rate: f64) -> Self {
        Self::Adam { learning_rate, beta1: beta1(), beta2: beta2(), epsilon: epsilon() }
    }

    /// RMSProp as [Mnih et al. 2015](https://www.nature.com/articles/nature14236) have it (extended data table 1): a step size
    /// of 0.00025, decays of 0.95.
    ///
    /// Theirs are sums over a batch of 32, with 0.01 under the root. Of means, which losses are here, that is 0.01 / 32^2 (as in
    /// DQN Zoo's `dqn/run_atari.py`); and beside the root, where PyTorch adds it, that number's root, 0.1 / 32.
    pub fn rmsprop_2015() -> Self {
        Self::RmsProp { learning_rate: 0.00025, decay: 0.95, epsilon: 0.1 / 32.0 }
    }

    /// The step size.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Adam { learning_rate, .. }
            | Self::RAdam { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. } => *learning_rate,
        }
    }

    /// The same optimizer with another step size.
    pub fn with_learning_rate(mut self, rate: f64) -> Self {
        match &mut self {
            Self::Adam { learning_rate, .. }
            | Self::RAdam { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. } => *learning_rate = rate,
        }
        self
    }

    /// Checks the values.
    ///
    /// # Errors
    ///
    /// [`NetError::Value`], which names the key below `optimizer` and says what is allowed.
    pub fn validate(&self) -> Result<(), NetError> {
        let check = |key: &str, value: f64, allowed: bool, what: &str| {
            if allowed && value.is_finite() {
                return Ok(());
            }
            Err(NetError::value(format!("optimizer.{key}"), value, what))
        };
        let fraction =
            |key: &str, value: f64| check(key, value, (0.0..1.0).contains(&value), "a number from 0 to below 1");
        check("learning_rate", self.learning_rate(), self.learning_rate() > 0.0, "a number above 0")?;
        match *self {
            Self::Adam { beta1, beta2, epsilon, .. } | Self::RAdam { beta1, beta2, epsilon, .. } => {
                fraction("beta1", beta1)?;
                fraction("beta2", beta2)?;
                check("epsilon", epsilon, epsilon >= 0.0, "0 or a number above")
            }
            Self::RmsProp { decay, epsilon, .. } => {
                fraction("decay", decay)?;
                check("epsilon", epsilon, epsilon > 0.0, "a number above 0")
            }
        }
    }

    /// PyTorch's names of what it keeps of each parameter.
    pub(crate) fn moments(&self) -> [&'static str; 2] {
        match self {
            Self::Adam { .. } | Self::RAdam { .. } => ["exp_avg", "exp_avg_sq"],
            Self::RmsProp { .. } => ["grad_avg", "square_avg"],
        }
    }
}

/// What a step does to each parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Adam and rectified Adam, which differ in their constants.
    Adam(AdamStep),
    RmsProp(RmsPropStep),
}

impl Rule {
    /// For the step of this number; the first is 1.
    pub(crate) fn at(spec: &OptimizerSpec, step: u64) -> Self {
        let t = step as f64;
        // What a mean that began with 0 lacks after t steps.
        let correction = |beta: f64| 1.0 - libm::pow(beta, t);
        match *spec {
            OptimizerSpec::Adam { learning_rate, beta1, beta2, epsilon } => Self::Adam(AdamStep {
                beta1: beta1 as f32,
                beta2: beta2 as f32,
                rate: (learning_rate / correction(beta1)) as f32,
                unbias: (1.0 / correction(beta2).sqrt()) as f32,
                epsilon: epsilon as f32,
            }),
            OptimizerSpec::RAdam { learning_rate, beta1, beta2, epsilon } => {
                // Liu et al. 2020, algorithm 2: the length of the approximated simple moving average, now and at last.
                let last = 2.0 / (1.0 - beta2) - 1.0;
                let length = last - 2.0 * t * libm::pow(beta2, t) / correction(beta2);
                let rate = learning_rate / correction(beta1);
                // PyTorch rectifies above 5, where the paper says 4.
                let (rate, unbias, epsilon) = if length > 5.0 {
                    let rectification =
                        ((length - 4.0) * (length - 2.0) * last / ((last - 4.0) * (last - 2.0) * length)).sqrt();
                    (rate * rectification * correction(beta2).sqrt(), 1.0, epsilon)
                } else {
                    // The mean gradient, divided by 1.
                    (rate, 0.0, 1.0)
                };
                Self::Adam(AdamStep {
                    beta1: beta1 as f32,
                    beta2: beta2 as f32,
                    rate: rate as f32,
                    unbias: unbias as f32,
                    epsilon: epsilon as f32,
                })
            }
            OptimizerSpec::RmsProp { learning_rate, decay, epsilon } => {
                Self::RmsProp(RmsPropStep { rate: learning_rate as f32, decay: decay as f32, epsilon: epsilon as f32 })
            }
        }
    }

    /// One step on the CPU.
    pub(crate) fn step(&self, values: &mut [f32], moments: &mut [Vec<f32>], gradient: &[f32], isa: Isa) {
        let [mean, square] = moments else { return };
        match *self {
            Self::Adam(step) => Adam { step, values, mean, square, gradient }.run(isa),
            Self::RmsProp(step) => RmsProp { step, values, mean, square, gradient }.run(isa),
        }
    }

    /// One step by Candle's operations, for other devices. Gives the new value.
    pub(crate) fn step_tensors(
        &self,
        value: &Tensor,
        moments: &mut [Tensor],
        gradient: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let [mean, square] = moments else { return Ok(value.detach()) };
        let mut follow = |beta1: f32, beta2: f32| -> candle_core::Result<()> {
            let (beta1, beta2) = (f64::from(beta1), f64::from(beta2));
            *mean = ((&*mean * beta1)? + (gradient * (1.0 - beta1))?)?;
            *square = ((&*square * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
            Ok(())
        };
        let (step, rate) = match *self {
            Self::Adam(AdamStep { beta1, beta2, epsilon, rate, unbias }) => {
                follow(beta1, beta2)?;
                (mean.div(&square.sqrt()?.affine(f64::from(unbias), f64::from(epsilon))?)?, rate)
            }
            Self::RmsProp(RmsPropStep { rate, decay, epsilon }) => {
                follow(decay, decay)?;
                let deviation = (&*square - mean.sqr()?)?.maximum(0.0)?.sqrt()?;
                (gradient.div(&(deviation + f64::from(epsilon))?)?, rate)
            }
        };
        value.detach() - (step * f64::from(rate))?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use candle_core::Device;

    use super::*;

    /// The steps that other devices take out of Candle's own operations are those of a CPU.
    #[test]
    fn devices_step_as_a_cpu_does() {
        let (learning_rate, beta1, beta2) = (0.1, 0.75, 0.875);
        let specs = [
            OptimizerSpec::Adam { learning_rate, beta1, beta2, epsilon: 0.25 },
            // Not rectified for the first steps, and then rectified.
            OptimizerSpec::RAdam { learning_rate, beta1, beta2, epsilon: 0.25 },
            OptimizerSpec::RmsProp { learning_rate, decay: beta1, epsilon: 0.25 },
        ];
        let tensor = |values: &[f32]| Tensor::from_slice(values, values.len(), &Device::Cpu).unwrap();
        for spec in specs {
            let mut values = [0.5f32, -1.0, 2.0];
            let mut moments = [vec![0.0f32; 3], vec![0.0f32; 3]];
            let (mut value, mut means) = (tensor(&values), [tensor(&moments[0]), tensor(&moments[1])]);
            for step in 1..=12 {
                let gradient = [0.5f32, -2.0, 0.25].map(|gradient| gradient / step as f32);
                let rule = Rule::at(&spec, step);
                rule.step(&mut values, &mut moments, &gradient, Isa::best());
                value = rule.step_tensors(&value, &mut means, &tensor(&gradient)).unwrap();
                let pairs = [(&value, &values[..]), (&means[0], &moments[0]), (&means[1], &moments[1])];
                for (on_device, on_cpu) in pairs {
                    for (a, b) in on_device.to_vec1::<f32>().unwrap().iter().zip(on_cpu) {
                        assert!((a - b).abs() < 1e-5, "{spec:?} step {step}: {a} is not {b}");
                    }
                }
            }
        }
    }
}
