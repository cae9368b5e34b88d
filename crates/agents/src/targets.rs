//! Learning targets: what a Q-value is moved towards, as pure functions over slices.
//!
//! Names are rlax's (`value_learning.py`): `tm1` is the time *t-1* of the transition's observation and action, `t` the
//! time of the reward, the discount and the observation that followed. A batch of `n` transitions has `r_t` and
//! `discount_t` of length `n` and Q-values `[n, actions]`, row after row. `discount_t` is 0 where bootstrapping stops:
//! at terminations and lost lives, not at truncations.

use thiserror::Error;

/// Slices that do not belong to one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{name} has {actual} elements where {rows} transitions need {needed}")]
pub struct BatchShapeError {
    /// The argument's name.
    pub name: &'static str,
    /// Its length.
    pub actual: usize,
    /// Number of transitions, from `r_t`.
    pub rows: usize,
    /// The length it must have, in words.
    pub needed: &'static str,
}

/// Q-learning: `r_t + discount_t * max_a q_t(a)`.
///
/// With `q_t` of a target network this is DQN's target.
///
/// Watkins 1989, "Learning from Delayed Rewards"; [Mnih et al. 2015](https://www.nature.com/articles/nature14236),
/// algorithm 1.
///
/// # Errors
///
/// If the slices do not belong to one batch.
///
/// ```
/// use deepq_agents::targets;
/// // Two transitions of a task with three actions; the second one terminated.
/// let targets = targets::q_learning(&[1.0, 1.0], &[0.5, 0.0], &[0.0, 4.0, 2.0, 9.0, 9.0, 9.0])?;
/// assert_eq!(targets, [3.0, 1.0]);
/// # Ok::<(), targets::BatchShapeError>(())
/// ```
pub fn q_learning(r_t: &[f32], discount_t: &[f32], q_t: &[f32]) -> Result<Vec<f32>, BatchShapeError> {
    let actions = check(r_t, discount_t, "q_t", q_t)?;
    let bootstrapped = q_t.chunks_exact(actions).map(|q| q[argmax(q)]);
    Ok(targets(r_t, discount_t, bootstrapped))
}

/// Double Q-learning: `r_t + discount_t * q_t_value(argmax_a q_t_selector(a))`.
///
/// One estimate selects the action, the other says its value. In double DQN the online network selects and the target
/// network says the value.
///
/// [Van Hasselt et al. 2015](https://arxiv.org/abs/1509.06461), equation 4.
///
/// # Errors
///
/// If the slices do not belong to one batch.
pub fn double_q_learning(
    r_t: &[f32],
    discount_t: &[f32],
    q_t_value: &[f32],
    q_t_selector: &[f32],
) -> Result<Vec<f32>, BatchShapeError> {
    let actions = check(r_t, discount_t, "q_t_value", q_t_value)?;
    if q_t_selector.len() != q_t_value.len() {
        let (actual, rows) = (q_t_selector.len(), r_t.len());
        return Err(BatchShapeError { name: "q_t_selector", actual, rows, needed: "as many as q_t_value" });
    }
    let bootstrapped = q_t_value.chunks_exact(actions).zip(q_t_selector.chunks_exact(actions));
    Ok(targets(r_t, discount_t, bootstrapped.map(|(value, selector)| value[argmax(selector)])))
}

/// Replaces the targets of transitions after which bootstrapping stops (`discount_t` of 0) by one fixed value, whatever
/// their reward was: as the Keras example "Deep Q-Learning for Atari Breakout" does with -1.
pub fn fix_terminal(targets: &mut [f32], discount_t: &[f32], value: f32) {
    for (target, _) in targets.iter_mut().zip(discount_t).filter(|(_, discount)| **discount == 0.0) {
        *target = value;
    }
}

/// The index of the largest value; of equal ones the lowest, so that a choice never depends on the order of
/// evaluation. NaN is never chosen over a number. An empty slice gives 0.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate().skip(1) {
        if *value > values[best] || values[best].is_nan() {
            best = i;
        }
    }
    best
}

fn targets(r_t: &[f32], discount_t: &[f32], bootstrapped: impl Iterator<Item = f32>) -> Vec<f32> {
    r_t.iter().zip(discount_t).zip(bootstrapped).map(|((r, discount), q)| r + discount * q).collect()
}

