//! Which curves are drawn of which runs.

use std::collections::{BTreeMap, BTreeSet};

use deepq_runs::grouped;
use deepq_runs::history::{EVALUATIONS, Group, History, RETURNS};

use super::aggregate::{Course, Together, together};
use super::chart::{Chart, Curve, Kind};
use super::error::PlotError;
use super::request::{PlotRequest, XAxis};
use super::smoothing::{finite, moving_mean};
use crate::statistics::Center;

/// Episodes that a point of training's returns is the mean of, as most papers have it.
pub const EPISODES_OF_MEAN: usize = 50;
/// Resamplings of a band's interval at each place: what more of them change is thinner than a line.
pub const BAND_REPETITIONS: usize = 2_000;
/// More points of a line than this cannot be seen.
const POINTS: usize = 1_000;

const EVALUATION_MEAN: &str = "eval/mean";
/// Before the first update steps are so fast that nothing could be read of the rest.
const SPEED: &str = "charts/SPS";
const LOSS: &str = "losses/td_loss";
/// How the names of columns begin that have a row for each episode.
const OF_EPISODES: &str = "charts/episodic_";

/// The curves that are asked for.
///
/// # Errors
///
/// [`PlotError::UnknownTag`], and [`PlotError::Nothing`] if no run has written down anything of it yet.
pub fn learning_curves(groups: &[Group], request: &PlotRequest) -> Result<Chart, PlotError> {
    let has = |tag: &'static str| groups.iter().all(|group| group.runs.iter().any(|run| !run.points(tag).is_empty()));
    let mut source = Source { request, alone: groups.len() == 1, notes: Notes::default() };
    let mut curves = Vec::new();
    let y = match (&request.tag, groups) {
        (Some(tag), _) => {
            let tag = known(tag, groups)?;
            curves.extend(source.compared(groups, &tag));
            figure(&tag)
        }
        (None, [group]) => {
            curves.extend(source.curve(group, RETURNS, "training", 0));
            curves.extend(source.curve(group, EVALUATION_MEAN, "evaluation", 1));
            figure(RETURNS)
        }
        (None, _) => {
            let tag = if has(EVALUATION_MEAN) { EVALUATION_MEAN } else { RETURNS };
            curves.extend(source.compared(groups, tag));
            figure(tag)
        }
    };
    if curves.is_empty() {
        let what = match &request.tag {
            Some(tag) => format!("no run has a row with {tag}"),
            None => "no episode has ended, and no evaluation was made".to_owned(),
        };
        return Err(PlotError::Nothing { what });
    }
    let title = request.title.clone().unwrap_or_else(|| title(groups));
    let x = match request.x {
        XAxis::Steps => "agent steps",
        XAxis::Episodes => "episodes",
    };
    let caption = source.notes.caption(groups, request.center, &curves);
    Ok(Chart { title, caption, x: x.to_owned(), y, curves })
}

/// The whole name of a figure.
fn known(tag: &str, groups: &[Group]) -> Result<String, PlotError> {
    let mut known: Vec<String> = Vec::new();
    for tag in groups.iter().flat_map(|group| &group.runs).flat_map(History::tags) {
        if !known.contains(&tag) {
            known.push(tag);
        }
    }
    let whole = if tag == EVALUATIONS.trim_end_matches('/') { EVALUATION_MEAN } else { tag };
    match known.iter().find(|name| *name == whole) {
        Some(tag) => Ok(tag.clone()),
        None if known.is_empty() => Err(PlotError::Nothing { what: "no run has a table yet".to_owned() }),
        None => Err(PlotError::UnknownTag { tag: tag.to_owned(), known }),
    }
}

/// What an axis calls a figure.
pub(crate) fn figure(tag: &str) -> String {
    let words = match tag {
        RETURNS | EVALUATION_MEAN => "return",
        "charts/episodic_length" => "episode length (agent steps)",
        "charts/epsilon" => "exploration",
        SPEED => "agent steps a second",
        LOSS => "loss",
        "losses/q_values" => "mean Q-value",
        "losses/gradient_norm" => "gradient norm",
        // An agent's own, by its name.
        other => return other.strip_prefix("losses/").map_or_else(|| other.to_owned(), |name| name.replace('_', " ")),
    };
    words.to_owned()
}

