//! The command line, typed.
//!
//! What belongs to `deepq` is parsed here as well, so that wrong usage is told before anything is fetched or built; the
//! program then gets the arguments as they were written.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::ci::Check;
use crate::number;

/// deepq: value-based deep reinforcement learning, from CartPole to Atari.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    after_help = "\
First steps:
  cargo xtask list             what there is to train
  cargo xtask train cartpole   a full run on a small task
  cargo xtask train pong       on a big one
  cargo xtask help train       all options of a command, with examples

Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train an experiment, or go on with a run
    Train(Train),
    /// Play greedily with a trained network and report the returns
    Eval(Eval),
    /// Give a run to others: an ONNX model, its weights, a model card
    Export(Export),
    /// Play with a run's weights and save what it looks like
    Record(Record),
    /// Draw learning curves of runs as SVG or PNG
    Plot(Plot),
    /// Write a report about runs, as one HTML page
    Report(Report),
    /// Play in the terminal, or watch a trained agent play there
    Play(Play),
    /// Replay recorded episodes; exit 0 only if every bit is equal
    Parity(Parity),
    /// Measure speed, side by side with the peers that are installed
    Bench(Bench),
    /// Train twice, on different thread counts, and once killed and resumed; exit 0 only if all comes out the same
    Reproduce(Reproduce),
    /// Train random small experiments with faults injected, and check that nothing is lost
    Soak(Soak),
    /// Feed random and damaged files to everything that reads any; needs a nightly compiler and cargo-fuzz
    #[command(after_help = "Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz replay checkpoint --minutes 1")]
    Fuzz(Fuzz),
    /// List experiments, environments, agents and networks
    List(List),
    /// Fetch or verify ROMs
    Roms(Roms),
    /// Provide all that the tests need, then run them
    Test(Test),
    /// Run what continuous integration runs beside the tests
    Ci(Ci),
}

/// Where the work is done.
#[derive(Args, Debug)]
pub(crate) struct Machine {
    /// auto, cpu, cuda or cuda:N
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Threads [default: as many as the machine has]; results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) threads: Option<u16>,
    /// Instructions to compute with on the CPU, as portable, avx2, avx512 or neon [default: the fastest of this machine]
    #[arg(long, value_name = "ISA")]
    pub(crate) isa: Option<String>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

