//! What is said of a run under way, in lines that fit.

use std::time::{Duration, Instant};

use deepq_runs::{duration, grouped};

/// An evaluation, as far as the display has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evaluated {
    pub(super) mean: f64,
    pub(super) std: f64,
    pub(super) at_step: u64,
}

/// A run's figures of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Which of several runs it is.
    pub(super) label: Option<String>,
    pub(super) steps: u64,
    /// Steps of the whole run.
    pub(super) step_budget: u64,
    pub(super) episodes: u64,
    /// Episodes that end the run before its steps do.
    pub(super) episode_budget: Option<u64>,
    /// Agent steps a second.
    pub(super) pace: Option<f64>,
    pub(super) left: Option<Duration>,
    /// Mean return of the newest episodes, and how many these are.
    pub(super) mean_return: Option<(f64, usize)>,
    pub(super) exploration: f64,
    pub(super) loss: Option<f32>,
    pub(super) last: Option<Evaluated>,
    pub(super) best: Option<Evaluated>,
    /// What is done instead of training, and since when.
    pub(super) pause: Option<(&'static str, Instant)>,
}

/// A pause that is shorter is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(2);
/// Columns of the bar.
const BAR: std::ops::RangeInclusive<usize> = 8..=30;

/// Columns for what is said of one of several runs: its steps, the time that is left and its evaluation.
const OF_SEVERAL: usize = "100 %  10,000,000 steps  59 min 59 s left  evaluation -123.4".len();

/// Between two parts of a line.
const GAP: &str = "  ";

/// A part of a line; those of the highest rank are left out first.
pub(super) type Part = (u8, String);

impl Figures {
    /// The display: three lines, or one of several runs, with a bar of `cells` columns; at most `width` columns each.
    pub(super) fn lines(&self, width: usize, cells: usize, colours: bool, now: Instant) -> Vec<String> {
        let bar = if cells == 0 { String::new() } else { self.bar(cells, colours) + GAP };
        let taken = if cells == 0 { 0 } else { cells + GAP.len() };
        let with_bar = |parts: &[Part]| {
            let head: String = self.head().chars().take(width).collect();
            let text = fit(parts, width.saturating_sub(head.chars().count() + taken));
            format!("{head}{bar}{text}")
        };
        match &self.label {
            Some(_) => vec![with_bar(&[self.place(), self.pause_or_evaluation(now)].concat())],
            None => vec![with_bar(&self.place()), fit(&self.training(), width), fit(&self.evaluations(now), width)],
        }
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect()
    }

    /// Columns of the bar; 0 where there is no room for one. That of a single run takes what is left beside what is said of
    /// it; those of several runs have one length at all times, and what is said of them takes what is left.
    pub(super) fn cells(&self, width: usize) -> usize {
        let columns = |parts: &[Part], room: usize| fit(parts, room).chars().count();
        let room = width.saturating_sub(self.head().chars().count());
        let parts = self.place();
        if self.label.is_some() {
            let cells = room.saturating_sub(OF_SEVERAL + GAP.len()).clamp(*BAR.start(), *BAR.end());
            let needed = columns(&parts[..2], usize::MAX) + GAP.len() + cells;
            return if needed <= room { cells } else { 0 };
        }
        let cells = room.saturating_sub(columns(&parts, room) + GAP.len()).min(*BAR.end());
        if cells < *BAR.start() { 0 } else { cells }
    }

    /// Which of several runs it is.
    fn head(&self) -> String {
        self.label.as_ref().map_or_else(String::new, |label| format!("{label:<8}{GAP}"))
    }

    /// Everything in one line, for a log that no terminal shows.
    pub(super) fn plain(&self) -> String {
        let label = self.label.iter().map(|label| (0, format!("{label:<8}")));
        let rest = if self.label.is_some() { self.last_evaluation() } else { self.training() };
        fit(&label.chain(self.place()).chain(rest).collect::<Vec<_>>(), usize::MAX)
    }

