//! Whether an agent keeps what [`Agent`] promises.

mod play;
mod promise;

use deepq_core::{Element, End, Seeds};
use deepq_replay::Transition;
pub use promise::{BrokenPromise, Promise};

use self::play::{Call, Gave, Player, Whole};
use crate::{Agent, AgentError, AgentState, Counters, Halves, targets};

/// Calls that are made where an agent is watched for long.
const CALLS: usize = 2_000;
/// Captures, and the calls that are made after each; no multiple of a step's, so that captures come at every moment of it.
const CAPTURES: usize = 40;
const CALLS_AFTER: usize = 37;
/// Steps that are acted while the other half learns.
const ACTED: usize = 20;

/// Tests whether an agent keeps the promises of [`Agent`]: acting, observing and learning in any number of streams, counters,
/// reports, determinism under a seed, capture and restore at any moment, errors for what does not fit that change nothing,
/// halves that equal the whole, taking over and freezing weights.
///
/// `make` makes the agent, from the seeds that it is given, for so many `streams`. It is told some thousand steps of noise
/// without any order from one observation to the next, so that its replay must be one of single observations; it should learn
/// after a hundred steps, and be small. What this cannot see is whether it learns what was meant.
///
/// ```
/// use deepq_agents::nets::{Device, Head, NetworkSpec, OptimizerSpec, Torso};
/// use deepq_agents::{AgentParts, Reinforce, ReinforceSpec, check_agent};
///
/// check_agent::<f32>(2, |seeds| {
///     let parts = AgentParts {
///         network: &NetworkSpec::new(Torso::Mlp { hidden: vec![8] }, Head::Single { hidden: vec![] }),
///         optimizer: &OptimizerSpec::adam(1e-3),
///         observation_shape: &[4],
///         actions: 3,
///         streams: 2,
///         seeds,
///         device: &Device::Cpu,
///     };
///     Ok(Box::new(Reinforce::new(&ReinforceSpec::sutton_barto_2018(0.99), &parts)?))
/// })?;
/// # Ok::<(), deepq_agents::BrokenPromise>(())
/// ```
///
/// # Errors
///
/// The first promise that is broken.
pub fn check_agent<E: Element>(
    streams: usize,
    make: impl Fn(&Seeds) -> Result<Box<dyn Agent<E>>, AgentError>,
) -> Result<(), BrokenPromise> {
    let new = |seed| Promise::Made.must("making it", make(&Seeds::new(seed)));
    let player = |agent: &dyn Agent<E>, seed| {
        Player::new(seed, streams, agent.trained().network.observation_shape().iter().product())
    };
    let started = |seed| -> Result<Started<E>, BrokenPromise> {
        let agent = new(seed)?;
        let player = player(&*agent, seed);
        Ok((agent, player))
    };
    made(&*new(1)?, &*new(1)?)?;
    begin_first(started(1)?)?;
    determinism(started(1)?, started(1)?)?;
    updates(started(1)?)?;
    asking(started(1)?)?;
    capture_and_restore(started(1)?, started(2)?)?;
    refusals(started(1)?)?;
    foreign_states(started(1)?)?;
    halves(started(1)?, [new(2)?, new(3)?, new(4)?])?;
    transfer(started(1)?, &*new(2)?)
}

/// An agent, and who plays with it.
type Started<E> = (Box<dyn Agent<E>>, Player<E>);

fn made<E: Element>(one: &dyn Agent<E>, other: &dyn Agent<E>) -> Result<(), BrokenPromise> {
    let promise = Promise::Made;
    promise.unless(one.counters() == Counters::default(), "its counters do not begin at 0")?;
    promise.unless(one.gradients().is_none(), "there are gradients before the first update")?;
    let whole = |agent| promise.must("state", Whole::of(agent));
    promise.same(&whole(one)?, &whole(other)?)
}

fn begin_first<E: Element>((mut agent, player): Started<E>) -> Result<(), BrokenPromise> {
    let (next_observation, end) = (player.observation(0), End::RUNNING);
    let told = agent.observe(0, &Transition { action: 0, reward: 0.0, next_observation, end });
    Promise::BeginFirst.unless(told.is_err(), "it was taken")
}

