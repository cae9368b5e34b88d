//! The Arcade Learning Environment, made safe.

use std::ffi::{c_char, c_int};
use std::fmt;
use std::ptr::NonNull;

use ale_sys::ALEInterface;

use crate::action::Action;
use crate::corrections::Corrections;
use crate::emulator_error::EmulatorError;
use crate::emulator_settings::EmulatorSettings;
use crate::loading::{CONSOLE_SEED, load};
use crate::mersenne_twister::MersenneTwister;
use crate::roms::{Game, Rom};
use crate::snapshot::{Parts, SnapshotError, with_generator};

/// An Atari 2600 with a cartridge in it.
///
/// With the same settings, seed, resets and actions, two of them do the same to the bit, on whatever thread. It is
/// `Send` but not `Sync`: it may move to another thread, and only one uses it at a time.
///
/// The console is ALE 0.6.0. What differs in ale-py 0.12 is made up for: power-on memory and timer come from a
/// generator of their own, and repeated actions from another one, seeded with [`seed`](Self::seed).
pub struct Emulator {
    ale: NonNull<ALEInterface>,
    game: Game,
    settings: EmulatorSettings,
    minimal_actions: Vec<Action>,
    legal_actions: Vec<Action>,
    modes: Vec<u32>,
    difficulties: Vec<u32>,
    height: usize,
    width: usize,
    /// ALE's state after the cartridge was put in: where every seed starts.
    power_on: Vec<u8>,
    /// Draws the console's timer at each reset.
    console: MersenneTwister,
    /// Draws whether an action is repeated.
    sticky: MersenneTwister,
    /// The action of the last frame.
    held: Action,
    corrections: Corrections,
}

// SAFETY: an ALEInterface refers to no thread and shares nothing with another one; the process-wide things that making
// one touches are guarded in `load`.
unsafe impl Send for Emulator {}

impl Emulator {
    /// Draws that the console's generator has given when the cartridge is in: 128 bytes of memory, and the timer four
    /// times.
    const DRAWS_AT_POWER_ON: usize = 128 + 4;

    /// Puts the cartridge in and switches the console on. Takes about a tenth of a second, most of which ALE spends on
    /// a table that is not used here.
    ///
    /// # Errors
    ///
    /// If the game does not have the mode or the difficulty, the probability is none, or the surroundings are in the
    /// way: no place for a temporary file, an `ale.cfg`.
    pub fn new(rom: &Rom, settings: EmulatorSettings) -> Result<Self, EmulatorError> {
        let probability = settings.repeat_action_probability;
        if !(0.0..=1.0).contains(&probability) {
            return Err(EmulatorError::Probability(probability));
        }
        let mut emulator = Self {
            ale: load(rom)?,
            game: rom.game(),
            settings,
            minimal_actions: Vec::new(),
            legal_actions: Vec::new(),
            modes: Vec::new(),
            difficulties: Vec::new(),
            height: 0,
            width: 0,
            power_on: Vec::new(),
            console: MersenneTwister::new(CONSOLE_SEED),
            sticky: MersenneTwister::new(0),
            held: Action::NOOP,
            corrections: Corrections::new(rom.game()),
        };
        emulator.ask_what_does_not_change();
        emulator.check_mode_and_difficulty()?;
        emulator.power_on = emulator.console_state();
        emulator.seed(0);
        Ok(emulator)
    }

    fn ask_what_does_not_change(&mut self) {
        let actions = |numbers: Vec<c_int>| {
            numbers.into_iter().filter_map(|number| Action::new(usize::try_from(number).ok()?)).collect()
        };
        let numbers = |list: Vec<c_int>| list.into_iter().filter_map(|number| u32::try_from(number).ok()).collect();
        let pixels = |pixels: c_int| usize::try_from(pixels).unwrap_or(0);
        let ale = self.ale.as_ptr();
        // SAFETY: `ale` is alive and has a ROM; each list is as long as the function before it says.
        unsafe {
            self.minimal_actions = actions(list(ale, ale_sys::getMinimalActionSize, ale_sys::getMinimalActionSet));
            self.legal_actions = actions(list(ale, ale_sys::getLegalActionSize, ale_sys::getLegalActionSet));
            self.modes = numbers(list(ale, ale_sys::getAvailableModesSize, ale_sys::getAvailableModes));
            self.difficulties =
                numbers(list(ale, ale_sys::getAvailableDifficultiesSize, ale_sys::getAvailableDifficulties));
            self.height = pixels(ale_sys::getScreenHeight(ale));
            self.width = pixels(ale_sys::getScreenWidth(ale));
        }
    }

