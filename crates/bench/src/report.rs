//! What came out, as data and as text.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Machine, Python, Settings};

/// The version of the JSON document's form, which `docs/benchmarks.md` describes.
const SCHEMA: u32 = 1;

/// All figures, with what they depend on.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this form.
    pub schema: u32,
    /// Where it was measured.
    pub machine: Machine,
    /// The Python that ran the peers; `null` where none took part.
    pub python: Option<Python>,
    /// Rounds of each contender.
    pub rounds: usize,
    /// Length of a round, where the work is not fixed.
    pub seconds: f64,
    /// The cases, in the order in which they were measured.
    pub cases: Vec<Case>,
}

/// One thing that was done by one or more contenders.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The benchmark that it belongs to.
    pub benchmark: String,
    /// Its name there.
    pub case: String,
    /// Threads of each contender.
    pub threads: usize,
    /// What is counted: a sample is seconds per one of these.
    pub unit: String,
    /// How a person wants to read it.
    pub read_as: Better,
    /// Emulator frames that a unit takes, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames_per_unit: Option<u32>,
    /// What each contender did, as it counted it itself.
    pub work: Value,
    /// The contenders, deepq first.
    pub sides: Vec<Side>,
    /// Who could not take part.
    pub skipped: Vec<Skipped>,
}

/// Which direction is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less time a unit.
    Time,
    /// More units a second.
    Rate,
}

/// One contender's figures, in seconds per unit.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// What it does, in words.
    pub does: String,
    /// What else was measured, as bytes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub facts: Map<String, Value>,
    /// Every sample of each round: time gone by.
    pub wall: Vec<Vec<f64>>,
    /// Every sample of each round: processor time of the process. Empty where it is not known.
    pub cpu: Vec<Vec<f64>>,
    /// The median of the rounds' medians.
    pub median: f64,
    /// The smallest of the rounds' medians.
    pub fastest: f64,
    /// The largest of the rounds' medians.
    pub slowest: f64,
    /// The median of the rounds' medians of processor time.
    pub cpu_median: Option<f64>,
    /// How many times as fast deepq is, by `median`; `null` for deepq.
    pub deepq_is_faster: Option<f64>,
    /// The same by `cpu_median`: fairer on one thread of a machine that is not quiet.
    pub deepq_is_faster_cpu: Option<f64>,
}

/// A contender that could not take part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Why, and what would help.
    pub reason: String,
}

impl Report {
    pub(crate) fn new(machine: Machine, settings: &Settings, python: Option<Python>, cases: Vec<Case>) -> Self {
        Self { schema: SCHEMA, machine, python, rounds: settings.rounds, seconds: settings.seconds, cases }
    }
}

impl Side {
    /// Works out the figures of raw samples.
    pub(crate) fn new(
        name: String,
        does: String,
        facts: Map<String, Value>,
        wall: Vec<Vec<f64>>,
        cpu: Vec<Vec<f64>>,
    ) -> Self {
        let rounds: Vec<f64> = wall.iter().filter_map(|round| median(round)).collect();
        let cpu_rounds: Vec<f64> = cpu.iter().filter_map(|round| median(round)).collect();
        Self {
            name,
            does,
            facts,
            median: median(&rounds).unwrap_or(f64::NAN),
            fastest: rounds.iter().copied().fold(f64::INFINITY, f64::min),
            slowest: rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            cpu_median: median(&cpu_rounds),
            deepq_is_faster: None,
            deepq_is_faster_cpu: None,
            wall,
            cpu,
        }
    }

    /// Says how it stands against deepq.
    pub(crate) fn compare_with(&mut self, deepq: &Self) {
        self.deepq_is_faster = Some(self.median / deepq.median);
        self.deepq_is_faster_cpu = self.cpu_median.zip(deepq.cpu_median).map(|(theirs, ours)| theirs / ours);
    }
}

