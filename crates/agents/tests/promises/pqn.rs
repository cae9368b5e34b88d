//! PQN: targets from rollouts, epochs of shuffled minibatches, exact restoring in the middle of them, and Q-values that
//! become right.

use deepq_agents::{Agent, AgentError, AgentParts, ClipGradient, ClipReward, Clock, Pqn, PqnSpec, Schedule};
use deepq_envs::{Element, Seeds};
use deepq_nets::{Device, Head, Initialisation, Loss, NetworkSpec, OptimizerSpec, Torso};
use deepq_replay::{End, Transition};

use crate::setup::{Chain, begin, bits, epsilon, one_hot, play, set_table};

pub(crate) fn spec() -> PqnSpec {
    PqnSpec {
        discount: 0.9,
        lambda: 0.65,
        rollout_steps: 8,
        epochs: 2,
        minibatches: 4,
        loss: Loss::Mse,
        clip_gradient: ClipGradient::Norm(10.0),
        clip_reward: ClipReward::None,
        learning_rate_factor: Schedule::Constant { value: 1.0 },
    }
}

fn try_agent<E: Element>(spec: &PqnSpec, streams: usize, seed: u64) -> Result<Pqn<E>, AgentError> {
    exploring(spec, &epsilon(0.3), streams, seed)
}

fn exploring<E: Element>(
    spec: &PqnSpec,
    exploration: &Schedule,
    streams: usize,
    seed: u64,
) -> Result<Pqn<E>, AgentError> {
    let parts = AgentParts {
        // With biases, so that a tiny step moves no weight.
        network: &NetworkSpec {
            initialisation: Initialisation::Pytorch,
            ..NetworkSpec::new(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] })
        },
        optimizer: &OptimizerSpec::adam(0.01),
        observation_shape: &[Chain::STATES],
        actions: 2,
        streams,
        seeds: &Seeds::new(seed),
        device: &Device::Cpu,
    };
    Pqn::new(spec, exploration, &parts)
}

pub(crate) fn agent<E: Element>(spec: &PqnSpec, streams: usize, seed: u64) -> Pqn<E> {
    try_agent(spec, streams, seed).unwrap()
}

#[test]
fn each_rollout_makes_its_updates_and_the_values_become_right() {
    let mut agent = agent(&spec(), 4, 1);
    let mut chains = [1, 2, 3, 4].map(Chain::new);
    begin(&mut agent, &chains);
    assert_eq!(play(&mut agent, &mut chains, 7).len(), 0, "the rollout is not complete");
    assert_eq!(play(&mut agent, &mut chains, 1).len(), 2 * 4);
    let reports = play(&mut agent, &mut chains, 8 * 400);
    assert_eq!(reports.len(), 400 * 2 * 4);
    assert_eq!(agent.counters().updates, 401 * 2 * 4);
    assert_eq!(agent.counters().agent_steps, 4 * 401 * 8);
    let observations: Vec<f32> = (0..4).flat_map(|state| one_hot(state, Chain::STATES)).collect();
    let mut actions = [0; 4];
    agent.greedy(&observations, &mut actions).unwrap();
    assert_eq!(actions, [1; 4]);
    // The last step right terminates with a reward of 1.
    let q_values = agent.preferences(&one_hot(3, Chain::STATES)).unwrap();
    assert!((q_values[1] - 1.0).abs() < 0.1, "{q_values:?}");
}