fn determinism<E: Element>(
    (mut one, mut player): Started<E>,
    (mut other, mut same_player): Started<E>,
) -> Result<(), BrokenPromise> {
    let promise = Promise::Determinism;
    for _ in 0..CALLS {
        let calls = (player.call(&mut *one), same_player.call(&mut *other));
        let (one, other) = (promise.must("a call", calls.0)?, promise.must("a call", calls.1)?);
        promise.unless(one == other, format!("one gave {one:?}, the other {other:?}"))?;
    }
    let whole = |agent| promise.must("state", Whole::of(agent));
    promise.same(&whole(&*one)?, &whole(&*other)?)
}

fn updates<E: Element>((mut agent, mut player): Started<E>) -> Result<(), BrokenPromise> {
    let mut updates = 0;
    for _ in 0..CALLS {
        let gave = Promise::Updates.must("a call", player.call(&mut *agent))?;
        if let Gave::Update(Some(report)) = gave {
            updates += 1;
            let counted = format!("update {updates} is reported as {}", report.update);
            Promise::Counting.unless(report.update == updates, counted)?;
            let mut numbers = report.figures.iter().chain([&report.loss, &report.gradient_norm]);
            Promise::Updates.unless(numbers.all(|number| number.is_finite()), format!("there was {report:?}"))?;
            let names = agent.figures();
            let found = format!("there are {} figures for {names:?}", report.figures.len());
            Promise::Updates.unless(report.figures.len() == names.len(), found)?;
            Promise::Updates.unless(agent.gradients().is_some(), "there are no gradients")?;
        }
        let expected =
            Counters { agent_steps: player.acted * player.streams as u64, updates, episodes: player.episodes };
        let found = format!("there are {:?} after {expected:?}", agent.counters());
        Promise::Counting.unless(agent.counters() == expected, found)?;
    }
    Promise::Updates.unless(updates > 0, format!("there was none in {CALLS} calls"))
}

fn asking<E: Element>((mut agent, mut player): Started<E>) -> Result<(), BrokenPromise> {
    const ROWS: usize = 3;
    let promise = Promise::Asking;
    let whole = |agent: &dyn Agent<E>| promise.must("state", Whole::of(agent));
    for _ in 0..CALLS / 100 {
        promise.must("a call", player.call(&mut *agent))?;
        let before = whole(&*agent)?;
        let observations = player.noise(ROWS * player.observation_len);
        let preferences = promise.must("preferences", agent.preferences(&observations))?;
        let mut actions = [usize::MAX; ROWS];
        promise.must("greedy", agent.greedy(&observations, &mut actions))?;
        let width = agent.trained().network.actions();
        promise.unless(preferences.len() == ROWS * width, format!("{ROWS} rows gave {}", preferences.len()))?;
        let best: Vec<usize> = preferences.chunks_exact(width).map(targets::argmax).collect();
        promise.unless(best == actions, format!("greedy gave {actions:?} where {best:?} is preferred"))?;
        let exploration = agent.exploration();
        promise.unless((0.0..=1.0).contains(&exploration), format!("exploration is {exploration}"))?;
        promise.same(&before, &whole(&*agent)?)?;
    }
    Ok(())
}

/// Takes an agent out and puts it back into one that has a life of its own behind it.
fn capture_and_restore<E: Element>(
    (mut agent, mut player): Started<E>,
    (mut other, mut others): Started<E>,
) -> Result<(), BrokenPromise> {
    let promise = Promise::CaptureAndRestore;
    for _ in 0..CALLS / 10 {
        promise.must("a call", others.call(&mut *other))?;
    }
    for _ in 0..CAPTURES {
        let state = promise.must("state", agent.state())?;
        let mut replay = Vec::new();
        promise.must("save_replay", agent.save_replay(&mut replay))?;
        let captured = promise.must("state", Whole::from_parts(&state, replay.clone()))?;
        let (mut same_player, at) = (player.clone(), player.next);

        let mut expected = Vec::new();
        for _ in 0..CALLS_AFTER {
            expected.push(promise.must("a call", player.call(&mut *agent))?);
        }
        let later = promise.must("state", Whole::from_parts(&state, replay.clone()))?;
        Promise::StateIsAValue.same(&captured, &later)?;

        promise.must("restore", other.restore(&state))?;
        promise.must("load_replay", other.load_replay(&mut replay.as_slice()))?;
        promise.same(&captured, &promise.must("state", Whole::of(&*other))?)?;
        for expected in &expected {
            let gave = promise.must("a call", same_player.call(&mut *other))?;
            let found = format!("before {at:?} it was captured; then there was {expected:?} and, restored, {gave:?}");
            promise.unless(gave == *expected, found)?;
        }
        let whole = |agent| promise.must("state", Whole::of(agent));
        promise.same(&whole(&*agent)?, &whole(&*other)?)?;
    }
    Ok(())
}

