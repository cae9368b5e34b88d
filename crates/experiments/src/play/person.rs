//! Somebody plays.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use deepq_envs::{BoxedEnv, Element, Env, Reset};

use super::score::figure;
use super::{Beat, Control, Controls, Held, LONGEST_UNSEEN, Leave, PATIENCE, PlayError, Score, changed_speed};
use crate::terminal::{Input, Key, Panel, Terminal, Words, half_blocks};

/// How somebody plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The first episode's seed; later ones go on with the environment's generators.
    pub seed: u64,
    /// How many times as fast as usual.
    pub speed: f64,
}

/// Time in which a key that was meant for the episode does not start the next one.
const BREATH: Duration = Duration::from_millis(600);

/// Lets somebody play until they leave, or `stop` is set; gives how they left.
///
/// # Errors
///
/// If the environment fails or the terminal is gone.
pub fn play<E: Element>(
    env: BoxedEnv<E>,
    settings: Settings,
    terminal: &mut Terminal,
    score: &mut Score,
    stop: &AtomicBool,
) -> Result<Leave, PlayError> {
    let mut game = Game::new(env, settings, terminal.tells_releases(), score)?;
    let mut drawn = Instant::now();
    game.draw(terminal)?;
    loop {
        let patience = game.patience(Instant::now()).min(PATIENCE);
        let input = terminal.input(patience)?;
        if let Some(left) = Leave::asked(stop) {
            return Ok(left);
        }
        let mut changed = input.is_some();
        if let Some(input) = input
            && let Some(left) = game.input(input, Instant::now())?
        {
            return Ok(left);
        }
        let now = Instant::now();
        if game.is_due(now) {
            game.step(now)?;
            changed = true;
        }
        let late = game.is_due(Instant::now()) && drawn.elapsed() < LONGEST_UNSEEN;
        if changed && !late {
            game.draw(terminal)?;
            drawn = Instant::now();
        }
    }
}

struct Game<'a, E: Element> {
    env: BoxedEnv<E>,
    observation: Vec<E>,
    controls: Controls,
    held: Held,
    beat: Beat,
    speed: f64,
    turn_based: bool,
    /// Whether the episode waits for its first key: a pole that falls does not wait for whoever is not there yet.
    waiting: bool,
    paused: bool,
    /// The action of the last step.
    action: Option<usize>,
    score: &'a mut Score,
    ended: Instant,
}

impl<'a, E: Element> Game<'a, E> {
    fn new(
        env: BoxedEnv<E>,
        settings: Settings,
        tells_releases: bool,
        score: &'a mut Score,
    ) -> Result<Self, PlayError> {
        let now = Instant::now();
        let mut game = Self {
            observation: vec![E::default(); env.observation_space().len()],
            controls: Controls::new(env.action_space()),
            held: Held::new(tells_releases),
            beat: Beat::new(env.steps_per_second() * settings.speed, now),
            speed: settings.speed,
            turn_based: env.turn_based(),
            waiting: true,
            paused: false,
            action: None,
            env,
            score,
            ended: now,
        };
        game.begin(&Reset::seeded(settings.seed), now)?;
        Ok(game)
    }

    fn begin(&mut self, reset: &Reset, now: Instant) -> Result<(), PlayError> {
        self.env.reset(reset, &mut self.observation)?;
        self.score.begin();
        self.held.release_all();
        (self.action, self.waiting, self.paused) = (None, true, false);
        self.beat = self.beat_from(now);
        Ok(())
    }

    fn beat_from(&self, now: Instant) -> Beat {
        Beat::new(self.env.steps_per_second() * self.speed, now)
    }

    /// Whether time passes.
    fn runs(&self) -> bool {
        !self.turn_based && !self.waiting && !self.paused && !self.score.is_over()
    }

    fn patience(&self, now: Instant) -> Duration {
        if self.runs() { self.beat.wait(now) } else { PATIENCE }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.runs() && self.beat.wait(now).is_zero()
    }

