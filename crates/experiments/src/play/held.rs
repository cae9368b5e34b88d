//! Which keys are held.
//!
//! Most terminals tell only that a key is pressed, and again and again while it is held, first after a pause. What is not
//! told is guessed: a key is held for a short while after it was pressed, and while it repeats. With
//! [`sticky`](Held::set_sticky) keys it is held until the next one.

use std::time::{Duration, Instant};

use super::{Control, Controls, Stick};

/// How long a key counts as held after it was pressed: a short push, not as long as the pause before it repeats.
const PUSH: Duration = Duration::from_millis(200);
/// How long after each repetition: longer than the time between two of them.
const REPEAT: Duration = Duration::from_millis(120);

/// The keys that are held, the newest last.
#[derive(Clone, Debug)]
pub struct Held {
    tells_releases: bool,
    sticky: bool,
    keys: Vec<HeldKey>,
}

#[derive(Clone, Copy, Debug)]
struct HeldKey {
    control: Control,
    /// When it counts as let go; `None` for not before it is told.
    until: Option<Instant>,
    /// Whether a step was made with it: a push between two steps is not lost.
    used: bool,
}

impl Held {
    /// No key, of a terminal that tells releases or does not.
    pub fn new(tells_releases: bool) -> Self {
        Self { tells_releases, sticky: false, keys: Vec::new() }
    }

    /// Whether keys are held until the next one.
    pub fn is_sticky(&self) -> bool {
        self.sticky
    }

    /// Lets keys be held until the next one, or not.
    pub fn set_sticky(&mut self, sticky: bool) {
        self.sticky = sticky;
        self.release_all();
    }

    /// A key is pressed, or repeats.
    pub fn press(&mut self, control: Control, now: Instant) {
        let before = self.keys.len();
        self.keys.retain(|key| key.control != control);
        let repeats = self.keys.len() < before;
        // The button of sticky keys is a push, or nothing could be fired twice.
        let sticky = self.sticky && control != Control::Button;
        if sticky {
            self.keys.retain(|key| key.control == Control::Button);
        }
        let until = match (self.tells_releases || sticky, repeats) {
            (true, _) => None,
            (false, true) => Some(now + REPEAT),
            (false, false) => Some(now + PUSH),
        };
        self.keys.push(HeldKey { control, until, used: false });
    }

    /// A key is let go.
    pub fn release(&mut self, control: Control, now: Instant) {
        if !self.sticky {
            self.keys.iter_mut().filter(|key| key.control == control).for_each(|key| key.until = Some(now));
        }
    }

    /// All keys are let go.
    pub fn release_all(&mut self) {
        self.keys.clear();
    }

    /// The action of a step that is made now, if a key is held that has one.
    pub fn action(&mut self, controls: &Controls, now: Instant) -> Option<usize> {
        self.keys.retain(|key| !key.used || key.until.is_none_or(|until| now < until));
        self.keys.iter_mut().for_each(|key| key.used = true);
        let newest = self.keys.last()?.control;
        if let Control::Action(action) = newest {
            return controls.numbered(action);
        }
        let mut stick = Stick::default();
        // The newest of two opposite ones counts.
        for key in &self.keys {
            match key.control {
                Control::Up => stick.vertical = 1,
                Control::Down => stick.vertical = -1,
                Control::Left => stick.horizontal = -1,
                Control::Right => stick.horizontal = 1,
                Control::Button => stick.button = true,
                Control::Action(_) => {}
            }
        }
        controls.action(stick)
    }
}

#[cfg(test)]
mod tests {
    use deepq_envs::Discrete;

    use super::*;

    const MEANINGS: [&str; 6] = ["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"];

    struct Player {
        held: Held,
        controls: Controls,
        start: Instant,
    }

    impl Player {
        fn new(tells_releases: bool) -> Self {
            let controls = Controls::new(&Discrete::named(MEANINGS));
            Self { held: Held::new(tells_releases), controls, start: Instant::now() }
        }

        fn press(&mut self, millis: u64, control: Control) {
            self.held.press(control, self.start + Duration::from_millis(millis));
        }

        fn release(&mut self, millis: u64, control: Control) {
            self.held.release(control, self.start + Duration::from_millis(millis));
        }

        fn does(&mut self, millis: u64) -> &'static str {
            let now = self.start + Duration::from_millis(millis);
            self.held.action(&self.controls, now).map_or("", |action| MEANINGS[action])
        }
    }

    #[test]
    fn a_key_is_held_for_a_short_while() {
        let mut player = Player::new(false);
        player.press(0, Control::Left);
        assert_eq!((player.does(10), player.does(190), player.does(210)), ("LEFT", "LEFT", ""));
    }

    #[test]
    fn a_push_between_two_steps_is_not_lost() {
        let mut player = Player::new(false);
        player.press(0, Control::Left);
        assert_eq!((player.does(1000), player.does(1001)), ("LEFT", ""));
        let mut player = Player::new(true);
        player.press(0, Control::Left);
        player.release(3, Control::Left);
        assert_eq!((player.does(66), player.does(132)), ("LEFT", ""));
    }

    #[test]
    fn a_key_is_held_while_it_repeats() {
        let mut player = Player::new(false);
        player.press(0, Control::Right);
        assert_eq!(player.does(50), "RIGHT");
        for millis in (500..1000).step_by(30) {
            player.press(millis, Control::Right);
            assert_eq!(player.does(millis + 29), "RIGHT");
        }
        assert_eq!((player.does(1090), player.does(1110)), ("RIGHT", ""));
    }

    #[test]
    fn the_newest_of_two_opposite_keys_counts() {
        let mut player = Player::new(true);
        player.press(0, Control::Right);
        player.press(50, Control::Left);
        assert_eq!(player.does(60), "LEFT");
        player.press(70, Control::Button);
        assert_eq!(player.does(80), "LEFTFIRE");
        player.release(90, Control::Left);
        assert_eq!(player.does(100), "RIGHTFIRE");
        player.release(110, Control::Button);
        assert_eq!(player.does(5000), "RIGHT");
        player.held.release_all();
        assert_eq!(player.does(5001), "");
    }

    #[test]
    fn sticky_keys_stay_until_the_next_one() {
        let mut player = Player::new(false);
        player.held.set_sticky(true);
        player.press(0, Control::Left);
        player.press(10, Control::Button);
        assert_eq!((player.does(20), player.does(5000)), ("LEFTFIRE", "LEFT"));
        player.press(5010, Control::Right);
        assert_eq!(player.does(9000), "RIGHT");
        player.press(9010, Control::Action(0));
        assert_eq!(player.does(9020), "NOOP");
        player.press(9030, Control::Action(7));
        assert_eq!(player.does(9040), "", "there is no such action");
    }
}
