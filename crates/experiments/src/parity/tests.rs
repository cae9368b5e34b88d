use std::fs;
use std::path::{Path, PathBuf};

use deepq_envs::{AnyEnv, Catch, Env, Registry, Reset};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Difference, Equal, Moment, ParityError, Verdict, replay, report};

/// A trace in a folder of its own, and the JSON of its lines.
struct Recorded {
    folder: TempDir,
    lines: Vec<Value>,
}

impl Recorded {
    /// The first two episodes that Gymnasium recorded of CartPole.
    fn cartpole() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/traces/cartpole_random.jsonl");
        let text = fs::read_to_string(path).unwrap();
        Self::new(text.lines().take(3).map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// A run of Catch in the form of an Atari trace, over several episodes.
    fn frames() -> Self {
        let mut env = Catch::new();
        let mut frame = vec![0; env.observation_space().len()];
        let crc = |frame: &[u8]| format!("{:08x}", crc32fast::hash(frame));
        env.reset(&Reset::seeded(3), &mut frame).unwrap();
        let (mut obs, mut rewards, mut over, mut reset, mut reset_obs) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), vec![crc(&frame)]);
        let actions: Vec<usize> = (0..30).map(|t| t * t % 3).collect();
        for (t, &action) in actions.iter().enumerate() {
            let step = env.step(action, &mut frame).unwrap();
            obs.push(crc(&frame));
            rewards.push(step.reward as i64);
            over.push(u8::from(step.status.is_over()));
            if step.status.is_over() {
                env.reset(&Reset::default(), &mut frame).unwrap();
                reset.push(t);
                reset_obs.push(crc(&frame));
            }
        }
        let header =
            json!({"header": {"env": "Frames-v0", "noop_max": 0, "frame_skip": 4, "terminal_on_life_loss": false}});
        let run = json!({"seed": 3, "actions": actions, "obs": obs, "rewards": rewards, "terminated": over,
            "truncated": vec![0; 30], "lives": vec![5; 30], "reset": reset, "reset_obs": reset_obs});
        Self::new(vec![header, run])
    }

    fn new(lines: Vec<Value>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), lines }
    }

    fn file(&self) -> PathBuf {
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(text.as_bytes())
    }

    fn write(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("trace.jsonl");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn replay(&self) -> Result<Equal, ParityError> {
        replay(&self.file(), &registry())
    }

    fn difference(&self) -> Difference {
        match self.replay() {
            Err(ParityError::Difference(difference)) => *difference,
            other => panic!("{other:?}"),
        }
    }
}

/// The standard environments, and Catch under a name that takes whatever an Atari trace asks for.
fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry.register("Frames-v0", "Catch", |_| Ok(AnyEnv::Frames(Box::new(Catch::new()))));
    registry
}

fn flip_last_bit(digits: &mut Value) {
    let text = digits.as_str().unwrap();
    let (rest, last) = text.split_at(text.len() - 1);
    *digits = json!(format!("{rest}{:x}", u8::from_str_radix(last, 16).unwrap() ^ 1));
}

#[test]
fn equal_traces_count_episodes_and_steps() {
    let mut cartpole = Recorded::cartpole();
    let steps =
        cartpole.lines[1]["actions"].as_array().unwrap().len() + cartpole.lines[2]["actions"].as_array().unwrap().len();
    assert_eq!(cartpole.replay().unwrap(), Equal { episodes: 2, steps: steps as u64 });
    let frames = Recorded::frames();
    let resets = frames.lines[1]["reset"].as_array().unwrap().len();
    assert!(resets > 1);
    assert_eq!(frames.replay().unwrap(), Equal { episodes: resets as u64 + 1, steps: 30 });
    // Without a seed an episode goes on with the generator of the one before; the very first cannot.
    let mut first = Recorded::cartpole();
    first.lines[1]["seed"] = Value::Null;
    assert!(first.replay().unwrap_err().to_string().contains("no seed"));
    // The options of an episode count, not only those of the header.
    cartpole.lines[2]["kwargs"] = json!({"max_episode_steps": 3});
    assert_eq!(cartpole.difference().moment, Moment::Step(2));
}

#[test]
fn one_changed_bit_is_found_and_named() {
    let mut trace = Recorded::cartpole();
    flip_last_bit(&mut trace.lines[2]["obs"][5]);
    let difference = trace.difference();
    assert_eq!((difference.line, difference.seed, difference.moment), (3, Some(1), Moment::Step(4)));
    assert_eq!(difference.component, "observation[3]");
    let text = difference.to_string();
    assert!(text.contains("trace.jsonl:3: seed 1, step 4: observation[3] should be "), "{text}");
    let bits =
        |text: &str| u32::from_str_radix(text.rsplit_once("bits ").unwrap().1.trim_end_matches(')'), 16).unwrap();
    assert_eq!(bits(&difference.expected) ^ bits(&difference.actual), 1);

    let mut trace = Recorded::cartpole();
    flip_last_bit(&mut trace.lines[1]["rewards"][7]);
    assert_eq!((trace.difference().component.as_str(), trace.difference().moment), ("reward", Moment::Step(7)));

    let mut trace = Recorded::cartpole();
    flip_last_bit(&mut trace.lines[1]["obs"][0]);
    assert_eq!(trace.difference().moment, Moment::Reset);
}

