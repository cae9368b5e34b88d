//! What came out of a run, and whether it is the same as what came out of another one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Columns and figures that a clock decides, or where a run took place.
const CLOCKS: &[&str] = &[
    "charts/SPS",
    "seconds",
    "steps_per_second",
    "updates_per_second",
    "peak_memory_bytes",
    "replay_bytes",
    "threads",
    "time",
    "device",
];

/// The tables of a run.
const TABLES: &[&str] = &["metrics.csv", "eval.csv"];

/// Everything of a run that must be the same each time, by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The digest.
    pub(crate) digest: String,
    values: Vec<(String, String)>,
}

impl Outcome {
    /// Reads the summary and the tables of a run.
    pub(crate) fn read(run: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = run.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let summary: Value = serde_json::from_str(&read("summary.json")?).context("summary.json has another form")?;
        let digest = summary["digest"].as_str().context("summary.json has no digest")?.to_owned();
        let figures = summary.as_object().into_iter().flatten().filter(|(name, _)| !CLOCKS.contains(&name.as_str()));
        let mut values: Vec<(String, String)> =
            figures.map(|(name, value)| (format!("summary.json {name}"), value.to_string())).collect();
        for table in TABLES {
            values.extend(rows(table, &read(table)?));
        }
        Ok(Self { digest, values })
    }

    /// Compares with another run's: how many values, and the first that differs, in words.
    pub(crate) fn compare(&self, other: &Self) -> (usize, Option<String>) {
        let both = self.values.iter().zip(&other.values);
        let unequal = both.clone().find(|(one, two)| one != two).map(|((name, one), (other_name, two))| {
            if name == other_name {
                format!("{name} is {one:?} in one run and {two:?} in the other")
            } else {
                format!("one run has {name} where the other has {other_name}")
            }
        });
        let lengths = (self.values.len() != other.values.len())
            .then(|| format!("one run has {} values, the other {}", self.values.len(), other.values.len()));
        (both.len(), unequal.or(lengths))
    }
}

/// The rows of a table, without the columns that a clock decides.
fn rows(table: &str, text: &str) -> Vec<(String, String)> {
    let names: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
    let kept = |line: &str| {
        let cells = line.split(',').enumerate();
        let cells = cells.filter(|(index, _)| names.get(*index).is_none_or(|name| !CLOCKS.contains(name)));
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    text.lines().enumerate().map(|(line, row)| (format!("{table} line {}", line + 1), kept(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_not_compared_and_all_else_is() {
        let of = |text: &str| Outcome { digest: String::new(), values: rows("metrics.csv", text) };
        let one = of("agent_step,charts/SPS,loss\n1,100,0.5\n2,90,0.25\n");
        assert_eq!(one.compare(&of("agent_step,charts/SPS,loss\n1,99,0.5\n2,91,0.25\n")), (3, None));
        let (_, difference) = one.compare(&of("agent_step,charts/SPS,loss\n1,99,0.5\n2,91,0.26\n"));
        assert!(difference.unwrap().starts_with("metrics.csv line 3 is \"2,0.25\""));
        assert!(one.compare(&of("agent_step,charts/SPS,loss\n1,99,0.5\n")).1.is_some());
    }
}
