//! Where time and memory went.

use deepq_runs::Summary;
use deepq_runs::history::Group;
use maud::{Markup, html};

use super::figures::{mebibytes, time};

/// Run by run, as far as they have ended.
pub(super) fn section(groups: &[Group]) -> Markup {
    let runs: Vec<(String, &Summary)> = groups
        .iter()
        .flat_map(|group| group.runs.iter().map(move |run| (group, run)))
        .filter_map(|(group, run)| {
            Some((format!("{}, seed {}", group.label, run.heading.training.seed), run.summary.as_ref()?))
        })
        .collect();
    html! {
        @if !runs.is_empty() {
            section {
                h2 { "Time and memory" }
                @match runs.as_slice() {
                    [(_, summary)] => (spent(summary)),
                    runs => @for (name, summary) in runs {
                        details { summary { (name) ": " (time(summary.seconds)) } (spent(summary)) }
                    },
                }
            }
        }
    }
}

fn spent(summary: &Summary) -> Markup {
    let mut parts = summary.time.parts().to_vec();
    let known: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
    let at_once = known > summary.seconds;
    parts.push(("everything else", (summary.seconds - known).max(0.0)));
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let whole = known.max(summary.seconds).max(f64::MIN_POSITIVE);
    html! {
        div.scroll { table.spent { tbody {
            @for (name, seconds) in parts {
                @let share = 100.0 * seconds / whole;
                tr {
                    th scope="row" { (name) }
                    td.number { (time(seconds)) }
                    td.number { (format!("{share:.1} %")) }
                    td.bar { div style=(format!("width: {share:.1}%")) {} }
                }
            }
        } } }
        @if summary.steps_per_second.is_some() {
            p.note { "Steps and updates a second are counted from the first update on, without evaluations and checkpoints." }
        }
        @if at_once { p.note { "The agent learned while it played: both are counted, and the sum is more than the run took." } }
        dl.pairs {
            @if let Some(bytes) = summary.peak_memory_bytes {
                dt { "Most memory at once" } dd { (mebibytes(bytes)) }
            }
            @if summary.replay_bytes > 0 {
                dt { "Replay memory" } dd { (mebibytes(summary.replay_bytes)) }
            }
            dt { "Computed on" } dd { (summary.device) ", " (summary.isa) ", threads: " (summary.threads) }
        }
    }
}
