//! Runs of the library: equal digests, exact resume, the events of the loop.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deepq_experiments::RunError;
use deepq_experiments::config::{self, Overrides};
use deepq_experiments::session::{self, EvaluationRequest, Settings};
use deepq_runs::{Finished, Summary, WhichCheckpoint};

/// Short, and with everything in it: episodes, updates, target copies, evaluations, checkpoints.
const SHORT: [&str; 9] = [
    "training.learning_starts=100",
    "training.log_every=50",
    "training.histograms_every=200",
    "agent.target_update.updates=70",
    "exploration.from=0",
    "exploration.to=500",
    "evaluation.every=200",
    "evaluation.episodes=4",
    "evaluation.environments=2",
];

fn train_with(experiment: &str, folder: &Path, set: &[&str], settings: &Settings) -> Result<Summary, RunError> {
    let set = SHORT.iter().chain(set).map(ToString::to_string).collect();
    let (experiment, document) = config::load(experiment, &Overrides { set, ..Overrides::default() })?;
    session::start(&experiment, &document, folder, settings)
}

fn train(experiment: &str, folder: &Path, set: &[&str]) -> Summary {
    train_with(experiment, folder, set, &Settings::default()).unwrap()
}

fn longer(steps: u64) -> Overrides {
    Overrides { steps: Some(steps), ..Overrides::default() }
}

/// `metrics.csv` and `eval.csv`, without the column that a clock decides.
fn tables(run: &Path) -> (String, String) {
    let metrics = fs::read_to_string(run.join("metrics.csv")).unwrap();
    let without_clock: Vec<&str> = metrics.lines().map(|line| line.rsplit_once(',').unwrap().0).collect();
    (without_clock.join("\n"), fs::read_to_string(run.join("eval.csv")).unwrap())
}

#[test]
fn digest_depends_on_seed_and_settings_and_not_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    for experiment in ["cartpole", "catch"] {
        let digest = |name: &str, threads: usize, set: &[&str]| {
            let settings = Settings { threads: Some(threads), ..Settings::default() };
            let set = [&["training.steps=600", "training.environments=3"], set].concat();
            train_with(experiment, &folder.path().join(experiment).join(name), &set, &settings).unwrap().digest
        };
        let one = digest("one", 1, &[]);
        assert_eq!(digest("two", 2, &[]), one);
        assert_eq!(digest("four", 4, &[]), one);
        assert_eq!(digest("no evaluations", 2, &["evaluation.every=0", "checkpoint.every=100"]), one);
        assert_ne!(digest("other seed", 2, &["training.seed=2"]), one);
        assert_ne!(digest("other discount", 2, &["agent.discount=0.98"]), one);
    }
}

/// Checkpoints at many places, among them the middle of an episode and the steps of evaluations.
#[test]
fn a_resumed_run_is_the_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let set_ups = [("cartpole", 1, 0), ("cartpole", 2, 0), ("cartpole", 4, 16), ("catch", 1, 0), ("catch", 3, 3)];
    for (experiment, environments, concurrent) in set_ups {
        let environments = format!("training.environments={environments}");
        let concurrent = format!("training.concurrent_steps={concurrent}");
        let run = |name: &str| folder.path().join(format!("{experiment} {environments} {name}"));
        let whole = train(experiment, &run("whole"), &["training.steps=900", &environments, &concurrent]);
        for stop in [97, 200, 401] {
            let steps = format!("training.steps={stop}");
            let path = run(&steps);
            let first = train(experiment, &path, &[&steps, &environments, &concurrent]);
            assert_ne!(first.digest, whole.digest);
            let resumed = session::resume(&path, &longer(900), &Settings::default()).unwrap();
            assert_eq!(resumed.digest, whole.digest, "{experiment} from {stop}");
            let (metrics, evaluations) = tables(&path);
            let (expected_metrics, expected_evaluations) = tables(&run("whole"));
            assert_eq!(metrics, expected_metrics);
            // The shorter run was evaluated at its own end as well.
            let rows: Vec<&str> = evaluations.lines().collect();
            assert!(expected_evaluations.lines().all(|row| rows.contains(&row)), "{evaluations}");
            assert!(rows.len() <= expected_evaluations.lines().count() + 1, "{evaluations}");
        }
    }
}