    /// The part of the run that is done, 0 to 1.
    fn done(&self) -> f64 {
        let of = |done: u64, all: u64| done as f64 / all.max(1) as f64;
        let episodes = self.episode_budget.map_or(0.0, |budget| of(self.episodes, budget));
        of(self.steps, self.step_budget).max(episodes).min(1.0)
    }

    fn bar(&self, cells: usize, colours: bool) -> String {
        let filled = (self.done() * cells as f64) as usize;
        let (filled, open) = ("━".repeat(filled), "─".repeat(cells - filled));
        if colours { format!("\x1b[36m{filled}\x1b[0m\x1b[2m{open}\x1b[0m") } else { filled + &open }
    }

    /// How far the run is, and how long it will take.
    fn place(&self) -> Vec<Part> {
        let mut parts = vec![(0, format!("{:>3} %", (100.0 * self.done()) as u64))];
        let of = |done: u64, all: u64| {
            let all = grouped(all);
            let done = format!("{:>width$}", grouped(done), width = all.len());
            // Several runs are all as long.
            if self.label.is_some() { done } else { format!("{done} of {all}") }
        };
        match self.episode_budget {
            Some(budget) => {
                parts.push((1, format!("{} episodes", of(self.episodes, budget))));
                parts.push((4, format!("{} steps", grouped(self.steps))));
            }
            None => parts.push((1, format!("{} steps", of(self.steps, self.step_budget)))),
        }
        parts.extend(self.pace.map(|pace| (3, format!("{}/s", rate(pace)))));
        let left = self.left.filter(|_| self.done() < 1.0);
        parts.extend(left.map(|left| (2, format!("{} left", duration(left)))));
        parts
    }

    /// What training is like.
    fn training(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if self.episode_budget.is_none() {
            parts.push((3, format!("{} episodes", grouped(self.episodes))));
        }
        if let Some((mean, episodes)) = self.mean_return {
            parts.push((0, format!("mean return {mean:.1}")));
            parts.push((4, format!("of the last {episodes}")));
        }
        parts.push((1, format!("epsilon {:.3}", self.exploration)));
        parts.extend(self.loss.map(|loss| (2, format!("loss {loss:.4}"))));
        parts
    }

    fn pause(&self, now: Instant) -> Option<Part> {
        let (what, since) = self.pause?;
        let time = now.saturating_duration_since(since);
        (time >= WORTH_A_WORD).then(|| (0, format!("{what}, {} so far", duration(time))))
    }

    fn evaluations(&self, now: Instant) -> Vec<Part> {
        let said = |rank, name: &str, evaluated: &Option<Evaluated>| {
            evaluated.map(|Evaluated { mean, std, at_step }| {
                [(rank, format!("{name} {mean:.1} ± {std:.1}")), (rank + 1, format!("at step {}", grouped(at_step)))]
            })
        };
        let best = self.best.filter(|best| Some(*best) != self.last);
        let last = said(1, "evaluation", &self.last).into_iter().flatten();
        self.pause(now).into_iter().chain(last).chain(said(3, "best", &best).into_iter().flatten()).collect()
    }

    fn last_evaluation(&self) -> Vec<Part> {
        self.last.iter().map(|Evaluated { mean, .. }| (2, format!("evaluation {mean:.1}"))).collect()
    }

    fn pause_or_evaluation(&self, now: Instant) -> Vec<Part> {
        self.pause(now).map_or_else(|| self.last_evaluation(), |pause| vec![pause])
    }
}

/// The parts one after the other, without those that do not fit.
pub(super) fn fit(parts: &[Part], width: usize) -> String {
    let mut parts: Vec<&Part> = parts.iter().collect();
    loop {
        let line = parts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(GAP);
        let last = parts.iter().enumerate().max_by_key(|(_, (rank, _))| rank).map(|(at, _)| at);
        match last {
            Some(at) if parts.len() > 1 && line.chars().count() > width => drop(parts.remove(at)),
            _ => return line.chars().take(width).collect(),
        }
    }
}

