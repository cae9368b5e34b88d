//! Equal runs on different thread counts and after kills: the promise that is easiest to break unseen.

use anyhow::{Result, bail};

use super::Passed;
use crate::reproduce::{self, Program};
use crate::workspace::Workspace;
use crate::{deepq, roms};

/// Kills of each case.
const KILLS: usize = 3;

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    roms::provide_all(workspace)?;
    let program = Program::new(deepq::build(workspace)?, workspace, None);
    let cases = reproduce::cases(None);
    let mut comparisons = 0;
    for case in &cases {
        let seen = reproduce::look_at(&program, None, case, KILLS)?;
        if let Some(difference) = seen.difference() {
            bail!("{difference}");
        }
        comparisons += seen.comparisons();
    }
    Ok(Passed::Having(format!("{} experiments, {comparisons} comparisons", cases.len())))
}
