//! How the replay memory lies in a checkpoint: a small one whole, a large one in increments.
//!
//! Training waits for its checkpoints. Up to [`Settings::increments_from`](super::Settings) bytes a replay is written whole,
//! within a second, so that each checkpoint stands for itself. Of a larger one only what came since the checkpoint before
//! is written ([`deepq_replay::increment`]); the rest are files of that checkpoint under a second name. Should one of these be
//! damaged later, both are.

use std::io;
use std::path::PathBuf;

use deepq_agents::{Agent, AgentError};
use deepq_envs::Element;
use deepq_replay::{Chain, Replay};
use deepq_runs::{Checkpoint, CheckpointWriter, StorageError, sha256};

use crate::RunError;

/// The file of a replay that was written whole.
const WHOLE: &str = "replay.bin";

/// The increments in a checkpoint, for the next one to build on.
pub(super) struct Increments {
    /// The checkpoint's folder.
    pub(super) checkpoint: PathBuf,
    /// In which order they are read.
    pub(super) chain: Chain,
}

/// What was written.
pub(super) struct Written {
    /// Stands for the contents in a digest.
    pub(super) sum: String,
    /// How to read increments; `None` for a replay that was written whole.
    pub(super) chain: Option<Chain>,
}

/// Writes an agent's replay memory: what came since the increments of the checkpoint before, if it has `increments_from`
/// bytes or more.
pub(super) fn write<E: Element>(
    writer: &mut CheckpointWriter,
    agent: &dyn Agent<E>,
    before: Option<&Increments>,
    increments_from: u64,
) -> Result<Written, RunError> {
    let Some(replay) = agent.replay().filter(|replay| replay.size_in_bytes() >= increments_from) else {
        let ((), sum) = writer.add_stream(WHOLE, |to| agent.save_replay(to))??;
        return Ok(Written { sum, chain: None });
    };
    if let Some(Increments { checkpoint, chain }) = before {
        let next = extend(writer, chain, replay)?;
        let linked = writer.link(kept(chain, &next).map(name), checkpoint);
        match linked {
            Ok(()) => return written(writer, next),
            // It is no longer there, or the file system has no hard links: then everything is written.
            Err(error) => {
                tracing::warn!("the whole replay is written, and not only what is new: {error}");
                next.numbers().try_for_each(|number| writer.remove(&name(number)))?;
            }
        }
    }
    let chain = extend(writer, &Chain::new(), replay)?;
    written(writer, chain)
}

/// Writes what a chain lacks.
fn extend<E: Element>(writer: &mut CheckpointWriter, chain: &Chain, replay: &Replay<E>) -> Result<Chain, RunError> {
    let written = writer.add_stream(&name(chain.next_number()), |to| chain.extend(replay, to))?;
    Ok(written.map_err(AgentError::from)?.0)
}

/// The numbers that stand in both.
fn kept<'a>(chain: &'a Chain, next: &'a Chain) -> impl Iterator<Item = u64> + 'a {
    next.numbers().filter(|number| chain.contains(*number))
}

fn written(writer: &CheckpointWriter, chain: Chain) -> Result<Written, RunError> {
    let sum = sum_of(&chain, |name| writer.sum(name))?;
    Ok(Written { sum, chain: Some(chain) })
}

/// Puts an agent's replay memory into its saved state; gives what stands for it in the checkpoint's digest.
pub(super) fn read<E: Element>(
    checkpoint: &Checkpoint,
    agent: &mut dyn Agent<E>,
    chain: Option<&Chain>,
) -> Result<String, RunError> {
    let Some(chain) = chain else {
        agent.load_replay(&mut checkpoint.stream(WHOLE)?)?;
        return Ok(checkpoint.sum(WHOLE)?.to_owned());
    };
    let replay = agent.replay_mut();
    let replay = replay.ok_or_else(|| StorageError::damaged(checkpoint.path(), "its agent has no replay"))?;
    let open = |number| {
        let stream = checkpoint.stream(&name(number)).map_err(io::Error::other)?;
        Ok(Box::new(stream) as Box<dyn io::Read>)
    };
    replay.restore(&mut chain.numbers().map(open)).map_err(AgentError::from)?;
    sum_of(chain, |name| checkpoint.sum(name).map(str::to_owned))
}

/// A hash of the increments' hashes, in their order.
fn sum_of(chain: &Chain, sum: impl Fn(&str) -> Result<String, StorageError>) -> Result<String, RunError> {
    let sums = chain.numbers().map(|number| sum(&name(number))).collect::<Result<String, _>>()?;
    Ok(sha256(sums.as_bytes()))
}

/// The file of an increment.
fn name(number: u64) -> String {
    format!("replay-{number:08}.bin")
}
