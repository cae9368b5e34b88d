//! What a row that was drawn more often than others counts in a loss.

/// Importance weights of the rows of a batch: each is `(p_min / p)^beta`, where `p` is the row's probability and `p_min` the
/// smallest of the batch.
///
/// Schaul et al. 2016, ["Prioritized experience replay"](https://arxiv.org/abs/1511.05952), section 3.4:
/// `w = (1/N * 1/p)^beta` for a replay of `N` transitions, divided by the largest `w` of the batch so that updates are only ever
/// scaled down. `N` cancels out, and with it goes the overflow of a tiny probability.
///
/// `probabilities` are a batch's, above 0 and at most 1; `beta` goes from 0, where all rows count the same, to 1, which makes
/// up for the probabilities in full. Weights are above 0 and at most 1, and exactly 1 where all probabilities are equal. They are
/// computed in `f64` and rounded once.
///
/// ```
/// use deepq_replay::importance_weights;
///
/// assert_eq!(importance_weights(&[0.1, 0.4, 0.1], 0.5), [1.0, 0.5, 1.0]);
/// ```
pub fn importance_weights(probabilities: &[f64], beta: f64) -> Vec<f32> {
    let smallest = probabilities.iter().copied().fold(f64::INFINITY, f64::min);
    probabilities.iter().map(|probability| libm::pow(smallest / probability, beta) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The equation of the paper as it stands there.
    #[test]
    fn weights_are_the_paper_s_whatever_the_number_of_transitions() {
        let probabilities = [0.001, 0.25, 0.003, 0.0625];
        for beta in [0.0, 0.4, 0.7, 1.0] {
            for n in [4.0, 1e6] {
                let w = probabilities.map(|p| libm::pow(1.0 / n * (1.0 / p), beta));
                let largest = w.iter().copied().fold(0.0, f64::max);
                for (weight, w) in importance_weights(&probabilities, beta).into_iter().zip(w) {
                    assert!((f64::from(weight) - w / largest).abs() < 1e-7, "{weight} for {w} with beta {beta}");
                }
            }
        }
    }

    #[test]
    fn equal_rows_count_exactly_one_and_no_probability_overflows() {
        for n in [1, 3, 1_000_003] {
            assert_eq!(importance_weights(&[1.0 / f64::from(n); 5], 0.4), [1.0; 5]);
        }
        assert_eq!(importance_weights(&[f64::MIN_POSITIVE, 1.0], 1.0), [1.0, 0.0]);
        assert_eq!(importance_weights(&[0.5, 0.001], 0.0), [1.0; 2]);
        assert!(importance_weights(&[], 0.4).is_empty());
    }
}
