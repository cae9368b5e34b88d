//! What somebody who waits for a run sees.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use deepq_runs::StorageError;
use deepq_runs::grouped;

use super::Listener;
use super::figures::{Evaluated, Figures, Part, fit};
use super::pace::Pace;
use super::screen::{Screen, Slot};
use crate::evaluation::Evaluation;
use crate::training::{Event, View};

/// Time between two looks at a run that a terminal shows.
const LOOK: Duration = Duration::from_millis(100);
/// Time between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(15);
/// A look at the clock costs more than a step of an environment that makes so many a second, so it is not taken at each.
const FAST: f64 = 10_000.0;
/// Steps between two looks at the clock then.
const FAST_STEPS: u32 = 64;
/// Episodes of the mean return.
const EPISODES: usize = 100;

/// Columns of an evaluation's mean, deviation, lowest and highest return, until one needs more.
const EVALUATION: [usize; 4] = ["-123.4".len(), "123.4".len(), "-123.4".len(), "-123.4".len()];

/// A display in a terminal, a line now and then elsewhere.
pub struct Progress {
    screen: Screen,
    slot: Option<Slot>,
    figures: Figures,
    /// Columns of an evaluation's figures, so that one stands below the other.
    columns: [usize; 4],
    returns: VecDeque<f64>,
    pace: Pace,
    looked: Instant,
    steps_until_look: u32,
}

impl Progress {
    /// Progress on a screen.
    pub fn new(screen: Screen) -> Self {
        let now = Instant::now();
        Self {
            slot: screen.slot(),
            figures: Figures { label: screen.label().map(str::to_owned), ..Figures::default() },
            columns: EVALUATION,
            returns: VecDeque::with_capacity(EPISODES),
            pace: Pace::new(now),
            looked: now,
            steps_until_look: 0,
            screen,
        }
    }

    /// Shows where the run stands, if it is time.
    fn look(&mut self, view: &View<'_>, now: Instant, end: bool) {
        let wait = if self.slot.is_some() { LOOK } else { LINE };
        if end || now.duration_since(self.looked) >= wait {
            self.looked = now;
            self.show(view, now);
        }
    }

    fn show(&mut self, view: &View<'_>, now: Instant) {
        self.pace.stands_at(&view.counters, now);
        let mean_return = self.returns.iter().sum::<f64>() / self.returns.len() as f64;
        self.figures = Figures {
            steps: view.counters.agent_steps,
            step_budget: view.budget,
            episodes: view.counters.episodes,
            episode_budget: view.episode_budget,
            pace: self.pace.steps_per_second(),
            left: self.pace.left(view.budget, view.episode_budget, now),
            mean_return: (!self.returns.is_empty()).then_some((mean_return, self.returns.len())),
            exploration: view.exploration,
            ..self.figures.clone()
        };
        match &self.slot {
            Some(slot) => slot.show(self.figures.clone()),
            None => self.screen.line(&self.figures.plain()),
        }
    }

    /// What passes by of an evaluation, in columns.
    fn row(&mut self, evaluation: &Evaluation, best: bool) -> Vec<Part> {
        let figures = [evaluation.mean(), evaluation.std(), evaluation.min(), evaluation.max()];
        let figures = figures.map(|figure| format!("{figure:.1}"));
        for (columns, figure) in self.columns.iter_mut().zip(&figures) {
            *columns = figure.len().max(*columns);
        }
        let steps = grouped(self.figures.step_budget).len();
        let ([mean, std, min, max], [of_mean, of_std, of_min, of_max]) = (&figures, self.columns);
        vec![
            (1, format!("step {:>steps$}", grouped(evaluation.at_step))),
            (0, format!("evaluation {mean:>of_mean$} ± {std:>of_std$}")),
            (3, format!("min {min:>of_min$}")),
            (3, format!("max {max:>of_max$}")),
            (4, format!("{} episodes", evaluation.returns.len())),
            // Its slot is kept, so that the same parts fit beside it.
            (2, if best { "(best)" } else { "      " }.to_owned()),
        ]
    }

    /// Something else is done until the next event.
    fn pause(&mut self, what: &'static str, view: &View<'_>) {
        let now = Instant::now();
        self.figures.pause = Some((what, now));
        self.figures.steps = view.counters.agent_steps;
        (self.figures.step_budget, self.figures.episode_budget) = (view.budget, view.episode_budget);
        if let Some(slot) = &self.slot {
            slot.show(self.figures.clone());
        }
        self.pace.pause(now);
    }
}

impl Listener for Progress {
    fn event(&mut self, event: &Event, view: &View<'_>) -> Result<(), StorageError> {
        if !self.screen.shown() {
            return Ok(());
        }
        if self.figures.pause.take().is_some() {
            self.pace.go_on(Instant::now());
        }
        match event {
            Event::EpisodeEnded(episode) => {
                if self.returns.len() == EPISODES {
                    self.returns.pop_front();
                }
                self.returns.push_back(episode.total);
            }
            Event::Updated(report) => self.figures.loss = Some(report.loss),
            Event::Stepped if self.steps_until_look > 0 => self.steps_until_look -= 1,
            Event::Stepped => {
                let fast = self.pace.steps_per_second() > Some(FAST);
                self.steps_until_look = if fast { FAST_STEPS } else { 0 };
                self.look(view, Instant::now(), false);
            }
            Event::EvaluationDue => self.pause("evaluating", view),
            Event::CheckpointDue => self.pause("writing a checkpoint", view),
            Event::Finished(_) => self.look(view, Instant::now(), true),
            Event::LogDue | Event::HistogramsDue => {}
        }
        Ok(())
    }

    fn evaluated(&mut self, evaluation: &Evaluation, best: bool) -> Result<(), StorageError> {
        let evaluated = Evaluated { mean: evaluation.mean(), std: evaluation.std(), at_step: evaluation.at_step };
        self.figures.last = Some(evaluated);
        if best {
            self.figures.best = Some(evaluated);
        }
        if self.screen.shown() && self.screen.label().is_none() {
            let parts = self.row(evaluation, best);
            let row = |width| fit(&parts, width).trim_end().to_owned();
            match &self.slot {
                Some(slot) => slot.line(row),
                None => self.screen.line(&row(usize::MAX)),
            }
        }
        Ok(())
    }
}
