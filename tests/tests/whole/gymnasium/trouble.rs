//! Whatever happens in Python becomes a message, and no process stays behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use deepq_envs::{Env, EnvError, Reset};
use deepq_tests::processes::is_running;
use deepq_tests::{gymnasium, start};

use super::{make, options, vector};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

const TROUBLE: &str = "gym:python.trouble:Trouble-v0";

/// The message of an error, which must speak of all these words.
fn speaks_of<T>(result: Result<T, EnvError>, words: &[&str]) -> Result<String> {
    let message = match result {
        Err(error @ EnvError::Backend { .. }) => error.to_string(),
        Err(error) => bail!("another error: {error:?}"),
        Ok(_) => bail!("no error, where one should speak of {words:?}"),
    };
    for word in words {
        ensure!(message.contains(word), "no {word:?} in: {message}");
    }
    Ok(message)
}

#[test]
fn exceptions_are_told_with_their_traceback_and_a_reset_goes_on() -> Result<()> {
    let raising = |at: &str| Ok::<_, anyhow::Error>(options()?.with("trouble", "raise").with("at", at));
    speaks_of(make(TROUBLE, &raising("init")?), &[TROUBLE, "ValueError: no init today", "trouble.py", "Traceback"])?;
    let mut env = vector(TROUBLE, &raising("reset")?)?;
    let mut observation = [0.0; 2];
    speaks_of(env.reset(&Reset::seeded(1), &mut observation), &["a reset", "ValueError: no reset today"])?;
    let mut env = vector(TROUBLE, &raising("step")?)?;
    for _ in 0..2 {
        env.reset(&Reset::seeded(1), &mut observation)?;
        speaks_of(env.step(0, &mut observation), &["a step", "ValueError: no step today"])?;
        assert!(matches!(env.step(0, &mut observation), Err(EnvError::NoEpisode { .. })));
    }
    // sys.exit is an exception as well.
    let mut env = vector(TROUBLE, &options()?.with("trouble", "exit"))?;
    env.reset(&Reset::seeded(1), &mut observation)?;
    speaks_of(env.step(0, &mut observation), &["SystemExit: 3"])?;
    Ok(())
}

#[test]
fn a_process_that_ends_is_told_with_how_it_ended() -> Result<()> {
    for (trouble, words) in [
        ("exit at once", &["ended", "exit status: 3", "last words"][..]),
        ("kill", &["ended", "signal: 9"]),
        ("crash", &["ended", "signal: 11", "Segmentation fault", "trouble.py"]),
        ("leave a child", &["ended", "exit status: 3"]),
    ] {
        let begun = Instant::now();
        let of = |at: &str| Ok::<_, anyhow::Error>(options()?.with("trouble", trouble).with("at", at));
        speaks_of(make(TROUBLE, &of("init")?), words)?;
        let mut env = vector(TROUBLE, &of("step")?)?;
        let mut observation = [0.0; 2];
        env.reset(&Reset::seeded(1), &mut observation)?;
        speaks_of(env.step(0, &mut observation), words).context(trouble)?;
        // And stays so.
        speaks_of(env.reset(&Reset::seeded(1), &mut observation), &["ended"])?;
        speaks_of(env.generators(), &["ended"])?;
        ensure!(
            trouble != "leave a child" || begun.elapsed() < Duration::from_secs(18),
            "it waited for the child's child"
        );
    }
    Ok(())
}

