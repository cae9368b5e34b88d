//! An experiment is checked whole before anything runs, and every message names the place, the key and what is allowed.

use deepq_agents::{
    AgentSpec, DqnSpec, LearningStarts, PqnSpec, ReinforceSpec, Schedule, SettingError, TargetUpdate, UpdateSpec,
};
use deepq_experiments::config::{self, Document, Experiment, Overrides};
use deepq_nets::{Initialisation, NetworkSpec, OptimizerSpec};
use deepq_replay::ReplaySpec;
use proptest::prelude::*;

fn with(set: &[&str]) -> Result<String, String> {
    let overrides = Overrides { set: set.iter().map(ToString::to_string).collect(), ..Overrides::default() };
    config::load("cartpole", &overrides).map(|(_, document)| document.text()).map_err(|error| error.to_string())
}

fn refused(set: &str) -> String {
    with(&[set]).expect_err(set)
}

/// The line of `cartpole` in which a text stands first, counted from 1.
fn line(text: &str) -> usize {
    config::find("cartpole").unwrap().text().lines().position(|line| line.contains(text)).unwrap() + 1
}

/// A file that is `cartpole` but for one replacement.
fn file(from: &str, to: &str) -> String {
    let text = config::find("cartpole").unwrap().text();
    assert!(text.contains(from), "{from}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    let error = config::load(path.to_str().unwrap(), &Overrides::default()).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "")
}

#[test]
fn every_experiment_is_valid() {
    let names: Vec<_> = config::names().collect();
    assert!(["cartpole", "catch", "pong", "pong-smoke"].iter().all(|name| names.contains(name)), "{names:?}");
    for name in names {
        let (experiment, document) = config::load(name, &Overrides::default()).unwrap();
        assert_eq!(experiment.name, name);
        assert!(!experiment.summary.is_empty());
        // What a run writes down is read back as the same experiment.
        let again = Document::parse("again", &document.text()).unwrap();
        assert_eq!(again.read::<Experiment>().unwrap(), experiment);
    }
}

/// Where an experiment has a paper's settings, the constructor named after it gives them; what differs is written out.
#[test]
fn constructors_named_after_papers_give_what_the_experiments_say() {
    let experiment = |name: &str| config::load(name, &Overrides::default()).unwrap().0;
    let pong = experiment("pong");
    let double = DqnSpec { double: true, target_update: TargetUpdate::Updates(1_000), ..DqnSpec::nature_2015() };
    assert_eq!(pong.agent, AgentSpec::Dqn(double));
    let updates =
        UpdateSpec { learning_starts: LearningStarts::Steps(2_500), update_every: 1, ..UpdateSpec::nature_2015() };
    assert_eq!(pong.shared().updates().unwrap(), updates);
    assert_eq!(pong.network, NetworkSpec { initialisation: Initialisation::He, ..NetworkSpec::dueling_2016() });
    assert_eq!(pong.replay, Some(ReplaySpec { capacity: 500_000, ..ReplaySpec::nature_2015() }));
    let pqn = PqnSpec { epochs: 4, ..PqnSpec::gallici_2024() };
    assert_eq!(experiment("pong-fast").agent, AgentSpec::Pqn(pqn));
    let reinforce = ReinforceSpec::sutton_barto_2018(0.99);
    assert_eq!(experiment("reinforce-cartpole").agent, AgentSpec::Reinforce(reinforce));
    let Some(Schedule::Linear { start, end, from, to, by, .. }) = experiment("breakout").exploration else { panic!() };
    assert_eq!(Schedule::Linear { start, end, from, to, by, hold_until: 0 }, Schedule::nature_2015());

    // All of Mnih et al. 2015 together is an experiment.
    let (exploration, replay, updates) =
        (Schedule::nature_2015(), ReplaySpec::nature_2015(), UpdateSpec::nature_2015());
    let nature = Experiment {
        agent: AgentSpec::Dqn(DqnSpec::nature_2015()),
        network: NetworkSpec::nature_2015(),
        optimizer: OptimizerSpec::rmsprop_2015(),
        exploration: Some(exploration),
        replay: Some(replay),
        ..pong
    };
    assert_eq!(nature.validate(), Ok(()));
    assert_eq!(nature.agent.check(&nature.shared(), 1), Ok(()));
    let without = deepq_agents::SharedSettings { replay: None, ..nature.shared() };
    assert_eq!(nature.agent.check(&without, 1), Err(SettingError::Missing { key: "replay" }));
    assert_eq!(updates.validate(), Ok(()));
}

#[test]
fn unknown_experiment_names_the_nearest() {
    let error = config::load("pnog", &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("there is no experiment \"pnog\" (did you mean \"pong\"?)"), "{error}");
    let error = config::load("none/such.toml", &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read none/such.toml"), "{error}");
}

#[test]
fn unknown_key_names_the_nearest_and_its_place() {
    let error = refused("agent.discont=0.9");
    let expected = "--set agent.discont=0.9: there is no key agent.discont; did you mean agent.discount? (in [agent]";
    assert!(error.starts_with(expected), "{error}");
    let error = refused("agnet.discount=0.9");
    assert!(error.starts_with("--set agnet.discount=0.9: there is no key agnet; did you mean agent?"), "{error}");
    let error = file("discount = 0.99 ", "discuont = 0.99 ");
    let at = line("discount = 0.99 ");
    let expected = format!("/mine.toml, line {at}: there is no key agent.discuont; did you mean agent.discount?");
    assert!(error.starts_with(&expected), "{error}");
    let error = refused("network.torso.hiden=[8]");
    assert!(error.contains("did you mean network.torso.hidden?"), "{error}");
}

#[test]
fn missing_key_is_named_with_its_section() {
    let error = file("batch_size = 64", "# batch_size = 64");
    assert_eq!(error, format!("/mine.toml, line {}: training.batch_size is missing", line("[training]")));
    let error = file("[replay]", "[agent.replay]");
    assert!(error.contains("agent.replay"), "{error}");
}

#[test]
fn each_kind_of_agent_needs_its_own_sections_and_refuses_those_of_others() {
    let error = file("[exploration]", "[elsewhere]");
    assert!(error.contains("there is no key elsewhere"), "{error}");
    let without = |section: &str| {
        let text = config::find("cartpole").unwrap().text();
        let (before, rest) = text.split_once(&format!("[{section}]")).unwrap();
        let (_, after) = rest.split_once("\n[").unwrap();
        let document = Document::parse("mine.toml", &format!("{before}[{after}")).unwrap();
        let problem = document.read::<Experiment>().unwrap().validate().unwrap_err();
        document.locate(problem).to_string()
    };
    assert_eq!(without("exploration"), "mine.toml: exploration is missing");
    assert_eq!(without("replay"), "mine.toml: replay is missing");
    let reinforce = |set: &str| {
        let overrides = Overrides { set: vec![set.to_owned()], ..Overrides::default() };
        config::load("reinforce-cartpole", &overrides).unwrap_err().to_string()
    };
    for (set, key) in [
        ("training.batch_size=32", "training.batch_size"),
        ("training.update_every=4", "training.update_every"),
        ("replay={ kind = \"uniform\", capacity = 100 }", "replay"),
        ("exploration={ kind = \"constant\", value = 0.1 }", "exploration"),
    ] {
        let expected = format!("--set {set}: {key}: an agent of kind \"reinforce\" does not use it; take it out");
        assert_eq!(reinforce(set), expected);
    }
    let pqn = |set: &str| {
        let overrides = Overrides { set: vec![set.to_owned()], ..Overrides::default() };
        config::load("cartpole-pqn", &overrides).unwrap_err().to_string()
    };
    let expected = "training.batch_size: an agent of kind \"pqn\" does not use it; take it out";
    assert_eq!(pqn("training.batch_size=32"), format!("--set training.batch_size=32: {expected}"));
    for (set, key) in [
        ("agent.lambda=1.5", "agent.lambda"),
        ("agent.epochs=0", "agent.epochs"),
        ("agent.learning_rate_factor.end=0.0", "agent.learning_rate_factor.end"),
        ("agent.minibatches=7", "agent.minibatches"),
    ] {
        let error = pqn(set);
        assert!(error.contains(key) && error.contains("is not allowed"), "{error}");
    }
    let error = reinforce("agent.discount=1.5");
    assert!(error.ends_with("agent.discount = 1.5 is not allowed: it must be from 0 to 1"), "{error}");
    let error = reinforce("agent.double=true");
    assert!(error.contains("there is no key agent.double"), "{error}");
    let error = reinforce("agent.kind=reinfroce");
    assert!(error.contains("it must be one of") && error.contains("\"reinforce\""), "{error}");
}

#[test]
fn wrong_types_and_impossible_values_say_what_is_allowed() {
    for (set, words) in [
        ("agent.discount=2", "agent.discount = 2 is not allowed: it must be from 0 to 1"),
        ("agent.discount=\"high\"", "agent.discount = \"high\" is not allowed: it must be a number"),
        ("agent.discount=nan", "agent.discount"),
        ("agent.double=1", "agent.double = 1 is not allowed: it must be true or false"),
        ("training.steps=-1", "training.steps = -1 is not allowed: it must be a whole number, 0 or more"),
        ("training.steps=0", "training.steps = 0 is not allowed: it must be at least 1"),
        ("training.steps=1.5", "training.steps = 1.5 is not allowed: it must be a whole number, 0 or more"),
        ("training.episodes=0", "training.episodes = 0 is not allowed: it must be at least 1"),
        ("evaluation.every=-5", "a number of agent steps, 0 or more, or { episodes = N }"),
        ("training.environments=0", "training.environments = 0 is not allowed: it must be from 1 to 4096"),
        ("training.batch_size=0", "training.batch_size = 0 is not allowed: it must be at least 1"),
        ("agent.loss=hubre", "agent.loss = \"hubre\" is not allowed: it must be one of \"huber\", \"mse\""),
        ("agent.target_update={ updates = 0 }", "agent.target_update.updates = 0 is not allowed"),
        ("agent.target_update={ update = 5 }", "\"update\" is not allowed: it must be one of"),
        ("exploration.start=1.5", "exploration.start = 1.5 is not allowed: it must be a probability, from 0 to 1"),
        ("optimizer.learning_rate=-1", "optimizer.learning_rate = -1 is not allowed: it must be a number above 0"),
        ("network.torso.hidden=[0]", "network.torso.hidden.0 = 0 is not allowed: it must be from 1 to 65536"),
        ("network.torso.kind=mpl", "\"mpl\""),
        ("evaluation.environments=21", "evaluation.environments = 21 is not allowed"),
        ("evaluation.epsilon=1.1", "evaluation.epsilon = 1.1"),
        (
            "training.learning_starts={ batches = 313 }",
            "313 batches of 64 are 20032 transitions, more than replay.capacity",
        ),
        ("training.batch_size=20001", "training.batch_size: 20001 transitions, more than replay.capacity = 20000"),
        ("checkpoint.keep=0", "checkpoint.keep = 0 is not allowed: it must be at least 1"),
        ("name=../elsewhere", "name = \"../elsewhere\" is not allowed"),
        ("environment=5", "environment"),
        ("environment.id=5", "id = 5 is not allowed: it must be text in quotes"),
    ] {
        let error = refused(set);
        assert!(error.starts_with(&format!("--set {set}: ")), "{error}");
        assert!(error.contains(words), "{error}\n{words}");
    }
}

#[test]
fn an_override_that_is_none_says_how_one_looks() {
    assert_eq!(refused("discount"), "--set discount: an override looks like agent.discount=0.98");
    assert_eq!(refused("agent.discount.x=1"), "--set agent.discount.x=1: agent.discount is a value, not a section");
    assert_eq!(refused("=1"), "--set =1: \"\" is not a key as agent.discount");
}

#[test]
fn overrides_stand_in_the_resolved_file_beside_its_comments() {
    let text = with(&[
        "agent.discount=0.98",
        "environment.id=CartPole-v0",
        "network.torso.hidden=[64, 64]",
        "agent.terminal_target=-1.0",
    ])
    .unwrap();
    assert!(text.contains("discount = 0.98                         # of future rewards, per step"), "{text}");
    assert!(text.contains("id = \"CartPole-v0\"              # Gymnasium's id"), "{text}");
    assert!(text.contains("hidden = [64, 64]"), "{text}");
    assert!(text.contains("terminal_target = -1.0"), "{text}");
}

#[test]
fn seed_and_steps_have_options_of_their_own() {
    let overrides = Overrides { seed: Some(9), steps: Some(77), ..Overrides::default() };
    let (experiment, document) = config::load("cartpole", &overrides).unwrap();
    assert_eq!((experiment.training.seed, experiment.training.steps), (9, 77));
    assert!(document.text().contains("seed = 9 "));
    let overrides = Overrides { steps: Some(0), ..Overrides::default() };
    let error = config::load("cartpole", &overrides).unwrap_err().to_string();
    assert!(error.starts_with("--steps 0: training.steps = 0 is not allowed"), "{error}");
    let overrides = Overrides { seed: Some(u64::MAX), ..Overrides::default() };
    assert!(config::load("cartpole", &overrides).unwrap_err().to_string().contains("--seed"));
}

#[test]
fn the_environment_has_an_option_of_its_own() {
    let elsewhere = |env: &str, set: &[&str]| {
        let set = set.iter().map(ToString::to_string).collect();
        config::load("cartpole-fast", &Overrides { env: Some(env.to_owned()), set, ..Overrides::default() }).unwrap().0
    };
    assert_eq!(elsewhere("CartPole-v1", &[]), config::load("cartpole-fast", &Overrides::default()).unwrap().0);
    let acrobot = elsewhere("Acrobot-v1", &[]);
    assert_eq!((acrobot.name.as_str(), acrobot.environment.id.as_str()), ("cartpole-fast-Acrobot-v1", "Acrobot-v1"));
    assert_eq!(acrobot.summary, "cartpole-fast on Acrobot-v1 instead of CartPole-v1");
    assert_eq!(acrobot.evaluation.stop_at, None);
    // It comes first; and a run's folder is called after it, whatever is in the id.
    assert_eq!(elsewhere("Acrobot-v1", &["evaluation.stop_at=-90"]).evaluation.stop_at, Some(-90.0));
    assert_eq!(elsewhere("ALE/Pong-v5", &[]).name, "cartpole-fast-ALE-Pong-v5");
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let error = file("[agent]", "[agent");
    let at = format!("line {}", line("[agent]"));
    assert!(error.contains("mine.toml is not valid TOML") && error.contains(&at), "{error}");
}

proptest! {
    /// Whatever somebody writes, it is an experiment or a message.
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", set in "[a-z]{1,9}(\\.[a-z_]{1,9}){0,3}=.{0,20}") {
        if let Ok(document) = Document::parse("text", &text) {
            let _ = document.read::<Experiment>();
        }
        let _ = with(&[&set]);
    }

    /// The same for files that are nearly right: one byte of `pong` is another.
    #[test]
    fn no_slip_makes_it_panic(position in 0usize..3000, byte in 32u8..127) {
        let mut text = config::find("pong").unwrap().text().into_bytes();
        let position = position % text.len();
        text[position] = byte;
        let text = String::from_utf8(text).unwrap();
        if let Ok(document) = Document::parse("slip", &text)
            && let Ok(experiment) = document.read::<Experiment>()
            && let Err(problem) = experiment.validate()
        {
            prop_assert!(!document.locate(problem).to_string().is_empty());
        }
    }
}
