//! Which curves are drawn: of runs still going on, of seeds together, of experiments compared. The runs are files as training
//! writes them.

use std::fs;
use std::path::{Path, PathBuf};

use deepq_report::plot::{
    Chart, EPISODES_OF_MEAN, Kind, PlotError, PlotRequest, XAxis, learning_curves, svg, write_curves,
};
use deepq_report::statistics::Center;
use deepq_runs::Document;
use deepq_runs::history::{self, Group};

const EXPERIMENT: &str = r#"name = "cartpole"
[environment]
id = "CartPole-v1"
[agent]
discount = 0.99
[training]
seed = 1
steps = 20_000
"#;

const METRICS: &str = "agent_step,charts/episodic_return,losses/td_loss,charts/SPS";
const EVALUATIONS: &str = "agent_step,mean,std,median,min,max,mean_length,episodes,returns";

/// Writes a run of `cartpole`, with settings of its own, that has these rows.
fn run(folder: &Path, set: &[&str], metrics: &str, evaluations: &[(u64, f64)]) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let mut document = Document::parse("cartpole.toml", EXPERIMENT).unwrap();
    set.iter().for_each(|set| document.set(set).unwrap());
    fs::write(folder.join("experiment.toml"), document.text()).unwrap();
    // Rows may leave out the columns at the end.
    let columns = METRICS.matches(',').count();
    let whole = |row: &str| match row.strip_suffix('\n') {
        Some(row) => format!("{row}{}\n", ",".repeat(columns - row.matches(',').count())),
        None => row.to_owned(),
    };
    let rows: String = metrics.split_inclusive('\n').map(whole).collect();
    fs::write(folder.join("metrics.csv"), format!("{METRICS}\n{rows}")).unwrap();
    let row = |(step, mean): &(u64, f64)| format!("{step},{mean},2,{mean},0,500,{mean},20,1 2 3\n");
    let rows: String = evaluations.iter().map(row).collect();
    fs::write(folder.join("eval.csv"), format!("{EVALUATIONS}\n{rows}")).unwrap();
    folder.to_owned()
}

fn read(runs: &[PathBuf]) -> Vec<Group> {
    history::read(runs).unwrap()
}

fn curves(groups: &[Group], request: &PlotRequest) -> Chart {
    learning_curves(groups, request).unwrap()
}

fn tagged(tag: &str) -> PlotRequest {
    PlotRequest { tag: Some(tag.to_owned()), ..PlotRequest::default() }
}

#[test]
fn a_run_shows_training_and_evaluations_or_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let whole = run(&folder.path().join("a"), &[], "10,4,\n20,8,\n25,,0.5\n", &[(20, 30.0), (40, 50.0)]);
    let chart = curves(&read(&[whole]), &PlotRequest::default());
    let [training, evaluation] = chart.curves.as_slice() else { panic!("{chart:?}") };
    assert_eq!((training.kind, &training.points), (Kind::Line, &vec![[10.0, 4.0], [20.0, 6.0]]));
    assert_eq!((evaluation.kind, &evaluation.points), (Kind::Points, &vec![[20.0, 30.0], [40.0, 50.0]]));
    assert_eq!(evaluation.band, [[28.0, 32.0], [48.0, 52.0]]);
    assert!(chart.caption[0].contains(&format!("last {EPISODES_OF_MEAN} episodes")), "{:?}", chart.caption);
    assert!(chart.caption[0].contains("mean of 20 episodes, band: ± their standard deviation"), "{:?}", chart.caption);

    // A run that was killed while it wrote a line, and has not been evaluated.
    let begun = run(&folder.path().join("b"), &[], "10,4,\n20,8", &[]);
    let chart = curves(&read(std::slice::from_ref(&begun)), &PlotRequest::default());
    assert_eq!((chart.curves.len(), &chart.curves[0].points), (1, &vec![[10.0, 4.0]]));
    svg(&chart).unwrap();
    let nothing = run(&folder.path().join("c"), &[], "", &[]);
    assert_eq!(write_curves(&nothing).unwrap(), None);
    fs::remove_file(nothing.join("metrics.csv")).unwrap();
    fs::remove_file(nothing.join("eval.csv")).unwrap();
    assert_eq!(write_curves(&nothing).unwrap(), None);
    assert_eq!(write_curves(&begun).unwrap(), Some(begun.join("curves.svg")));
}

#[test]
fn figures_that_are_no_numbers_are_left_out_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let diverged = run(folder.path(), &[], "10,,1\n20,,NaN\n30,,3\n40,,inf\n", &[]);
    let groups = read(&[diverged]);
    let chart = curves(&groups, &tagged("losses/td_loss"));
    assert_eq!(chart.curves[0].points, [[10.0, 1.0], [30.0, 3.0]]);
    assert!(chart.caption.iter().any(|line| line.contains("no finite numbers: 2")), "{:?}", chart.caption);
    let smooth = PlotRequest { smooth: Some(2), ..tagged("losses/td_loss") };
    assert_eq!(curves(&groups, &smooth).curves[0].points, [[10.0, 1.0], [30.0, 2.0]]);
    let error = learning_curves(&groups, &tagged("loss")).unwrap_err();
    assert!(matches!(&error, PlotError::UnknownTag { .. }), "{error}");
    assert!(error.to_string().contains("did you mean losses/td_loss?"), "{error}");
}

