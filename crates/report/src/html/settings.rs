//! What was trained.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use deepq_runs::history::Group;

/// A setting that a run does not have.
const NONE: &str = "–";

/// The settings of each experiment; of several, first those that differ. Then the files as they were run.
pub(super) fn section(groups: &[Group]) -> Markup {
    let of = |group: &Group| group.runs.first().map(|run| run.document.values()).unwrap_or_default();
    let settings: Vec<BTreeMap<String, String>> = groups.iter().map(of).collect();
    let keys: BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).filter(|key| *key != "summary").collect();
    let differs = |key: &&String| settings.iter().any(|other| other.get(*key) != settings[0].get(*key));
    let (different, same): (Vec<&String>, Vec<&String>) = keys.into_iter().partition(differs);
    html! {
        section {
            h2 { "Settings" }
            @if !different.is_empty() {
                div.scroll { table #differences {
                    thead { tr { th { "setting" } @for group in groups { th { (group.label) } } } }
                    tbody { @for key in different { tr {
                        th scope="row" { code { (key) } }
                        @for values in &settings { td { code { (values.get(key).map_or(NONE, String::as_str)) } } }
                    } } }
                } }
            }
            details open[groups.len() == 1] {
                summary { @if groups.len() == 1 { "All settings" } @else { "What all have in common" } }
                div.scroll { table #settings { tbody { @for key in same { tr {
                    th scope="row" { code { (key) } }
                    td { code { (settings[0].get(key).map_or(NONE, String::as_str)) } }
                } } } } }
            }
            @for group in groups {
                @if let Some(run) = group.runs.first() {
                    details {
                        summary { code { "experiment.toml" } @if groups.len() > 1 || group.runs.len() > 1 { " of " (group.label) ", seed " (run.heading.training.seed) } }
                        pre { code { (run.document.text()) } }
                    }
                }
            }
        }
    }
}