#[test]
fn exploration_follows_the_agents_own_counters() {
    let exploration = Schedule::Linear { start: 1.0, end: 0.0, from: 0, to: 1_000, hold_until: 0, by: Clock::Step };
    // Longer than the test, so that nothing is learned.
    let spec = PqnSpec { rollout_steps: 2_000, ..spec() };
    let mut agent = exploring::<f32>(&spec, &exploration, 1, 1).unwrap();
    set_table(agent.network(), &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let observation = one_hot(0, Chain::STATES);
    agent.begin_episode(0, &observation).unwrap();
    let mut random_actions = || {
        let act = |_: &u32| {
            let mut action = [0];
            agent.act(&observation, &mut action).unwrap();
            let next_observation = &observation;
            let transition = Transition { action: 0, reward: 0.0, next_observation, end: End::RUNNING };
            agent.observe(0, &transition).unwrap();
            action == [1]
        };
        (0..500).filter(act).count()
    };
    // Half of the random ones are the greedy one: 187.5 and 62.5 are expected of the first two.
    let [first, second, third] = [random_actions(), random_actions(), random_actions()];
    assert!((140..235).contains(&first) && (30..95).contains(&second) && third == 0, "{first} {second} {third}");
}

/// The gradient of one rollout by hand. The states' values are 1, 2, 3, 4, 5; discount and lambda are 0.5. The first stream
/// is truncated after its second step, the second one loses a life after its first, and each step starts from a state of
/// its own, so that with one-hot observations a weight's gradient is that of one step: 2 (q - target) / 4.
#[test]
fn the_gradient_is_that_of_q_lambda_targets() {
    let spec = PqnSpec {
        discount: 0.5,
        lambda: 0.5,
        rollout_steps: 2,
        epochs: 1,
        minibatches: 1,
        clip_gradient: ClipGradient::None,
        ..spec()
    };
    let mut agent = agent::<f32>(&spec, 2, 1);
    set_table(agent.network(), &[0.0, 1.0, 2.0, -1.0, 3.0, 0.0, 0.0, 4.0, 5.0, 5.0]);
    let see = |state: usize| one_hot(state, Chain::STATES);
    let act = |agent: &mut Pqn<f32>, states: [usize; 2]| {
        agent.act(&states.map(see).concat(), &mut [0; 2]).unwrap();
    };
    let tell = |agent: &mut Pqn<f32>, stream: usize, action: u32, reward: f32, state: usize, end: End| {
        agent.observe(stream, &Transition { action, reward, next_observation: &see(state), end }).unwrap();
    };
    (0..2).for_each(|stream| agent.begin_episode(stream, &see(stream)).unwrap());
    act(&mut agent, [0, 2]);
    tell(&mut agent, 0, 1, 10.0, 1, End::RUNNING);
    tell(&mut agent, 1, 0, 20.0, 3, End::LIFE_LOST);
    assert!(agent.learn().unwrap().is_none());
    act(&mut agent, [1, 3]);
    tell(&mut agent, 0, 0, 30.0, 4, End::TRUNCATED);
    agent.begin_episode(0, &see(0)).unwrap();
    tell(&mut agent, 1, 1, 40.0, 2, End::RUNNING);
    let report = agent.learn().unwrap().unwrap();
    assert!(agent.learn().unwrap().is_none());

    let second = [30.0 + 0.5 * 5.0, 40.0 + 0.5 * 3.0];
    // State, action taken, its value, its target.
    let steps = [
        (0, 1, 1.0, 10.0 + 0.5 * (0.5 * 2.0 + 0.5 * second[0])),
        (1, 0, 2.0, second[0]),
        (2, 0, 3.0, 20.0),
        (3, 1, 4.0, second[1]),
    ];
    let (name, gradient) = agent.gradients().unwrap().iter().next().unwrap().unwrap();
    assert_eq!(name, "head.0.weight");
    let mut expected = [0.0; 2 * Chain::STATES];
    for (state, action, q, target) in steps {
        expected[action * Chain::STATES + state] = 2.0 * (q - target) / 4.0;
    }
    assert!(
        gradient.iter().zip(expected).all(|(a, e): (&f32, f32)| (a - e).abs() < 1e-4),
        "{gradient:?}, {expected:?}"
    );
    assert_eq!(report.figures[0], 2.5);
}

/// The same values as above where the truncation comes before the rollout's end.
#[test]
fn a_truncation_bootstraps_from_the_final_observation() {
    let spec = PqnSpec {
        discount: 0.5,
        rollout_steps: 2,
        epochs: 1,
        minibatches: 1,
        clip_gradient: ClipGradient::None,
        ..spec()
    };
    for (end, target) in [(End::TRUNCATED, 1.0 + 0.5 * 5.0), (End::TERMINATED, 1.0)] {
        let mut agent = agent::<f32>(&spec, 1, 1);
        set_table(agent.network(), &[0.0, 1.0, 2.0, -1.0, 3.0, 0.0, 0.0, 4.0, 5.0, 5.0]);
        let see = |state: usize| one_hot(state, Chain::STATES);
        agent.begin_episode(0, &see(0)).unwrap();
        agent.act(&see(0), &mut [0]).unwrap();
        agent.observe(0, &Transition { action: 0, reward: 1.0, next_observation: &see(4), end }).unwrap();
        agent.begin_episode(0, &see(1)).unwrap();
        agent.act(&see(1), &mut [0]).unwrap();
        let last = Transition { action: 1, reward: 100.0, next_observation: &see(3), end: End::RUNNING };
        agent.observe(0, &last).unwrap();
        agent.learn().unwrap().unwrap();
        let (_, gradient) = agent.gradients().unwrap().iter().next().unwrap().unwrap();
        assert!((gradient[0] - (0.0 - target)).abs() < 1e-5, "{end:?}: {gradient:?}");
    }
}

/// One update from one step of this reward that terminates, the value of its action being 0: the gradient by that value, the
/// loss, and the value then.
fn updated_by(spec: PqnSpec, reward: f32) -> (f32, f32, f32) {
    let spec = PqnSpec { rollout_steps: 1, epochs: 1, minibatches: 1, clip_gradient: ClipGradient::None, ..spec };
    let mut agent = agent::<f32>(&spec, 1, 1);
    set_table(agent.network(), &[0.0; 2 * Chain::STATES]);
    let observation = one_hot(0, Chain::STATES);
    agent.begin_episode(0, &observation).unwrap();
    agent.act(&observation, &mut [0]).unwrap();
    let transition = Transition { action: 0, reward, next_observation: &observation, end: End::TERMINATED };
    agent.observe(0, &transition).unwrap();
    let report = agent.learn().unwrap().unwrap();
    let (_, gradient) = agent.gradients().unwrap().iter().next().unwrap().unwrap();
    (gradient[0], report.loss, agent.preferences(&observation).unwrap()[0])
}

/// With the squared loss the gradient is 2 (0 - target).
#[test]
fn targets_are_of_clipped_rewards() {
    let targets = |clip_reward| {
        [-30.0, 0.25].map(|reward| updated_by(PqnSpec { clip_reward, loss: Loss::Mse, ..spec() }, reward).0 / -2.0)
    };
    assert_eq!(targets(ClipReward::None), [-30.0, 0.25]);
    assert_eq!(targets(ClipReward::Range([-1.0, 1.0])), [-1.0, 0.25]);
    assert_eq!(targets(ClipReward::Sign), [-1.0, 1.0]);
}

/// By hand: an error of 10 is in Huber's linear part, one of a half in its square.
#[test]
fn the_loss_is_the_one_of_the_settings() {
    let updates = |loss| {
        [10.0, 0.5].map(|reward| {
            let (gradient, loss, _) = updated_by(PqnSpec { loss, ..spec() }, reward);
            (gradient, loss)
        })
    };
    assert_eq!(updates(Loss::Mse), [(-20.0, 100.0), (-1.0, 0.25)]);
    assert_eq!(updates(Loss::Huber), [(-1.0, 9.5), (-0.5, 0.125)]);
}

/// Minibatches of two rows, steps too small to move a value from 0, and rewards of terminating steps that are powers of two:
/// twice a loss, the sum of two squares, has a bit for each of its rows.
#[test]
fn each_epoch_takes_every_row_once_in_an_order_of_its_own() {
    const ROWS: usize = 12;
    const EPOCHS: usize = 6;
    let learning_rate_factor = Schedule::Constant { value: 1e-30 };
    let spec = PqnSpec { rollout_steps: ROWS, epochs: EPOCHS, minibatches: ROWS / 2, learning_rate_factor, ..spec() };
    let mut agent = agent::<f32>(&spec, 1, 1);
    set_table(agent.network(), &[0.0; 2 * Chain::STATES]);
    let observation = one_hot(0, Chain::STATES);
    let mut orders = vec![];
    for _ in 0..2 {
        for row in 0..ROWS {
            agent.begin_episode(0, &observation).unwrap();
            agent.act(&observation, &mut [0]).unwrap();
            let (reward, next_observation) = ((1 << row) as f32, &observation);
            agent.observe(0, &Transition { action: 0, reward, next_observation, end: End::TERMINATED }).unwrap();
        }
        for _ in 0..EPOCHS {
            let rows = (0..ROWS / 2).map(|_| (2.0 * agent.learn().unwrap().unwrap().loss) as u32);
            orders.push(rows.collect::<Vec<u32>>());
        }
        assert!(agent.learn().unwrap().is_none());
    }
    assert_eq!(agent.counters().episodes, 2 * ROWS as u64);
    let in_order: Vec<u32> = (0..ROWS as u32 / 2).map(|i| 0b0101 << (4 * i)).collect();
    let all = in_order.iter().sum::<u32>();
    for (epoch, order) in orders.iter().enumerate() {
        assert!(order.iter().all(|rows| rows.count_ones() == 2), "{order:?}");
        assert_eq!(order.iter().fold(0, |seen, rows| seen | rows), all, "of epoch {epoch}");
        assert_ne!(order, &in_order);
        assert!(!orders[..epoch].contains(order), "epoch {epoch} has the order of one before: {order:?}");
    }
}

#[test]
fn the_learning_rate_follows_its_factor() {
    let factor = |factor: Schedule| {
        let mut agent = agent(&PqnSpec { learning_rate_factor: factor, ..spec() }, 1, 1);
        let mut chains = [Chain::new(1)];
        begin(&mut agent, &chains);
        play(&mut agent, &mut chains, 8);
        let first = bits(agent.network());
        play(&mut agent, &mut chains, 80);
        (first, bits(agent.network()))
    };
    let end = 1e-30;
    let (unchanged, later) = factor(Schedule::Constant { value: end });
    assert_eq!(unchanged, later);
    let by = Clock::Step;
    let (first, later) = factor(Schedule::Linear { start: 1.0, end, from: 0, to: 16, hold_until: 0, by });
    assert_ne!(first, unchanged);
    // At step 8 the last updates with a learning rate that counts were made.
    assert_eq!(later, first);
}

/// Adam's first step is as long as the learning rate, 0.01, for each number; a value is a weight and a bias here.
#[test]
fn the_factor_multiplies_the_learning_rate() {
    for (value, expected) in [(1.0, 0.02), (0.25, 0.005)] {
        let learning_rate_factor = Schedule::Constant { value };
        let (_, _, learned) = updated_by(PqnSpec { learning_rate_factor, ..spec() }, 1.0);
        assert!((learned - expected).abs() < 1e-6, "{learned} is not {expected}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut agent = agent::<f32>(&spec(), 1, 1);
    let observation = one_hot(0, Chain::STATES);
    let transition = Transition { action: 0, reward: 0.0, next_observation: &observation, end: End::RUNNING };
    assert!(matches!(agent.observe(0, &transition), Err(AgentError::OutOfTurn(_))));
    assert!(matches!(agent.act(&observation, &mut [0]), Err(AgentError::NoEpisode { stream: 0 })));
    let message = "there is no stream 1; the streams are 0 to 0";
    assert_eq!(agent.begin_episode(1, &observation).unwrap_err().to_string(), message);
    assert!(agent.begin_episode(0, &[0.0; 4]).is_err());
    agent.begin_episode(0, &observation).unwrap();
    assert!(agent.act(&observation.repeat(2), &mut [0; 2]).is_err());
    agent.act(&observation, &mut [0]).unwrap();
    assert!(matches!(agent.act(&observation, &mut [0]), Err(AgentError::OutOfTurn(_))));
    assert!(agent.observe(0, &Transition { action: 2, ..transition }).is_err());
    assert!(agent.observe(0, &Transition { reward: f32::INFINITY, ..transition }).is_err());
    assert!(agent.observe(0, &Transition { next_observation: &[0.0], ..transition }).is_err());
    assert!(agent.observe(1, &transition).is_err());
    agent.observe(0, &transition).unwrap();

    let key = |spec: PqnSpec| match try_agent::<f32>(&spec, 3, 1) {
        Err(AgentError::Spec(error)) => error.key,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(key(PqnSpec { discount: 1.5, ..spec() }), "discount");
    assert_eq!(key(PqnSpec { lambda: f64::NAN, ..spec() }), "lambda");
    assert_eq!(key(PqnSpec { rollout_steps: 0, ..spec() }), "rollout_steps");
    assert_eq!(key(PqnSpec { epochs: 0, ..spec() }), "epochs");
    assert_eq!(key(PqnSpec { minibatches: 0, ..spec() }), "minibatches");
    assert_eq!(key(PqnSpec { minibatches: 5, ..spec() }), "minibatches");
    let factor_key = |factor| key(PqnSpec { learning_rate_factor: factor, ..spec() });
    assert_eq!(factor_key(Schedule::Constant { value: 0.0 }), "learning_rate_factor.value");
    let by = Clock::Step;
    let linear = |start, end, to| Schedule::Linear { start, end, from: 10, to, hold_until: 0, by };
    assert_eq!(factor_key(linear(2.0, 0.5, 20)), "learning_rate_factor.start");
    assert_eq!(factor_key(linear(1.0, 0.0, 20)), "learning_rate_factor.end");
    assert_eq!(factor_key(linear(1.0, 0.5, 10)), "learning_rate_factor.to");
    let falling = Schedule::Multiplicative { start: 1.0, factor: 2.0, end: 0.5, by };
    assert_eq!(factor_key(falling), "learning_rate_factor.factor");
    let endless = Schedule::Exponential { start: 1.0, end: 0.5, decay: 0.0, by };
    assert_eq!(factor_key(endless), "learning_rate_factor.decay");
}
