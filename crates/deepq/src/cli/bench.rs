//! `deepq bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use deepq_bench::{Benchmark, Settings};
use deepq_experiments::listeners::Screen;

use super::machine::Roms;
use super::{logging, output};

const EXAMPLES: &str = "\
Examples:
  deepq bench update act --peers             beside PyTorch
  deepq bench update --peers --threads 1,2 --only nature,dueling
  deepq bench envs --peers --json            with every sample
  deepq bench train --peers --steps 2000     beside Stable-Baselines3
  deepq bench replay --transitions 1000000

Peers run in the Python that DEEPQ_PEERS_PYTHON names, else in python3, as far
as they are installed there. Measure on a quiet machine. docs/benchmarks.md
says what is compared with what.";

/// Arguments of `deepq bench`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What to measure: envs, update, act, train, replay, modurl; all if none is named
    #[arg(value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    names: Vec<Benchmark>,
    /// Print everything as JSON, every sample included
    #[arg(long)]
    json: bool,
    /// Measure the peers in turn with deepq
    #[arg(long)]
    peers: bool,
    /// Rounds of each side
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Seconds of a round, where its work is not fixed
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = length)]
    seconds: f64,
    /// Threads of each side, one number or several [default: 1; for several environments together all cores]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
    /// train: agent steps that a round measures [default: the workload's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(8..))]
    steps: Option<u64>,
    /// replay: transitions of the largest memory
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    transitions: u32,
    #[command(flatten)]
    roms: Roms,
}

fn names() -> impl TypedValueParser<Value = Benchmark> {
    let parser = PossibleValuesParser::new(Benchmark::ALL.map(Benchmark::name));
    parser.try_map(|name| Benchmark::ALL.into_iter().find(|benchmark| benchmark.name() == name).ok_or("no benchmark"))
}

fn length(seconds: &str) -> Result<f64, String> {
    let length = seconds.parse().ok().filter(|length| (0.001..=3600.0).contains(length));
    length.ok_or_else(|| "a round lasts from 0.001 to 3600 seconds".to_owned())
}

/// Measures.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let &Arguments { json, peers, rounds, seconds, steps, transitions, .. } = arguments;
    let screen = Screen::new(false);
    logging::start(&screen);
    let all = std::thread::available_parallelism().map_or(1, Into::into);
    let threads: Vec<usize> = arguments.threads.iter().map(|&threads| threads.into()).collect();
    let settings = Settings {
        benchmarks: if arguments.names.is_empty() { Benchmark::ALL.to_vec() } else { arguments.names.clone() },
        peers,
        rounds: rounds.into(),
        seconds,
        together: threads.iter().copied().max().unwrap_or(all),
        threads: if threads.is_empty() { vec![1] } else { threads },
        only: arguments.only.clone(),
        steps,
        transitions: transitions as usize,
        registry: arguments.roms.registry(),
        workspace: workspace(),
        screen,
    };
    let report = deepq_bench::run(&settings)?;
    if json {
        output::print(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        output::print(&report.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The checkout: where xtask says it is, else the one that the user stands in.
fn workspace() -> PathBuf {
    let named = std::env::var_os("DEEPQ_WORKSPACE").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    named.unwrap_or_else(|| {
        let here = std::env::current_dir().unwrap_or_default();
        here.ancestors().find(|folder| folder.join("benches/train").is_dir()).unwrap_or(&here).to_path_buf()
    })
}
