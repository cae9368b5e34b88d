//! Numbers on the command line.

/// A whole number of at least 0, written as in a TOML file: `10000` or `10_000`.
pub(super) fn whole(text: &str) -> Result<u64, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_number_is_said() {
        assert_eq!([whole("0"), whole("10_000"), whole("9223372036854775807")], [Ok(0), Ok(10_000), Ok(MOST)]);
        for (text, words) in [("-1", "negative"), ("9223372036854775808", "at most"), ("_1", "whole"), ("1.5", "whole")]
        {
            assert!(whole(text).unwrap_err().contains(words), "{text}: {:?}", whole(text));
        }
        assert!(whole("--1").is_err() && whole("").is_err() && whole("-").is_err() && whole("1e3").is_err());
    }
}