/// An agent without a replay, which keeps the episodes that are under way.
#[test]
fn reinforce_is_reproduced_resumed_and_evaluated_exactly() {
    reproduces("reinforce-cartpole", [98, 400], 10);
}

/// The same with one that keeps what has been played since it learned last: the run is stopped in the middle of it, too.
#[test]
fn pqn_is_reproduced_resumed_and_evaluated_exactly() {
    reproduces("cartpole-pqn", [98, 512], 200);
}

/// Trains in two environments, on other threads, and stopped at these steps; there are more updates than so many.
fn reproduces(experiment: &str, stops: [u64; 2], updates: u64) {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, steps: u64, threads: usize, more: &[&str]| {
        let set =
            ["training.environments=2", "evaluation.every=200", "evaluation.episodes=4", "evaluation.environments=2"];
        let set = set.iter().chain(more).map(ToString::to_string).collect();
        let overrides = Overrides { set, steps: Some(steps), ..Overrides::default() };
        let (experiment, document) = config::load(experiment, &overrides).unwrap();
        let settings = Settings { threads: Some(threads), ..Settings::default() };
        session::start(&experiment, &document, &folder.path().join(name), &settings).unwrap()
    };
    let whole = run("whole", 900, 1, &[]);
    assert!(whole.updates > updates && whole.episodes > 10, "{whole:?}");
    assert_eq!(whole.replay_bytes, 0);
    assert_eq!(run("threads", 900, 3, &[]).digest, whole.digest);
    assert_ne!(run("discount", 900, 1, &["agent.discount=0.9"]).digest, whole.digest);
    for stop in stops {
        let name = format!("stopped at {stop}");
        assert_ne!(run(&name, stop, 1, &[]).digest, whole.digest);
        let resumed = session::resume(&folder.path().join(&name), &longer(900), &Settings::default()).unwrap();
        assert_eq!(resumed.digest, whole.digest, "from {stop}");
    }
    let request = EvaluationRequest { checkpoint: WhichCheckpoint::Last, ..EvaluationRequest::default() };
    let evaluation = session::evaluate(&folder.path().join("whole"), &request, &Settings::default()).unwrap();
    assert_eq!(Some((&evaluation).into()), whole.last_evaluation);
}

#[test]
fn an_interrupted_run_goes_on_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train("cartpole", &folder.path().join("whole"), &["training.steps=700"]);
    let run = folder.path().join("run");
    let settings = Settings { stop: Arc::new(AtomicBool::new(true)), ..Settings::default() };
    let summary = train_with("cartpole", &run, &["training.steps=700"], &settings).unwrap();
    assert_eq!((summary.finished, summary.agent_steps), (Finished::Interrupted, 1));
    let mut parts = 1;
    loop {
        // Interrupted again a little later, wherever that is: also during evaluations.
        let stop = Arc::new(AtomicBool::new(false));
        let watch = Arc::clone(&stop);
        let clock = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(40));
            watch.store(true, Ordering::Relaxed);
        });
        let summary = session::resume(&run, &Overrides::default(), &Settings { stop, ..Settings::default() }).unwrap();
        clock.join().unwrap();
        parts += 1;
        if summary.finished == Finished::Steps {
            assert_eq!(summary.digest, whole.digest);
            break;
        }
    }
    assert!(parts >= 2);
    assert_eq!(tables(&run), tables(&folder.path().join("whole")));
    // TensorBoard's file as well: the same records, at other times of day.
    let bytes = |run: &Path| fs::metadata(run.join("events.out.tfevents.deepq")).unwrap().len();
    assert!(bytes(&run) > 1000);
}

#[test]
fn resuming_a_finished_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let summary = train("catch", &run, &["training.steps=300"]);
    let before = tables(&run);
    let again = session::resume(&run, &Overrides::default(), &Settings::default()).unwrap();
    assert_eq!((again.digest, again.finished), (summary.digest, Finished::Steps));
    assert_eq!(tables(&run), before);
}

#[test]
fn a_damaged_checkpoint_costs_only_the_steps_since_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let set = ["training.steps=500", "checkpoint.every=200"];
    let summary = train("cartpole", &run, &set);
    let weights = run.join("checkpoints/step-000000500/weights.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    bytes[100] ^= 4;
    fs::write(&weights, bytes).unwrap();
    let resumed = session::resume(&run, &Overrides::default(), &Settings::default()).unwrap();
    assert_eq!(resumed.digest, summary.digest);

    for step in ["step-000000400", "step-000000500"] {
        fs::write(run.join("checkpoints").join(step).join("state.json"), b"{}").unwrap();
    }
    let error = session::resume(&run, &Overrides::default(), &Settings::default()).unwrap_err().to_string();
    assert!(error.contains("state.json is damaged"), "{error}");
}

