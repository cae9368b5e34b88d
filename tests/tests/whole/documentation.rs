//! What the documentation says can be done: every command line is parsed, what it names exists, and the cheap ones are run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use deepq_tests::{Said, deepq, workspace, xtask};

/// Commands that are really run, in this order, in one folder; each stands in the documentation.
const RUN: &[&str] = &[
    "list",
    "train cartpole --out runs/first",
    "eval runs/first --episodes 100",
    "eval runs/first --checkpoint last --json",
    "eval runs/first --episodes 100 --seed 7",
    "train --resume runs/first --steps 22_000",
    "train --resume runs/first --steps 24_000",
    "train cartpole --set agent.double=true --set optimizer.learning_rate=5e-4 --out runs/double",
    "train assets/experiments/cartpole.toml --steps 2000 --out runs/from-a-file",
    "train cartpole --seed 1 --threads 1 --isa portable --out runs/portable",
    "train cartpole --seeds 1..5 --jobs 2 --out runs/five",
    "plot runs/first",
    "report runs/first",
    "record runs/first",
    "export runs/first --onnx",
];

/// A command line, and where it stands.
struct Line {
    file: PathBuf,
    /// Whether it is one of `cargo xtask`, not of `deepq` itself.
    xtask: bool,
    words: Vec<String>,
}

impl Line {
    fn command(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Which line it is, for messages.
    fn name(&self) -> String {
        format!("{}: {}", self.file.display(), self.words.join(" "))
    }

    fn says(&self, arguments: &[String]) -> Result<Said> {
        if self.xtask { xtask(arguments) } else { deepq(arguments) }
    }
}

/// All Markdown of the project that users read.
fn documents() -> Result<Vec<PathBuf>> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                below(&path, found)?;
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = vec![workspace().join("README.md"), workspace().join("CONTRIBUTING.md")];
    below(&workspace().join("docs"), &mut found)?;
    found.sort();
    Ok(found)
}

/// A document's text in paragraphs, each with whether it is code.
fn paragraphs(text: &str) -> Vec<(bool, String)> {
    let (mut code, mut all) = (false, vec![(false, String::new())]);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
            all.push((code, String::new()));
        } else if code || line.trim().is_empty() {
            all.push((code, line.to_owned()));
        } else if let Some((_, paragraph)) = all.last_mut() {
            paragraph.push(' ');
            paragraph.push_str(line);
        }
    }
    all
}

/// The commands of a document: lines of code, and code in the text that is whole, without `<run>` or `[name]` in it.
fn commands(file: &Path) -> Result<Vec<Line>> {
    let text = fs::read_to_string(file)?.replace("\\\n", " ");
    let mut lines = Vec::new();
    for (code, paragraph) in paragraphs(&text) {
        let pieces: Vec<&str> =
            if code { vec![&*paragraph] } else { paragraph.split('`').skip(1).step_by(2).collect() };
        for piece in pieces {
            // In a shell's loop it is not at the beginning.
            let xtask = piece.find("cargo xtask ").filter(|at| code || *at == 0);
            let rest = match xtask {
                Some(at) => &piece[at + "cargo xtask ".len()..],
                None => match piece.trim().strip_prefix("deepq ") {
                    Some(rest) => rest,
                    None => continue,
                },
            };
            let rest = rest.split([';', '|', '&', '>']).next().unwrap_or_default();
            let rest = rest.split(" #").next().unwrap_or_default();
            if piece.contains(['<', '[', '…']) || rest.contains("...") {
                continue;
            }
            lines.push(Line { file: file.to_owned(), xtask: xtask.is_some(), words: words(rest) });
        }
    }
    Ok(lines)
}

/// The words of a shell's line; what stands for a number is one.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for character in line.trim().chars() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().into_iter().for_each(|word| word.push(character)),
        }
    }
    words.retain(|word| !word.is_empty());
    for word in &mut words {
        if word == "N" || word.starts_with('$') {
            *word = "3".to_owned();
        }
    }
    words
}

fn all_commands() -> Result<Vec<Line>> {
    let lines: Vec<Vec<Line>> = documents()?.iter().map(|file| commands(file)).collect::<Result<_>>()?;
    let lines: Vec<Line> = lines.into_iter().flatten().collect();
    ensure!(lines.len() > 40, "only {} commands were found", lines.len());
    Ok(lines)
}

