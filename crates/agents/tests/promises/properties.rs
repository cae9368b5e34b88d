//! What holds for all targets and all schedules.

use deepq_agents::{Clock, Counters, Schedule, targets};
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
    fn schedules_go_from_start_to_end_and_never_beyond(schedule in schedule(), steps in 0u64..10_000) {
        schedule.validate(&(0.0..=1.0), "from 0 to 1").unwrap();
        let at = |agent_steps| schedule.value(&Counters { agent_steps, ..Counters::default() });
        let (start, now, later, end) = (at(0), at(steps), at(steps + 1), at(1 << 50));
        prop_assert!((start.min(end)..=start.max(end)).contains(&now), "{} {} {}", start, now, end);
        prop_assert!((later - now) * (end - start) >= 0.0, "{} then {}", now, later);
    }
}
