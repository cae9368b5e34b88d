//! Figures as they are read, with the exact ones for programs.

use std::time::Duration;

use deepq_runs::{duration, grouped};
use maud::{Markup, html};

/// A number as it is read, with the exact one for programs.
pub(super) fn number(value: f64) -> Markup {
    html! { data value=(value) { (format!("{value:.2}")) } }
}

/// A whole number.
pub(super) fn count(value: u64) -> Markup {
    html! { data value=(value) { (grouped(value)) } }
}

/// A duration, with its seconds for programs.
pub(super) fn time(seconds: f64) -> Markup {
    let text = if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else {
        duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    };
    html! { data value=(seconds) { (text) } }
}

/// Bytes as people read them.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
