//! What was reached so far.

use deepq_envs::{Status, Step};

use crate::gameplay::Moment;
use crate::terminal::Words;

/// The episode that is played, and those before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    episode: usize,
    steps: u64,
    reward: f64,
    total: f64,
    status: Option<Status>,
    returns: Vec<f64>,
}

impl Score {
    /// An episode begins.
    pub fn begin(&mut self) {
        let returns = std::mem::take(&mut self.returns);
        *self = Self { episode: self.episode + 1, status: Some(Status::Running), returns, ..Self::default() };
    }

    /// A step was made.
    pub fn step(&mut self, step: &Step) {
        self.steps += 1;
        self.reward = step.reward;
        self.total += step.reward;
        self.status = Some(step.status);
        if step.status.is_over() {
            self.returns.push(self.total);
        }
    }

    /// A game has come to this moment.
    pub fn come_to(&mut self, moment: &Moment) {
        let &Moment { episode, step, reward, total, status, .. } = moment;
        let returns = std::mem::take(&mut self.returns);
        *self = Self { episode: episode + 1, steps: step, reward, total, status: Some(status), returns };
        if status.is_over() {
            self.returns.push(total);
        }
    }

    /// Whether the episode is over.
    pub fn is_over(&self) -> bool {
        self.status.is_some_and(Status::is_over)
    }

    /// The returns of the episodes that were played to their end.
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// What to say below the picture.
    pub fn words(&self) -> Vec<Words> {
        let Self { episode, steps, reward, total, .. } = self;
        vec![
            Words::plain(format!("episode {episode}")),
            Words::plain(format!("step {steps}")),
            Words::plain(format!("reward {}", figure(*reward))),
            Words::bold(format!("return {}", figure(*total))),
        ]
    }

    /// How the episode ended, if it did.
    pub fn end(&self) -> Option<Words> {
        match self.status? {
            Status::Running => None,
            Status::Terminated => Some(Words::bold("over")),
            Status::Truncated => Some(Words::bold("cut off by the time limit")),
        }
    }
}

/// A number without digits that say nothing: `3`, `-0.25`.
pub(super) fn figure(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_are_of_whole_episodes() {
        let mut score = Score::default();
        for (reward, status) in [(1.0, Status::Running), (0.5, Status::Terminated)] {
            if score.steps == 0 {
                score.begin();
            }
            score.step(&Step::new(reward, status));
        }
        assert!(score.is_over());
        score.begin();
        score.step(&Step::new(-2.0, Status::Running));
        assert_eq!(score.returns(), [1.5]);
        let text: Vec<String> = score.words().into_iter().map(|words| words.text).collect();
        assert_eq!(text, ["episode 2", "step 1", "reward -2", "return -2"]);
    }

    #[test]
    fn figures_are_short() {
        let short = [3.0, -0.25, 0.001, -0.001, 100.0, 12.3456].map(figure);
        assert_eq!(short, ["3", "-0.25", "0", "0", "100", "12.35"]);
    }
}
