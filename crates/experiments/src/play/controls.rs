//! Which key is which action, by what the actions mean.

use deepq_envs::Discrete;

use crate::terminal::Key;

/// What a key does in a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// The stick to one side: ↑ or W.
    Up,
    /// ↓ or S.
    Down,
    /// ← or A.
    Left,
    /// → or D.
    Right,
    /// The button: the space bar.
    Button,
    /// An action by its number.
    Action(usize),
}

impl Control {
    /// What a key does, if it plays.
    pub fn of(key: Key) -> Option<Self> {
        Some(match key {
            Key::Up | Key::Character('w') => Self::Up,
            Key::Down | Key::Character('s') => Self::Down,
            Key::Left | Key::Character('a') => Self::Left,
            Key::Right | Key::Character('d') => Self::Right,
            Key::Character(' ') => Self::Button,
            Key::Character(digit) => Self::Action(digit.to_digit(10)? as usize),
            Key::Enter | Key::Escape | Key::Interrupt => return None,
        })
    }
}

/// Where the stick is, and whether the button is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stick {
    /// -1 left, 1 right.
    pub horizontal: i8,
    /// -1 down, 1 up.
    pub vertical: i8,
    /// The button.
    pub button: bool,
}

/// Words for doing nothing.
const IDLE: [&str; 4] = ["noop", "none", "nothing", "stay"];
/// Parts of words, and where they move the stick: right and up.
const DIRECTIONS: [(&str, i8, i8); 5] =
    [("up", 0, 1), ("down", 0, -1), ("left", -1, 0), ("right", 1, 0), ("main engine", 0, 1)];
const BUTTON: &str = "fire";
/// Actions that have a key with their number.
const DIGITS: usize = 10;

impl Stick {
    /// Where the stick is for an action of this meaning, as `"UPRIGHTFIRE"`, `"left engine"` or `"stay"`; `None` for what
    /// is none of a joystick's.
    fn meaning(meaning: &str) -> Option<Self> {
        let meaning = meaning.to_lowercase();
        if IDLE.contains(&meaning.as_str()) {
            return Some(Self::default());
        }
        let mut stick = Self { button: meaning.contains(BUTTON), ..Self::default() };
        for (_, right, up) in DIRECTIONS.iter().filter(|(word, ..)| meaning.contains(word)) {
            (stick.horizontal, stick.vertical) = (stick.horizontal + right, stick.vertical + up);
        }
        (stick != Self::default()).then_some(stick)
    }
}

/// The keys of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    actions: Discrete,
    /// Where the stick is for each action that has such a place.
    sticks: Vec<Option<Stick>>,
}

impl Controls {
    /// The keys for these actions.
    pub fn new(actions: &Discrete) -> Self {
        let meanings = (0..actions.n()).map(|action| actions.meaning(action));
        let sticks = match amounts(actions) {
            Some(amounts) => of_amounts(&amounts),
            None => meanings.map(|meaning| meaning.and_then(Stick::meaning)).collect(),
        };
        Self { actions: actions.clone(), sticks }
    }

    /// The action of a number, if there is one.
    pub fn numbered(&self, action: usize) -> Option<usize> {
        self.actions.contains(action).then_some(action)
    }

    /// The action that does nothing, if there is one.
    pub fn idle(&self) -> Option<usize> {
        self.find(Stick::default())
    }

    /// The action for the stick as it is held. Where the game has none for both axes, or for the stick with the button, it is
    /// the one for a part of it, at last that of doing nothing. In a game that only moves from left to right, up is right and down is left.
    pub fn action(&self, stick: Stick) -> Option<usize> {
        let mut stick = stick;
        if !self.sticks.iter().flatten().any(|stick| stick.vertical != 0) {
            let sideways = if stick.horizontal == 0 { stick.vertical } else { stick.horizontal };
            stick = Stick { horizontal: sideways, vertical: 0, ..stick };
        }
        let Stick { horizontal, vertical, button } = stick;
        let parts = [button, false].map(|button| {
            [(horizontal, vertical), (horizontal, 0), (0, vertical)].map(|(horizontal, vertical)| Stick {
                horizontal,
                vertical,
                button,
            })
        });
        let moved = parts.into_iter().flatten().filter(|part| (part.horizontal, part.vertical) != (0, 0));
        let at_rest = [button, false].map(|button| Stick { button, ..Stick::default() });
        moved.chain(at_rest).find_map(|part| self.find(part))
    }

    fn find(&self, stick: Stick) -> Option<usize> {
        self.sticks.iter().position(|of| *of == Some(stick))
    }

    /// What an action is called.
    pub fn name(&self, action: usize) -> String {
        self.actions.meaning(action).map_or_else(|| format!("action {action}"), str::to_owned)
    }

