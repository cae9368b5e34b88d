//! Several seeds in one process: what happens to one of them happens to no other.

use std::path::Path;
use std::sync::Arc;

use deepq_experiments::RunError;
use deepq_experiments::config::{self, Overrides};
use deepq_experiments::session::{self, Group, Settings};

#[test]
fn a_seed_that_panics_is_a_failed_one_and_the_others_count() {
    let folder = tempfile::tempdir().unwrap();
    let set = vec!["evaluation.every=0".to_owned()];
    let overrides = Overrides { set, steps: Some(200), ..Overrides::default() };
    let (_, document) = config::load("cartpole", &overrides).unwrap();
    let group = Group::new(&folder.path().join("group"), &[1, 2, 3], document).unwrap();
    let settings_of = |seed: u64, _: &Path| Settings {
        on_start: Arc::new(move || assert!(seed != 2, "of fright")),
        ..Settings::default()
    };
    // One after the other, so that one worker has all of them.
    let runs = session::train_seeds(&group, 1, &Settings::default(), &settings_of).unwrap();
    assert_eq!(runs.iter().map(|run| run.seed).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(matches!(&runs[1].outcome, Err(RunError::Panicked { said }) if said == "of fright"), "{:?}", runs[1]);
    for run in [&runs[0], &runs[2]] {
        assert_eq!(run.outcome.as_ref().unwrap().agent_steps, 200);
    }
    // What broke down is free to go on.
    let runs = session::train_seeds(&group, 1, &Settings::default(), &|_, _| Settings::default()).unwrap();
    assert!(runs.iter().all(|run| run.outcome.is_ok()), "{runs:?}");
}
