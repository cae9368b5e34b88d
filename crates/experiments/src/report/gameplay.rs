//! What it looks like: the pictures and films in a run's `videos/`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::resources::mebibytes;
use crate::history::Group;

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
            let caption = format!("{}, seed {}: {name}", group.label, run.heading.training.seed);
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