    /// Makes the step that is due: with the action of the keys that are held, else with that of doing nothing, else, where
    /// an environment knows no such thing, with the last one again.
    fn step(&mut self, now: Instant) -> Result<(), PlayError> {
        let held = self.held.action(&self.controls, now);
        let action = held.or(self.controls.idle()).or(self.action).unwrap_or_default();
        self.act(action, now)?;
        self.beat.stepped(now);
        Ok(())
    }

    fn act(&mut self, action: usize, now: Instant) -> Result<(), PlayError> {
        let step = self.env.step(action, &mut self.observation)?;
        self.action = Some(action);
        self.score.step(&step);
        self.ended = now;
        Ok(())
    }

    fn input(&mut self, input: Input, now: Instant) -> Result<Option<Leave>, PlayError> {
        match input {
            Input::Press(key) => {
                if let Some(left) = Leave::by(key) {
                    return Ok(Some(left));
                }
                self.press(key, now)?;
            }
            Input::Release(key) => {
                if let Some(control) = Control::of(key) {
                    self.held.release(control, now);
                }
            }
            Input::FocusLost => self.held.release_all(),
            Input::Resized => {}
        }
        Ok(None)
    }

    fn press(&mut self, key: Key, now: Instant) -> Result<(), PlayError> {
        let rested = now.saturating_duration_since(self.ended) > BREATH;
        match key {
            Key::Character('r') => self.begin(&Reset::default(), now)?,
            Key::Enter | Key::Character(' ') if self.score.is_over() => {
                if rested {
                    self.begin(&Reset::default(), now)?;
                }
            }
            Key::Character('p') => {
                self.paused = !self.paused;
                self.beat = self.beat_from(now);
            }
            Key::Character('h') => self.held.set_sticky(!self.held.is_sticky()),
            key => {
                if let Some(speed) = changed_speed(self.speed, key).filter(|_| !self.turn_based) {
                    self.speed = speed;
                    self.beat = self.beat_from(now);
                }
                let Some(control) = Control::of(key) else { return Ok(()) };
                if std::mem::take(&mut self.waiting) {
                    self.beat = self.beat_from(now);
                }
                self.held.press(control, now);
                if self.turn_based && !self.score.is_over() {
                    let action = self.held.action(&self.controls, now);
                    self.held.release_all();
                    if let Some(action) = action {
                        self.act(action, now)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn draw(&self, terminal: &mut Terminal) -> Result<(), PlayError> {
        let mut grid = terminal.grid()?;
        let rows = self.panel().draw(&mut grid);
        half_blocks::draw(&self.env.render()?, 0..rows, terminal.depth(), &mut grid);
        Ok(terminal.show(grid)?)
    }

    fn panel(&self) -> Panel {
        let mut panel = Panel::default();
        let mut score = vec![Words::bold(self.env.id())];
        score.extend(self.score.words());
        panel.paragraph(score);
        let mut now: Vec<Words> =
            self.action.map(|action| Words::plain(self.controls.name(action))).into_iter().collect();
        if self.speed != 1.0 && !self.turn_based {
            now.push(Words::plain(format!("speed {}", figure(self.speed))));
        }
        match self.score.end() {
            Some(end) => now.extend([end, Words::bold("Enter for the next episode")]),
            None if self.paused => now.push(Words::bold("paused")),
            None if self.waiting && !self.turn_based => now.push(Words::bold("a key for an action begins")),
            None => {}
        }
        panel.paragraph(now);
        let mut keys: Vec<Words> = self.controls.keys().into_iter().map(Words::plain).collect();
        keys.push(Words::plain("r restart"));
        if !self.turn_based {
            keys.push(Words::plain("p pause"));
            let holds = if self.held.is_sticky() { "h let go" } else { "h hold" };
            keys.push(Words::plain(holds));
            keys.push(Words::plain("+- speed"));
        }
        keys.push(Words::plain("q quit"));
        panel.paragraph(keys);
        panel
    }
}
