//! How wide and how deep a network may be.

use crate::NetError;

/// Layers wider than this are taken for a slip of the hand.
pub(crate) const WIDEST: usize = 1 << 16;
/// Layers of one sequence.
pub(crate) const DEEPEST: usize = 64;

/// Checks the widths of a sequence of layers.
pub(crate) fn check_widths(key: &str, widths: &[usize]) -> Result<(), NetError> {
    check_depth(key, widths.len())?;
    widths.iter().enumerate().try_for_each(|(i, &width)| check_width(&format!("{key}[{i}]"), width))
}

/// Checks the number of layers of a sequence.
pub(crate) fn check_depth(key: &str, depth: usize) -> Result<(), NetError> {
    if depth > DEEPEST {
        return Err(NetError::spec(key, format!("{depth} layers are too many; at most {DEEPEST}")));
    }
    Ok(())
}

/// Checks one width.
pub(crate) fn check_width(key: &str, width: usize) -> Result<(), NetError> {
    if !(1..=WIDEST).contains(&width) {
        return Err(NetError::value(key, width, format!("from 1 to {WIDEST}")));
    }
    Ok(())
}