#[test]
fn every_command_line_is_understood() -> Result<()> {
    let mut seen = BTreeSet::new();
    for line in all_commands()? {
        if !seen.insert((line.xtask, line.words.clone())) {
            continue;
        }
        let mut arguments = line.words.clone();
        // Everything before it is parsed first; after `test` all belongs to cargo.
        let at = if line.command() == "test" { 1 } else { arguments.len() };
        arguments.insert(at, "--help".to_owned());
        line.says(&arguments)?.done().with_context(|| line.name())?;
    }
    Ok(())
}

/// An experiment that cannot be trained as it is written is refused before the run's folder is made.
#[test]
fn every_training_names_what_exists() -> Result<()> {
    let mut seen = BTreeSet::new();
    for line in all_commands()?.into_iter().filter(|line| line.command() == "train") {
        // One that goes on is looked at where it is run, and weights of another run or program are not here; a single word
        // only speaks of the command.
        let elsewhere = |word: &String| word == "--resume" || word.starts_with("transfer.init_from=");
        let named = line.words.len() > 1 && !line.words.iter().any(elsewhere);
        if !named || !seen.insert(line.words.clone()) {
            continue;
        }
        let mut arguments: Vec<String> = Vec::new();
        let mut words = line.words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--out" => drop(words.next()),
                word if word.starts_with("assets/") => arguments.push(workspace().join(word).display().to_string()),
                word => arguments.push(word.to_owned()),
            }
        }
        #[cfg(unix)]
        if arguments.iter().any(|word| word.contains("gym:")) {
            let python = deepq_tests::gymnasium::python()?;
            arguments.extend(["--set".to_owned(), format!("environment.python={}", python.display())]);
        }
        let file = tempfile::NamedTempFile::new()?;
        let below_a_file = file.path().join("run").display().to_string();
        arguments.extend(["--out".to_owned(), below_a_file.clone()]);
        deepq(&arguments)?.refused(1, &[&below_a_file]).with_context(|| line.name())?;
    }
    Ok(())
}

#[test]
fn cheap_commands_do_what_they_should() -> Result<()> {
    let written = all_commands()?;
    let folder = tempfile::tempdir()?;
    for command in RUN {
        let words = words(command);
        ensure!(written.iter().any(|line| line.words == words), "{command} stands nowhere");
        let place = |word: String| match word.split_once('/') {
            Some(("runs", _)) => folder.path().join(word).display().to_string(),
            Some(("assets", _)) => workspace().join(word).display().to_string(),
            _ => word,
        };
        let said = deepq(words.into_iter().map(place))?.done().with_context(|| (*command).to_owned())?;
        ensure!(!said.stdout.is_empty(), "{command} says nothing");
    }
    Ok(())
}

/// Links between files, and code that the guide takes from examples.
#[test]
fn what_the_documents_point_at_is_there() -> Result<()> {
    let mut parts = 0;
    for file in documents()? {
        let text = fs::read_to_string(&file)?;
        let folder = file.parent().context("a file in no folder")?;
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let is_ours = !path.is_empty() && !path.contains("://");
            ensure!(!is_ours || folder.join(path).exists(), "{}: {target} is not there", file.display());
        }
        for include in text.split("{{#include ").skip(1).filter_map(|rest| rest.split("}}").next()) {
            let (path, anchor) = include.split_once(':').unwrap_or((include, ""));
            let code = fs::read_to_string(folder.join(path)).with_context(|| format!("{}: {path}", file.display()))?;
            for mark in ["ANCHOR", "ANCHOR_END"].iter().filter(|_| !anchor.is_empty()) {
                ensure!(code.contains(&format!("// {mark}: {anchor}\n")), "{path} has no {mark} {anchor}");
            }
            parts += 1;
        }
        for example in text.split("cargo run --package deepq-").skip(1) {
            let line = example.lines().next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let [package, "--example", name, ..] = words[..] else { continue };
            let folder = workspace().join("crates").join(package).join("examples").join(name);
            let source = if folder.is_dir() { folder.join("main.rs") } else { folder.with_extension("rs") };
            ensure!(source.exists(), "{}: {} is not there", file.display(), source.display());
        }
    }
    ensure!(parts > 10, "only {parts} parts of examples were found");
    Ok(())
}

/// The book's contents are its pages, all of them.
#[test]
fn every_page_of_the_guide_is_in_its_contents() -> Result<()> {
    let pages = workspace().join("docs/guide/src");
    let contents = fs::read_to_string(pages.join("SUMMARY.md"))?;
    for entry in fs::read_dir(&pages)? {
        let name = entry?.file_name().into_string().ok().context("the name is not UTF-8")?;
        ensure!(name == "SUMMARY.md" || contents.contains(&format!("]({name})")), "{name} is not in the contents");
    }
    Ok(())
}
