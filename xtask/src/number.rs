//! Numbers on the command line.

/// A whole number of at least 0, as `deepq` reads it: `10000` or `10_000`.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = unsigned.starts_with(|c: char| c.is_ascii_digit()).then(|| unsigned.replace('_', ""));
    match digits.and_then(|digits| digits.parse::<u128>().ok()) {
        None => Err("it must be a whole number, as 10000 or 10_000".to_owned()),
        Some(1..) if unsigned != text => Err("it must not be negative".to_owned()),
        Some(number) => u64::try_from(number)
            .ok()
            .filter(|&number| number <= MOST)
            .ok_or_else(|| format!("it must be at most {MOST}")),
    }
}

/// The largest number of a TOML file.
const MOST: u64 = i64::MAX as u64;
