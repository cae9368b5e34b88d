//! Files that somebody damaged, or made up, are refused with a message: no panic, no memory without bound.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepq_experiments::config;
use deepq_tests::{hostile, train, workspace};

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }

    /// The file with some damage that a parser may stumble over: other bytes, a cut, a part twice, large numbers.
    fn damage(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                2 if at < bytes.len() => bytes[at] = b"0123456789-\"{}[],.e\xff\0"[self.below(21)],
                3 => {
                    let part = bytes[at..bytes.len().min(at + self.below(64))].to_vec();
                    bytes.splice(at..at, part);
                }
                4 => {
                    let number: &[u8] =
                        [&b"18446744073709551615"[..], b"-1", b"1e999", b"99999999999999999999", b"null"]
                            [self.below(5)];
                    bytes.splice(at..at, number.iter().copied());
                }
                _ => {
                    let end = bytes.len().min(at + 8);
                    bytes[at..end].fill(0xff);
                }
            }
        }
        bytes
    }
}

/// Hands so many damaged files to a function. Gives how many it refused.
fn refused(whole: &[u8], times: usize, mut read: impl FnMut(&[u8]) -> Result<()>) -> usize {
    let mut draw = Draw(whole.len() as u64);
    (0..times).filter(|_| read(&draw.damage(whole)).is_err()).count()
}

/// A function behind a target of `fuzz/`.
type Read = fn(&[u8]) -> Result<()>;

/// All of them, by the targets' names.
const TARGETS: [(&str, Read); 9] = [
    ("assignment", hostile::assignment),
    ("checkpoint", hostile::checkpoint),
    ("experiment", hostile::experiment),
    ("replay", hostile::replay),
    ("rom", hostile::rom),
    ("state", hostile::state),
    ("tables", hostile::tables),
    ("trace", hostile::trace),
    ("weights", hostile::weights),
];

#[test]
fn what_fuzzers_found_and_began_with() -> Result<()> {
    let (mut targets, mut cases) = (0, 0);
    for entry in fs::read_dir(workspace().join("fuzz/fuzz_targets"))? {
        let name = entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (_, read) = TARGETS.iter().find(|(known, _)| *known == name).with_context(|| format!("{name} is new"))?;
        targets += 1;
        let folder = workspace().join("fuzz/cases").join(&name);
        for case in fs::read_dir(folder).into_iter().flatten() {
            let case = case?.path();
            println!("{}", case.display());
            // An error is as good as a value; a panic is not.
            let _ = read(&fs::read(&case)?);
            cases += 1;
        }
    }
    ensure!(targets == TARGETS.len() && cases > 0, "{targets} targets, {cases} cases");
    Ok(())
}

/// Random bytes for those targets to which all bytes mean something.
#[test]
fn edited_checkpoints_and_replays() -> Result<()> {
    let mut draw = Draw(1);
    let mut accepted = 0;
    for (read, times) in [(hostile::state as Read, 300), (hostile::checkpoint, 60)] {
        for _ in 0..times {
            let bytes: Vec<u8> = (0..draw.below(60)).map(|_| draw.below(256) as u8).collect();
            accepted += usize::from(read(&bytes).is_ok());
        }
    }
    ensure!(accepted > 0, "nothing was ever accepted");
    Ok(())
}

#[test]
fn experiments_and_overrides() -> Result<()> {
    for name in config::names() {
        let text = config::find(name)?.text();
        ensure!(refused(text.as_bytes(), 400, hostile::experiment) > 50, "{name}");
    }
    for set in ["agent.discount=0.98", "network.torso.hidden=[64, 64]", "agent.target_update={ updates = 100 }"] {
        ensure!(refused(set.as_bytes(), 2000, hostile::assignment) > 500, "{set}");
    }
    Ok(())
}

#[test]
fn traces() -> Result<()> {
    let traces = fs::read_dir(workspace().join("assets/traces"))?.filter_map(|entry| Some(entry.ok()?.path()));
    let small = traces.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let small = small.filter(|path| path.metadata().is_ok_and(|file| file.len() < 300_000));
    let mut seen = 0;
    for trace in small.take(4) {
        let text = fs::read_to_string(&trace)?;
        // The header and one episode are enough to stumble over.
        let start: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
        refused(start.as_bytes(), 100, hostile::trace);
        seen += 1;
    }
    ensure!(seen > 0, "no trace was small enough");
    Ok(())
}

/// A run of some steps, with a small network.
fn small_run(run: &Path) -> Result<()> {
    let set = ["network.torso.hidden=[4]", "training.learning_starts=60", "replay.capacity=100", "evaluation.every=0"];
    let arguments: Vec<&str> =
        ["--steps", "150"].into_iter().chain(set.iter().flat_map(|set| ["--set", set])).collect();
    train("cartpole", run, &arguments)?;
    Ok(())
}

#[test]
fn weights() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    small_run(&run)?;
    let whole = fs::read(run.join("checkpoints/step-000000150/weights.safetensors"))?;
    let file = folder.path().join("weights.safetensors");
    hostile::weights_of_run(&run, &file, &whole)?;
    ensure!(refused(&whole, 300, |bytes| hostile::weights_of_run(&run, &file, bytes)) > 100);
    Ok(())
}

#[test]
fn checkpoints_with_right_checksums() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (run, like) = (folder.path().join("run"), folder.path().join("like"));
    small_run(&run)?;
    fs::create_dir(&like)?;
    fs::copy(run.join("experiment.toml"), like.join("experiment.toml"))?;
    for name in ["state.json", "environments.json", "weights.safetensors", "agent.safetensors", "replay.bin"] {
        let whole = fs::read(run.join("checkpoints/step-000000150").join(name))?;
        hostile::checkpoint_file(&run, &like, name, &whole)?;
        let refused = refused(&whole, 120, |bytes| hostile::checkpoint_file(&run, &like, name, bytes));
        ensure!(refused > 60, "{name}: {refused}");
    }
    Ok(())
}
