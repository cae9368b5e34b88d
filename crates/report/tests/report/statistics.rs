//! The figures over several seeds are those of the package `rliable`, which said them for the same scores: see
//! `rliable/generate.py`.

use deepq_report::statistics::{Center, bootstrap_interval, interquartile_mean};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figures {
    name: String,
    /// Task by task.
    scores: Vec<Vec<f64>>,
    iqm: f64,
    low: f64,
    high: f64,
}

#[test]
fn interquartile_means_and_their_intervals_are_rliables() {
    let figures: Vec<Figures> = serde_json::from_str(include_str!("../rliable/figures.json")).unwrap();
    assert!(figures.len() >= 5);
    for Figures { name, scores, iqm, low, high } in figures {
        let mean = interquartile_mean(&scores.concat()).unwrap();
        assert!((mean - iqm).abs() <= 1e-12 * iqm.abs().max(1.0), "{name}: {mean} is not {iqm}");
        // Two bootstraps differ by chance: a fiftieth of the width is several times as much.
        let [our_low, our_high] = bootstrap_interval(&scores).unwrap();
        let tolerance = 0.02 * (high - low);
        assert!((our_low - low).abs() <= tolerance, "{name}: {our_low} is not {low}");
        assert!((our_high - high).abs() <= tolerance, "{name}: {our_high} is not {high}");
    }
}

#[test]
fn without_scores_there_are_no_figures() {
    assert_eq!(interquartile_mean(&[]), None);
    assert_eq!(bootstrap_interval(&[]), None);
    assert_eq!(bootstrap_interval(&[vec![1.0], vec![]]), None);
    assert_eq!(Center::Mean.interval(&[vec![1.0]], 0), None);
    assert_eq!((interquartile_mean(&[3.5]), bootstrap_interval(&[vec![3.5]])), (Some(3.5), Some([3.5, 3.5])));
}