/// `3.4`, `1,200`.
fn rate(pace: f64) -> String {
    if pace < 10.0 { format!("{pace:.1}") } else { grouped(pace as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures {
            steps: 6_200_000,
            step_budget: 10_000_000,
            episodes: 31_415,
            pace: Some(1_120.4),
            left: Some(Duration::from_secs(3_400)),
            mean_return: Some((-123.4, 100)),
            exploration: 0.01,
            loss: Some(0.0123),
            last: Some(Evaluated { mean: 17.5, std: 2.5, at_step: 6_000_000 }),
            best: Some(Evaluated { mean: 18.0, std: 1.0, at_step: 5_000_000 }),
            ..Figures::default()
        }
    }

    #[test]
    fn what_matters_most_stays_where_there_is_little_room() {
        let now = Instant::now();
        let lines = |width| figures().lines(width, figures().cells(width), false, now);
        assert_eq!(
            lines(99),
            [
                "━━━━━━━━━━━━━━━━━━────────────   62 %   6,200,000 of 10,000,000 steps  1,120/s  56 min 40 s left"
                    .to_owned(),
                "31,415 episodes  mean return -123.4  of the last 100  epsilon 0.010  loss 0.0123".to_owned(),
                "evaluation 17.5 ± 2.5  at step 6,000,000  best 18.0 ± 1.0  at step 5,000,000".to_owned(),
            ]
        );
        assert_eq!(
            lines(39),
            [" 62 %   6,200,000 of 10,000,000 steps", "mean return -123.4  epsilon 0.010", "evaluation 17.5 ± 2.5"]
        );
    }

    #[test]
    fn one_of_several_runs_has_a_bar_in_80_columns() {
        let one = Figures { label: Some("seed 12".to_owned()), ..figures() };
        assert_eq!(
            one.lines(79, one.cells(79), false, Instant::now()),
            ["seed 12   ━━━━────   62 %   6,200,000 steps  56 min 40 s left  evaluation 17.5"]
        );
        // At the end, when nothing is left, it is as long.
        let end = Figures { steps: 10_000_000, left: None, pause: Some(("evaluating", Instant::now())), ..one.clone() };
        assert_eq!((end.cells(79), one.cells(120)), (one.cells(79), 30));
        assert_eq!(one.cells(24), 0);
    }

    #[test]
    fn no_line_is_too_long() {
        let since = Instant::now();
        let now = since + Duration::from_secs(61);
        for width in 1..200 {
            for label in [None, Some("seed 12".to_owned())] {
                for episode_budget in [None, Some(40_000)] {
                    for pause in [None, Some(("evaluating", since))] {
                        let figures = Figures { label: label.clone(), episode_budget, pause, ..figures() };
                        let cells = figures.cells(width);
                        for line in figures.lines(width, cells, false, now) {
                            assert!(line.chars().count() <= width, "{width}: {line}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn long_pauses_and_episodes_are_told() {
        let since = Instant::now();
        let figures = Figures { episode_budget: Some(40_000), pause: Some(("evaluating", since)), ..figures() };
        let said = |seconds| figures.lines(120, 0, false, since + Duration::from_secs(seconds)).join("\n");
        assert!(said(3).contains("31,415 of 40,000 episodes") && said(3).contains(" 78 %"), "{}", said(3));
        assert!(said(3).contains("evaluating, 3 s so far") && !said(1).contains("evaluating"), "{}", said(3));
        let one = Figures { label: Some("seed 3".to_owned()), ..figures.clone() };
        assert!(one.lines(120, 30, true, since)[0].contains("\x1b[36m━"));
        let plain = Figures { label: Some("seed 3".to_owned()), pause: None, episode_budget: None, ..figures }.plain();
        assert_eq!(plain, "seed 3     62 %   6,200,000 steps  1,120/s  56 min 40 s left  evaluation 17.5");
    }
}