    fn check_mode_and_difficulty(&self) -> Result<(), EmulatorError> {
        let game = self.game.name();
        if let Some(mode) = self.settings.mode.filter(|mode| !self.modes.contains(mode)) {
            return Err(EmulatorError::Mode { game, mode, available: self.modes.clone() });
        }
        if let Some(difficulty) = self.settings.difficulty.filter(|level| !self.difficulties.contains(level)) {
            return Err(EmulatorError::Difficulty { game, difficulty, available: self.difficulties.clone() });
        }
        Ok(())
    }

    /// The game.
    pub fn game(&self) -> Game {
        self.game
    }

    /// How it is played.
    pub fn settings(&self) -> &EmulatorSettings {
        &self.settings
    }

    /// Height and width of the screen in pixels: 210 x 160 in most games, up to 250 x 160 in some.
    pub fn screen_size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// The actions that matter in this game, in ALE's order.
    pub fn minimal_actions(&self) -> &[Action] {
        &self.minimal_actions
    }

    /// The actions that a player can take, in ALE's order: all 18, in two games fewer.
    pub fn legal_actions(&self) -> &[Action] {
        &self.legal_actions
    }

    /// The modes that the game has.
    pub fn modes(&self) -> &[u32] {
        &self.modes
    }

    /// The difficulties that the game has.
    pub fn difficulties(&self) -> &[u32] {
        &self.difficulties
    }

    /// Brings everything back to where it was when the cartridge was put in, with another seed for the repeated
    /// actions. A [`reset`](Self::reset) must follow.
    pub fn seed(&mut self, seed: u32) {
        let power_on = std::mem::take(&mut self.power_on);
        self.set_console_state(&power_on);
        self.power_on = power_on;
        self.console = MersenneTwister::new(CONSOLE_SEED);
        for _ in 0..Self::DRAWS_AT_POWER_ON {
            self.console.next_u32();
        }
        self.sticky = MersenneTwister::new(seed);
        self.set_the_mode();
        self.held = Action::NOOP;
    }

    /// Starts the game from its beginning.
    ///
    /// # Errors
    ///
    /// None that can happen with the ALE that this crate is built with.
    pub fn reset(&mut self) -> Result<(), EmulatorError> {
        // ALE 0.6.0 draws the timer from the generator that it also spends on actions in each frame. It gets one of its
        // own for that moment.
        self.set_console_state(&with_generator(&self.console_state(), &self.console)?);
        self.console.next_u32();
        // SAFETY: `ale` is alive and has a ROM.
        unsafe { ale_sys::reset_game(self.ale.as_ptr()) };
        self.set_the_mode();
        self.held = Action::NOOP;
        let memory = self.ram();
        self.corrections.begin(&memory);
        Ok(())
    }

    /// Draws what later versions of ALE draw while they set the game's mode, at power-on and at each reset.
    fn set_the_mode(&mut self) {
        for _ in 0..self.corrections.draws_for_the_mode() {
            self.sticky.next_u32();
        }
    }

    /// Plays one frame and gives the points won in it. Once the game is over or cut off, nothing happens but the draw
    /// of the repeated action.
    #[inline]
    pub fn act(&mut self, action: Action) -> i32 {
        let probability = f64::from(self.settings.repeat_action_probability);
        if probability > 0.0 {
            if self.sticky.next_f64() >= probability {
                self.held = action;
            }
            // ALE draws once more for a second player, whose hands are off.
            self.sticky.next_f64();
        } else {
            self.held = action;
        }
        if self.truncated() || self.game_over() {
            return 0;
        }
        // SAFETY: `ale` is alive and has a ROM; an Action is one of ALE's.
        let points = unsafe { ale_sys::act(self.ale.as_ptr(), c_int::from(self.held.number())) };
        if self.corrections.watches_memory() {
            let memory = self.ram();
            self.corrections.watch(&memory);
        }
        points
    }

    /// Whether the game is over.
    #[inline]
    pub fn game_over(&self) -> bool {
        let over = || self.corrections.watches_memory() && self.corrections.game_over(&self.ram());
        // SAFETY: `ale` is alive and has a ROM.
        unsafe { ale_sys::game_over(self.ale.as_ptr()) || over() }
    }

    /// Whether the episode has had all its frames and was cut off.
    #[inline]
    pub fn truncated(&self) -> bool {
        let limit = self.settings.max_episode_frames;
        limit > 0 && self.episode_frames() >= limit
    }

    /// Lives left; 0 in games without lives.
    #[inline]
    pub fn lives(&self) -> u32 {
        // SAFETY: `ale` is alive and has a ROM.
        u32::try_from(unsafe { ale_sys::lives(self.ale.as_ptr()) }).unwrap_or(0)
    }

