//! How to make the runs again: exact commands, and the digests that must come out.

use deepq_runs::history::{Group, History};
use deepq_runs::{Document, Finished};
use maud::{Markup, html};

/// The experiments that come with the program that trained, by name: runs of them are made again by their name, all others
/// by their files.
pub type Published<'a> = dyn Fn(&str) -> Option<Document> + 'a;

/// Commands and digests.
pub(super) fn section(groups: &[Group], published: &Published<'_>) -> Markup {
    let runs = || groups.iter().flat_map(|group| &group.runs);
    html! {
        section {
            h2 { "To make it again" }
            pre #commands { code { @for command in groups.iter().flat_map(|group| commands(group, published)) { (command) "\n" } } }
            p.note {
                "The same version of deepq, experiment and seed give the same digest on a CPU, whatever its instruction set and \
                 the number of threads, with the same C library."
            }
            div.scroll { table #digests { tbody { @for run in runs() { tr {
                th scope="row" { (run.heading.name) ", seed " (run.heading.training.seed) }
                td { @match &run.summary {
                    Some(summary) => code.digest { (summary.digest) },
                    None => "not finished",
                } }
            } } } } }
        }
    }
}

/// The commands that make the runs of an experiment again, go on with those that are not finished, and evaluate them.
pub fn commands(group: &Group, published: &Published<'_>) -> Vec<String> {
    // Runs of different lengths are made by different commands.
    let mut trained: Vec<(String, Vec<u64>)> = Vec::new();
    for run in &group.runs {
        let (command, seed) = (train(run, published), run.heading.training.seed);
        match trained.iter_mut().find(|(known, _)| *known == command) {
            Some((_, seeds)) => seeds.push(seed),
            None => trained.push((command, vec![seed])),
        }
    }
    let mut commands: Vec<String> =
        trained.into_iter().map(|(command, seeds)| format!("{command} {}", option(seeds))).collect();
    for run in &group.runs {
        let folder = quoted(&run.folder.display().to_string());
        match run.summary.as_ref().map(|summary| summary.finished) {
            None | Some(Finished::Interrupted) => commands.push(format!("cargo xtask train --resume {folder}")),
            Some(_) if run.evaluations.last_step().is_some() => commands.push(format!("cargo xtask eval {folder}")),
            Some(_) => {}
        }
    }
    commands
}

/// The seeds as options of `train`.
fn option(mut seeds: Vec<u64>) -> String {
    seeds.sort_unstable();
    seeds.dedup();
    match seeds.as_slice() {
        [seed] => format!("--seed {seed}"),
        [first, .., last] if last - first == seeds.len() as u64 - 1 => format!("--seeds {first}..{last}"),
        seeds => format!("--seeds {}", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(",")),
    }
}

/// The command, without its seed: by the name of the experiment and what was set otherwise; by the run's own file where there
/// is none of this name, or it has keys that the run has not.
fn train(run: &History, published: &Published<'_>) -> String {
    let of_file = || format!("cargo xtask train {}", quoted(&run.folder.join("experiment.toml").display().to_string()));
    let name = &run.heading.name;
    let Some(published) = published(name).map(|document| document.values()) else { return of_file() };
    let values = run.document.values();
    if published.keys().any(|key| !values.contains_key(key)) {
        return of_file();
    }
    let mut command = format!("cargo xtask train {}", quoted(name));
    for (key, value) in values.iter().filter(|(key, value)| published.get(*key) != Some(value)) {
        match key.as_str() {
            // The seed comes last, and the summary decides nothing.
            "training.seed" | "summary" => {}
            "training.steps" => command += &format!(" --steps {value}"),
            _ => command += &format!(" --set {}", quoted(&format!("{key}={value}"))),
        }
    }
    command
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        assert_eq!(quoted("agent.discount=0.98"), "agent.discount=0.98");
        assert_eq!(quoted("network.torso.hidden=[8, 9]"), "'network.torso.hidden=[8, 9]'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn seeds_are_an_option() {
        let options = [vec![3], vec![1, 2, 3], vec![7, 3, 11]].map(option);
        assert_eq!(options, ["--seed 3", "--seeds 1..3", "--seeds 3,7,11"]);
    }
}
