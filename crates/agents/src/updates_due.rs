//! When updates are due.

use serde::{Deserialize, Serialize};

use crate::{DqnSpec, LearningStarts};

/// Turns agent steps into updates: `gradient_steps` of them for every `update_every` agent steps from `learning_starts`
/// on. Steps of several streams count one by one, so that 16 environments with an update every 4 steps make 4 updates
/// each time all have been stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdatesDue {
    /// Agent steps that have been looked at.
    seen_steps: u64,
    /// Of these, the ones that count towards the next round.
    steps: u64,
    /// Updates that are due.
    updates: u64,
}

impl UpdatesDue {
    /// Takes one update, if one is due after `agent_steps` with `held` transitions in the replay.
    pub(crate) fn take(&mut self, spec: &DqnSpec, agent_steps: u64, held: usize) -> bool {
        let started_at = match spec.learning_starts {
            LearningStarts::Steps(steps) => (agent_steps > steps).then_some(steps),
            LearningStarts::Batches(batches) => {
                let needed = batches.saturating_mul(spec.batch_size as u64);
                (held as u64 >= needed).then_some(0)
            }
        };
        if let Some(started_at) = started_at.filter(|_| held >= spec.batch_size) {
            self.steps += agent_steps.saturating_sub(self.seen_steps.max(started_at));
            self.updates += self.steps / spec.update_every * spec.gradient_steps;
            self.steps %= spec.update_every;
        }
        self.seen_steps = agent_steps;
        let due = self.updates > 0;
        self.updates -= u64::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use deepq_nets::Loss;

    use super::*;
    use crate::{ClipGradient, ClipReward, TargetUpdate};

    fn spec(learning_starts: LearningStarts, update_every: u64, gradient_steps: u64) -> DqnSpec {
        DqnSpec {
            discount: 0.99,
            double: false,
            target_update: TargetUpdate::None,
            loss: Loss::Mse,
            clip_gradient: ClipGradient::None,
            clip_reward: ClipReward::None,
            terminal_target: None,
            batch_size: 4,
            learning_starts,
            update_every,
            gradient_steps,
        }
    }

    /// Updates made after each of the first `n` agent steps of all of `streams`, everything being stored.
    fn updates(spec: &DqnSpec, streams: u64, n: u64) -> Vec<u32> {
        let mut due = UpdatesDue::default();
        (1..=n)
            .map(|t| (0..100).take_while(|_| due.take(spec, t * streams, (t * streams) as usize)).count() as u32)
            .collect()
    }

    #[test]
    fn the_first_update_follows_the_step_after_learning_starts() {
        assert_eq!(updates(&spec(LearningStarts::Steps(6), 1, 1), 1, 9), [0, 0, 0, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn one_update_every_k_steps() {
        assert_eq!(updates(&spec(LearningStarts::Steps(5), 3, 1), 1, 12), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(updates(&spec(LearningStarts::Steps(5), 3, 2), 1, 9), [0, 0, 0, 0, 0, 0, 0, 2, 0]);
    }

    #[test]
    fn steps_of_all_streams_count() {
        // 16 steps at a time, one update for 4 of them; of the first 16 the last 6 count.
        assert_eq!(updates(&spec(LearningStarts::Steps(10), 4, 1), 16, 3), [1, 4, 4]);
        // 3 at a time, one for 4: nothing is lost.
        assert_eq!(updates(&spec(LearningStarts::Steps(0), 4, 1), 3, 8).iter().sum::<u32>(), 5);
    }

    #[test]
    fn nothing_is_made_up_for_before_the_replay_holds_a_batch() {
        assert_eq!(updates(&spec(LearningStarts::Steps(0), 1, 1), 1, 6), [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn the_replay_can_say_when_learning_starts() {
        assert_eq!(updates(&spec(LearningStarts::Batches(2), 1, 1), 1, 10), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    }
}
