//! `cargo xtask soak`: random small experiments with random faults, each compared with the run to which nothing happened.

mod disk;
mod faults;
mod recipes;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::draw::Draw;
use crate::reproduce::{Outcome, Program};
use crate::workspace::Workspace;
use crate::{deepq, games, roms};
use disk::SmallDisk;
use faults::{Fault, Met};

/// What happened so far.
#[derive(Default)]
struct Figures {
    runs: usize,
    comparisons: usize,
    faults: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

/// `cargo xtask soak`.
pub(crate) fn run(workspace: &Workspace, arguments: &command::Soak) -> Result<ExitCode> {
    ensure!((0.0..=1e6).contains(&arguments.minutes), "--minutes {}: from 0 to a million", arguments.minutes);
    roms::provide(workspace, &games::of_experiments(workspace, &["pong-smoke"], &arguments.roms)?)?;
    let program = Program::new(deepq::build(workspace)?, workspace, arguments.roms.rom_dir.clone());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let seed = arguments.seed.unwrap_or_else(clock);
    println!("Seed {seed}; it draws the experiments and their faults, the clock decides at which step a fault falls");
    let (begun, length) = (Instant::now(), Duration::from_secs_f64(arguments.minutes * 60.0));
    let mut figures = Figures::default();
    while begun.elapsed() < length || figures.runs == 0 {
        // Each run has a generator of its own: what it draws does not depend on how long the ones before it took.
        let mut draw = Draw::new(seed.wrapping_add((figures.runs as u64).wrapping_mul(0x5851_f42d_4c95_7f2d)));
        one(workspace, &program, &mut draw, &mut figures)?;
    }
    let faults: Vec<String> = figures.faults.iter().map(|(name, count)| format!("{count} {name}")).collect();
    println!(
        "{:.1} minutes: {} experiments, {}; {} comparisons, {} differences",
        begun.elapsed().as_secs_f64() / 60.0,
        figures.runs,
        if faults.is_empty() { "no faults".to_owned() } else { faults.join(", ") },
        figures.comparisons,
        figures.differences.len()
    );
    ensure!(figures.differences.is_empty(), "{}", figures.differences.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// One experiment: once in peace, once with faults.
fn one(workspace: &Workspace, program: &Program<'_>, draw: &mut Draw, figures: &mut Figures) -> Result<()> {
    let recipe = recipes::draw(workspace, draw);
    let folder = tempfile::tempdir()?;
    let in_peace = program.trial(&recipe, folder.path().join("in-peace"));
    let whole = in_peace.finish(1).with_context(|| recipe.arguments.join(" "))?;
    let expected = Outcome::read(in_peace.run())?;

    let place = folder.path().join("disk");
    let disk = SmallDisk::mount(&place)?;
    let troubled = program.trial(&recipe, place.join("run")).saying_into(folder.path().join("said"));
    let mut met = Vec::new();
    let outcome = (|| {
        for _ in 0..1 + draw.below(6) {
            let fault = draw.one_of(&Fault::ALL);
            match faults::inflict(fault, &troubled, disk.as_ref(), whole, draw)? {
                Met::Survived => met.push(fault.name()),
                Met::NoOccasion => {}
                Met::Over => return Outcome::read(troubled.run()),
            }
        }
        troubled.finish(2)?;
        Outcome::read(troubled.run())
    })();
    figures.runs += 1;
    met.iter().for_each(|name| *figures.faults.entry(name).or_default() += 1);
    let difference = match &outcome {
        Ok(outcome) => {
            let (values, difference) = expected.compare(outcome);
            figures.comparisons += values;
            difference
        }
        Err(error) => Some(format!("{error:#}")),
    };
    let what = format!("{} {}", recipe.experiment, recipe.arguments.join(" "));
    match difference {
        None => println!("{}: equal, {} faults: {what}", figures.runs, met.len()),
        Some(difference) => {
            let line = format!("{}: DIFFERS after {}: {difference}: {what}", figures.runs, met.join(", "));
            println!("{line}\n{}", troubled.said());
            figures.differences.push(line);
        }
    }
    drop(disk);
    Ok(())
}
