//! The page from top to bottom.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deepq_runs::history::Group;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::reproduction::Published;
use super::{curves, gameplay, reproduction, resources, results, settings};
use crate::plot::PlotError;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("curves.js");

/// The report about these runs; `published` are the experiments that are known by name. The same files give the same page.
///
/// # Errors
///
/// [`PlotError::Drawing`].
pub fn page(groups: &[Group], published: &Published<'_>) -> Result<String, PlotError> {
    let title = title(groups);
    let curves = curves::all(groups)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("deepq ", env!("CARGO_PKG_VERSION")));
                title { (title) " · deepq" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    (headings(groups))
                }
                main {
                    (results::overview(groups))
                    (curves::main(&curves)?)
                    (results::evaluations(groups))
                    (curves::others(&curves)?)
                    (gameplay::section(groups))
                    (resources::section(groups))
                    (settings::section(groups))
                    (reproduction::section(groups, published))
                }
                (curves::data(&curves))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// What the page may load and run: pictures that stand in it, and its own script, by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'"
    )
}

fn title(groups: &[Group]) -> String {
    match groups {
        [group] if group.runs.len() == 1 => group.label.clone(),
        [group] => format!("{}, {} runs", group.label, group.runs.len()),
        _ => format!("{} experiments compared", groups.len()),
    }
}

/// Whose runs these are, and how far they are.
fn headings(groups: &[Group]) -> Markup {
    match groups {
        [group] => html! {
            @if let Some(heading) = group.heading() {
                p.about { (heading.summary) }
                p.meta {
                    (heading.environment.id)
                    @if let [run] = group.runs.as_slice() {
                        " · seed " (heading.training.seed) " · " (results::standing(run))
                    } @else {
                        " · seeds " (crate::plot::seeds(&group.runs))
                    }
                }
            }
        },
        groups => {
            let environments: BTreeSet<&str> =
                groups.iter().filter_map(Group::heading).map(|heading| heading.environment.id.as_str()).collect();
            html! { p.meta { @for (number, id) in environments.into_iter().enumerate() { @if number > 0 { ", " } (id) } } }
        }
    }
}
