//! What it looks like: the pictures and films in a run's `videos/`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deepq_runs::grouped;
use deepq_runs::history::{Group, History};
use deepq_runs::{Finished, RunFolder};
use maud::{Markup, html};

use super::figures::mebibytes;
use super::results;

/// A longer file is named, and stays outside.
const LONGEST: u64 = 8 << 20;
/// All files in a page together.
const ALL: u64 = 32 << 20;

/// What browsers show, by the ending of a file's name.
const KINDS: [(&str, &str); 3] = [("gif", "image/gif"), ("png", "image/png"), ("mp4", "video/mp4")];

struct Film {
    caption: String,
    path: PathBuf,
    kind: &'static str,
    bytes: u64,
}

/// All films that fit, in the order of runs and names.
pub(super) fn section(groups: &[Group]) -> Markup {
    let mut films = Vec::new();
    for (group, run) in groups.iter().flat_map(|group| group.runs.iter().map(move |run| (group, run))) {
        for (path, kind, bytes) in films_in(&run.folder.join("videos")) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let shows = shows(run, &path).unwrap_or(name);
            let caption = format!("{}, seed {}: {shows}", group.label, run.heading.training.seed);
            films.push(Film { caption, path, kind, bytes });
        }
    }
    let mut left = ALL;
    html! {
        @if !films.is_empty() {
            section {
                h2 { "Play" }
                div.films {
                    @for film in &films { figure { (shown(film, &mut left)) figcaption { (film.caption) } } }
                }
            }
        }
    }
}

/// What a film of an evaluation shows: its first episode. `None` for any other.
fn shows(run: &History, film: &Path) -> Option<String> {
    let videos = RunFolder::look_at(&run.folder).ok()?.videos();
    if film == videos.best() {
        // It is made when a run is done; one that went on since may have a better evaluation.
        run.summary.as_ref().filter(|summary| summary.finished != Finished::Interrupted)?;
        let [best, _] = results::best_and_last(run)?;
        let (step, mean) = (grouped(best.at_step), best.mean);
        return Some(format!("the best weights, step {step}, whose evaluation had a mean return of {mean:.2}"));
    }
    let evaluation = run.evaluation_figures().into_iter().find(|figures| film == videos.of_step(figures.at_step))?;
    let (step, mean) = (grouped(evaluation.at_step), evaluation.mean);
    Some(format!("the evaluation at step {step}, with a mean return of {mean:.2}"))
}

fn shown(film: &Film, left: &mut u64) -> Markup {
    let fits = film.bytes <= LONGEST.min(*left);
    let contents = if fits { fs::read(&film.path).ok() } else { None };
    let Some(contents) = contents else {
        return html! { p.note { "Not in this page: " (mebibytes(film.bytes)) ", at " code { (film.path.display()) } } };
    };
    *left = left.saturating_sub(contents.len() as u64);
    let data = format!("data:{};base64,{}", film.kind, STANDARD.encode(contents));
    html! {
        @if film.kind.starts_with("video/") { video controls loop muted playsinline src=(data) {} }
        @else { img src=(data) alt=(film.caption); }
    }
}

fn films_in(folder: &Path) -> Vec<(PathBuf, &'static str, u64)> {
    let mut films: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let extension = path.extension()?.to_str()?.to_lowercase();
            let (_, kind) = KINDS.into_iter().find(|(ending, _)| *ending == extension)?;
            Some((path, kind, entry.metadata().ok()?.len()))
        })
        .collect();
    films.sort();
    films
}