#[test]
fn seeds_become_one_curve_also_while_some_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, mean, last) in [(1, 10.0, 40), (2, 20.0, 40), (10, 60.0, 20)] {
        let evaluations = [(20, mean), (40, mean + 2.0)];
        let written = evaluations.iter().filter(|(step, _)| *step <= last).copied().collect::<Vec<_>>();
        let set = format!("training.seed={seed}");
        run(&folder.path().join(format!("seed-{seed}")), &[&set], "10,1,\n", &written);
    }
    fs::create_dir(folder.path().join("seed-x")).unwrap();
    // A run that is in the group is not counted twice.
    let groups = read(&[folder.path().to_owned(), folder.path().join("seed-2")]);
    let seeds: Vec<u64> = groups[0].runs.iter().map(|run| run.heading.training.seed).collect();
    assert_eq!((groups.len(), seeds), (1, vec![1, 2, 10]));
    let chart = curves(&groups, &PlotRequest { center: Center::Mean, ..tagged("eval") });
    let curve = &chart.curves[0];
    assert_eq!(curve.points, [[20.0, 30.0], [40.0, 17.0]]);
    assert_eq!((curve.of_all_runs, curve.band.len()), (1, 1));
    assert!(curve.band[0][0] >= 10.0 && curve.band[0][0] < 30.0 && curve.band[0][1] > 30.0, "{:?}", curve.band);
    assert!(chart.caption.iter().any(|line| line.contains("Mean of 3 runs (seeds 1, 2, 10)")), "{:?}", chart.caption);
    assert!(chart.caption.iter().any(|line| line.starts_with("Thin")), "{:?}", chart.caption);
}

#[test]
fn a_seed_counts_once_with_the_run_that_is_further() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, seed: u64, steps: &[u64]| {
        let evaluations: Vec<(u64, f64)> = steps.iter().map(|&step| (step, step as f64)).collect();
        run(&folder.path().join(name), &[&format!("training.seed={seed}")], "10,1,\n", &evaluations)
    };
    let (short, long, other) = (at("a", 1, &[20]), at("b", 1, &[20, 40]), at("c", 2, &[20]));
    for order in [[&short, &long, &other], [&long, &other, &short]] {
        let groups = read(&order.map(Clone::clone));
        let folders: Vec<&PathBuf> = groups[0].runs.iter().map(|run| &run.folder).collect();
        assert_eq!((groups.len(), folders), (1, vec![&long, &other]));
    }
}

#[test]
fn speed_is_drawn_from_the_first_update_on() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &[], "10,1,,90000\n20,1,0.5,800\n30,1,0.5,400\n40,1,0.5,420\n", &[]);
    let chart = curves(&read(&[run]), &tagged("charts/SPS"));
    assert_eq!(chart.curves[0].points, [[30.0, 400.0], [40.0, 420.0]]);
    assert!(chart.caption.iter().any(|line| line.contains("from the first update on")), "{:?}", chart.caption);
}

#[test]
fn experiments_are_told_apart_by_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let evaluations = [(20, 5.0)];
    let at = |name: &str| folder.path().join(name);
    let runs = [
        run(&at("a"), &["training.seed=1"], "10,1,\n", &evaluations),
        run(&at("b"), &["training.seed=2", "training.steps=90000"], "10,3,\n", &evaluations),
        run(&at("c"), &["agent.discount=0.5"], "10,5,\n", &evaluations),
        run(&at("d"), &["name=mine"], "10,7,\n", &[]),
    ];
    let groups = read(&runs);
    let labels: Vec<(&str, usize)> = groups.iter().map(|group| (group.label.as_str(), group.runs.len())).collect();
    assert_eq!(labels, [("cartpole: discount=0.99", 2), ("cartpole: discount=0.5", 1), ("mine", 1)]);
    // Without evaluations of all, training is compared.
    let chart = curves(&groups, &PlotRequest::default());
    assert_eq!((chart.title.as_str(), chart.curves.len(), chart.curves[0].points[0]), ("CartPole-v1", 3, [10.0, 2.0]));
    let chart = curves(&groups[..2], &PlotRequest::default());
    assert!(chart.curves.iter().all(|curve| curve.kind == Kind::Points && curve.points[0] == [20.0, 5.0]), "{chart:?}");
    assert_eq!(chart.curves.iter().map(|curve| curve.color).collect::<Vec<_>>(), [0, 1]);
    let elsewhere = run(&at("e"), &["environment.id=Acrobot-v1"], "10,1,\n", &evaluations);
    let chart = curves(&read(&[runs[0].clone(), elsewhere]), &PlotRequest::default());
    assert!(chart.caption.iter().any(|line| line.contains("Acrobot-v1, CartPole-v1")), "{:?}", chart.caption);
}

#[test]
fn episodes_can_be_the_horizontal_axis() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &[], "10,1,\n20,3,\n20,,0.5\n30,5,\n", &[(20, 9.0), (35, 8.0)]);
    let chart = curves(&read(&[run]), &PlotRequest { x: XAxis::Episodes, smooth: Some(1), ..PlotRequest::default() });
    assert_eq!(chart.x, "episodes");
    assert_eq!(chart.curves[0].points, [[1.0, 1.0], [2.0, 3.0], [3.0, 5.0]]);
    assert_eq!(chart.curves[1].points, [[2.0, 9.0], [3.0, 8.0]]);
}

#[test]
fn what_is_no_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = history::read(&[folder.path().to_owned()]).unwrap_err().to_string();
    assert!(error.contains("is not the folder of a run"), "{error}");
    let run = run(folder.path(), &[], "", &[]);
    fs::write(run.join("metrics.csv"), "something else\n").unwrap();
    let error = history::read(&[run]).unwrap_err().to_string();
    assert!(error.contains("metrics.csv is damaged"), "{error}");
}
