//! Numbers on the command line.

/// A whole number of at least 0, as `deepq` reads it: `10000` or `10_000`.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let allowed = text.starts_with(|c: char| c.is_ascii_digit());
    let number = digits.parse().ok().filter(|&number| allowed && number <= i64::MAX as u64);
    number.ok_or_else(|| format!("it must be a whole number from 0 to {}, as 10000 or 10_000", i64::MAX))
}