    /// The keys and what they do, as `"← left"`.
    pub fn keys(&self) -> Vec<String> {
        let single = [("↑", 0, 1), ("↓", 0, -1), ("←", -1, 0), ("→", 1, 0)]
            .map(|(key, horizontal, vertical)| (key, Stick { horizontal, vertical, button: false }))
            .into_iter()
            .chain([("space", Stick { button: true, ..Stick::default() })]);
        let named = single.filter_map(|(key, stick)| Some(format!("{key} {}", self.name(self.find(stick)?))));
        let digits: Vec<String> = (0..self.actions.n().min(DIGITS))
            .filter_map(|action| Some(format!("{action} {}", self.actions.meaning(action)?)))
            .collect();
        match digits.len() {
            // Without names.
            0 => vec![format!("0-{} actions", self.actions.n().min(DIGITS) - 1)],
            // Each of them a place of the stick: the numbers need no names of their own.
            _ if self.sticks.iter().all(Option::is_some) => {
                named.chain([format!("0-{} by number", digits.len() - 1)]).collect()
            }
            _ => named.chain(digits).collect(),
        }
    }
}

/// The numbers that the actions differ by, as `"torque -1"`, if all have one.
fn amounts(actions: &Discrete) -> Option<Vec<f64>> {
    let amount = |action| actions.meaning(action)?.rsplit(' ').next()?.parse().ok();
    (0..actions.n()).map(amount).collect()
}

/// The least amount is left, the largest right, and none is idle.
fn of_amounts(amounts: &[f64]) -> Vec<Option<Stick>> {
    let least = amounts.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = amounts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let side = |amount: f64| match amount {
        0.0 => Some(0),
        _ if amount == least => Some(-1),
        _ if amount == largest => Some(1),
        _ => None,
    };
    amounts.iter().map(|&amount| Some(Stick { horizontal: side(amount)?, ..Stick::default() })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stick(horizontal: i8, vertical: i8, button: bool) -> Stick {
        Stick { horizontal, vertical, button }
    }

    /// The actions for ←, →, ↑, ↓, the button, and hands off.
    fn actions<const N: usize>(meanings: [&str; N]) -> [Option<usize>; 6] {
        let controls = Controls::new(&Discrete::named(meanings));
        [(-1, 0, false), (1, 0, false), (0, 1, false), (0, -1, false), (0, 0, true), (0, 0, false)]
            .map(|(horizontal, vertical, button)| controls.action(stick(horizontal, vertical, button)))
    }

    #[test]
    fn keys_do_what_the_actions_mean() {
        assert_eq!(actions(["left", "right"]), [Some(0), Some(1), Some(1), Some(0), None, None]);
        assert_eq!(actions(["left", "none", "right"]), [Some(0), Some(2), Some(2), Some(0), Some(1), Some(1)]);
        assert_eq!(actions(["up", "right", "down", "left"]), [Some(3), Some(1), Some(0), Some(2), None, None]);
        let lander = ["nothing", "left engine", "main engine", "right engine"];
        assert_eq!(actions(lander), [Some(1), Some(3), Some(2), Some(0), Some(0), Some(0)]);
        let acrobot = ["torque -1", "torque 0", "torque 1"];
        assert_eq!(actions(acrobot), [Some(0), Some(2), Some(2), Some(0), Some(1), Some(1)]);
        let pendulum = ["torque -2", "torque -1", "torque 0", "torque 1", "torque 2"];
        assert_eq!(actions(pendulum), [Some(0), Some(4), Some(4), Some(0), Some(2), Some(2)]);
    }

    #[test]
    fn pong_is_played_up_and_down() {
        let pong = ["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"];
        assert_eq!(actions(pong), [Some(3), Some(2), Some(2), Some(3), Some(1), Some(0)]);
        let controls = Controls::new(&Discrete::named(pong));
        assert_eq!(controls.action(stick(0, 1, true)), Some(4));
    }

    #[test]
    fn two_keys_are_one_action_or_the_part_that_there_is() {
        let all = Controls::new(&Discrete::named(["NOOP", "FIRE", "UP", "RIGHT", "UPRIGHT", "UPFIRE"]));
        assert_eq!(all.action(stick(1, 1, false)), Some(4));
        assert_eq!(all.action(stick(0, 1, true)), Some(5));
        assert_eq!(all.action(stick(1, 1, true)), Some(5), "the button with a part of the stick");
        assert_eq!(all.action(stick(1, 0, true)), Some(3), "the stick before the button");
        assert_eq!(all.action(stick(-1, 0, false)), Some(0));
    }

    #[test]
    fn the_keys_are_told() {
        let told = |actions: &Discrete| Controls::new(actions).keys().join(", ");
        assert_eq!(told(&Discrete::named(["left", "right"])), "← left, → right, 0-1 by number");
        let pendulum = Discrete::named(["torque -2", "torque -1", "torque 0", "torque 1", "torque 2"]);
        assert_eq!(
            told(&pendulum),
            "← torque -2, → torque 2, 0 torque -2, 1 torque -1, 2 torque 0, 3 torque 1, 4 torque 2"
        );
        assert_eq!(told(&Discrete::new(3)), "0-2 actions");
        assert_eq!(Controls::new(&Discrete::new(3)).action(stick(1, 0, false)), None);
        assert_eq!(Control::of(Key::Character('7')), Some(Control::Action(7)));
        assert_eq!(Control::of(Key::Character('x')), None);
    }
}