#[test]
fn evaluation_from_a_checkpoint_is_the_one_in_training() {
    let folder = tempfile::tempdir().unwrap();
    for experiment in ["cartpole", "catch"] {
        let run = folder.path().join(experiment);
        let summary = train(experiment, &run, &["training.steps=600"]);
        let evaluate = |checkpoint, threads| {
            let settings = Settings { threads: Some(threads), ..Settings::default() };
            let request = EvaluationRequest { checkpoint, ..EvaluationRequest::default() };
            session::evaluate(&run, &request, &settings).unwrap()
        };
        let last = evaluate(WhichCheckpoint::Last, 1);
        assert_eq!(Some((&last).into()), summary.last_evaluation);
        assert_eq!(evaluate(WhichCheckpoint::Last, 4), last);
        let best = evaluate(WhichCheckpoint::Best, 2);
        assert_eq!(Some((&best).into()), summary.best_evaluation);
        let file = run.join("checkpoints/step-000000600/weights.safetensors");
        let from_file = evaluate(WhichCheckpoint::At(file), 2);
        assert_eq!(from_file.returns.len(), last.returns.len());
        let request = EvaluationRequest { episodes: Some(7), seed: Some(5), ..EvaluationRequest::default() };
        let other = session::evaluate(&run, &request, &Settings::default()).unwrap();
        assert_eq!(other.returns.len(), 7);
    }
}

#[test]
fn training_ends_when_an_evaluation_is_good_enough() {
    let folder = tempfile::tempdir().unwrap();
    let summary = train("cartpole", &folder.path().join("run"), &["training.steps=900", "evaluation.stop_at=1.0"]);
    assert_eq!((summary.finished, summary.agent_steps), (Finished::Threshold, 200));
}

/// Evaluations and the end of a run counted in episodes, also across a resumption.
#[test]
fn a_run_can_be_planned_by_the_episode() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, episodes: u64| {
        let episodes = format!("training.episodes={episodes}");
        train("cartpole", &folder.path().join(name), &["evaluation.every={ episodes = 4 }", &episodes])
    };
    let whole = run("whole", 10);
    assert_eq!((whole.finished, whole.episodes), (Finished::Episodes, 10));
    let rows = fs::read_to_string(folder.path().join("whole/eval.csv")).unwrap();
    // After 4, after 8, and at the end.
    assert_eq!(rows.lines().count(), 1 + 3, "{rows}");
    assert_eq!(whole.last_evaluation.unwrap().at_step, whole.agent_steps);

    let first = train(
        "cartpole",
        &folder.path().join("resumed"),
        &["evaluation.every={ episodes = 4 }", "training.episodes=10", "training.steps=111"],
    );
    assert!(first.episodes < 10 && first.finished == Finished::Steps, "{first:?}");
    let resumed = session::resume(&folder.path().join("resumed"), &longer(20_000), &Settings::default()).unwrap();
    assert_eq!((resumed.digest, resumed.finished), (whole.digest, Finished::Episodes));
    let evaluated_again = fs::read_to_string(folder.path().join("resumed/eval.csv")).unwrap();
    assert!(rows.lines().all(|row| evaluated_again.contains(row)), "{evaluated_again}");
}

