//! A run of the program from outside: started, killed, resumed.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::draw::Draw;
use crate::workspace::Workspace;

/// How often a run is looked at.
const TICK: Duration = Duration::from_millis(2);

/// What the system takes to start the program, about; it is part of the time in which a kill may fall.
const STARTING: Duration = Duration::from_millis(300);

/// An experiment and what is changed in it.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// Its name, or its file.
    pub(crate) experiment: String,
    /// Further arguments of `deepq train`.
    pub(crate) arguments: Vec<String>,
    /// Those that do not belong to the experiment, and are given again when it goes on.
    pub(crate) each_time: Vec<String>,
}

/// The program, and what it needs.
pub(crate) struct Program<'a> {
    path: PathBuf,
    workspace: &'a Workspace,
    roms: Option<PathBuf>,
}

/// A run's folder, in which the program may work.
pub(crate) struct Trial<'a> {
    program: &'a Program<'a>,
    recipe: &'a Recipe,
    run: PathBuf,
    log: PathBuf,
}

/// How a part of a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The program ended by itself.
    Itself(ExitStatus),
    /// It was killed.
    Killed,
}

impl<'a> Program<'a> {
    /// The program at this path; ROMs come from a folder of the user's own, if one is named.
    pub(crate) fn new(path: PathBuf, workspace: &'a Workspace, roms: Option<PathBuf>) -> Self {
        Self { path, workspace, roms }
    }

    /// A run to be.
    pub(crate) fn trial(&'a self, recipe: &'a Recipe, run: PathBuf) -> Trial<'a> {
        let log = run.with_added_extension("said");
        Trial { program: self, recipe, run, log }
    }
}

impl Trial<'_> {
    /// What the program says goes into this file, not beside the run's folder.
    pub(crate) fn saying_into(self, log: PathBuf) -> Self {
        Self { log, ..self }
    }

    /// The run's folder.
    pub(crate) fn run(&self) -> &Path {
        &self.run
    }

    /// What the program said, all its parts together.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Starts the run; goes on with it where it has begun.
    pub(crate) fn start(&self, threads: usize) -> Result<Child> {
        let mut deepq = Command::new(&self.program.path);
        deepq.env("DEEPQ_WORKSPACE", self.program.workspace.root());
        deepq.args(["train", "--quiet", "--no-video", "--threads", &threads.to_string()]);
        deepq.args(&self.recipe.each_time);
        if let Some(roms) = &self.program.roms {
            deepq.arg("--rom-dir").arg(roms);
        }
        if self.run.join("experiment.toml").exists() {
            deepq.arg("--resume").arg(&self.run);
        } else {
            let arguments = self.recipe.arguments.iter().map(OsStr::new);
            deepq.arg(&self.recipe.experiment).args(arguments).arg("--out").arg(&self.run);
        }
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let deepq = deepq.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        deepq.spawn().with_context(|| format!("cannot start {}", self.program.path.display()))
    }

    /// Runs to the end; gives how long it took.
    pub(crate) fn finish(&self, threads: usize) -> Result<Duration> {
        let begun = Instant::now();
        let status = self.start(threads)?.wait()?;
        self.ensure_done(status)?;
        Ok(begun.elapsed())
    }

    /// Whether the program did what it was asked.
    pub(crate) fn ensure_done(&self, status: ExitStatus) -> Result<()> {
        ensure!(status.success(), "{} ended with {status}: {}", self.recipe.experiment, self.said().trim());
        Ok(())
    }

    /// The agent step of the newest checkpoint.
    pub(crate) fn checkpointed(&self) -> Option<u64> {
        let entries = fs::read_dir(self.run.join("checkpoints")).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix("step-")?.parse().ok()).max()
    }

    /// Runs until it ends, or is killed after `patience`.
    pub(crate) fn kill_after(&self, threads: usize, patience: Duration) -> Result<Ended> {
        let (mut child, begun) = (self.start(threads)?, Instant::now());
        while begun.elapsed() < patience {
            if let Some(status) = child.try_wait()? {
                return Ok(Ended::Itself(status));
            }
            thread::sleep(TICK.min(patience.saturating_sub(begun.elapsed())));
        }
        child.kill()?;
        // It may have ended in the last moment.
        let status = child.wait()?;
        Ok(if status.code().is_some() { Ended::Itself(status) } else { Ended::Killed })
    }

    /// Runs to the end, killed at up to `kills` random moments and each time resumed on another number of threads; gives
    /// how often it was killed. `whole` is how long an uninterrupted run takes, starting included, `steps` how many steps it
    /// makes.
    pub(crate) fn finish_with_kills(
        &self,
        kills: usize,
        whole: Duration,
        steps: u64,
        draw: &mut Draw,
    ) -> Result<usize> {
        for killed in 0..kills {
            let done = self.checkpointed().unwrap_or(0) as f64 / steps.max(1) as f64;
            let remaining = whole.mul_f64((1.0 - done).max(0.0));
            // So that the last kills find something left to do.
            let share = (remaining * 2).div_f64((kills - killed + 1) as f64);
            match self.kill_after(1 + killed % 2, (share + STARTING.min(whole / 2)).mul_f64(draw.fraction()))? {
                Ended::Killed => {}
                Ended::Itself(status) => return self.ensure_done(status).map(|()| killed),
            }
        }
        self.finish(2)?;
        Ok(kills)
    }
}

/// Sends a signal by its name, as `-TERM`.
pub(crate) fn send(signal: &str, child: &Child) -> Result<()> {
    // The shell's own: not every machine has a program of this name. A process that has ended meanwhile needs none.
    let kill = format!("kill {signal} {}", child.id());
    Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status().context("cannot start a shell")?;
    Ok(())
}
