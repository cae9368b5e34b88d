//! What several runs say together: the interquartile mean of their scores, and how far it can be trusted.
//!
//! The method is that of [Agarwal et al. 2021](https://arxiv.org/abs/2108.13264), "Deep Reinforcement Learning at the Edge of
//! the Statistical Precipice", as their package `rliable` has it: `metrics.aggregate_iqm` and
//! `library.get_interval_estimates`.

use deepq_core::Seeds;

/// Resamplings of an interval that is published as figures.
const REPETITIONS: usize = 50_000;
/// The shares of the resampled means below the ends of an interval of 95 %.
const ENDS: [f64; 2] = [0.025, 0.975];

/// How the scores of several runs become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Center {
    /// The mean of the middle half: see [`interquartile_mean`].
    #[default]
    InterquartileMean,
    /// The mean of all.
    Mean,
}

impl Center {
    /// Of these scores; `None` for no scores.
    pub fn of(self, scores: &[f64]) -> Option<f64> {
        self.of_mut(&mut scores.to_vec())
    }

    fn of_mut(self, scores: &mut [f64]) -> Option<f64> {
        match self {
            Self::InterquartileMean => mean_of_middle(scores),
            Self::Mean => mean(scores),
        }
    }

    /// The 95 % interval of this over all scores by a stratified bootstrap of so many resamplings: the runs of each task are
    /// drawn anew, with replacement, the tasks stay; the interval's ends are percentiles. The draws are the same each time.
    /// `None` if there is a task without scores, or none.
    pub fn interval(self, tasks: &[Vec<f64>], repetitions: usize) -> Option<[f64; 2]> {
        if repetitions == 0 || tasks.is_empty() || tasks.iter().any(Vec::is_empty) {
            return None;
        }
        let mut rng = Seeds::new(0).stream("bootstrap");
        let mut drawn = Vec::with_capacity(tasks.iter().map(Vec::len).sum());
        let mut centers = Vec::with_capacity(repetitions);
        for _ in 0..repetitions {
            drawn.clear();
            for scores in tasks {
                drawn.extend(scores.iter().map(|_| scores[rng.index(scores.len())]));
            }
            centers.push(self.of_mut(&mut drawn)?);
        }
        centers.sort_by(f64::total_cmp);
        Some(ENDS.map(|share| percentile(&centers, share)))
    }
}

/// The mean of the middle half: a quarter of the scores (rounded down) is left out at either end. `None` for no scores.
///
/// ```
/// use deepq_report::statistics::interquartile_mean;
/// assert_eq!(interquartile_mean(&[9.0, 1.0, 2.0, 600.0]), Some(5.5));
/// ```
pub fn interquartile_mean(scores: &[f64]) -> Option<f64> {
    let mut sorted = scores.to_vec();
    mean_of_middle(&mut sorted)
}

fn mean_of_middle(scores: &mut [f64]) -> Option<f64> {
    scores.sort_by(f64::total_cmp);
    let cut = scores.len() / 4;
    mean(&scores[cut..scores.len() - cut])
}

fn mean(scores: &[f64]) -> Option<f64> {
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The 95 % interval of the interquartile mean, as it is published: [`Center::interval`] of many resamplings.
pub fn bootstrap_interval(tasks: &[Vec<f64>]) -> Option<[f64; 2]> {
    Center::InterquartileMean.interval(tasks, REPETITIONS)
}

/// As NumPy's: between two values on a straight line.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.percentile(values, 100 * share)`, whose method is "linear".
    #[test]
    fn percentiles_are_numpys() {
        let values = [0.0, 10.0, 20.0, 50.0];
        for (share, expected) in [(0.0, 0.0), (0.025, 0.75), (0.25, 7.5), (0.5, 15.0), (0.975, 47.75), (1.0, 50.0)] {
            let actual = percentile(&values, share);
            assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}, of {share}");
        }
        assert_eq!(percentile(&[3.0], 0.975), 3.0);
    }
}
