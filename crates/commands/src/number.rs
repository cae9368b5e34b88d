//! Numbers on the command line, each with words for what is wrong with one.

/// The largest number of a TOML file.
const MOST: u64 = i64::MAX as u64;

/// A whole number from 0 to 2⁶³ - 1, written as in a TOML file: `10000` or `10_000`.
///
/// # Errors
///
/// What it must be, where it is something else.
pub fn whole(text: &str) -> Result<u64, String> {
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

/// A number from `least` to `most`, both included.
pub(crate) fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("it must be a number from {least} to {most}"))
}

/// A number above 0.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|&number: &f64| number > 0.0).ok_or_else(|| "it must be a number above 0".to_owned())
}

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

    #[test]
    fn a_number_lies_within_its_limits() {
        assert_eq!([within("0.1", 0.1, 8.0), within("8", 0.1, 8.0), positive("1e-9")], [Ok(0.1), Ok(8.0), Ok(1e-9)]);
        for wrong in ["0.09", "8.1", "-1", "NaN", "inf", "fast", ""] {
            assert_eq!(within(wrong, 0.1, 8.0), Err("it must be a number from 0.1 to 8".to_owned()), "{wrong}");
        }
        assert!(["0", "-1", "NaN", "fast", ""].into_iter().all(|wrong| positive(wrong).is_err()));
    }
}
