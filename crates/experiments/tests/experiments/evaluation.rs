//! Which games an evaluation plays and with how much chance, and which of a run's evaluations is its best: what the figures
//! that are published rest on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deepq_envs::preconditions::{self, Phase};
use deepq_envs::{AnyEnv, Discrete, Env, EnvError, ObservationSpace, Registry, Reset, Status, Step};
use deepq_experiments::assembly::Assembly;
use deepq_experiments::config::{self, Document, Experiment, Overrides};
use deepq_experiments::evaluation::Evaluation;
use deepq_experiments::session::{self, EvaluationRequest, Settings};
use deepq_experiments::training::{Plan, Training};
use deepq_nets::Device;
use deepq_runs::{Kind, RunFolder, Summary, WhichCheckpoint};
use image::RgbImage;

const ACTIONS: usize = 4;
/// Steps of a game.
const STEPS: usize = 50;

/// A game as it was played.
#[derive(Clone, Debug)]
struct Game {
    /// Whether it was one of an evaluation.
    evaluation: bool,
    seed: Option<u64>,
    actions: Vec<usize>,
}

/// All games that were begun, in that order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<Game>>>);

impl Diary {
    fn games(&self) -> MutexGuard<'_, Vec<Game>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_evaluations(&self) -> Vec<Game> {
        self.games().iter().filter(|game| game.evaluation).cloned().collect()
    }

    /// Environments that write into it. Their option `judges` tells the games of evaluations from those of training.
    fn registry(&self) -> Registry {
        let (mut registry, diary) = (Registry::standard(), self.clone());
        registry.register("Diary-v0", "games that are written down", move |options| {
            let mut options = options.reader("Diary-v0");
            let evaluation = options.bool("judges")?.unwrap_or(false);
            options.finish()?;
            Ok(AnyEnv::from(Written {
                space: ObservationSpace::vector(&[0.0; 2], &[1.0; 2]),
                actions: Discrete::new(ACTIONS),
                diary: diary.clone(),
                evaluation,
                game: 0,
                phase: Phase::default(),
            }))
        });
        registry
    }
}

/// A game in which nothing ever changes, so that a policy without chance always does the same; each step gives 1.
struct Written {
    space: ObservationSpace<f32>,
    actions: Discrete,
    diary: Diary,
    evaluation: bool,
    /// The number of its game in the diary.
    game: usize,
    phase: Phase,
}

impl Env for Written {
    type Element = f32;

    fn id(&self) -> &str {
        "Diary-v0"
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        let mut games = self.diary.games();
        self.game = games.len();
        games.push(Game { evaluation: self.evaluation, seed: reset.seed, actions: vec![] });
        self.phase = Phase::Running;
        observation.fill(1.0);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let mut games = self.diary.games();
        let actions = &mut games[self.game].actions;
        actions.push(action);
        let status = if actions.len() == STEPS { Status::Terminated } else { Status::Running };
        self.phase = status.into();
        observation.fill(1.0);
        Ok(Step::new(1.0, status))
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        Ok(RgbImage::new(16, 16))
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(vec![])
    }

    fn set_generators(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Ok(())
    }
}

const EPISODES: usize = 6;

/// 400 agent steps in two of the environments, evaluated after 200 and after 400.
fn experiment(set: &[&str]) -> (Experiment, Document) {
    let own = [
        "environment.id=Diary-v0",
        "training.environments=2",
        "training.steps=400",
        "training.learning_starts=100",
        "evaluation.environment.judges=true",
        "evaluation.every=200",
        "evaluation.episodes=6",
        "evaluation.environments=3",
    ];
    let set = own.iter().chain(set).map(ToString::to_string).collect();
    config::load("cartpole", &Overrides { set, ..Overrides::default() }).unwrap()
}

/// Trains, and gives what was played.
fn train(folder: &Path, set: &[&str]) -> (Diary, Summary) {
    let diary = Diary::default();
    let (experiment, document) = experiment(set);
    let settings = Settings { registry: diary.registry(), ..Settings::default() };
    let summary = session::start(&experiment, &document, folder, &settings).unwrap();
    assert_eq!(diary.of_evaluations().len() % EPISODES, 0);
    (diary, summary)
}

fn seeds<'a>(games: impl IntoIterator<Item = &'a Game>) -> BTreeSet<u64> {
    games.into_iter().filter_map(|game| game.seed).collect()
}

#[test]
fn an_evaluation_plays_no_game_of_training() {
    let folder = tempfile::tempdir().unwrap();
    let (diary, _) = train(&folder.path().join("run"), &[]);
    let games = diary.games();
    let (judged, trained): (Vec<&Game>, Vec<&Game>) = games.iter().partition(|game| game.evaluation);
    assert!(judged.iter().all(|game| game.seed.is_some()), "a game goes on from the one before");
    let (judged, trained) = (seeds(judged), seeds(trained));
    assert_eq!(trained.len(), 2, "one of each environment");
    assert!(judged.is_disjoint(&trained), "{judged:?} are seeds of training, {trained:?}");
}

