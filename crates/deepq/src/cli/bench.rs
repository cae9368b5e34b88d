//! `deepq bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use deepq_bench::{Benchmark, Settings};
use deepq_commands::Bench;
use deepq_experiments::listeners::Screen;

use super::{logging, roms, stdout};

/// Measures.
pub(super) fn run(arguments: &Bench) -> anyhow::Result<ExitCode> {
    let &Bench { json, peers, rounds, seconds, steps, transitions, .. } = arguments;
    let screen = Screen::new(false);
    logging::start(&screen);
    let all = std::thread::available_parallelism().map_or(1, Into::into);
    let threads: Vec<usize> = arguments.threads.iter().map(|&threads| threads.into()).collect();
    let names: Vec<Benchmark> = arguments.names.iter().copied().map(benchmark).collect();
    let settings = Settings {
        benchmarks: if names.is_empty() { Benchmark::ALL.to_vec() } else { names },
        peers,
        rounds: rounds.into(),
        seconds,
        together: threads.iter().copied().max().unwrap_or(all),
        threads: if threads.is_empty() { vec![1] } else { threads },
        only: arguments.only.clone(),
        steps,
        transitions: transitions as usize,
        registry: roms::registry(&arguments.roms),
        workspace: workspace(),
        screen,
    };
    let report = deepq_bench::run(&settings)?;
    if json {
        stdout::print(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        stdout::print(&report.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn benchmark(named: deepq_commands::Benchmark) -> Benchmark {
    match named {
        deepq_commands::Benchmark::Envs => Benchmark::Envs,
        deepq_commands::Benchmark::Update => Benchmark::Update,
        deepq_commands::Benchmark::Act => Benchmark::Act,
        deepq_commands::Benchmark::Train => Benchmark::Train,
        deepq_commands::Benchmark::Replay => Benchmark::Replay,
        deepq_commands::Benchmark::Modurl => Benchmark::Modurl,
    }
}

/// The checkout: where xtask says it is, else the one that the user stands in.
fn workspace() -> PathBuf {
    let named = std::env::var_os("DEEPQ_WORKSPACE").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    named.unwrap_or_else(|| {
        let here = std::env::current_dir().unwrap_or_default();
        here.ancestors().find(|folder| folder.join("benches/train").is_dir()).unwrap_or(&here).to_path_buf()
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn whatever_can_be_measured_can_be_named() {
        let named = deepq_commands::Benchmark::value_variants();
        assert_eq!(named.iter().copied().map(benchmark).collect::<Vec<_>>(), Benchmark::ALL);
        let names = named.iter().filter_map(|named| Some(named.to_possible_value()?.get_name().to_owned()));
        assert_eq!(names.collect::<Vec<_>>(), Benchmark::ALL.map(Benchmark::name));
    }
}
