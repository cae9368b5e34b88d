//! Numbers as axes and captions have them.

/// A number in a few characters: `20k`, `1.5M`, `-0.25`, `3e-5`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    let (scaled, unit) = match size {
        _ if !value.is_finite() => return value.to_string(),
        1e9.. => (value / 1e9, "G"),
        1e6.. => (value / 1e6, "M"),
        1e3.. => (value / 1e3, "k"),
        // Rounding errors of ticks.
        ..1e-12 => return "0".to_owned(),
        ..1e-3 => {
            let text = format!("{value:.2e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            return format!("{}e{exponent}", bare(digits));
        }
        _ => (value, ""),
    };
    let digits = if unit.is_empty() && size < 1.0 { 4 } else { 2 };
    format!("{}{unit}", bare(&format!("{scaled:.digits$}")))
}

/// Without the zeros behind the point.
fn bare(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 1e-17, 5.0, -21.0, 0.25, 0.0625, 1e-4, 2.5e-5, 999.0, 1_000.0, 20_000.0, 1.5e6, 2e9, 150.5];
        let expected =
            ["0", "0", "5", "-21", "0.25", "0.0625", "1e-4", "2.5e-5", "999", "1k", "20k", "1.5M", "2G", "150.5"];
        assert_eq!(numbers.map(short), expected);
        assert_eq!(short(f64::NAN), "NaN");
    }
}
