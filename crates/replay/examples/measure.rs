//! What a replay of Atari frames costs: bytes a transition, and the time to push, to sample, to save and to load.
//!
//! ```sh
//! cargo run -p deepq-replay --example measure -- [transitions] [none|lz4] [file of 84x84 frames, one after another]
//! ```
//!
//! Without a file the frames are drawn here, in the manner of Pong. Times are medians of single calls, on one thread.

use std::error::Error;
use std::time::{Duration, Instant};

use deepq_replay::{Batch, Compression, End, Layout, Replay, ReplaySpec, Transition};
use rand_core::Rng;
use rand_pcg::Pcg64;

const SIDE: usize = 84;
const FRAME: usize = SIDE * SIDE;
const STACK: usize = 4;
const EPISODE: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let transitions: usize = arguments.next().map_or(Ok(10_000), |argument| argument.parse())?;
    let compression = match arguments.next().as_deref() {
        None | Some("lz4") => Compression::Lz4,
        Some("none") => Compression::None,
        Some(other) => return Err(format!("compression is none or lz4, not {other}").into()),
    };
    let frames = match arguments.next() {
        Some(file) => std::fs::read(file)?,
        None => drawn(6000),
    };

    let spec = ReplaySpec { compression, ..ReplaySpec::frames(transitions) };
    let layout = Layout { observation_len: STACK * FRAME, stack: STACK, streams: 1 };
    let mut replay = spec.build::<u8>(&layout, 0.99)?;
    println!("planned at most     {:>12} bytes", spec.planned_bytes::<u8>(&layout)?);
    println!("expected            {:>12} bytes", spec.expected_bytes::<u8>(&layout)?);

    let pushes = fill(&mut replay, &frames, transitions)?;
    println!("in memory           {:>12} bytes", replay.size_in_bytes());
    println!("a transition        {:>12} bytes", replay.size_in_bytes() / replay.len() as u64);
    println!("push                {:>12.2} us", micros(median(pushes)));

    let (mut rng, mut batch) = (Pcg64::new(1, 1), Batch::new());
    let samples = (0..2000).map(|_| {
        let start = Instant::now();
        replay.sample(32, &mut rng, &mut batch).map(|()| start.elapsed())
    });
    println!("sample 32           {:>12.2} us", micros(median(samples.collect::<Result<_, _>>()?)));

    let start = Instant::now();
    let mut file = Vec::new();
    replay.save(&mut file)?;
    println!("save all            {:>12.2} s, {} bytes", start.elapsed().as_secs_f64(), file.len());

    let mark = replay.mark();
    fill(&mut replay, &frames, 5 * EPISODE)?;
    let (start, mut increment) = (Instant::now(), Vec::new());
    replay.save_since(&mark, &mut increment)?;
    println!("save 5,000 more     {:>12.4} s, {} bytes", start.elapsed().as_secs_f64(), increment.len());

    drop(replay);
    let mut loaded = spec.build::<u8>(&layout, 0.99)?;
    let start = Instant::now();
    loaded.load(&mut file.as_slice())?;
    println!("load all            {:>12.2} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Plays the frames in a circle until the replay is full.
fn fill(replay: &mut Replay<u8>, frames: &[u8], transitions: usize) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut frames = frames.chunks_exact(FRAME).cycle();
    let mut next = || frames.next().ok_or("no frame");
    let mut observation = vec![0; STACK * FRAME];
    let mut times = Vec::new();
    for step in 0..transitions {
        if step % EPISODE == 0 {
            let first = next()?;
            observation.chunks_exact_mut(FRAME).for_each(|frame| frame.copy_from_slice(first));
            replay.begin(0, &observation)?;
        }
        observation.copy_within(FRAME.., 0);
        observation[(STACK - 1) * FRAME..].copy_from_slice(next()?);
        let end = if (step + 1) % EPISODE == 0 { End::TERMINATED } else { End::RUNNING };
        let transition = Transition { action: 0, reward: 0.0, next_observation: &observation, end };
        let start = Instant::now();
        replay.push(0, &transition)?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// Two paddles, a ball and the scores on a plain ground.
fn drawn(frames: usize) -> Vec<u8> {
    let mut rng = Pcg64::new(2, 2);
    let (mut x, mut y, mut dx, mut dy) = (40i32, 40i32, 2i32, 1i32);
    let mut paddles = [40i32, 40];
    let mut drawn = Vec::new();
    for number in 0..frames {
        (x, y) = (x + dx, y + dy);
        dx = if (11..72).contains(&x) { dx } else { -dx };
        dy = if (15..74).contains(&y) { dy } else { -dy };
        for paddle in &mut paddles {
            *paddle = (*paddle + (rng.next_u32() % 7) as i32 - 3).clamp(15, 66);
        }
        let mut frame = vec![87; FRAME];
        let mut rectangle = |x: i32, y: i32, width: i32, height: i32, value: u8| {
            for row in y..y + height {
                frame[row as usize * SIDE..][x as usize..(x + width) as usize].fill(value);
            }
        };
        rectangle(0, 0, 84, 3, 52);
        rectangle(0, 13, 84, 2, 236);
        rectangle(0, 76, 84, 8, 236);
        rectangle(16, 4, 4, 3 + (number / 500 % 5) as i32, 129);
        rectangle(64, 4, 4, 3 + (number / 700 % 5) as i32, 147);
        rectangle(8, paddles[0], 2, 8, 129);
        rectangle(74, paddles[1], 2, 8, 147);
        rectangle(x, y, 1, 2, 236);
        drawn.extend(frame);
    }
    drawn
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