/// The median; the mean of the two in the middle where there is an even number.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cpu, cores, instruction_sets, system, load, deepq, .. } = &self.machine;
        writeln!(f, "deepq {deepq} on {cpu}, {cores} cores ({}), {system}", instruction_sets.join(", "))?;
        if let Some(Python { version, packages, .. }) = &self.python {
            let packages: Vec<String> = packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
            writeln!(f, "Peers in Python {version}: {}", packages.join(", "))?;
        }
        writeln!(f, "Medians of {} rounds in turn; in brackets the fastest and the slowest round", self.rounds)?;
        if let Some(load) = load.filter(|_| self.machine.is_busy()) {
            writeln!(f, "THE MACHINE WAS BUSY (load {load:.1}): compare processor times at most")?;
        }
        let mut before = "";
        let mut does: Vec<(&str, &str)> = Vec::new();
        for (i, case) in self.cases.iter().enumerate() {
            if case.benchmark != before {
                writeln!(f, "\n{}, per {}", case.benchmark, case.unit)?;
                before = &case.benchmark;
            }
            write!(f, "{case}")?;
            for side in &case.sides {
                let said = (side.name.as_str(), side.does.as_str());
                if !does.contains(&said) {
                    does.push(said);
                }
            }
            if self.cases.get(i + 1).is_none_or(|next| next.benchmark != before) {
                for (name, does) in does.drain(..) {
                    writeln!(f, "    {name}: {does}")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}, {}", self.case, threads(self.threads))?;
        for side in &self.sides {
            let mut line = format!("    {:<18}{:>12}", side.name, self.read_as.show(side.median));
            let _ = write!(line, "  ({} - {})", self.read_as.show(side.fastest), self.read_as.show(side.slowest));
            if let Some(cpu) = side.cpu_median.filter(|_| self.read_as == Better::Time) {
                let _ = write!(line, "  processor {}", self.read_as.show(cpu));
            }
            if let Some(frames) = self.frames_per_unit {
                let _ = write!(line, "  {} frames", Better::Rate.show(side.median / f64::from(frames)));
            }
            if let Some(times) = side.deepq_is_faster {
                let _ = write!(line, "  deepq is {times:.2} times as fast");
            }
            if let Some(times) = side.deepq_is_faster_cpu {
                let _ = write!(line, ", by processor time {times:.2}");
            }
            for (name, value) in &side.facts {
                let _ = match value.as_f64().filter(|_| value.is_f64()) {
                    Some(value) => write!(line, "  {} {value:.1}", name.replace('_', " ")),
                    None => write!(line, "  {} {value}", name.replace('_', " ")),
                };
            }
            writeln!(f, "{line}")?;
        }
        self.skipped.iter().try_for_each(|Skipped { name, reason }| writeln!(f, "    {name:<18}skipped: {reason}"))
    }
}

/// A number of threads in words.
pub(crate) fn threads(n: usize) -> String {
    if n == 1 { "1 thread".to_owned() } else { format!("{n} threads") }
}

impl Better {
    fn show(self, seconds: f64) -> String {
        match self {
            Self::Time if seconds < 1e-6 => format!("{:.1} ns", seconds * 1e9),
            Self::Time if seconds < 1e-3 => format!("{:.1} us", seconds * 1e6),
            Self::Time => format!("{:.2} ms", seconds * 1e3),
            Self::Rate if seconds < 1e-6 => format!("{:.2} M/s", 1e-6 / seconds),
            Self::Rate if seconds < 1e-2 => format!("{:.0}/s", 1.0 / seconds),
            Self::Rate => format!("{:.1}/s", 1.0 / seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(name: &str, wall: &[&[f64]]) -> Side {
        let wall: Vec<Vec<f64>> = wall.iter().map(|round| round.to_vec()).collect();
        Side::new(name.to_owned(), "it does".to_owned(), Map::new(), wall, Vec::new())
    }

    #[test]
    fn figures_are_medians_of_medians() {
        let ours = side("deepq", &[&[1.0, 9.0, 2.0], &[3.0], &[1.0, 2.0]]);
        assert_eq!((ours.median, ours.fastest, ours.slowest), (2.0, 1.5, 3.0));
        let mut theirs = side("torch", &[&[20.0], &[24.0]]);
        theirs.compare_with(&ours);
        assert_eq!((theirs.median, theirs.deepq_is_faster, theirs.deepq_is_faster_cpu), (22.0, Some(11.0), None));
    }

    #[test]
    fn figures_are_read_with_their_units() {
        assert_eq!(Better::Time.show(5.3e-5), "53.0 us");
        assert_eq!(Better::Time.show(0.0413), "41.30 ms");
        assert_eq!(Better::Rate.show(3.125e-8), "32.00 M/s");
        assert_eq!(Better::Rate.show(1.0 / 920.0), "920/s");
        assert_eq!(Better::Rate.show(1.0 / 23.4), "23.4/s");
    }
}