/// Where the user's own ROMs are.
#[derive(Args, Debug)]
pub(crate) struct RomFolder {
    /// Take the ROMs of Atari games from this folder [else: $DEEPQ_ROM_DIR, then roms/, which is filled when needed]
    #[arg(long, value_name = "DIR")]
    pub(crate) rom_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask train cartpole
  cargo xtask train pong --steps 20000 --out runs/first-pong
  cargo xtask train --resume runs/first-pong --steps 40000
  cargo xtask train cartpole --seeds 1..5 --jobs 2

Ctrl-C writes a checkpoint and ends; --resume goes on exactly there. Ctrl-C once
more ends at once; --resume then goes on from the last checkpoint. Either way
the exit code is 130.", group = ArgGroup::new("several").args(["seeds", "resume"]))]
pub(crate) struct Train {
    /// An experiment's name, as `cargo xtask list` shows it, or a TOML file
    #[arg(required_unless_present = "resume")]
    pub(crate) experiment: Option<String>,
    /// Go on exactly where this run stopped, or those of several seeds
    #[arg(long, value_name = "RUN", conflicts_with_all = ["experiment", "seed", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// The root of all randomness [default: the experiment's training.seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// Train from each of these seeds, a run each, in one folder: 1..5 (with both ends), 3,7,11, or 3 (that seed, not three)
    #[arg(long, value_name = "SEEDS", allow_negative_numbers = true, conflicts_with_all = ["resume", "seed"])]
    pub(crate) seeds: Option<String>,
    /// Runs at the same time, of several seeds [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "several")]
    pub(crate) jobs: Option<u16>,
    /// Agent steps of the whole run [default: the experiment's training.steps]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) steps: Option<u64>,
    /// Override a key of the experiment, as agent.discount=0.98
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The run's own folder [default: runs/EXPERIMENT-sSEED-TIME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Record no game of the best weights at the end
    #[arg(long)]
    pub(crate) no_video: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask eval runs/first-pong
  cargo xtask eval runs/first-pong --checkpoint last --episodes 100 --json")]
pub(crate) struct Eval {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// Episodes [default: the experiment's evaluation.episodes]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) episodes: Option<u32>,
    /// The root of the evaluation's randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE")]
    pub(crate) checkpoint: Option<String>,
    /// Print the figures and the episodes' returns as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask export runs/first-pong --onnx", group = ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Export {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// The network with its weights as an ONNX model
    #[arg(long, group = "what")]
    pub(crate) onnx: bool,
    /// The weights alone, named as PyTorch names them
    #[arg(long, value_name = "FILE", group = "what")]
    pub(crate) safetensors: Option<PathBuf>,
    /// The model card, the run's README.md
    #[arg(long, group = "what")]
    pub(crate) card: bool,
    /// A folder to upload to the Hugging Face Hub as it is: card, model, weights, experiment, summary and, where there is one,
    /// the picture of an episode
    #[arg(long, value_name = "DIR", group = "what")]
    pub(crate) hub: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE")]
    pub(crate) checkpoint: Option<String>,
    /// The file for --onnx [default: model.onnx in the run's folder]
    #[arg(long, value_name = "FILE", requires = "onnx")]
    pub(crate) out: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask record runs/first-pong --overlay")]
pub(crate) struct Record {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// Episodes, one after the other in one file [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) episodes: Option<u32>,
    /// The root of the episodes' randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights [default: best]
    #[arg(long, value_name = "best|last|FILE")]
    pub(crate) checkpoint: Option<String>,
    /// The file: .gif, .png, .mp4 or .webp [default: RUN/videos/play-STEP.gif]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Draw step, return and the value of each action beside the game
    #[arg(long)]
    pub(crate) overlay: bool,
    /// Draw what the network sees beside the game
    #[arg(long)]
    pub(crate) network: bool,
    /// Pixels for each pixel of the environment, 0.1 to 8 [default: doubled or halved to a height from 240 to 800]
    #[arg(long, value_name = "X")]
    pub(crate) scale: Option<f64>,
    /// Show every N-th step [default: all, as far as a GIF can show them: 50 a second]
    #[arg(long, value_name = "N")]
    pub(crate) every: Option<u32>,
    /// Pictures a second [default: the environment's own speed]
    #[arg(long, value_name = "N")]
    pub(crate) fps: Option<f64>,
    /// Print the file's name and what is to be seen in it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask plot runs/first-pong
  cargo xtask plot runs/cartpole-s1to5 runs/cartpole-pqn-s1to5 --tag eval --out compared.png")]
pub(crate) struct Plot {
    /// Folders of runs, or of several seeds: those of one experiment become one curve
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// The picture, .svg or .png [default: curves.svg in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A column of metrics.csv, as losses/td_loss, or one of eval.csv, as eval/median; eval is eval/mean
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Rows that a point is the mean of [default: 50 for returns and lengths of episodes, 1 for all else]
    #[arg(long, value_name = "N")]
    pub(crate) smooth: Option<u32>,
    /// Several runs become their mean
    #[arg(long, conflicts_with = "iqm")]
    pub(crate) mean: bool,
    /// Several runs become their interquartile mean, as they do without this
    #[arg(long)]
    pub(crate) iqm: bool,
    /// What the curves are drawn over [default: steps]
    #[arg(long, value_name = "steps|episodes")]
    pub(crate) x: Option<String>,
    /// The title [default: what is drawn]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask report runs/first-pong
  cargo xtask report runs/pong-s1to3 runs/pong-fast-s1to3 --out compared.html")]
pub(crate) struct Report {
    /// Folders of runs, or of several seeds
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// The page [default: report.html in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask play PongNoFrameskip-v4
  cargo xtask play --watch runs/first-pong --speed 2")]
pub(crate) struct Play {
    /// An environment's id or an experiment's name, as `cargo xtask list` shows them, or an experiment's TOML file
    #[arg(required_unless_present = "watch")]
    pub(crate) environment: Option<String>,
    /// Watch this run's agent play, by its experiment's protocol
    #[arg(long, value_name = "RUN", conflicts_with_all = ["environment", "set"])]
    pub(crate) watch: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights [default: best]
    #[arg(long, value_name = "best|last|FILE", requires = "watch")]
    pub(crate) checkpoint: Option<String>,
    /// The seed of the first episode [default: another one each time]; with --watch the root of all randomness [default:
    /// the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// Override a key of the experiment, as environment.frame_skip=2
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// How many times as fast as the game's own speed [default: 1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) speed: Option<f64>,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask parity assets/traces/*.jsonl")]
pub(crate) struct Parity {
    /// Trace files: JSON lines recorded with Gymnasium, as those in assets/traces
    #[arg(required = true, value_name = "TRACE.JSONL")]
    pub(crate) traces: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask bench update act --peers
  cargo xtask bench envs --json > envs.json")]
pub(crate) struct Bench {
    /// What to measure; all if none is named
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<Benchmark>,
    /// Print everything as JSON, every sample included
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure the peers in turn with deepq, as far as they are installed: $DEEPQ_PEERS_PYTHON, else python3
    #[arg(long)]
    pub(crate) peers: bool,
    /// Rounds of each side [default: 5]
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u16>,
    /// Seconds of a round, where its work is not fixed [default: 1]
    #[arg(long, value_name = "S")]
    pub(crate) seconds: Option<f64>,
    /// Threads of each side, one number or several [default: 1; for several environments together all cores]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(crate) threads: Vec<u16>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// train: agent steps that a round measures [default: the workload's own]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) steps: Option<u64>,
    /// replay: transitions of the largest memory [default: 100000]
    #[arg(long, value_name = "N")]
    pub(crate) transitions: Option<u32>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Benchmark {
    /// Environments with random actions: one, and several together
    Envs,
    /// One double-DQN update
    Update,
    /// One observation to its greedy action
    Act,
    /// Whole training runs
    Train,
    /// Replay memories of Atari play
    Replay,
    /// The DQN workload that ModuRL publishes, with ModuRL beside it
    Modurl,
}

impl Bench {
    /// Environments for which ROMs are needed.
    pub(crate) fn games(&self) -> Vec<String> {
        let play = [Benchmark::Envs, Benchmark::Train, Benchmark::Replay];
        let plays = self.names.is_empty() || self.names.iter().any(|name| play.contains(name));
        let games = ["PongNoFrameskip-v4", "BreakoutNoFrameskip-v4"];
        games.into_iter().filter(|_| plays).map(str::to_owned).collect()
    }
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask reproduce
  cargo xtask reproduce cartpole --kills 5 --json")]
pub(crate) struct Reproduce {
    /// An experiment's name or file; cartpole, lunarlander and pong-smoke are trained shortly, others whole [default: these
    /// three]
    pub(crate) experiment: Option<String>,
    /// How often a run is killed and resumed
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) kills: usize,
    /// The root of all randomness [default: the experiment's training.seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// Agent steps of a run
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) steps: Option<u64>,
    /// Override a key of the experiment, as checkpoint.every=100
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Compare also with a program that was built hardly optimised, with overflow and assertions looked at, also in C++
    #[arg(long)]
    pub(crate) checked: bool,
    /// Print what was compared as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask soak --minutes 30
  cargo xtask soak --seed 42")]
pub(crate) struct Soak {
    /// Minutes after which no new run begins
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) minutes: f64,
    /// Draws the experiments and the faults [default: from the clock; it is printed]
    #[arg(long, value_name = "N", value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
pub(crate) struct Fuzz {
    /// What to fuzz, as fuzz/fuzz_targets has it; all, one after another, if none is named
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Minutes of each target
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) minutes: f64,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask list
  cargo xtask list --json")]
pub(crate) struct List {
    /// Print all of it as JSON, every game included
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask roms
  cargo xtask roms pong breakout
  cargo xtask roms --dir ~/my-roms")]
pub(crate) struct Roms {
    /// Games by their ROM's name, as pong or space_invaders; all if none is named
    #[arg(value_name = "GAME")]
    pub(crate) games: Vec<String>,
    /// Take the ROMs from this folder of your own, whatever the files are called, instead of the ale-py package
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test -p deepq-replay")]
pub(crate) struct Test {
    /// Further arguments for cargo test
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CARGO-TEST-ARGUMENT")]
    pub(crate) cargo_test: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask ci
  cargo xtask ci format clippy")]
pub(crate) struct Ci {
    /// Only these checks
    pub(crate) checks: Vec<Check>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for wrong in
            [&["train"][..], &["trian", "pong"], &["train", "pong", "--seed", "x"], &["parity"], &["bench", "speed"]]
        {
            let error = Arguments::try_parse_from(["xtask"].iter().chain(wrong)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