#[test]
fn all_games_of_an_evaluation_are_different() {
    let folder = tempfile::tempdir().unwrap();
    let (diary, _) = train(&folder.path().join("run"), &["evaluation.epsilon=1.0"]);
    for games in diary.of_evaluations().chunks(EPISODES) {
        assert_eq!(seeds(games).len(), EPISODES, "{games:?}");
        let actions: BTreeSet<_> = games.iter().map(|game| &game.actions).collect();
        assert_eq!(actions.len(), EPISODES, "chance is the same in two of them: {games:?}");
    }
}

#[test]
fn each_evaluation_plays_games_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (diary, _) = train(&folder.path().join("run"), &["evaluation.epsilon=1.0"]);
    let games = diary.of_evaluations();
    let (first, second) = games.split_at(EPISODES);
    assert_eq!(second.len(), EPISODES);
    assert!(seeds(first).is_disjoint(&seeds(second)), "{first:?} and {second:?}");
    assert!(second.iter().all(|game| first.iter().all(|other| other.actions != game.actions)));
}

/// A quarter of the random actions is the best one.
#[test]
fn an_evaluation_takes_a_random_action_with_its_own_probability() {
    let folder = tempfile::tempdir().unwrap();
    // Training explores always; that is none of the evaluation's business.
    let always = ["exploration.start=1.0", "exploration.end=1.0", "evaluation.episodes=60"];
    let others = |epsilon: &str| {
        let set = [&always[..], &[epsilon]].concat();
        let (diary, _) = train(&folder.path().join(epsilon), &set);
        let games = diary.of_evaluations();
        games
            .chunks(60)
            .map(|games| {
                let actions: Vec<usize> = games.iter().flat_map(|game| game.actions.iter().copied()).collect();
                assert_eq!(actions.len(), 60 * STEPS);
                let times = [0, 1, 2, 3].map(|action| actions.iter().filter(|taken| **taken == action).count());
                actions.len() - times.into_iter().max().unwrap_or(0)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(others("evaluation.epsilon=0.0"), [0, 0]);
    // Of 3000 actions 675 and 2250 are expected not to be the best one, with standard deviations of 23 and 24.
    let close = |others: Vec<usize>, expected| others.len() == 2 && others.iter().all(|n| n.abs_diff(expected) < 100);
    assert!(close(others("evaluation.epsilon=0.3"), 675));
    assert!(close(others("evaluation.epsilon=1.0"), 2250));
}

#[test]
fn an_evaluation_counts_all_rewards_and_steps_of_its_games() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (diary, _) = train(&run, &[]);
    let settings = Settings { registry: diary.registry(), ..Settings::default() };
    let evaluation = session::evaluate(&run, &EvaluationRequest::default(), &settings).unwrap();
    assert_eq!(evaluation.returns, [STEPS as f64; EPISODES]);
    assert_eq!(evaluation.lengths, [STEPS as u64; EPISODES]);
}

/// By the mean, not by the median or the highest return; of equals it is the first.
#[test]
fn the_best_evaluation_is_the_first_of_the_highest_mean() {
    let (experiment, document) = experiment(&[]);
    let (registry, device) = (Diary::default().registry(), Device::Cpu);
    let assembly = Assembly::new(&experiment, &document, &registry, &device);
    let environments = assembly.training_environments::<f32>().unwrap();
    let agent = assembly.new_agent(&environments[0]).unwrap();
    let plan = Plan::new(&experiment.training, &experiment.evaluation, experiment.checkpoint.every);
    let mut training = Training::new(plan, environments, agent, &assembly.seeds()).unwrap();
    for (at_step, returns, best) in [
        (100, [-5.0, -5.0, -5.0], 100),
        (200, [-6.0, -6.0, 6.0], 200),
        (300, [-2.0, -2.0, -2.0], 200),
        (400, [-1.0, -1.0, -7.0], 200),
        (500, [-9.0, -9.0, 9.0], 200),
        (600, [-1.0, -2.0, -2.0], 600),
        (700, [-2.0, -2.0, -2.0], 600),
    ] {
        let evaluation = Evaluation { at_step, returns: returns.to_vec(), lengths: vec![9; 3] };
        assert_eq!(training.evaluated(evaluation), at_step == best, "at step {at_step}");
        let [last, best_one] = [training.last_evaluation(), training.best_evaluation()].map(|e| e.unwrap().at_step);
        assert_eq!((last, best_one), (at_step, best));
    }
}

/// All games give the same here.
#[test]
fn the_weights_that_are_kept_are_those_of_the_first_of_equal_evaluations() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (diary, summary) = train(&run, &[]);
    let at_step = |figures: Option<deepq_runs::EvaluationFigures>| figures.unwrap().at_step;
    assert_eq!((at_step(summary.best_evaluation), at_step(summary.last_evaluation)), (200, 400));
    let checkpoints = RunFolder::look_at(&run).unwrap().checkpoints();
    assert_eq!(checkpoints.steps(Kind::Best).unwrap(), [200]);
    let settings = Settings { registry: diary.registry(), ..Settings::default() };
    let evaluate = |checkpoint| {
        let request = EvaluationRequest { checkpoint, ..EvaluationRequest::default() };
        session::evaluate(&run, &request, &settings).unwrap().at_step
    };
    assert_eq!((evaluate(WhichCheckpoint::Best), evaluate(WhichCheckpoint::Last)), (200, 400));
}
