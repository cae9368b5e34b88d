//! What can happen to a run, done to it.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::disk::SmallDisk;
use crate::draw::Draw;
use crate::reproduce::{Ended, Trial, send};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The exit code of a run that was asked to stop.
const INTERRUPTED: i32 = 130;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL.
    Kill,
    /// SIGTERM, after which the run writes a checkpoint and ends.
    Terminate,
    /// A byte of the newest checkpoint is another one.
    Flip,
    /// A file of the newest checkpoint is cut short.
    Tear,
    /// A file of the newest checkpoint is gone.
    Lose,
    /// No space is left.
    FullDisk,
    /// The process stands still for a while, as if the disk gave no answer; then SIGKILL.
    Stall,
    /// Somebody else writes all the time; then SIGKILL.
    BusyDisk,
}

impl Fault {
    /// All of them.
    pub(super) const ALL: [Self; 8] =
        [Self::Kill, Self::Terminate, Self::Flip, Self::Tear, Self::Lose, Self::FullDisk, Self::Stall, Self::BusyDisk];

    /// As the figures name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kills",
            Self::Terminate => "terminations",
            Self::Flip => "flipped bytes",
            Self::Tear => "torn files",
            Self::Lose => "lost files",
            Self::FullDisk => "full disks",
            Self::Stall => "stalls",
            Self::BusyDisk => "busy disks",
        }
    }
}

/// What became of a fault.
pub(super) enum Met {
    /// It took place, and the run can go on.
    Survived,
    /// There was no occasion for it.
    NoOccasion,
    /// The run came to its end before.
    Over,
}

/// Does it to a run. An error is something that the run should not have done.
pub(super) fn inflict(
    fault: Fault,
    trial: &Trial<'_>,
    disk: Option<&SmallDisk>,
    whole: Duration,
    draw: &mut Draw,
) -> Result<Met> {
    let moment = whole.mul_f64(draw.fraction() * 0.6);
    let threads = 1 + draw.below(2) as usize;
    match fault {
        Fault::Kill => killed(trial, threads, moment),
        Fault::BusyDisk => {
            let busy = AtomicBool::new(true);
            let file = trial.run().with_added_extension("busy");
            thread::scope(|scope| {
                scope.spawn(|| write_all_the_time(&file, &busy));
                let met = killed(trial, threads, moment);
                busy.store(false, Ordering::Relaxed);
                met
            })
        }
        Fault::Terminate => {
            let child = trial.start(threads)?;
            thread::sleep(moment);
            send("-TERM", &child)?;
            let status = wait(child)?;
            // A signal before the program listens ends it as any other.
            if status.code() == Some(INTERRUPTED) || status.code().is_none() {
                return Ok(Met::Survived);
            }
            trial.ensure_done(status).map(|()| Met::Over)
        }
        Fault::Stall => {
            let mut child = trial.start(threads)?;
            for _ in 0..1 + draw.below(3) {
                thread::sleep(moment / 3);
                send("-STOP", &child)?;
                thread::sleep(Duration::from_millis(draw.below(300)));
                send("-CONT", &child)?;
            }
            child.kill()?;
            ended(trial, wait(child)?)
        }
        Fault::Flip | Fault::Tear | Fault::Lose => damaged(fault, trial, threads, draw),
        Fault::FullDisk => match disk {
            Some(disk) => full(trial, disk, threads, draw),
            None => Ok(Met::NoOccasion),
        },
    }
}

fn killed(trial: &Trial<'_>, threads: usize, moment: Duration) -> Result<Met> {
    match trial.kill_after(threads, moment)? {
        Ended::Killed => Ok(Met::Survived),
        Ended::Itself(status) => trial.ensure_done(status).map(|()| Met::Over),
    }
}

/// A run that was to be killed, and may have come to its end before.
fn ended(trial: &Trial<'_>, status: ExitStatus) -> Result<Met> {
    if status.code().is_none() {
        return Ok(Met::Survived);
    }
    trial.ensure_done(status).map(|()| Met::Over)
}

/// Damage to a file of the newest checkpoint: the one before it must serve, and that must be said.
fn damaged(fault: Fault, trial: &Trial<'_>, threads: usize, draw: &mut Draw) -> Result<Met> {
    let mut checkpoints: Vec<PathBuf> = fs::read_dir(trial.run().join("checkpoints"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-")))
        .collect();
    checkpoints.sort();
    let [.., _, newest] = checkpoints.as_slice() else { return Ok(Met::NoOccasion) };
    let mut files: Vec<PathBuf> = fs::read_dir(newest)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // A replay of nothing has no byte to be damaged; an increment that two checkpoints share would be damaged in both.
    files.retain(|file| file.metadata().is_ok_and(|file| file.len() > 0 && !is_shared(&file)));
    files.sort();
    let file = files.get(draw.below(files.len() as u64) as usize).context("a checkpoint without files")?;
    let mut contents = fs::read(file)?;
    let position = draw.below(contents.len() as u64) as usize;
    let byte = contents.get_mut(position).with_context(|| format!("{} is empty", file.display()))?;
    match fault {
        Fault::Tear => fs::write(file, &contents[..position])?,
        Fault::Lose => fs::remove_file(file)?,
        _ => {
            *byte ^= 1 + draw.below(255) as u8;
            fs::write(file, &contents)?;
        }
    }

    let before = trial.said().len();
    let (mut child, begun) = (trial.start(threads)?, Instant::now());
    let noticed = || trial.said().get(before..).is_some_and(|said| said.contains("using the checkpoint of step"));
    while !noticed() && child.try_wait()?.is_none() && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    ensure!(noticed(), "nothing was said of {} in {}, from byte {position} on", fault.name(), file.display());
    child.kill()?;
    ended(trial, wait(child)?)
}

/// A run on a disk that is full ends with a message, and goes on when there is space.
fn full(trial: &Trial<'_>, disk: &SmallDisk, threads: usize, draw: &mut Draw) -> Result<Met> {
    if !trial.run().join("experiment.toml").exists() {
        return Ok(Met::NoOccasion);
    }
    let before = trial.said().len();
    disk.fill(draw.below(200_000))?;
    let status = trial.start(threads).and_then(wait);
    disk.empty()?;
    let status = status?;
    if status.success() {
        return Ok(Met::Over);
    }
    let said = trial.said();
    let said = said.get(before..).unwrap_or_default();
    let told = status.code() == Some(1) && said.contains("free some space") && !said.contains("panicked");
    ensure!(told, "on a full disk the run ended with {status}: {said}");
    Ok(Met::Survived)
}

/// Whether a file has more than one name.
#[cfg(unix)]
fn is_shared(file: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) > 1
}

/// Whether a file has more than one name: not to be known here.
#[cfg(not(unix))]
fn is_shared(_: &fs::Metadata) -> bool {
    false
}

fn wait(mut child: Child) -> Result<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            bail!("the run did not end within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Keeps a disk busy with writes that must reach it.
fn write_all_the_time(path: &std::path::Path, busy: &AtomicBool) {
    let block = vec![0x5a; 4 << 20];
    while busy.load(Ordering::Relaxed) {
        let written = File::create(path).and_then(|mut file| file.write_all(&block).and_then(|()| file.sync_all()));
        if written.is_err() {
            thread::sleep(Duration::from_millis(10));
        }
    }
    let _ = fs::remove_file(path);
}
