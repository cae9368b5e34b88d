//! Moving means.

use deepq_runs::Point;

/// The points whose value is a number, and how many were not: a run that diverged has some.
pub fn finite(points: &[Point]) -> (Vec<Point>, usize) {
    let finite: Vec<Point> = points.iter().copied().filter(|point| point.value.is_finite()).collect();
    let lost = points.len() - finite.len();
    (finite, lost)
}

/// Each point's value becomes the mean of the last `window` ones, itself included; at the beginning, of as many as there are.
pub fn moving_mean(points: &[Point], window: usize) -> Vec<Point> {
    let window = window.max(1);
    // The sum of the window, and what rounding has taken from it (Neumaier's): added up anew, a wide one would take hours.
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    let mut add = |value: f64| {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
        sum + lost
    };
    let mut mean = |last: usize| {
        let mut of_window = add(points[last].value);
        if let Some(gone) = last.checked_sub(window) {
            of_window = add(-points[gone].value);
        }
        of_window / (last + 1).min(window) as f64
    };
    points.iter().enumerate().map(|(i, point)| Point { step: point.step, value: mean(i) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().zip(1..).map(|(&value, step)| Point { step, value }).collect()
    }

    /// `pandas.Series([1, 2, 6, 3]).rolling(3, min_periods=1).mean()`.
    #[test]
    fn means_are_those_of_pandas() {
        assert_eq!(moving_mean(&points(&[1.0, 2.0, 6.0, 3.0]), 3), points(&[1.0, 1.5, 3.0, 11.0 / 3.0]));
        assert_eq!(moving_mean(&points(&[4.0, 2.0]), 1), points(&[4.0, 2.0]));
        assert_eq!(moving_mean(&points(&[4.0, 2.0]), 0), points(&[4.0, 2.0]));
        assert_eq!(moving_mean(&points(&[4.0, 2.0]), 100), points(&[4.0, 3.0]));
        assert_eq!(moving_mean(&[], 3), []);
    }

    #[test]
    fn sums_of_a_long_course_stay_exact() {
        let huge = |i: usize| if i.is_multiple_of(97) { 1e12 } else { 0.1 };
        let values: Vec<f64> = (0..20_000).map(huge).collect();
        let means = moving_mean(&points(&values), 5);
        for (i, mean) in means.iter().enumerate().skip(5) {
            let expected = values[i - 4..=i].iter().sum::<f64>() / 5.0;
            assert!((mean.value - expected).abs() <= 1e-12 * expected, "{i}: {} is not {expected}", mean.value);
        }
    }

    #[test]
    fn what_is_no_number_is_counted() {
        let (kept, lost) = finite(&points(&[1.0, f64::NAN, 3.0, f64::INFINITY]));
        assert_eq!((kept.iter().map(|point| point.step).collect::<Vec<_>>(), lost), (vec![1, 3], 2));
    }
}