fn refusals<E: Element>((mut agent, mut player): Started<E>) -> Result<(), BrokenPromise> {
    let promise = Promise::Refusals;
    for next in [Call::Act, Call::Observe(0), Call::Learn] {
        promise.must("a call", player.until(&mut *agent, next))?;
        let before = promise.must("state", Whole::of(&*agent))?;
        let Player { streams, observation_len: len, .. } = player;
        let (all, one) = (player.observations.clone(), player.noise(len));
        let width = agent.trained().network.actions();
        let good = Transition { action: 0, reward: 0.0, next_observation: &one, end: End::RUNNING };
        let no_action = Transition { action: width as u32, ..good };
        let short = Transition { next_observation: &one[1..], ..good };
        let (nan, infinite) = (Transition { reward: f32::NAN, ..good }, Transition { reward: f32::INFINITY, ..good });
        let refused = [
            ("act, an element too few", agent.act(&all[1..], &mut vec![0; streams])),
            ("act, an action too many", agent.act(&all, &mut vec![0; streams + 1])),
            ("greedy, an element too few", agent.greedy(&all[1..], &mut vec![0; streams])),
            ("greedy, an action too many", agent.greedy(&all, &mut vec![0; streams + 1])),
            ("begin_episode, a stream too many", agent.begin_episode(streams, &one)),
            ("begin_episode, an element too few", agent.begin_episode(0, &one[1..])),
            ("observe, a stream too many", agent.observe(streams, &good)),
            ("observe, an action that does not exist", agent.observe(0, &no_action)),
            ("observe, an element too few", agent.observe(0, &short)),
            ("observe, a reward of NaN", agent.observe(0, &nan)),
            ("observe, an infinite reward", agent.observe(0, &infinite)),
        ];
        // Of single numbers any number is whole rows.
        let rows = (len > 1).then(|| ("preferences, an element too few", agent.preferences(&all[1..]).map(drop)));
        for (what, result) in refused.into_iter().chain(rows) {
            promise.unless(result.is_err(), format!("before {next:?} this was taken: {what}"))?;
        }
        promise.same(&before, &promise.must("state", Whole::of(&*agent))?)?;
    }
    Ok(())
}

fn foreign_states<E: Element>((mut agent, mut player): Started<E>) -> Result<(), BrokenPromise> {
    let promise = Promise::ForeignStates;
    for _ in 0..CALLS / 4 {
        promise.must("a call", player.call(&mut *agent))?;
    }
    let good = promise.must("state", agent.state())?;
    let before = promise.must("state", Whole::of(&*agent))?;
    let names: Vec<String> = good.tensors.keys().cloned().collect();
    let mut try_with = |what: &str, change: &dyn Fn(&mut AgentState)| {
        let mut state = good.clone();
        change(&mut state);
        promise.unless(agent.restore(&state).is_err(), format!("one was taken with {what}"))?;
        promise.same(&before, &promise.must("state", Whole::of(&*agent))?)
    };
    try_with("an empty document", &|state| state.document.clear())?;
    try_with("a document of something else", &|state| state.document = "{\"kind\":\"other\"}".to_owned())?;
    for name in &names {
        try_with(&format!("no {name}"), &|state| drop(state.tensors.remove(name)))?;
        try_with(&format!("another shape of {name}"), &|state| {
            let longer = state.tensors.get(name).and_then(|tensor| tensor.unsqueeze(0).ok());
            state.tensors.extend(longer.map(|tensor| (name.clone(), tensor)));
        })?;
    }
    Ok(())
}

