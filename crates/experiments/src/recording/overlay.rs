//! What the agent does and thinks, beside the game.

use deepq_agents::Preferences;
use deepq_envs::Status;
use image::RgbImage;

use super::panel::{Panel, ink};
use crate::gameplay::{Moment, Scene};

/// Longer names of actions are cut.
const NAME: usize = 14;
/// Characters of a number.
const NUMBER: usize = 9;
/// The lines above those of the actions.
const HEADER: usize = 7;

/// Step, return, and a bar for each action.
pub(super) struct Overlay {
    names: Vec<String>,
    /// The most that an action's value was above another's so far: as long is the longest bar.
    spread: f32,
}

impl Overlay {
    pub(super) fn new(scene: &Scene) -> Self {
        let names = scene.actions.iter().map(|name| name.chars().take(NAME).collect()).collect();
        Self { names, spread: 0.0 }
    }

    /// The panel, at least so high. `values` is what the agent thinks of each action.
    pub(super) fn draw(&mut self, scene: &Scene, moment: &Moment, values: &[f32], height: u32) -> RgbImage {
        let names = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        // A mark, the name, a gap, the number.
        let mut panel = Panel::new((2 + names + 1 + NUMBER).max(24), HEADER + self.names.len(), height);
        let &Moment { episode, step, reward, total, status, action } = moment;
        panel.left(0, &scene.environment, ink::TEXT);
        let state = match status {
            Status::Running => "",
            Status::Terminated => "terminated",
            Status::Truncated => "truncated",
        };
        let rows = [
            ("episode", format!("{} of {}", episode + 1, scene.episodes)),
            ("step", step.to_string()),
            ("return", number(total)),
            ("reward", number(reward)),
        ];
        for (line, (name, value)) in (1..).zip(rows) {
            panel.left(line, name, ink::FAINT);
            panel.right(line, &value, ink::TEXT);
        }
        let title = match scene.values {
            Preferences::QValues => "Q-values",
            Preferences::Logits => "logits",
        };
        panel.left(HEADER - 1, title, ink::FAINT);
        panel.right(HEADER - 1, state, ink::TEXT);

        let lowest = values.iter().copied().fold(f32::INFINITY, f32::min);
        let above: Vec<f32> = values.iter().map(|value| value - lowest).collect();
        self.spread = above.iter().copied().fold(self.spread, f32::max);
        for (i, (name, (value, above))) in self.names.iter().zip(values.iter().zip(above)).enumerate() {
            let line = HEADER + i;
            let chosen = action == Some(i);
            let length = if self.spread > 0.0 { f64::from(above / self.spread) } else { 0.0 };
            // Also the worst has something to be seen.
            const STUB: f64 = 0.02;
            panel.bar(line, 0.0, length.max(STUB), if chosen { ink::CHOSEN } else { ink::BAR });
            panel.left(line, &format!("{} {name}", if chosen { '>' } else { ' ' }), ink::TEXT);
            panel.right(line, &number(f64::from(*value)), ink::TEXT);
        }
        panel.into_picture()
    }
}

/// A number in at most [`NUMBER`] characters.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        x if x >= 10_000.0 => return format!("{value:.2e}"),
        x if x >= 1_000.0 => 0,
        x if x >= 100.0 => 1,
        x if x >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    // Returns of games are whole.
    if value.fract() == 0.0 { format!("{value}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_counts() {
        let written = [21.0, -200.0, 0.0, 0.12345, -12.3456, 123.456, 1234.5, 98_765.4].map(number);
        assert_eq!(written, ["21", "-200", "0", "0.123", "-12.35", "123.5", "1234", "9.88e4"]);
        assert!([f64::MIN, f64::NAN, f64::INFINITY, -99_999.0].into_iter().all(|x| number(x).len() <= NUMBER));
    }
}
