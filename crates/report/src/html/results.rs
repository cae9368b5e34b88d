//! How the runs did: figures of evaluations, and what several runs say together.

use deepq_runs::history::{Group, History};
use deepq_runs::{EvaluationFigures, Finished, grouped};
use maud::{Markup, html};

use super::figures::{count, number, time};
use crate::statistics::{bootstrap_interval, interquartile_mean};

/// More evaluations than this are folded.
const SHOWN: usize = 12;

/// The evaluation with the best mean (the first of several), and the last one.
pub(super) fn best_and_last(run: &History) -> Option<[EvaluationFigures; 2]> {
    let all = run.evaluation_figures();
    let last = all.last()?.clone();
    let better = |best: EvaluationFigures, next: EvaluationFigures| if next.mean > best.mean { next } else { best };
    Some([all.into_iter().reduce(better)?, last])
}

/// The first thing to see: of one run its figures, of several a table.
pub(super) fn overview(groups: &[Group]) -> Markup {
    match groups {
        [group] if group.runs.len() == 1 => html! { @for run in &group.runs { (tiles(run)) } },
        _ => comparison(groups),
    }
}

fn tiles(run: &History) -> Markup {
    let summary = run.summary.as_ref();
    let tile = |name: &str, value: Markup, more: Markup| html! { div.tile { dt { (name) } dd { strong { (value) } span { (more) } } } };
    html! {
        dl.tiles {
            @if let Some(evaluations) = best_and_last(run) {
                @for (name, figures) in ["Best evaluation", "Last evaluation"].into_iter().zip(&evaluations) {
                    (tile(name, number(figures.mean), html! { "± " (number(figures.std)) " at step " (count(figures.at_step)) }))
                }
            }
            (tile("Agent steps", count(run.agent_steps()), html! {
                @if let Some(summary) = summary { (count(summary.episodes)) " episodes" }
            }))
            @if let Some(summary) = summary {
                (tile("Updates", count(summary.updates), html! {
                    @if let Some(rate) = summary.updates_per_second { (count(rate as u64)) " a second" }
                }))
                (tile("Time", time(summary.seconds), html! {
                    @if let Some(rate) = summary.steps_per_second { (count(rate as u64)) " steps a second" }
                }))
            }
        }
    }
}

/// Where a run stands, in words.
pub(super) fn standing(run: &History) -> String {
    let steps = grouped(run.agent_steps());
    match run.summary.as_ref().map(|summary| summary.finished) {
        Some(Finished::Steps) => format!("all {steps} agent steps done"),
        Some(Finished::Episodes) => format!("all episodes played, {steps} agent steps"),
        Some(Finished::Threshold) => format!("goal reached after {steps} agent steps"),
        Some(Finished::Interrupted) => format!("interrupted after {steps} agent steps"),
        None => format!("not finished: {steps} of {} agent steps so far", grouped(run.heading.training.steps)),
    }
}

/// Experiment by experiment: the interquartile mean over the runs.
fn comparison(groups: &[Group]) -> Markup {
    html! {
        section {
            h2 { "What the runs say together" }
            div.scroll { table #comparison {
                thead { tr { th { "experiment" } th.number { "runs" } th.number { "best evaluation" } th.number { "last evaluation" } th.number { "agent steps" } } }
                tbody { @for group in groups { (compared(group)) } }
            } }
            p.note {
                "Interquartile means over the runs of the evaluations' means, with their 95 % intervals by a stratified \
                 bootstrap. The best of several evaluations flatters; the last does not."
            }
        }
    }
}

fn compared(group: &Group) -> Markup {
    let scores = |which: usize| -> Vec<f64> {
        let figures = group.runs.iter().filter_map(best_and_last);
        figures.map(|figures| figures[which].mean).filter(|mean| mean.is_finite()).collect()
    };
    let together = |scores: Vec<f64>| {
        html! {
            @match interquartile_mean(&scores) {
                Some(mean) => strong { (number(mean)) },
                None => "–",
            }
            // One run has no interval.
            @if scores.len() > 1 && let Some([low, high]) = bootstrap_interval(&[scores]) {
                " [" (number(low)) ", " (number(high)) "]"
            }
        }
    };
    let steps = || group.runs.iter().map(History::agent_steps);
    let (fewest, most) = (steps().min().unwrap_or(0), steps().max().unwrap_or(0));
    html! {
        tr {
            th scope="row" { (group.label) }
            td.number { (count(group.runs.len() as u64)) }
            td.number { (together(scores(0))) }
            td.number { (together(scores(1))) }
            td.number { (count(fewest)) @if most > fewest { " to " (count(most)) } }
        }
    }
}

/// Of one run every evaluation; of several, the best and the last of each.
pub(super) fn evaluations(groups: &[Group]) -> Markup {
    match groups {
        [group] if group.runs.len() == 1 => html! { @for run in &group.runs { (of_one(run)) } },
        _ => of_each(groups),
    }
}

fn figures(row: &EvaluationFigures) -> Markup {
    html! {
        td.number { (number(row.mean)) }
        td.number { (number(row.std)) }
        td.number { (number(row.median)) }
        td.number { (number(row.min)) }
        td.number { (number(row.max)) }
        td.number { (count(row.episodes as u64)) }
        td.number { (count(row.at_step)) }
    }
}

fn head(first: &str) -> Markup {
    html! {
        thead { tr {
            th { (first) }
            @for name in ["mean", "std", "median", "min", "max", "episodes", "at step"] { th.number { (name) } }
        } }
    }
}

fn of_one(run: &History) -> Markup {
    let Some(best_and_last) = best_and_last(run) else { return html! {} };
    let all = run.evaluation_figures();
    html! {
        section {
            h2 { "Evaluations" }
            @if let Some(summary) = &run.summary { p { (summary.protocol) } }
            div.scroll { table #evaluations {
                (head("evaluation"))
                tbody { @for (name, row) in ["best", "last"].into_iter().zip(&best_and_last) {
                    tr { th scope="row" { (name) } (figures(row)) }
                } }
            } }
            @if all.len() > 1 {
                details open[all.len() <= SHOWN] {
                    summary { "All " (all.len()) " evaluations" }
                    div.scroll { table #all-evaluations {
                        (head("number"))
                        tbody { @for (number, row) in (1..).zip(&all) {
                            tr { th scope="row" { (number) } (figures(row)) }
                        } }
                    } }
                }
            }
        }
    }
}

fn of_each(groups: &[Group]) -> Markup {
    let runs = || groups.iter().flat_map(|group| group.runs.iter().map(move |run| (group, run)));
    html! {
        section {
            h2 { "Each run" }
            div.scroll { table #runs {
                thead { tr {
                    th { "experiment" } th.number { "seed" } th.number { "best evaluation" } th.number { "last evaluation" }
                    th.number { "time" } th { "standing" } th { "folder" }
                } }
                tbody { @for (group, run) in runs() { tr {
                    th scope="row" { (group.label) }
                    td.number { (run.heading.training.seed) }
                    @let evaluations = best_and_last(run);
                    @for which in 0..2 { td.number {
                        @if let Some(figures) = evaluations.as_ref().map(|evaluations| &evaluations[which]) {
                            (number(figures.mean)) " ± " (number(figures.std))
                        } @else { "–" }
                    } }
                    td.number { @if let Some(summary) = &run.summary { (time(summary.seconds)) } @else { "–" } }
                    td { (standing(run)) }
                    td { code { (run.folder.display()) } }
                } } }
            } }
        }
    }
}