/// The actor acts with the weights that there were, the learner learns what was known, whatever they do meanwhile.
fn halves<E: Element>(
    (mut agent, mut player): Started<E>,
    [mut acting, mut learning, mut apart]: [Box<dyn Agent<E>>; 3],
) -> Result<(), BrokenPromise> {
    let promise = Promise::Halves;
    for _ in 0..CALLS / 2 {
        promise.must("a call", player.call(&mut *agent))?;
    }
    promise.must("a call", player.until(&mut *agent, Call::Learn))?;
    if promise.must("halves", agent.halves())?.is_none() {
        return Ok(());
    }
    let state = promise.must("state", agent.state())?;
    let mut replay = Vec::new();
    promise.must("save_replay", agent.save_replay(&mut replay))?;
    for agent in [&mut acting, &mut learning, &mut apart] {
        promise.must("restore", agent.restore(&state))?;
        promise.must("load_replay", agent.load_replay(&mut replay.as_slice()))?;
    }
    let observations: Vec<Vec<E>> = (0..ACTED).map(|_| player.noise(player.streams * player.observation_len)).collect();
    let mut actions = vec![vec![usize::MAX; player.streams]; ACTED];
    for (observations, actions) in observations.iter().zip(&mut actions) {
        promise.must("act", acting.act(observations, actions))?;
    }
    let mut reports = Vec::new();
    while let Some(report) = promise.must("learn", learning.learn())? {
        reports.push(report);
    }
    {
        let taken_apart = promise.must("halves", apart.halves())?;
        let Some(Halves { mut actor, mut learner }) = taken_apart else {
            return Err(promise.broken("there were halves before, and now there are none"));
        };
        let mut expected = reports.into_iter();
        for (observations, actions) in observations.iter().zip(&actions) {
            let report = promise.must("learn", learner.learn())?;
            promise.unless(report == expected.next(), format!("the learner made another update: {report:?}"))?;
            let mut acted = vec![usize::MAX; actions.len()];
            promise.must("act", actor.act(observations, &mut acted))?;
            promise.unless(acted == *actions, format!("the actor chose {acted:?}, the whole agent {actions:?}"))?;
        }
        for expected in expected {
            let report = promise.must("learn", learner.learn())?;
            promise
                .unless(report.as_ref() == Some(&expected), format!("the learner made another update: {report:?}"))?;
        }
    }
    let expected = Counters { agent_steps: acting.counters().agent_steps, ..learning.counters() };
    promise.unless(apart.counters() == expected, format!("there are {:?} after {expected:?}", apart.counters()))?;
    let weights = |agent: &dyn Agent<E>| promise.must("to_safetensors", agent.parameters().to_safetensors());
    promise.unless(weights(&*apart)? == weights(&*learning)?, "they end with other weights")
}

fn transfer<E: Element>((mut agent, mut player): Started<E>, source: &dyn Agent<E>) -> Result<(), BrokenPromise> {
    let promise = Promise::Transfer;
    let weights = promise.must("to_safetensors", source.parameters().to_safetensors())?;
    let names: Vec<String> = agent.parameters().iter().map(|(name, _)| name.to_owned()).collect();
    let mut parts: Vec<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
    parts.dedup();
    let before = promise.must("state", Whole::of(&*agent))?;
    promise.unless(agent.load_parts(&weights, &["no such part"]).is_err(), "a part was loaded that does not exist")?;
    promise.unless(agent.freeze(&["no such part"]).is_err(), "a part was frozen that does not exist")?;
    promise.same(&before, &promise.must("state", Whole::of(&*agent))?)?;
    let loaded = promise.must("load_parts", agent.load_parts(&weights, &parts))?;
    promise.unless(loaded.len() == names.len(), format!("of {names:?} it loaded {loaded:?}"))?;
    let thinks = |agent: &dyn Agent<E>| promise.must("preferences", agent.preferences(player.observation(0)));
    promise.unless(thinks(&*agent)? == thinks(source)?, "it thinks something else with the same weights")?;
    let frozen = match parts.as_slice() {
        [first, _, ..] => promise.must("freeze", agent.freeze(&[first]))?,
        _ => Vec::new(),
    };
    let values = |agent: &dyn Agent<E>| -> Result<Vec<Vec<f32>>, BrokenPromise> {
        let of = |name: &String| agent.parameters().get(name).map(|tensor| tensor.flatten_all()?.to_vec1());
        frozen.iter().filter_map(of).map(|values| promise.must("a tensor", values)).collect()
    };
    let before = values(&*agent)?;
    for _ in 0..CALLS {
        promise.must("a call", player.call(&mut *agent))?;
    }
    promise.unless(values(&*agent)? == before, format!("{frozen:?} changed"))?;
    let started = |result| matches!(result, Err(AgentError::Started { .. }));
    promise.unless(started(agent.load_parts(&weights, &parts)), "weights were loaded after the first update")?;
    promise.unless(started(agent.freeze(&parts)), "parts were frozen after the first update")
}