#[test]
fn what_is_printed_does_not_come_between() -> Result<()> {
    for at in ["init", "reset", "step"] {
        let mut env = vector(TROUBLE, &options()?.with("trouble", "print").with("at", at))?;
        let mut observation = [0.0; 2];
        env.reset(&Reset::seeded(1), &mut observation)?;
        assert_eq!(observation[0], 0.0);
        for t in 1..=9 {
            let step = env.step(0, &mut observation)?;
            assert_eq!((observation[0], step.reward), (t as f32, 1.0));
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_used_is_refused() -> Result<()> {
    let spaces = |observation: &str, action: &str| {
        make(
            "gym:python.trouble:Spaces-v0",
            &options().unwrap().with("observation", observation).with("action", action),
        )
    };
    speaks_of(spaces("multi", "discrete"), &["MultiDiscrete", "Box of float32"])?;
    speaks_of(spaces("integers", "discrete"), &["int64", "Box of float32"])?;
    speaks_of(spaces("empty", "discrete"), &["no elements"])?;
    speaks_of(spaces("box", "box"), &["Box(-1.0, 1.0, (2,), float32)", "Discrete action space"])?;
    speaks_of(make("gym:Pendulum-v1", &options()?), &["Discrete action space"])?;
    speaks_of(make("gym:CartPoel-v1", &options()?), &["CartPoel", "CartPole"])?;
    speaks_of(make("gym:no_such_module:A-v0", &options()?), &["No module named 'no_such_module'"])?;
    speaks_of(make("gym:CartPole-v1", &options()?.with("wnid", 1)), &["wnid"])?;
    speaks_of(
        make("gym:CartPole-v1", &options()?.with("python", "no-such-python")),
        &["no-such-python", "DEEPQ_PYTHON"],
    )?;
    speaks_of(make("gym:CartPole-v1", &options()?.with("python", "echo")), &["did not answer"])?;
    let python = make("gym:CartPole-v1", &options()?.with("python", 3));
    assert!(matches!(python, Err(EnvError::InvalidOption { option, .. }) if option == "python"));

    let mut env = vector(TROUBLE, &options()?.with("trouble", "wrong shape"))?;
    let mut observation = [0.0; 2];
    env.reset(&Reset::seeded(1), &mut observation)?;
    speaks_of(env.render(), &["no picture"])?;
    speaks_of(env.step(0, &mut observation), &["shape (3,)", "(2,)"])?;
    let env = vector("gym:python.trouble:Bare-v0", &options()?)?;
    speaks_of(env.generators(), &["np_random", "checkpoints cannot be exact"])?;
    Ok(())
}

/// A Python without Gymnasium: one that looks nowhere for packages.
#[test]
fn missing_gymnasium_is_told_with_what_to_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let python = folder.path().join("python");
    fs::write(&python, "#!/bin/sh\nexec python3 -I -S \"$@\"\n")?;
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755))?;
    let options = deepq_envs::EnvOptions::new().with("python", python.to_str().context("the path is not UTF-8")?);
    speaks_of(make("gym:CartPole-v1", &options), &["pip install gymnasium"])?;
    Ok(())
}

fn wait_until(what: &str, mut happened: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !happened()? {
        ensure!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn an_environment_that_is_dropped_leaves_no_process() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let note = folder.path().join("note");
    let options = options()?.with("at", "reset").with("note", note.to_str().context("the path is not UTF-8")?);
    let mut env = vector(TROUBLE, &options)?;
    env.reset(&Reset::seeded(1), &mut [0.0; 2])?;
    let process = fs::read_to_string(&note)?;
    ensure!(is_running(&process)?);
    drop(env);
    ensure!(!is_running(&process)?);
    Ok(())
}

/// Also one that does not listen, because its environment hangs.
#[test]
fn a_program_that_is_killed_leaves_no_process() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let note = folder.path().join("note");
    for (trouble, at) in [("none", "reset"), ("hang", "step")] {
        let run = folder.path().join(trouble);
        let id = format!("environment.id={TROUBLE}");
        let sets = [
            id.as_str(),
            "environment.max_episode_steps=7",
            &format!("environment.python={}", gymnasium::python()?.display()),
            &format!("environment.trouble={trouble}"),
            &format!("environment.at={at}"),
            &format!("environment.note={}", note.display()),
            "training.steps=100000000",
            "evaluation.every=0",
        ];
        let set = sets.iter().flat_map(|set| ["--set", set]);
        let run = run.to_str().context("the path is not UTF-8")?;
        let mut program = start(["train", "cartpole", "--out", run].into_iter().chain(set))?;
        let begun = || fs::read_to_string(&note).is_ok_and(|process| !process.is_empty());
        if let Err(error) = wait_until("the first reset", || Ok(begun() || program.try_wait()?.is_some())) {
            program.kill()?;
            return Err(error);
        }
        let process = fs::read_to_string(&note).context("the program ended early")?;
        ensure!(is_running(&process)?);
        program.kill()?;
        program.wait()?;
        wait_until("the end of the process", || Ok(!is_running(&process)?))?;
        fs::remove_file(&note)?;
    }
    Ok(())
}
