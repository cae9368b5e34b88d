//! Turning matrices over.

/// Side of the squares that are turned over while they are in the first-level cache.
const SIDE: usize = 16;

/// to[column * to_stride + row] = from[row * from_stride + column].
pub(crate) fn transpose(
    from: &[f32],
    [rows, columns]: [usize; 2],
    from_stride: usize,
    to: &mut [f32],
    to_stride: usize,
) {
    for row in (0..rows).step_by(SIDE) {
        let rows = row..rows.min(row + SIDE);
        for column in (0..columns).step_by(SIDE) {
            for column in column..columns.min(column + SIDE) {
                let to = &mut to[column * to_stride..][rows.clone()];
                for (row, to) in rows.clone().zip(to) {
                    *to = from[row * from_stride + column];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::transpose;

    #[test]
    fn rows_become_columns() {
        let (rows, columns, from_stride, to_stride) = (37, 19, 23, 41);
        let from: Vec<f32> = (0..rows * from_stride).map(|i| i as f32).collect();
        let mut to = vec![-1.0; columns * to_stride];
        transpose(&from, [rows, columns], from_stride, &mut to, to_stride);
        for (i, value) in to.iter().enumerate() {
            let (column, row) = (i / to_stride, i % to_stride);
            assert_eq!(*value, if row < rows { from[row * from_stride + column] } else { -1.0 });
        }
    }
}
