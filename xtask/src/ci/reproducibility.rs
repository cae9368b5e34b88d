//! Equal runs on different thread counts: the promise that is easiest to break unseen.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::Passed;
use crate::workspace::Workspace;
use crate::{deepq, roms};

/// The runs: an experiment and its agent steps, small enough for every change.
const RUNS: &[(&str, Option<&str>)] = &[("cartpole", Some("3000")), ("pong-smoke", None)];

#[derive(Deserialize)]
struct Summary {
    digest: String,
}

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    roms::provide_all(workspace)?;
    let program = deepq::build(workspace)?;
    let folder = tempfile::tempdir()?;
    let mut seen = Vec::new();
    for (experiment, steps) in RUNS {
        let digest = |threads: &str| {
            let out = folder.path().join(format!("{experiment}-{threads}"));
            train(workspace, &program, experiment, *steps, threads, &out)
        };
        let (one, two) = (digest("1")?, digest("2")?);
        ensure!(one == two, "{experiment}: the digest is {one} on one thread and {two} on two");
        seen.push(format!("{experiment} {}", one.get(..12).unwrap_or(&one)));
    }
    Ok(Passed::Having(seen.join(", ")))
}

fn train(
    workspace: &Workspace,
    program: &Path,
    experiment: &str,
    steps: Option<&str>,
    threads: &str,
    out: &Path,
) -> Result<String> {
    let mut deepq = Command::new(program);
    deepq.env("DEEPQ_WORKSPACE", workspace.root()).args(["train", experiment, "--quiet", "--threads", threads]);
    deepq.args(steps.into_iter().flat_map(|steps| ["--steps", steps])).arg("--out").arg(out);
    let output = deepq.output().with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(
        output.status.success(),
        "{experiment} on {threads} threads failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let path = out.join("summary.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let summary: Summary = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(summary.digest)
}