#[test]
fn frames_rewards_ends_lives_and_resets_of_runs_are_compared() {
    let mut trace = Recorded::frames();
    flip_last_bit(&mut trace.lines[1]["obs"][4]);
    assert_eq!((trace.difference().component.as_str(), trace.difference().moment), ("frame", Moment::Step(4)));

    let mut trace = Recorded::frames();
    let end = trace.lines[1]["reset"][0].as_u64().unwrap() as usize;
    flip_last_bit(&mut trace.lines[1]["reset_obs"][1]);
    assert_eq!(trace.difference().moment, Moment::ResetAfter(end));

    let mut trace = Recorded::frames();
    trace.lines[1]["rewards"][0] = json!(1);
    assert_eq!(trace.difference().component, "reward");

    let mut trace = Recorded::frames();
    trace.lines[1]["terminated"][end] = json!(0);
    trace.lines[1]["truncated"][end] = json!(1);
    assert_eq!(trace.difference().component, "status");

    let mut trace = Recorded::frames();
    for step in 3..30 {
        trace.lines[1]["lives"][step] = json!(4);
    }
    assert_eq!((trace.difference().component.as_str(), trace.difference().moment), ("life lost", Moment::Step(3)));
}

/// Donkey Kong with repeated actions does so.
#[test]
fn a_game_that_goes_on_with_0_lives_has_lost_none() {
    let with_lives = |lives: &[u32; 3]| {
        let mut trace = Recorded::frames();
        for step in 0..30 {
            trace.lines[1]["lives"][step] = json!(lives[step / 10]);
        }
        trace
    };
    assert!(with_lives(&[1, 0, 0]).replay().is_ok());
    assert!(with_lives(&[1, 0, 3]).replay().is_ok());
    assert_eq!(with_lives(&[2, 1, 0]).difference().component, "life lost");
}

#[test]
fn damaged_traces_are_errors_that_name_the_line() {
    let trace = Recorded::cartpole();
    let whole = fs::read(trace.file()).unwrap();
    let error_in = |bytes: &[u8]| match replay(&trace.write(bytes), &registry()) {
        Err(error @ ParityError::Format { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(error_in(b"").contains("empty"));
    assert!(error_in(&[0xff, 0x00, 0xfe]).contains("trace.jsonl:1"));
    assert!(error_in(b"{\"header\": {\"env\": \"CartPole-v1\"}}\n").contains("no episode"));
    assert!(error_in(b"{\"header\": {\"env\": \"Frames-v0\", \"frame_skip\": 4}}\n").contains("no episode"));
    assert!(error_in(&whole[..whole.len() - 10]).contains("trace.jsonl:3"));
    // A line cannot be cut anywhere, nor a byte be changed, so that the reader panics.
    for cut in (0..whole.len()).step_by(97) {
        let _ = replay(&trace.write(&whole[..cut]), &registry());
        let mut changed = whole.clone();
        changed[cut] ^= 0x55;
        let _ = replay(&trace.write(&changed), &registry());
    }

    let wrong = |change: fn(&mut Value)| {
        let mut trace = Recorded::cartpole();
        change(&mut trace.lines[1]);
        match trace.replay() {
            Err(error @ (ParityError::Format { line: 2, .. } | ParityError::Environment { line: 2, .. })) => {
                error.to_string()
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(wrong(|episode| episode["rewards"] = json!([])).contains("rewards has 0 entries"));
    assert!(wrong(|episode| episode["obs"][2] = json!("00")).contains("hexadecimal"));
    assert!(wrong(|episode| episode["obs"][2] = json!("é".repeat(16))).contains("bits"));
    assert!(wrong(|episode| episode["terminated"][0] = json!(1)).contains("more steps follow"));
    assert!(wrong(|episode| episode["truncated"][0] = json!(2)).contains("0 or 1"));
    assert!(wrong(|episode| episode["actions"][0] = json!(9)).contains("action 9"));
    assert!(wrong(|episode| episode["kwargs"] = json!({"gravty": 1})).contains("gravty"));

    let mut unknown = Recorded::cartpole();
    unknown.lines[0] = json!({"header": {"env": "CartPoel-v1"}});
    assert!(unknown.replay().unwrap_err().to_string().contains("CartPole-v1"));
    let missing = replay(Path::new("no/such/trace.jsonl"), &registry());
    assert!(matches!(missing, Err(ParityError::Read { .. })));
    let mut other_kind = Recorded::frames();
    other_kind.lines[0] = json!({"header": {"env": "Frames-v0"}});
    assert!(matches!(other_kind.replay(), Err(ParityError::Format { .. })));
}

#[test]
fn report_goes_on_after_a_difference() {
    let (good, mut bad) = (Recorded::cartpole(), Recorded::cartpole());
    flip_last_bit(&mut bad.lines[1]["obs"][1]);
    let files = [bad.file(), good.file()];
    let mut text = Vec::new();
    let verdict = report(&files, &registry(), &mut text).unwrap();
    assert_eq!(verdict, Verdict { equal: 1, different: 1, failed: 0 });
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("DIFFERS") && text.contains("1 of 2 files equal"), "{text}");
    let with_a_missing_one = [good.file(), "no/such/trace.jsonl".into()];
    let verdict = report(&with_a_missing_one, &registry(), &mut Vec::new()).unwrap();
    assert_eq!(verdict, Verdict { equal: 1, different: 0, failed: 1 });
}
