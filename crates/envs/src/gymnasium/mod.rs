//! Environments of Gymnasium itself, in a Python process.

mod description;
mod process;

use std::cell::RefCell;
use std::time::Duration;

use image::RgbImage;

use self::description::{Description, Observation, PROTOCOL, Wanted, space};
use self::process::{Failure, Process, Request};
use crate::env::USUAL_STEPS_PER_SECOND;
use crate::preconditions::{self, Phase};
use crate::{
    AnyEnv, Discrete, Element, ElementKind, Env, EnvError, EnvOption, EnvOptions, ObservationSpace, OptionValues,
    Registry, Reset, Status, Step,
};

/// What comes before Gymnasium's own id in the registry.
const PREFIX: &str = "gym:";
/// There and back through the pipes; what the environment itself does comes on top of it.
const STEP_COST: Duration = Duration::from_micros(30);

/// An environment of the Python package [Gymnasium](https://gymnasium.farama.org), or of anyone who registers theirs there, in a
/// Python process of its own.
///
/// The registry makes it by `gym:` and what `gymnasium.make` takes: `gym:CartPole-v1`, or `gym:my_module:MyEnv-v0`, which imports
/// `my_module` first (from the current folder, among others). Without a version it is the newest one. Actions must be `Discrete`. Observations are a `Box` of `float32`
/// or `float64` (which become `f32`) or of `uint8`, or `Discrete`, which the registry's option `one_hot` turns into vectors.
///
/// | option | meaning |
/// |---|---|
/// | `python` | the interpreter that has Gymnasium; else `$DEEPQ_PYTHON`, the active virtual environment's, or `python3` |
/// | `max_episode_steps` | in place of the limit that the environment is registered with; 0 for no limit |
/// | any other | goes to `gymnasium.make` as it is |
///
/// What it prints is logged, and the end of it is part of an error. An exception in Python is an [`EnvError::Backend`] with the
/// traceback, after which a reset may be tried; a process that ended is one with how it ended. The process ends with this value,
/// and also when the program is killed.
///
/// Saving and restoring are exact for an environment whose episode depends on nothing but its actions and what it draws: from its
/// `np_random`, or from the global generators of `random` and `numpy.random`. One that draws from elsewhere, or keeps something
/// from one episode to the next, will not go on as it would have. One without `np_random` cannot be saved, and so not trained.
#[derive(Debug)]
pub struct GymEnv<E> {
    id: String,
    space: ObservationSpace<E>,
    actions: Discrete,
    fps: f64,
    phase: Phase,
    /// Drawing and saving ask it as well.
    process: RefCell<Process>,
}

pub(crate) fn register(registry: &mut Registry) {
    let summary = "any environment of Python's Gymnasium with discrete actions, as gym:CartPole-v1";
    registry.register_family(PREFIX, summary, make).handles(&["max_episode_steps"]).options([
        EnvOption::new(
            "python",
            OptionValues::Text,
            "the interpreter that has Gymnasium; else `$DEEPQ_PYTHON`, the active virtual environment's, or `python3`",
        ),
        EnvOption::new(
            "max_episode_steps",
            OptionValues::Integer(0..=i64::from(u32::MAX)),
            "in place of the limit that the environment is registered with; 0 for no limit",
        ),
    ]);
}

/// Makes the environment that an id of the registry names.
fn make(id: &str, options: &EnvOptions) -> Result<AnyEnv, EnvError> {
    let mut reader = options.reader(id);
    let python = reader.text("python")?;
    let limit = reader.integer("max_episode_steps", 0..=i64::from(u32::MAX))?;
    let mut kwargs = options.clone();
    kwargs.remove("python");
    if limit == Some(0) {
        // How Gymnasium says it.
        kwargs.insert("max_episode_steps", -1);
    }
    let broken = |reason: String| EnvError::Backend { env: id.into(), reason };
    let wanted = Wanted { protocol: PROTOCOL, id: id.strip_prefix(PREFIX).unwrap_or(id), kwargs: &kwargs };
    let wanted = serde_json::to_vec(&wanted).map_err(|error| broken(error.to_string()))?;
    let mut process = Process::start(id, python).map_err(|failure| broken(failure.into_message()))?;
    let made = process.ask(Request::Make, &wanted).map_err(|failure| broken(advice(failure)))?;
    let (Description { actions, observation, fps, .. }, bounds) = Description::read(made).map_err(broken)?;
    let fps = fps.filter(|fps| fps.is_finite() && *fps > 0.0).unwrap_or(USUAL_STEPS_PER_SECOND);
    match observation {
        Observation::Discrete(0) => Err(broken("it has no states".to_owned())),
        Observation::Discrete(n) => {
            let space = ObservationSpace::discrete(Discrete::new(n));
            Ok(AnyEnv::Vector(GymEnv::boxed(id, space, actions, fps, process)))
        }
        Observation::Box { element: ElementKind::F32, shape } => {
            let space = space(&shape, bounds).map_err(broken)?;
            Ok(AnyEnv::Vector(GymEnv::boxed(id, space, actions, fps, process)))
        }
        Observation::Box { element: ElementKind::U8, shape } => {
            let space = space(&shape, bounds).map_err(broken)?;
            Ok(AnyEnv::Frames(GymEnv::boxed(id, space, actions, fps, process)))
        }
    }
}