    /// Frames played since the reset.
    #[inline]
    pub fn episode_frames(&self) -> u32 {
        // SAFETY: `ale` is alive and has a ROM.
        u32::try_from(unsafe { ale_sys::getEpisodeFrameNumber(self.ale.as_ptr()) }).unwrap_or(0)
    }

    /// The screen in shades of grey, row by row, a byte a pixel.
    ///
    /// # Panics
    ///
    /// If `pixels` is not as long as that.
    #[inline]
    pub fn grayscale(&self, pixels: &mut [u8]) {
        assert_eq!(pixels.len(), self.height * self.width, "a byte a pixel");
        // SAFETY: `ale` is alive and has a ROM; it writes a byte a pixel.
        unsafe { ale_sys::getScreenGrayscale(self.ale.as_ptr(), pixels.as_mut_ptr()) };
    }

    /// The screen in colour, row by row, a byte each of red, green and blue a pixel.
    ///
    /// # Panics
    ///
    /// If `pixels` is not as long as that.
    pub fn rgb(&self, pixels: &mut [u8]) {
        assert_eq!(pixels.len(), 3 * self.height * self.width, "three bytes a pixel");
        // SAFETY: `ale` is alive and has a ROM; it writes three bytes a pixel.
        unsafe { ale_sys::getScreenRGB(self.ale.as_ptr(), pixels.as_mut_ptr()) };
    }

    /// The console's memory.
    pub fn ram(&self) -> [u8; 128] {
        let mut ram = [0; 128];
        // SAFETY: `ale` is alive and has a ROM; an Atari 2600 has 128 bytes.
        unsafe { ale_sys::getRAM(self.ale.as_ptr(), ram.as_mut_ptr()) };
        ram
    }

    /// Everything that the next reset and what follows it depends on, as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let parts = Parts { state: self.console_state(), console: self.console.clone(), sticky: self.sticky.clone() };
        parts.seal(self.game, &self.settings)
    }

    /// Goes back to a snapshot. A [`reset`](Self::reset) must follow: the screen and the held action are not part of a
    /// snapshot.
    ///
    /// # Errors
    ///
    /// If the bytes are damaged, or of another game, mode or difficulty; nothing changes then.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), SnapshotError> {
        let parts = Parts::open(snapshot, self.game, &self.settings)?;
        self.set_console_state(&parts.state);
        self.console = parts.console;
        self.sticky = parts.sticky;
        self.held = Action::NOOP;
        Ok(())
    }

    /// ALE's state, its generator included.
    fn console_state(&self) -> Vec<u8> {
        // SAFETY: `ale` is alive and has a ROM; the state lives until it is deleted, and fills as many bytes as it
        // says.
        unsafe {
            let state = ale_sys::cloneSystemState(self.ale.as_ptr());
            let len = ale_sys::encodeStateLen(state);
            let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
            ale_sys::encodeState(state, bytes.as_mut_ptr().cast::<c_char>(), len);
            ale_sys::deleteState(state);
            bytes
        }
    }

    /// Puts ALE into a state that `console_state` gave for this game, with our mode and difficulty.
    fn set_console_state(&mut self, bytes: &[u8]) {
        let ale = self.ale.as_ptr();
        // SAFETY: `ale` is alive and has a ROM. The bytes are a whole state of the same game (all others are refused
        // before), and the state that they give lives until it is deleted. The game has the mode and the difficulty.
        unsafe {
            let state = ale_sys::decodeState(bytes.as_ptr().cast::<c_char>(), bytes.len() as c_int);
            ale_sys::restoreSystemState(ale, state);
            ale_sys::deleteState(state);
            if let Some(mode) = self.settings.mode {
                ale_sys::setMode(ale, mode as c_int);
            }
            if let Some(difficulty) = self.settings.difficulty {
                ale_sys::setDifficulty(ale, difficulty as c_int);
            }
        }
    }
}

/// A list that ALE gives as a function for its length and one that writes it.
///
/// # Safety
///
/// `ale` is alive and has a ROM; `write` writes as many numbers as `len` says.
unsafe fn list(
    ale: *mut ALEInterface,
    len: unsafe extern "C" fn(*mut ALEInterface) -> c_int,
    write: unsafe extern "C" fn(*mut ALEInterface, *mut c_int),
) -> Vec<c_int> {
    // SAFETY: these are this function's own conditions.
    unsafe {
        let mut numbers = vec![0; usize::try_from(len(ale)).unwrap_or(0)];
        write(ale, numbers.as_mut_ptr());
        numbers
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // SAFETY: `ale` came from ALE_new, and nobody uses it after this.
        unsafe { ale_sys::ALE_del(self.ale.as_ptr()) };
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("game", &self.game).field("settings", &self.settings).finish_non_exhaustive()
    }
}