fn title(groups: &[Group]) -> String {
    let environment = |group: &Group| group.heading().map(|heading| heading.environment.id.clone());
    match groups {
        [group] => {
            let environment = environment(group).unwrap_or_default();
            match group.runs.as_slice() {
                [run] => format!("{} on {environment}, seed {}", group.label, run.heading.training.seed),
                runs => format!("{} on {environment}, {} runs", group.label, runs.len()),
            }
        }
        [first, others @ ..] if others.iter().all(|other| environment(other) == environment(first)) => {
            environment(first).unwrap_or_default()
        }
        _ => "Comparison".to_owned(),
    }
}

/// Makes curves of tables.
struct Source<'a> {
    request: &'a PlotRequest,
    /// Whether one experiment is drawn. The bands of a comparison are what several runs say, or there are none.
    alone: bool,
    notes: Notes,
}

/// What must be said of the curves.
#[derive(Default)]
struct Notes {
    /// What is a mean of several rows, in words.
    smoothed: BTreeSet<String>,
    /// Figures of evaluations, and of how many episodes they are.
    evaluations: BTreeMap<String, BTreeSet<u64>>,
    /// Whether bands are deviations of an evaluation's returns.
    deviation: bool,
    /// Figures that were left out.
    not_finite: usize,
    /// How many runs of a curve have no row of it, in words.
    without_rows: Vec<String>,
}

impl Source<'_> {
    fn compared(&mut self, groups: &[Group], tag: &str) -> Vec<Curve> {
        let numbered = groups.iter().enumerate();
        numbered.filter_map(|(number, group)| self.curve(group, tag, &group.label, number)).collect()
    }

    /// The curve of an experiment; none if no run has a figure.
    fn curve(&mut self, group: &Group, tag: &str, label: &str, color: usize) -> Option<Curve> {
        let kind = if tag.starts_with(EVALUATIONS) { Kind::Points } else { Kind::Line };
        let mut runs: Vec<(&History, Vec<[f64; 2]>)> = Vec::new();
        for run in &group.runs {
            let points = self.points(run, tag);
            if !points.is_empty() {
                runs.push((run, points));
            }
        }
        if runs.len() < group.runs.len() {
            self.notes.without_rows.push(format!("{label}: {}", group.runs.len() - runs.len()));
        }
        if let Some(of) = tag.strip_prefix(EVALUATIONS) {
            let episodes =
                |(run, _): &(&History, _)| run.points("eval/episodes").last().map(|point| point.value as u64);
            self.notes.evaluations.entry(of.to_owned()).or_default().extend(runs.iter().filter_map(episodes));
        }
        if let [(run, points)] = &mut *runs {
            let mut curve = Curve::new(label, color, kind, std::mem::take(points));
            let (deviations, _) = finite(run.points("eval/std"));
            let wanted = self.alone && group.runs.len() == 1 && tag == EVALUATION_MEAN;
            if wanted && deviations.len() == curve.points.len() {
                let both = curve.points.iter().zip(&deviations);
                curve.band = both.map(|(&[_, mean], std)| [mean - std.value, mean + std.value]).collect();
                self.notes.deviation = true;
            }
            return Some(curve.thinned(POINTS));
        }
        if runs.is_empty() {
            return None;
        }
        let course =
            |(run, points): (&History, Vec<[f64; 2]>)| Course { end: self.place(run, run.agent_steps()), points };
        let runs: Vec<Course> = runs.into_iter().map(course).collect();
        let Together { points, band } = together(&runs, self.request.center, BAND_REPETITIONS);
        Some(Curve { of_all_runs: band.len(), band, ..Curve::new(label, color, kind, points) })
    }

    /// A run's smoothed figures at their places.
    fn points(&mut self, run: &History, tag: &str) -> Vec<[f64; 2]> {
        let (mut points, lost) = finite(run.points(tag));
        self.notes.not_finite += lost;
        if tag == SPEED
            && let Some(first) =
                run.points(LOSS).first().filter(|first| points.first().is_some_and(|p| p.step < first.step))
        {
            points.retain(|point| point.step > first.step);
            self.notes.smoothed.insert(format!("{}: from the first update on", figure(SPEED)));
        }
        let rows = self.rows(tag);
        if rows > 1 && !points.is_empty() {
            let of = if tag == RETURNS { "training".to_owned() } else { figure(tag) };
            let unit = if tag.starts_with(OF_EPISODES) { "episodes" } else { "rows" };
            self.notes.smoothed.insert(format!("{of}: mean of the last {rows} {unit}"));
        }
        moving_mean(&points, rows).iter().map(|point| [self.place(run, point.step), point.value]).collect()
    }

    /// Rows that a point of a figure is the mean of.
    fn rows(&self, tag: &str) -> usize {
        match self.request.smooth {
            _ if tag.starts_with(EVALUATIONS) => 1,
            Some(rows) => rows,
            None if tag.starts_with(OF_EPISODES) => EPISODES_OF_MEAN,
            None => 1,
        }
    }

    /// Where an agent step of a run stands on the horizontal axis.
    fn place(&self, run: &History, step: u64) -> f64 {
        match self.request.x {
            XAxis::Steps => step as f64,
            XAxis::Episodes => run.metrics.get(RETURNS).partition_point(|episode| episode.step <= step) as f64,
        }
    }
}

