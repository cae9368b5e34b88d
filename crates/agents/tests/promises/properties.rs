//! What holds for all targets and all schedules.

use deepq_agents::{Clock, Counters, Schedule, lambda_returns, targets};
use proptest::prelude::*;

const ACTIONS: usize = 3;

/// Rewards, discounts and two estimates of Q-values of a batch.
fn batch() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>)> {
    let discount = prop_oneof![Just(0.0f32), 0.0f32..=1.0];
    (0usize..20).prop_flat_map(move |rows| {
        let values = || prop::collection::vec(-50.0f32..50.0, rows * ACTIONS);
        let rewards = prop::collection::vec(-5.0f32..5.0, rows);
        (rewards, prop::collection::vec(discount.clone(), rows), values(), values())
    })
}

/// Rewards, discounts, values and lambdas of consecutive steps; either of the factors is often 0.
fn steps() -> impl Strategy<Value = [Vec<f32>; 4]> {
    let factor = prop_oneof![Just(0.0f32), Just(1.0f32), 0.0f32..=1.0];
    (0usize..20).prop_flat_map(move |steps| {
        let numbers = || prop::collection::vec(-5.0f32..5.0, steps);
        let factors = || prop::collection::vec(factor.clone(), steps);
        (numbers(), factors(), numbers(), factors()).prop_map(|(r, discount, v, lambda)| [r, discount, v, lambda])
    })
}

/// The return of step `t`, as the equation has it.
fn lambda_return(steps @ [r_t, discount_t, v_t, lambda_t]: &[Vec<f32>; 4], t: usize) -> f32 {
    let following = if t + 1 == r_t.len() { v_t[t] } else { lambda_return(steps, t + 1) };
    r_t[t] + discount_t[t] * ((1.0 - lambda_t[t]) * v_t[t] + lambda_t[t] * following)
}

/// Schedules whose values lie in 0 to 1.
fn schedule() -> impl Strategy<Value = Schedule> {
    let by = Clock::Step;
    let level = 0.0f64..=1.0;
    prop_oneof![
        level.clone().prop_map(|value| Schedule::Constant { value }),
        (level.clone(), level.clone(), 0u64..50, 1u64..100, 0u64..200).prop_map(
            move |(start, end, from, length, hold_until)| {
                Schedule::Linear { start, end, from, to: from + length, hold_until, by }
            }
        ),
        (level.clone(), level.clone(), 0.01f64..=1.0).prop_map(move |(a, b, factor)| Schedule::Multiplicative {
            start: a.max(b),
            factor,
            end: a.min(b),
            by
        }),
        (level.clone(), level, 0.1f64..1e3).prop_map(move |(start, end, decay)| Schedule::Exponential {
            start,
            end,
            decay,
            by
        }),
    ]
}

proptest! {
    #[test]
    fn double_q_learning_is_never_above_q_learning((r_t, discount_t, value, selector) in batch()) {
        let single = targets::q_learning(&r_t, &discount_t, &value).unwrap();
        let double = targets::double_q_learning(&r_t, &discount_t, &value, &selector).unwrap();
        prop_assert!(double.iter().zip(&single).all(|(double, single)| double <= single));
    }

    #[test]
    fn targets_are_one_row_at_a_time_and_rewards_where_nothing_follows((r_t, discount_t, value, selector) in batch()) {
        let double = targets::double_q_learning(&r_t, &discount_t, &value, &selector).unwrap();
        for (row, target) in double.iter().enumerate() {
            let q = |of: &[f32]| of[row * ACTIONS..][..ACTIONS].to_vec();
            let alone =
                targets::double_q_learning(&[r_t[row]], &[discount_t[row]], &q(&value), &q(&selector)).unwrap();
            prop_assert_eq!(alone[0].to_bits(), target.to_bits());
            prop_assert!(discount_t[row] != 0.0 || *target == r_t[row]);
        }
    }

    #[test]
    fn lambda_returns_are_the_recursion(steps in steps()) {
        let returns = lambda_returns(&steps[0], &steps[1], &steps[2], &steps[3]).unwrap();
        for (t, actual) in returns.iter().enumerate() {
            prop_assert!((actual - lambda_return(&steps, t)).abs() <= 1e-4, "step {}: {}", t, actual);
        }
    }

    #[test]
    fn lambda_returns_see_nothing_behind_a_border(steps in steps(), others in steps(), truncated: bool) {
        let border = steps[0].len();
        prop_assume!(border > 0);
        let [mut r_t, mut discount_t, mut v_t, mut lambda_t] = steps.clone();
        if truncated {
            lambda_t[border - 1] = 0.0;
        } else {
            // Whatever is said about what follows a termination.
            (discount_t[border - 1], v_t[border - 1]) = (0.0, f32::NAN);
        }
        let alone = lambda_returns(&r_t, &discount_t, &v_t, &lambda_t).unwrap();
        for (steps, others) in [&mut r_t, &mut discount_t, &mut v_t, &mut lambda_t].into_iter().zip(others) {
            steps.extend(others);
        }
        let together = lambda_returns(&r_t, &discount_t, &v_t, &lambda_t).unwrap();
        prop_assert_eq!(&together[..border], &alone[..]);
        let last = if truncated { r_t[border - 1] + discount_t[border - 1] * v_t[border - 1] } else { r_t[border - 1] };
        prop_assert_eq!(alone[border - 1], last);
    }

    #[test]
    fn schedules_go_from_start_to_end_and_never_beyond(schedule in schedule(), steps in 0u64..10_000) {
        schedule.validate(&(0.0..=1.0), "from 0 to 1").unwrap();
        let at = |agent_steps| schedule.value(&Counters { agent_steps, ..Counters::default() });
        let (start, now, later, end) = (at(0), at(steps), at(steps + 1), at(1 << 50));
        prop_assert!((start.min(end)..=start.max(end)).contains(&now), "{} {} {}", start, now, end);
        prop_assert!((later - now) * (end - start) >= 0.0, "{} then {}", now, later);
    }
}