/// Why an environment was not made, and what to do where that is known.
fn advice(failure: Failure) -> String {
    let message = failure.into_message();
    if message.contains("No module named 'gymnasium'") {
        return "this Python has no Gymnasium: pip install gymnasium, or name another interpreter by the option python or \
                $DEEPQ_PYTHON"
            .to_owned();
    }
    message
}

impl<E: Element> GymEnv<E> {
    fn boxed(id: &str, space: ObservationSpace<E>, actions: usize, fps: f64, process: Process) -> Box<Self> {
        let (id, actions) = (id.to_owned(), Discrete::new(actions));
        Box::new(Self { id, space, actions, fps, phase: Phase::Unstarted, process: RefCell::new(process) })
    }

    fn backend(&self, reason: String) -> EnvError {
        EnvError::Backend { env: self.id.clone(), reason }
    }

    fn failed(&self, failure: Failure) -> EnvError {
        self.backend(failure.into_message())
    }

    /// An answer of another length than what was asked for has.
    fn wrong_length(&self, request: Request, answer: usize) -> EnvError {
        self.backend(format!("{}: the answer has {answer} bytes, which does not fit", request.name()))
    }
}

impl<E: Element> Env for GymEnv<E> {
    type Element = E;

    fn id(&self) -> &str {
        &self.id
    }

    fn observation_space(&self) -> &ObservationSpace<E> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [E]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        self.phase = Phase::Unstarted;
        let mut contents = [0; 9];
        contents[0] = u8::from(reset.seed.is_some());
        contents[1..].copy_from_slice(&reset.seed.unwrap_or_default().to_le_bytes());
        let answer = self.process.get_mut().ask(Request::Reset, &contents);
        let written = answer.map(|answer| (answer.len(), write(answer, observation)));
        match written.map_err(|failure| self.failed(failure))? {
            (_, true) => self.phase = Phase::Running,
            (length, false) => return Err(self.wrong_length(Request::Reset, length)),
        }
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [E]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        self.phase = Phase::Unstarted;
        let answer = self.process.get_mut().ask(Request::Step, &(action as u64).to_le_bytes());
        let read = answer.map(|answer| {
            let (reward, rest) = answer.split_first_chunk::<8>()?;
            let ([terminated, truncated], rest) = rest.split_first_chunk::<2>()?;
            let status = match (terminated, truncated) {
                (0, 0) => Status::Running,
                (0, _) => Status::Truncated,
                // Where both are set, the task has ended.
                _ => Status::Terminated,
            };
            write(rest, observation).then(|| Step::new(f64::from_le_bytes(*reward), status))
        });
        let read = read.map_err(|failure| self.failed(failure))?;
        let step =
            read.ok_or_else(|| self.backend("a step: the answer does not fit the observation space".to_owned()))?;
        self.phase = step.status.into();
        Ok(step)
    }

    fn step_cost(&self) -> Duration {
        STEP_COST
    }

    fn steps_per_second(&self) -> f64 {
        self.fps
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        let mut process = self.process.borrow_mut();
        let answer = process.ask(Request::Render, &[]).map_err(|failure| self.failed(failure))?;
        let picture = answer.split_first_chunk::<4>().and_then(|(height, rest)| {
            let (width, pixels) = rest.split_first_chunk::<4>()?;
            RgbImage::from_raw(u32::from_le_bytes(*width), u32::from_le_bytes(*height), pixels.to_vec())
        });
        let picture = picture.filter(|picture| picture.width() > 0 && picture.height() > 0);
        picture.ok_or_else(|| self.wrong_length(Request::Render, answer.len()))
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        let mut process = self.process.borrow_mut();
        let answer = process.ask(Request::Generators, &[]).map_err(|failure| self.failed(failure))?;
        Ok(answer.to_vec())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        match self.process.get_mut().ask(Request::Restore, state).map(|_| ()) {
            Ok(()) => self.phase = Phase::Unstarted,
            Err(Failure::Raised(reason)) => return Err(EnvError::Capture { env: self.id.clone(), reason }),
            Err(lost) => return Err(self.failed(lost)),
        }
        Ok(())
    }
}

/// Whether these bytes are an observation; it is written then.
fn write<E: Element>(bytes: &[u8], observation: &mut [E]) -> bool {
    let observation: &mut [u8] = bytemuck::cast_slice_mut(observation);
    let fits = bytes.len() == observation.len();
    if fits {
        observation.copy_from_slice(bytes);
    }
    fits
}
