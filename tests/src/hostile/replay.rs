//! Saved replay memories with other contents.

use anyhow::{Context, Result, ensure};
use deepq_envs::Seeds;
use deepq_replay::{Batch, Compression, End, Layout, Replay, ReplayError, ReplayKind, ReplaySpec, Transition};

/// Bytes before the first block: the magic number and the version.
const START: usize = 12;
/// Bytes of the settings, with which the contents begin.
const SETTINGS: usize = 72;
/// The longest block.
const BLOCK: usize = 1 << 18;

const STREAMS: usize = 2;
const LAYOUT: Layout = Layout { observation_len: 12, stack: 3, streams: STREAMS };
const CAPACITY: usize = 24;

/// A saved replay. The first byte says of which kind, and what the others are: the file as it is, or what its blocks hold
/// behind the settings, which then are right, as the checksums are. In the second case a byte may say how much of it is a
/// first increment and how much a second one.
///
/// # Errors
///
/// What is wrong with it.
pub fn replay(bytes: &[u8]) -> Result<()> {
    let (kind, rest) = bytes.split_first().context("there is no kind")?;
    let spec = match kind % 3 {
        0 => ReplaySpec { n_step: 2, ..ReplaySpec::uniform(CAPACITY) },
        1 => ReplaySpec { n_step: 2, ..ReplaySpec::frames(CAPACITY) },
        _ => ReplaySpec { n_step: 2, compression: Compression::Lz4, ..ReplaySpec::frames(CAPACITY) },
    };
    let mut replay = spec.build::<u8>(&LAYOUT, 0.5)?;
    let mut empty = Vec::new();
    replay.save(&mut empty)?;
    let settings = &payload(&empty)[..SETTINGS];
    let file = |contents: &[u8]| blocks(&[settings, contents].concat());
    let files = match (kind >> 4, rest) {
        (0, rest) => vec![rest.to_vec()],
        (1, [first, rest @ ..]) => {
            let (first, second) = rest.split_at(rest.len().min(usize::from(*first)));
            vec![file(first), file(second)]
        }
        (_, rest) => vec![file(rest)],
    };
    replay.restore(&mut files.iter().map(|file| Ok(Box::new(file.as_slice()) as Box<dyn std::io::Read + '_>)))?;
    play_on(&mut replay, spec.kind)
}

/// What was loaded can be sampled, saved, loaded again and played on with.
fn play_on(replay: &mut Replay<u8>, kind: ReplayKind) -> Result<()> {
    let mut batch = Batch::new();
    let mut rng = Seeds::new(1).stream("sampling");
    let mut saved = Vec::new();
    replay.save(&mut saved)?;
    replay.load(&mut saved.as_slice()).context("what was saved is refused")?;
    for step in 0..2 * CAPACITY as u8 {
        for stream in 0..STREAMS {
            // Where an episode is running already, the first call is refused, and of frames the second as well: they do not
            // go on with those that are there.
            let began = replay.begin(stream, &stack(step)).is_ok();
            let end = if step % 7 == 3 { End::TERMINATED } else { End::RUNNING };
            let transition = Transition { action: 1, reward: 0.5, next_observation: &stack(step + 1), end };
            let pushed = replay.push(stream, &transition);
            ensure!(pushed.is_ok() || (kind == ReplayKind::Frames && !began), "a step was refused");
        }
        match replay.sample(8, &mut rng, &mut batch) {
            Ok(()) | Err(ReplayError::Empty) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The frames up to a step.
fn stack(step: u8) -> [u8; LAYOUT.observation_len] {
    std::array::from_fn(|index| step.wrapping_add((index / (LAYOUT.observation_len / LAYOUT.stack)) as u8))
}

/// What the blocks of a saved replay hold, as far as they are whole.
pub(super) fn payload(file: &[u8]) -> Vec<u8> {
    let mut rest = file.get(START..).unwrap_or_default();
    let mut contents = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, ..] = *head;
        let (block, after) = tail.split_at(tail.len().min(u32::from_le_bytes([a, b, c, d]) as usize));
        contents.extend_from_slice(block);
        rest = after;
    }
    contents
}

/// A file whose blocks hold this, with right checksums.
pub(super) fn blocks(contents: &[u8]) -> Vec<u8> {
    let mut file = b"deepqrpl\x01\0\0\0".to_vec();
    for (number, block) in contents.chunks(BLOCK).chain([&[][..]]).enumerate() {
        let length = (block.len() as u32).to_le_bytes();
        let mut checksum = crc32fast::Hasher::new();
        for part in [&(number as u64).to_le_bytes()[..], &length, block] {
            checksum.update(part);
        }
        file.extend(length);
        file.extend(checksum.finalize().to_le_bytes());
        file.extend_from_slice(block);
    }
    file
}
