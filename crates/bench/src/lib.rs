//! How fast it is, side by side with the peers that are installed.
//!
//! A [`Benchmark`] is made of cases, and in a case one or more contenders do the same work: deepq first, then its
//! peers, each a program of this repository in `benches/` that does with other libraries what deepq does. The
//! contenders measure in turn, a round each, and the one that begins changes from round to round; what each says about
//! its work is compared, and if it differs nothing is reported. The [`Report`] keeps every sample.
//!
//! This crate is not published: it is of use in a checkout alone. `docs/benchmarks.md` says what is compared with what, and what is fair about it.

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod act;
mod blocks;
mod comparison;
mod envs;
mod error;
mod machine;
mod modurl;
mod networks;
mod peer;
mod python;
mod replay;
mod report;
mod settings;
mod train;
mod update;

pub use error::BenchError;
pub use machine::Machine;
pub use python::Python;
pub use report::{Better, Case, Report, Side, Skipped};
pub use settings::{Benchmark, Settings};

use peer::Peers;

/// Measures.
///
/// # Errors
///
/// If one of our own sides fails, or two contenders of a case did not do the same work. A peer that is not installed or
/// fails is told in the report.
pub fn run(settings: &Settings) -> Result<Report, BenchError> {
    let peers = Peers::find(settings);
    let machine = Machine::this();
    let mut cases = Vec::new();
    for benchmark in &settings.benchmarks {
        cases.extend(match benchmark {
            Benchmark::Envs => envs::run(settings, &peers)?,
            Benchmark::Update => update::run(settings, &peers)?,
            Benchmark::Act => act::run(settings, &peers)?,
            Benchmark::Train => train::run(settings, &peers)?,
            Benchmark::Replay => replay::run(settings)?,
            Benchmark::Modurl => modurl::run(settings)?,
        });
    }
    Ok(Report::new(machine, settings, peers.into_python(), cases))
}
