//! n-step returns: a transition over several steps, with its rewards summed.

use crate::{End, ReplayError};

/// How many steps a sampled transition spans, and the discount of one step.
///
/// The n-step transition from step `t` has the reward `sum over k < m of discount^k * reward[t + k]` and leads to the
/// observation of step `t + m`, whose value counts `discount^m`. `m` is `n`, or fewer where the steps stop before: at a
/// termination and at a lost life, after which nothing counts (discount 0), and at a truncation, after which the final
/// observation's value counts `discount^m`. The sum never goes on into another episode or another life.
///
/// Sutton 1988, "Learning to predict by the methods of temporal differences"; as used for Q-learning by Hessel et al.
/// 2018, "Rainbow", section "Multi-step learning".
#[derive(Clone, Debug, PartialEq)]
pub struct NStep {
    /// `discount^0 ..= discount^n`, by repeated multiplication.
    powers: Vec<f64>,
}

/// What a transition of one or more steps amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Discounted sum of the rewards, in f64, rounded once.
    pub(crate) reward: f32,
    /// What the value of the observation after the last step is multiplied with.
    pub(crate) discount: f32,
    /// Steps taken, 1 to n.
    pub(crate) steps: usize,
}

impl NStep {
    /// The most steps that a transition may span: far more than anybody found useful.
    pub const MAX: usize = 1000;

    /// Transitions of up to `n` steps (1 to [`MAX`](Self::MAX)) with the discount of one step (0 to 1).
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] for values outside these ranges.
    pub fn new(n: usize, discount: f64) -> Result<Self, ReplayError> {
        if !(1..=Self::MAX).contains(&n) {
            return Err(ReplayError::setting("n_step", &n, format!("must be 1 to {}", Self::MAX)));
        }
        if !(0.0..=1.0).contains(&discount) {
            return Err(ReplayError::setting("discount", &discount, "must be from 0 to 1"));
        }
        let powers = std::iter::successors(Some(1.0), |power| Some(power * discount)).take(n + 1).collect();
        Ok(Self { powers })
    }

    /// Single steps.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] if the discount is not in 0 to 1.
    pub fn one(discount: f64) -> Result<Self, ReplayError> {
        Self::new(1, discount)
    }

    /// The most steps a transition spans.
    pub fn n(&self) -> usize {
        self.powers.len() - 1
    }

    /// The discount of one step.
    pub fn discount(&self) -> f64 {
        self.powers[1]
    }

    /// Sums up the steps from the first on, until one stops the sum or n are taken. The caller gives as many as that
    /// takes.
    pub(crate) fn outcome(&self, steps: impl Iterator<Item = (f32, End)>) -> Outcome {
        let mut reward = 0.0;
        let mut taken = 0;
        let mut last = End::RUNNING;
        for ((step_reward, end), power) in steps.zip(&self.powers[..self.n()]) {
            reward += power * f64::from(step_reward);
            taken += 1;
            last = end;
            if end != End::RUNNING {
                break;
            }
        }
        let discount = if last.bootstraps() { self.powers[taken] } else { 0.0 };
        Outcome { reward: reward as f32, discount: discount as f32, steps: taken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(n: usize, steps: &[(f32, End)]) -> (f32, f32, usize) {
        let Outcome { reward, discount, steps } = NStep::new(n, 0.5).unwrap().outcome(steps.iter().copied());
        (reward, discount, steps)
    }

    #[test]
    fn sums_until_n_or_a_stop() {
        let run = [(1.0, End::RUNNING), (2.0, End::RUNNING), (4.0, End::RUNNING), (8.0, End::RUNNING)];
        assert_eq!(outcome(1, &run), (1.0, 0.5, 1));
        assert_eq!(outcome(3, &run), (3.0, 0.125, 3));
        assert_eq!(outcome(3, &[(1.0, End::RUNNING), (2.0, End::TERMINATED), (4.0, End::RUNNING)]), (2.0, 0.0, 2));
        assert_eq!(outcome(3, &[(1.0, End::RUNNING), (2.0, End::TRUNCATED), (4.0, End::RUNNING)]), (2.0, 0.25, 2));
        assert_eq!(outcome(3, &[(1.0, End::LIFE_LOST), (2.0, End::RUNNING), (4.0, End::RUNNING)]), (1.0, 0.0, 1));
        assert_eq!(outcome(2, &[(1.0, End::RUNNING), (2.0, End::TRUNCATED)]), (2.0, 0.25, 2));
    }

    #[test]
    fn refuses_what_is_no_discount() {
        assert!(NStep::new(0, 0.9).is_err());
        assert!(NStep::new(1, 1.5).is_err());
        assert!(NStep::new(1, f64::NAN).is_err());
        assert!(NStep::new(1, 1.0).is_ok() && NStep::new(1, 0.0).is_ok());
    }
}