#[test]
fn weights_are_taken_over_and_frozen_ones_keep_their_bits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let weights = |run: &Path| {
        let newest = fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
        let newest = newest.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("step-")).max();
        fs::read(newest.unwrap().join("weights.safetensors")).unwrap()
    };
    let tensors = |bytes: &[u8], part: &str| {
        let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
        let mut of_part: Vec<(String, Vec<u8>)> = file
            .iter()
            .filter(|(name, _)| name.starts_with(part))
            .map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec()))
            .collect();
        of_part.sort();
        assert!(!of_part.is_empty());
        of_part
    };
    train("catch", &run("source"), &["training.steps=300", "evaluation.every=0"]);
    let source = weights(&run("source"));
    let from = format!("transfer.init_from={}", run("source").display());
    let set = [from.as_str(), "transfer.parts=[\"torso\"]", "transfer.freeze=[\"torso\"]", "training.seed=2"];
    let learn = |name: &str, steps: &str| train("catch", &run(name), &[&set[..], &[steps]].concat());
    let whole = learn("learner", "training.steps=400");
    let learner = weights(&run("learner"));
    assert_eq!(tensors(&learner, "torso."), tensors(&source, "torso."));
    assert_ne!(tensors(&learner, "head."), tensors(&source, "head."));
    let agent = fs::read(run("learner/checkpoints/step-000000400/agent.safetensors")).unwrap();
    let state = safetensors::SafeTensors::deserialize(&agent).unwrap();
    let mut moments = state.names().into_iter().filter(|name| name.starts_with("optimizer."));
    assert!(moments.clone().count() > 0 && moments.all(|name| name.starts_with("optimizer.head.")));

    // It goes on exactly, and needs its source no more.
    learn("stopped", "training.steps=250");
    fs::remove_dir_all(run("source")).unwrap();
    let resumed = session::resume(&run("stopped"), &longer(400), &Settings::default()).unwrap();
    assert_eq!(resumed.digest, whole.digest);

    // All parts of a file of weights, and what is refused.
    let file = run("weights.safetensors");
    fs::write(&file, &source).unwrap();
    let from_file = format!("transfer.init_from={}", file.display());
    train("catch", &run("short"), &[&from_file, "training.steps=50"]);
    assert_eq!(tensors(&weights(&run("short")), ""), tensors(&source, ""));
    let refused = |set: &[&str]| {
        let error = train_with("catch", &run("refused"), set, &Settings::default()).unwrap_err().to_string();
        assert!(!run("refused").exists(), "nothing is left behind");
        error
    };
    let error = refused(&[&from]);
    assert!(error.starts_with("--set transfer.init_from=") && error.contains("source"), "{error}");
    let error = refused(&[&from_file, "transfer.parts=[\"tail\"]"]);
    assert!(error.contains("transfer.parts: the network has no part \"tail\"; it has torso, head"), "{error}");
    let error = refused(&["transfer.freeze=[\"torso\", \"head\"]"]);
    assert!(error.contains("transfer.freeze: this leaves nothing to train"), "{error}");
    let error = refused(&["transfer.parts=[\"torso\"]"]);
    assert!(error.contains("transfer.init_from is missing"), "{error}");
    let error = refused(&[&from_file, "network.head.hidden=[32]"]);
    assert!(error.contains("weights.safetensors cannot be used") && error.contains("head.0.weight"), "{error}");
}

#[test]
fn more_memory_than_there_is_is_refused_with_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let huge = train_with("cartpole", &run, &["replay.capacity=100_000_000_000"], &Settings::default());
    let error = huge.unwrap_err().to_string();
    assert!(
        error.contains("this run needs 4.") && error.contains("TB") && error.contains("replay.capacity"),
        "{error}"
    );
    assert!(!run.exists(), "nothing is left behind");
}

#[test]
fn wrong_environment_options_name_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |set: &str| {
        train_with("cartpole", &folder.path().join("run"), &[set], &Settings::default()).unwrap_err().to_string()
    };
    let error = refused("environment.id=CartPoel-v1");
    assert!(error.contains("environment.id") && error.contains("did you mean \"CartPole-v1\""), "{error}");
    let error = refused("environment.max_episode_step=5");
    assert!(
        error.contains("no key environment.max_episode_step; did you mean environment.max_episode_steps?"),
        "{error}"
    );
    let error = refused("evaluation.environment.max_episode_steps=-5");
    assert!(error.contains("evaluation.environment.max_episode_steps = -5 is not allowed"), "{error}");
    let error = refused("replay.capacity=5");
    assert!(error.contains("training.batch_size"), "{error}");
}

#[test]
fn diverging_stops_with_the_update_and_leaves_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let set = ["training.steps=5000", "optimizer.learning_rate=1e30", "checkpoint.every=100"];
    let error = train_with("cartpole", &run, &set, &Settings::default()).unwrap_err().to_string();
    assert!(error.contains("update ") && error.contains("optimizer.learning_rate"), "{error}");
    assert!(error.contains("Its last checkpoint is that of step 100; go on with --resume"), "{error}");
}
