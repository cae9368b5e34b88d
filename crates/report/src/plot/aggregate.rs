//! Several runs as one curve.

use crate::statistics::Center;

/// Points of a curve where runs have theirs at many different places.
const GRID: usize = 200;

/// The curve of several runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Together {
    /// The center of the runs that had not ended there.
    pub(super) points: Vec<[f64; 2]>,
    /// The interval, as far as all runs go.
    pub(super) band: Vec<[f64; 2]>,
}

/// A run's curve, and how far the run went.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    /// The points, from left to right, at least one.
    pub(super) points: Vec<[f64; 2]>,
    /// Where the run ended, or stands now: not before its last point.
    pub(super) end: f64,
}

/// Brings runs together. A run's value at any place is that of its last point before; it has none before its first point, and
/// none where the run had ended. The curve begins where all runs have begun.
pub(super) fn together(runs: &[Course], center: Center, repetitions: usize) -> Together {
    let firsts = runs.iter().filter_map(|run| run.points.first()).map(|point| point[0]);
    let begin = firsts.fold(f64::NEG_INFINITY, f64::max);
    let first_end = runs.iter().map(|run| run.end).fold(f64::INFINITY, f64::min);
    let end = runs.iter().map(|run| run.end).fold(f64::NEG_INFINITY, f64::max);
    let mut together = Together::default();
    for x in places(runs, begin, first_end, end) {
        let values: Vec<f64> = runs.iter().filter_map(|run| value(run, x)).collect();
        let Some(y) = center.of(&values) else { continue };
        together.points.push([x, y]);
        if values.len() == runs.len()
            && let Some(interval) = center.interval(&[values], repetitions)
        {
            together.band.push(interval);
        }
    }
    together
}

/// Where the runs have points, if these are few; else places at equal distances.
fn places(runs: &[Course], begin: f64, first_end: f64, end: f64) -> Vec<f64> {
    let mut places: Vec<f64> =
        runs.iter().flat_map(|run| &run.points).map(|point| point[0]).filter(|&x| x >= begin).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    if places.len() > GRID {
        // Steps and episodes are whole.
        let spaces = GRID - 1;
        let place = |i: usize| (begin + (end - begin) * i as f64 / spaces as f64).round();
        places = (0..spaces).map(place).chain([first_end, end]).filter(|&x| x >= begin).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
    }
    places
}

fn value(run: &Course, x: f64) -> Option<f64> {
    let before = run.points.partition_point(|point| point[0] <= x);
    (before > 0 && x <= run.end).then(|| run.points[before - 1][1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(points: &[[f64; 2]], end: f64) -> Course {
        Course { points: points.to_vec(), end }
    }

    #[test]
    fn runs_meet_where_they_have_points() {
        let runs = [course(&[[1.0, 1.0], [2.0, 3.0]], 2.0), course(&[[1.0, 3.0], [2.0, 5.0]], 2.0)];
        let Together { points, band } = together(&runs, Center::Mean, 500);
        assert_eq!(points, [[1.0, 2.0], [2.0, 4.0]]);
        assert_eq!(band, [[1.0, 3.0], [3.0, 5.0]]);
    }

    #[test]
    fn a_run_counts_from_its_first_point_to_its_end() {
        let runs = [course(&[[1.0, 1.0], [3.0, 7.0]], 4.0), course(&[[2.0, 3.0], [4.0, 5.0], [9.0, 4.0]], 9.0)];
        let Together { points, band } = together(&runs, Center::Mean, 500);
        // Begins where both have begun, has both until the first ends, and then the other alone, without an interval.
        assert_eq!(points, [[2.0, 2.0], [3.0, 5.0], [4.0, 6.0], [9.0, 4.0]]);
        assert_eq!(band.len(), 3);
    }

    #[test]
    fn many_points_come_on_a_grid_with_the_end_of_the_shortest() {
        let run = |n: i32, y: f64| course(&(0..n).map(|i| [f64::from(i), y]).collect::<Vec<_>>(), f64::from(n - 1));
        let Together { points, band } = together(&[run(5_000, 2.0), run(1_001, 4.0)], Center::InterquartileMean, 50);
        assert_eq!((points.len(), points.last()), (GRID + 1, Some(&[4_999.0, 2.0])));
        assert_eq!(points[band.len() - 1], [1_000.0, 3.0]);
    }

    #[test]
    fn the_grid_goes_from_the_last_beginning_to_the_last_end_at_equal_distances() {
        let run = |n: i32| course(&(0..n).map(|i| [f64::from(1_000 + i), 1.0]).collect::<Vec<_>>(), 2_990.0);
        let Together { points, .. } = together(&[run(1_991)], Center::Mean, 1);
        let places: Vec<f64> = points.iter().map(|point| point[0]).collect();
        assert_eq!(places, (0..200).map(|i| f64::from(1_000 + 10 * i)).collect::<Vec<_>>());
    }

    #[test]
    fn as_many_points_as_the_grid_has_stay_where_they_are() {
        let squares: Vec<[f64; 2]> = (0..200).map(|i| [f64::from(i * i), f64::from(i)]).collect();
        assert_eq!(together(&[course(&squares, 199.0 * 199.0)], Center::Mean, 1).points, squares);
    }

    #[test]
    fn runs_that_do_not_meet_have_no_interval() {
        let runs = [course(&[[1.0, 1.0]], 1.0), course(&[[5.0, 2.0]], 5.0)];
        assert_eq!(together(&runs, Center::Mean, 10), Together { points: vec![[5.0, 2.0]], band: vec![] });
    }
}
