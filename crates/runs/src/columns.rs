//! A run's tables, read back: column by column, whatever columns there are.

use std::io;
use std::path::Path;

use crate::StorageError;

/// A figure at an agent step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The agent step.
    pub step: u64,
    /// The figure; it need not be finite.
    pub value: f64,
}

/// The columns of `metrics.csv` or `eval.csv`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    columns: Vec<(String, Vec<Point>)>,
}

impl Columns {
    /// Reads a table. One that does not exist has no columns; the last line of a run that is still going on may be there by
    /// half, and does not count; nor does a line that is none of the table's, as a crash may leave them.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`], and [`StorageError::Damaged`] if its first line does not name the columns.
    pub fn read(path: &Path) -> Result<Self, StorageError> {
        let contents = match std::fs::read(path) {
            Ok(contents) => contents,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(StorageError::io("read", path)(error)),
        };
        Self::parse(&String::from_utf8_lossy(&contents))
            .ok_or_else(|| StorageError::damaged(path, "its first line does not name the columns"))
    }

    fn parse(text: &str) -> Option<Self> {
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut lines = whole.lines();
        let Some(header) = lines.next() else { return Some(Self::default()) };
        let names: Vec<&str> = header.split(',').collect();
        let ["agent_step", names @ ..] = names.as_slice() else { return None };
        let mut columns: Vec<(String, Vec<Point>)> = names.iter().map(|&name| (name.to_owned(), Vec::new())).collect();
        for line in lines {
            let mut cells = line.split(',');
            let step = cells.next().and_then(|cell| cell.parse().ok());
            let (Some(step), true) = (step, cells.clone().count() == names.len()) else { continue };
            for ((_, points), cell) in columns.iter_mut().zip(cells) {
                if let Ok(value) = cell.parse() {
                    points.push(Point { step, value });
                }
            }
        }
        Some(Self { columns })
    }

    /// The figures of a column, in the order of their steps; none where there is no such column.
    pub fn get(&self, name: &str) -> &[Point] {
        self.columns.iter().find(|(column, _)| column == name).map_or(&[], |(_, points)| points)
    }

    /// The columns' names, without that of the agent steps.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// The last agent step of which the table says something.
    pub fn last_step(&self) -> Option<u64> {
        self.columns.iter().filter_map(|(_, points)| points.last()).map(|point| point.step).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_count_and_empty_cells_do_not() {
        let text = "agent_step,a,b\n1,2.5,\n3,NaN,-1\ntorn\n4,1,2,3\nx,1,1\n7,inf,8\n9,1";
        let columns = Columns::parse(text).unwrap();
        let points = |name| columns.get(name).iter().map(|point| (point.step, point.value)).collect::<Vec<_>>();
        assert_eq!(points("b"), [(3, -1.0), (7, 8.0)]);
        assert_eq!(points("a").len(), 3);
        assert!(points("a")[1].1.is_nan() && points("a")[2].1.is_infinite());
        assert!(columns.get("c").is_empty());
        assert_eq!((columns.names().collect::<Vec<_>>(), columns.last_step()), (vec!["a", "b"], Some(7)));
    }

    #[test]
    fn a_table_may_be_empty_but_not_something_else() {
        for empty in ["", "agent_st", "agent_step,a\n"] {
            assert_eq!(Columns::parse(empty).unwrap().last_step(), None);
        }
        assert_eq!(Columns::parse("step,a\n1,2\n"), None);
        assert_eq!(Columns::read(Path::new("no/such/table.csv")).unwrap(), Columns::default());
    }
}
