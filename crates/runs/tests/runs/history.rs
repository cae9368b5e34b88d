//! What runs have written down is read back, whatever trained them.

use std::fs;
use std::path::{Path, PathBuf};

use deepq_runs::history;

/// A run of an algorithm, in an environment, with keys that this crate has never heard of.
fn run(folder: &Path, seed: u64, discount: f64) -> PathBuf {
    let path = folder.join(format!("run-{seed}-{discount}"));
    fs::create_dir(&path).unwrap();
    let experiment = format!(
        "name = \"new\"\n[environment]\nid = \"Unheard-v7\"\nmoons = 3\n[agent]\nkind = \"newest\"\ndiscount = {discount}\n\
         [training]\nseed = {seed}\nsteps = 1000\n"
    );
    fs::write(path.join("experiment.toml"), experiment).unwrap();
    fs::write(path.join("metrics.csv"), "agent_step,charts/episodic_return,losses/entropy\n10,4,\n20,,0.5\n").unwrap();
    fs::write(
        path.join("eval.csv"),
        "agent_step,mean,std,median,min,max,mean_length,episodes,returns\n20,3,1,3,2,4,9,2,2 4\n",
    )
    .unwrap();
    path
}

#[test]
fn runs_of_unknown_algorithms_are_read_and_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [run(folder.path(), 1, 0.9), run(folder.path(), 2, 0.9), run(folder.path(), 1, 0.5)];
    let groups = history::read(&runs).unwrap();
    let labels: Vec<(&str, usize)> = groups.iter().map(|group| (group.label.as_str(), group.runs.len())).collect();
    assert_eq!(labels, [("new: discount=0.9", 2), ("new: discount=0.5", 1)]);
    let first = &groups[0].runs[0];
    assert_eq!(first.heading.environment.id, "Unheard-v7");
    assert_eq!(first.points("losses/entropy").len(), 1);
    assert!(first.tags().contains(&"losses/entropy".to_owned()) && first.tags().contains(&"eval/mean".to_owned()));
    let evaluations = first.evaluation_figures();
    assert_eq!((evaluations.len(), evaluations[0].mean, evaluations[0].episodes), (1, 3.0, 2));
    assert!(first.summary.is_none());
}
