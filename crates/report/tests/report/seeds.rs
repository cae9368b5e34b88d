//! Runs of several seeds, of which some count and some do not.

use deepq_report::{Aggregate, SeedsSummary};
use deepq_runs::{EvaluationFigures, Finished, Summary, TimeSpent};

fn summary(seed: u64, finished: Finished, mean: f64) -> Summary {
    let evaluation =
        EvaluationFigures { mean, std: 1.0, min: mean, max: mean, median: mean, episodes: 10, at_step: 200 };
    Summary {
        experiment: "cartpole".to_owned(),
        environment: "CartPole-v1".to_owned(),
        protocol: String::new(),
        seed,
        device: "cpu".to_owned(),
        threads: 1,
        isa: "portable".to_owned(),
        finished,
        agent_steps: 200,
        frames: 200,
        updates: 100,
        episodes: 10,
        seconds: 1.0,
        steps_per_second: None,
        updates_per_second: None,
        time: TimeSpent::default(),
        last_evaluation: Some(evaluation.clone()),
        best_evaluation: Some(EvaluationFigures { mean: mean + 1.0, ..evaluation }),
        peak_memory_bytes: None,
        replay_bytes: 0,
        digest: String::new(),
    }
}

#[test]
fn what_was_not_finished_does_not_count() {
    let runs = [
        summary(1, Finished::Steps, 10.0),
        summary(3, Finished::Interrupted, 1_000.0),
        summary(4, Finished::Threshold, 20.0),
    ];
    let together = SeedsSummary::new(&[1, 2, 3, 4], &runs.iter().collect::<Vec<_>>());
    assert_eq!((together.seeds.clone(), together.unfinished.clone()), (vec![1, 4], vec![2, 3]));
    let last = Aggregate { interquartile_mean: 15.0, interval: [10.0, 20.0] };
    let best = Aggregate { interquartile_mean: 16.0, interval: [11.0, 21.0] };
    assert_eq!((together.last_evaluation, together.best_evaluation), (Some(last), Some(best)));

    let folder = tempfile::tempdir().unwrap();
    together.write(folder.path()).unwrap();
    let written = std::fs::read_to_string(folder.path().join("seeds.json")).unwrap();
    assert!(written.ends_with("}\n") && written.contains("\"unfinished\""), "{written}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something unfinished is left");
}

#[test]
fn without_a_finished_run_there_are_no_figures() {
    let together = SeedsSummary::new(&[1, 2], &[]);
    assert_eq!((together.unfinished, together.last_evaluation), (vec![1, 2], None));
}