/// Number of actions of a batch whose lengths agree (1 for a batch without transitions).
fn check(r_t: &[f32], discount_t: &[f32], name: &'static str, q_t: &[f32]) -> Result<usize, BatchShapeError> {
    let rows = r_t.len();
    if discount_t.len() != rows {
        return Err(BatchShapeError { name: "discount_t", actual: discount_t.len(), rows, needed: "one each" });
    }
    let actual = q_t.len();
    match actual.checked_div(rows) {
        None if actual == 0 => Ok(1),
        Some(actions) if actions > 0 && actions * rows == actual => Ok(actions),
        _ => Err(BatchShapeError { name, actual, rows, needed: "one for each action of each" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three transitions, two actions: the first goes on, the second terminated, the third is a 3-step return whose
    /// discount is 0.9^3.
    const R_T: [f32; 3] = [1.0, -2.0, 2.71];
    const DISCOUNT_T: [f32; 3] = [0.9, 0.0, 0.729];
    const ONLINE: [f32; 6] = [3.0, 5.0, 100.0, -100.0, 7.0, 6.0];
    const TARGET: [f32; 6] = [10.0, -4.0, 50.0, 60.0, 1.0, 2.0];

    fn assert_close(actual: &[f32], expected: &[f32]) {
        assert_eq!(actual.len(), expected.len());
        for (a, e) in actual.iter().zip(expected) {
            assert!((a - e).abs() <= 1e-6 * e.abs().max(1.0), "{actual:?} is not {expected:?}");
        }
    }

    #[test]
    fn q_learning_takes_the_largest_value() {
        // 1 + 0.9 * 10, -2 + 0 * 60, 2.71 + 0.729 * 2
        assert_close(&q_learning(&R_T, &DISCOUNT_T, &TARGET).unwrap(), &[10.0, -2.0, 4.168]);
    }

    #[test]
    fn double_q_learning_takes_the_value_of_the_selected_action() {
        // The online network selects actions 1, 0, 0: 1 + 0.9 * -4, -2 + 0 * 50, 2.71 + 0.729 * 1
        let targets = double_q_learning(&R_T, &DISCOUNT_T, &TARGET, &ONLINE).unwrap();
        assert_close(&targets, &[-2.6, -2.0, 3.439]);
    }

    #[test]
    fn double_q_learning_with_one_estimate_is_q_learning() {
        let double = double_q_learning(&R_T, &DISCOUNT_T, &TARGET, &TARGET).unwrap();
        assert_eq!(double, q_learning(&R_T, &DISCOUNT_T, &TARGET).unwrap());
    }

    #[test]
    fn a_fixed_terminal_target_replaces_terminal_ones_only() {
        let mut targets = q_learning(&R_T, &DISCOUNT_T, &TARGET).unwrap();
        fix_terminal(&mut targets, &DISCOUNT_T, -1.0);
        assert_close(&targets, &[10.0, -1.0, 4.168]);
    }

    #[test]
    fn ties_go_to_the_lowest_index_and_nan_is_never_preferred() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0, 2.0]), 1);
        assert_eq!(argmax(&[0.0, -0.0]), 0);
        assert_eq!(argmax(&[f32::NAN, -5.0, f32::NAN, -4.0]), 3);
        assert_eq!(argmax(&[f32::NEG_INFINITY; 3]), 0);
        assert_eq!(argmax(&[]), 0);
    }

    #[test]
    fn lengths_that_do_not_belong_together_are_refused() {
        let error = q_learning(&[0.0; 2], &[0.0; 3], &[0.0; 4]).unwrap_err();
        assert_eq!(error.to_string(), "discount_t has 3 elements where 2 transitions need one each");
        assert_eq!(q_learning(&[0.0; 2], &[0.0; 2], &[0.0; 5]).unwrap_err().name, "q_t");
        assert_eq!(q_learning(&[0.0; 2], &[0.0; 2], &[]).unwrap_err().name, "q_t");
        assert_eq!(q_learning(&[], &[], &[1.0]).unwrap_err().name, "q_t");
        let error = double_q_learning(&[0.0; 2], &[0.0; 2], &[0.0; 4], &[0.0; 6]).unwrap_err();
        assert_eq!(error.name, "q_t_selector");
        assert!(q_learning(&[], &[], &[]).unwrap().is_empty());
    }
}
