//! Every bit is Gymnasium's: episodes recorded by Gymnasium itself are replayed and compared.

use std::path::{Path, PathBuf};

use deepq_envs::{BoxedEnv, EnvOptions, OptionValue, Registry, Reset, Status};
use serde_json::Value;

/// `assets/traces` of the workspace; `DEEPQ_TRACES` names another folder, to replay more than the repository holds.
fn traces() -> PathBuf {
    std::env::var_os("DEEPQ_TRACES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/traces"), PathBuf::from)
}

/// Replays all episodes of the files whose names start with `prefix`.
fn replay(prefix: &str) {
    let mut steps = 0;
    let mut files: Vec<PathBuf> = std::fs::read_dir(traces()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    assert!(!files.is_empty(), "no traces {prefix}*.jsonl in {}", traces().display());
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let header = lines.next().unwrap()["header"].take();
        let mut env = make(&header);
        for (episode, trace) in lines.enumerate() {
            let compared = compare(&mut env, &trace);
            steps += compared.unwrap_or_else(|message| panic!("{}, episode {episode}: {message}", file.display()));
        }
    }
    println!("{prefix}: {steps} steps equal");
}

fn make(header: &Value) -> BoxedEnv<f32> {
    let options: EnvOptions = header["kwargs"].as_object().unwrap().iter().map(|(k, v)| (k, option(v))).collect();
    Registry::standard().make(header["env"].as_str().unwrap(), &options).unwrap().into_vector().unwrap()
}

fn option(value: &Value) -> OptionValue {
    serde_json::from_value(value.clone()).unwrap()
}

/// Replays one episode and counts its steps. A seed of `null` goes on with the generator of the episode before.
fn compare(env: &mut BoxedEnv<f32>, trace: &Value) -> Result<usize, String> {
    let bounds = trace.get("bounds").map(|bounds| serde_json::from_value(bounds.clone()).unwrap());
    let mut observation = vec![0.0; env.observation_space().len()];
    env.reset(&Reset { seed: trace["seed"].as_u64(), bounds }, &mut observation).unwrap();
    equal_bits(&observation, &trace["obs"][0], "the reset")?;
    let actions = trace["actions"].as_array().unwrap();
    for (t, action) in actions.iter().enumerate() {
        let step = env.step(action.as_u64().unwrap() as usize, &mut observation).unwrap();
        equal_bits(&observation, &trace["obs"][t + 1], &format!("step {t}"))?;
        let reward = u64::from_str_radix(trace["rewards"][t].as_str().unwrap(), 16).unwrap();
        if step.reward.to_bits() != reward {
            return Err(format!("step {t}: reward {} is not {}", step.reward, f64::from_bits(reward)));
        }
        // Gymnasium may set both flags; that the task ended is what counts.
        let expected = match (trace["terminated"][t].as_u64(), trace["truncated"][t].as_u64()) {
            (Some(1), _) => Status::Terminated,
            (_, Some(1)) => Status::Truncated,
            _ => Status::Running,
        };
        if step.status != expected {
            return Err(format!("step {t}: {:?} is not {expected:?}", step.status));
        }
    }
    Ok(actions.len())
}

fn equal_bits(observation: &[f32], expected: &Value, at: &str) -> Result<(), String> {
    let bits: String = observation.iter().map(|x| format!("{:08x}", x.to_bits())).collect();
    let expected = expected.as_str().unwrap();
    if bits == expected { Ok(()) } else { Err(format!("{at}: observation {observation:?} = {bits}, not {expected}")) }
}

#[test]
fn cartpole() {
    replay("cartpole");
}

#[test]
fn mountain_car() {
    replay("mountaincar");
}

/// Sine, cosine and power are the C library's, which picks them by processor: exact where it has FMA.
#[test]
fn acrobot() {
    #[cfg(target_arch = "x86_64")]
    let exact = std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let exact = false;
    if exact {
        replay("acrobot");
    } else {
        println!("this processor has no FMA as Gymnasium's had: Acrobot is not compared");
    }
}

#[test]
fn pendulum() {
    replay("pendulum");
}

#[test]
fn cliff_walking() {
    replay("cliffwalking");
}

#[test]
fn frozen_lake() {
    replay("frozenlake");
}

#[test]
fn lunar_lander() {
    replay("lunarlander");
}

/// Box2D has globals; landers on other threads must not reach them.
#[test]
fn lunar_lander_on_eight_threads_at_once() {
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(|| replay("lunarlander")))));
}
