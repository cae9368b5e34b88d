//! What is drawn, whatever draws it.

use serde::Serialize;

/// Curves in one pair of axes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// How its figures came about, in lines.
    pub caption: Vec<String>,
    /// The name of the horizontal axis.
    pub x: String,
    /// The name of the vertical axis.
    pub y: String,
    /// At least one.
    pub curves: Vec<Curve>,
}

/// A curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Its name in the legend.
    pub label: String,
    /// Its number in the [palette](super::PALETTE).
    pub color: usize,
    /// How it is drawn.
    pub kind: Kind,
    /// The points, from left to right, finite.
    pub points: Vec<[f64; 2]>,
    /// An interval for each of the first points; for none, for some, or for all.
    pub band: Vec<[f64; 2]>,
    /// Of the points, the first so many are of all runs; behind them some runs had ended.
    pub of_all_runs: usize,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As a line.
    Line,
    /// As points with a line between them: each was measured by itself.
    Points,
}

impl Curve {
    /// A curve of one run.
    pub fn new(label: impl Into<String>, color: usize, kind: Kind, points: Vec<[f64; 2]>) -> Self {
        let of_all_runs = points.len();
        Self { label: label.into(), color, kind, points, band: Vec::new(), of_all_runs }
    }

    /// The curve with at most about so many points: of each stretch the lowest and the highest stay, so that no peak is lost.
    /// One with a band is short already, and stays.
    #[must_use]
    pub fn thinned(mut self, limit: usize) -> Self {
        if self.points.len() <= limit || !self.band.is_empty() || self.of_all_runs < self.points.len() {
            return self;
        }
        let (last, stretch) = (self.points.len() - 1, self.points.len().div_ceil((limit / 2).max(1)));
        let mut kept = vec![0, last];
        for (number, points) in self.points.chunks(stretch).enumerate() {
            let of = |choose: fn(std::cmp::Ordering) -> bool| {
                let mut chosen = 0;
                for i in 1..points.len() {
                    if choose(points[i][1].total_cmp(&points[chosen][1])) {
                        chosen = i;
                    }
                }
                number * stretch + chosen
            };
            kept.extend([of(std::cmp::Ordering::is_lt), of(std::cmp::Ordering::is_gt)]);
        }
        kept.sort_unstable();
        kept.dedup();
        self.points = kept.into_iter().map(|i| self.points[i]).collect();
        self.of_all_runs = self.points.len();
        self
    }
}

impl Chart {
    /// From the lowest to the highest that must be seen, horizontally and vertically.
    pub fn extent(&self) -> [[f64; 2]; 2] {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let bands = self.curves.iter().flat_map(|curve| &curve.band).flatten();
        [extent(points().map(|point| point[0])), extent(points().map(|point| point[1]).chain(bands.copied()))]
    }
}

fn extent(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let [low, high] =
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_ends_and_peaks() {
        let mut points: Vec<[f64; 2]> = (0..10_000).map(|i| [f64::from(i), f64::from(i % 7)]).collect();
        points[4_321][1] = 99.0;
        points[8_765][1] = -99.0;
        let curve = Curve::new("", 0, Kind::Line, points.clone()).thinned(1_000);
        assert!(curve.points.len() <= 1_002 && curve.points.len() > 500);
        for i in [0, 4_321, 8_765, 9_999] {
            assert!(curve.points.contains(&points[i]), "{i}");
        }
        assert!(curve.points.is_sorted_by(|a, b| a[0] < b[0]));
        assert_eq!(Curve::new("", 0, Kind::Line, vec![[0.0, 1.0]; 1_000]).thinned(1_000).points.len(), 1_000);
    }
}
