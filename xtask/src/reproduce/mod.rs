//! `cargo xtask reproduce`: is a result the same on another number of threads, and after being killed?
//!
//! Each case is trained on one thread, on two, and once more with SIGKILL at random moments, each time resumed; if asked for,
//! also by a program that the compilers have hardly optimised. What comes out must agree in everything but clocks: the digest
//! and the figures of `summary.json`, every row of `metrics.csv` and `eval.csv`.

mod outcome;
mod trial;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

pub(crate) use outcome::Outcome;
pub(crate) use trial::{Ended, Program, Recipe, Trial, send};

use crate::command;
use crate::draw::Draw;
use crate::workspace::Workspace;
use crate::{deepq, games, roms};

/// A run that is short enough for every change: name, experiment, further arguments of `deepq train`.
const CASES: &[(&str, &str, &[&str])] = &[
    ("cartpole", "cartpole", &["--steps", "10000", "--set", "checkpoint.every=500"]),
    (
        "cartpole, 4 environments",
        "cartpole",
        &["--steps", "10000", "--set", "checkpoint.every=500", "--set", "training.environments=4"],
    ),
    (
        "cartpole, playing while learning",
        "cartpole",
        &["--steps", "10000", "--set", "checkpoint.every=500", "--set", "training.concurrent_steps=8"],
    ),
    ("lunarlander", "lunarlander", &["--steps", "2000", "--set", "checkpoint.every=250"]),
    ("pong-smoke", "pong-smoke", &[]),
];

/// A case to look at.
pub(crate) struct Case {
    name: String,
    recipe: Recipe,
}

/// What was seen of a case.
pub(crate) struct Seen {
    name: String,
    digest: String,
    runs: usize,
    kills: usize,
    comparisons: usize,
    difference: Option<String>,
}

/// The short cases of every experiment, or of one of this name; another name is an experiment to be trained whole.
pub(crate) fn cases(experiment: Option<&str>) -> Vec<Case> {
    let case = |name: &str, experiment: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Case {
            name: name.to_owned(),
            recipe: Recipe { experiment: experiment.to_owned(), arguments, each_time: Vec::new() },
        }
    };
    let wanted = |name: &str| experiment.is_none_or(|experiment| experiment == name);
    let known: Vec<Case> = CASES
        .iter()
        .filter(|(_, experiment, _)| wanted(experiment))
        .map(|&(name, experiment, arguments)| case(name, experiment, arguments))
        .collect();
    match experiment {
        Some(other) if known.is_empty() => vec![case(other, other, &[])],
        _ => known,
    }
}

impl Case {
    /// The experiment's name or file.
    pub(crate) fn experiment(&self) -> &str {
        &self.recipe.experiment
    }
}

/// `cargo xtask reproduce`.
pub(crate) fn run(workspace: &Workspace, arguments: &command::Reproduce) -> Result<ExitCode> {
    let mut cases = cases(arguments.experiment.as_deref());
    for Case { recipe, .. } in &mut cases {
        let further = [("--seed", arguments.seed), ("--steps", arguments.steps)];
        for (option, value) in further.into_iter().filter_map(|(option, value)| Some((option, value?))) {
            if let Some(at) = recipe.arguments.iter().position(|argument| argument == option) {
                recipe.arguments.drain(at..at + 2);
            }
            recipe.arguments.extend([option.to_owned(), value.to_string()]);
        }
        recipe.arguments.extend(arguments.set.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
    }
    let experiments: Vec<&str> = cases.iter().map(Case::experiment).collect();
    roms::provide(workspace, &games::of_experiments(workspace, &experiments, &arguments.roms)?)?;
    let program = |path| Program::new(path, workspace, arguments.roms.rom_dir.clone());
    let checked = if arguments.checked { Some(program(deepq::build_checked(workspace)?)) } else { None };
    let program = program(deepq::build(workspace)?);
    let mut all = Vec::new();
    for case in &cases {
        let seen = look_at(&program, checked.as_ref(), case, arguments.kills)?;
        if !arguments.json {
            println!("{}", seen.line());
        }
        all.push(seen);
    }
    let comparisons: usize = all.iter().map(|seen| seen.comparisons).sum();
    let equal = all.iter().all(|seen| seen.difference.is_none());
    if arguments.json {
        let cases: Vec<Value> = all.iter().map(Seen::json).collect();
        println!("{:#}", json!({ "equal": equal, "comparisons": comparisons, "cases": cases }));
    } else if equal {
        println!("{comparisons} comparisons, all equal");
    }
    if !equal {
        bail!("not every run came out the same");
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks at one case; with a program built in the profile `checked` too, if there is one.
pub(crate) fn look_at(program: &Program<'_>, checked: Option<&Program<'_>>, case: &Case, kills: usize) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let trial = |name: &str| program.trial(&case.recipe, folder.path().join(name));
    let first = trial("one-thread");
    let whole = first.finish(1).with_context(|| case.name.clone())?;
    let expected = Outcome::read(first.run())?;
    let steps = first.checkpointed().unwrap_or(0);
    let mut seen = Seen {
        name: case.name.clone(),
        digest: expected.digest.clone(),
        runs: 1,
        kills: 0,
        comparisons: 0,
        difference: None,
    };
    let second = trial("two-threads");
    second.finish(2)?;
    seen.compare("on two threads", &expected, &second)?;
    if let Some(checked) = checked {
        let checked = checked.trial(&case.recipe, folder.path().join("checked"));
        checked.finish(2)?;
        seen.compare("built otherwise", &expected, &checked)?;
    }
    let mut draw = Draw::new(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64));
    // A run that was faster than the kills meant for it leaves them to the next one, which they come sooner in.
    let mut soon = whole;
    while seen.kills < kills && seen.runs < kills + 8 && seen.difference.is_none() {
        let killed = trial(&format!("killed-{}", seen.runs));
        seen.kills += killed.finish_with_kills(kills - seen.kills, soon, steps, &mut draw)?;
        soon = soon.mul_f64(0.8);
        seen.compare("killed and resumed", &expected, &killed)?;
    }
    if seen.kills < kills && seen.difference.is_none() {
        bail!("{}: the runs are too short to be killed {kills} times: {} times is all", case.name, seen.kills);
    }
    Ok(seen)
}

impl Seen {
    /// How many values were compared.
    pub(crate) fn comparisons(&self) -> usize {
        self.comparisons
    }

    /// The first difference, in words.
    pub(crate) fn difference(&self) -> Option<String> {
        self.difference.as_ref().map(|difference| format!("{}: {difference}", self.name))
    }

    fn compare(&mut self, how: &str, expected: &Outcome, trial: &Trial<'_>) -> Result<()> {
        let (values, difference) = expected.compare(&Outcome::read(trial.run())?);
        self.runs += 1;
        self.comparisons += values;
        if self.difference.is_none() {
            self.difference = difference.map(|difference| format!("{how}: {difference}"));
        }
        Ok(())
    }

    fn line(&self) -> String {
        let Self { name, digest, runs, kills, comparisons, difference } = self;
        let digest = digest.get(..12).unwrap_or(digest);
        match difference {
            None => format!("equal    {name}: {runs} runs, {kills} kills, {comparisons} comparisons, digest {digest}"),
            Some(difference) => format!("DIFFERS  {name}, {difference}"),
        }
    }

    fn json(&self) -> Value {
        let Self { name, digest, runs, kills, comparisons, difference } = self;
        json!({
            "case": name, "digest": digest, "runs": runs, "kills": kills, "comparisons": comparisons,
            "equal": difference.is_none(), "difference": difference,
        })
    }
}