impl Notes {
    fn caption(self, groups: &[Group], center: Center, curves: &[Curve]) -> Vec<String> {
        let mut lines = Vec::new();
        let several = groups.iter().any(|group| group.runs.len() > 1);
        let mut figures = Vec::from_iter(self.smoothed);
        let deviation = if self.deviation { ", band: ± their standard deviation" } else { "" };
        for (of, episodes) in self.evaluations.iter().filter(|(_, episodes)| !episodes.is_empty()) {
            let episodes = episodes.iter().map(u64::to_string).collect::<Vec<_>>().join(" or ");
            figures.push(format!("evaluation: {of} of {episodes} episodes{deviation}"));
        }
        if !figures.is_empty() {
            lines.push(format!("{}.", figures.join("; ")));
        }
        if several {
            let center = match center {
                Center::InterquartileMean => "interquartile mean",
                Center::Mean => "mean",
            };
            let of = match groups {
                [group] => format!("{} runs (seeds {})", group.runs.len(), seeds(&group.runs)),
                _ => {
                    let counts = groups.iter().map(|group| format!("{}: {}", group.label, group.runs.len()));
                    format!("all runs ({})", counts.collect::<Vec<_>>().join(", "))
                }
            };
            lines.push(format!("{center} of {of}, band: its 95 % interval by a stratified bootstrap."));
        }
        let mut remarks = Vec::new();
        let environments: BTreeSet<&str> =
            groups.iter().filter_map(Group::heading).map(|heading| heading.environment.id.as_str()).collect();
        if environments.len() > 1 {
            let environments = Vec::from_iter(environments).join(", ");
            remarks.push(format!("different environments, whose returns cannot be compared: {environments}"));
        }
        if curves.iter().any(|curve| curve.of_all_runs < curve.points.len()) {
            remarks.push("thin, without a band: some runs do not go so far, and only the others are in it".to_owned());
        }
        if !self.without_rows.is_empty() {
            remarks.push(format!("runs that have nothing of it yet: {}", self.without_rows.join(", ")));
        }
        if self.not_finite > 0 {
            remarks.push(format!("left out, as no finite numbers: {}", grouped(self.not_finite as u64)));
        }
        if !remarks.is_empty() {
            lines.push(format!("{}.", remarks.join("; ")));
        }
        lines.iter().map(|line| capitalised(line)).collect()
    }
}

/// With a capital letter first.
pub(crate) fn capitalised(line: &str) -> String {
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The seeds of runs, as `1 to 5` or `3, 7, 11`.
pub(crate) fn seeds(runs: &[History]) -> String {
    let mut seeds: Vec<u64> = runs.iter().map(|run| run.heading.training.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    match seeds.as_slice() {
        [first, .., last] if seeds.len() > 2 && last - first == seeds.len() as u64 - 1 => format!("{first} to {last}"),
        _ => seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_own_figures_are_called_by_their_names_in_words() {
        assert_eq!(figure("losses/mean_return"), "mean return");
        assert_eq!(figure(LOSS), "loss");
        assert_eq!(figure("charts/something_else"), "charts/something_else");
    }
}
