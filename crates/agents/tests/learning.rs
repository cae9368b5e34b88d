//! The agents learn: small tasks, solved in seconds, through the public interfaces of environments, replay and networks.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use deepq_agents::{
    Agent, AgentParts, ClipGradient, ClipReward, Clock, Dqn, DqnSpec, LearningStarts, Pqn, PqnSpec, Schedule,
    TargetUpdate, UpdateSpec,
};
use deepq_envs::{CartPole, Catch, Element, Env, FrameStack, Reset, Seeds, TimeLimit};
use deepq_nets::{ConvSpec, Device, Head, Initialisation, Loss, NetworkSpec, Normalisation, OptimizerSpec, Torso};
use deepq_replay::{End, Layout, ReplaySpec, Transition};

/// What a task is learned with.
struct Settings {
    spec: DqnSpec,
    updates: UpdateSpec,
    exploration: Schedule,
    network: NetworkSpec,
    learning_rate: f64,
    replay: ReplaySpec,
    stack: usize,
    seed: u64,
}

impl Settings {
    fn agent<V: Env>(&self, env: &V) -> Dqn<V::Element> {
        let space = env.observation_space();
        let layout = Layout { observation_len: space.len(), stack: self.stack, streams: 1 };
        let parts = AgentParts {
            network: &self.network,
            optimizer: &OptimizerSpec::adam(self.learning_rate),
            observation_shape: space.shape(),
            actions: env.action_space().n(),
            streams: 1,
            seeds: &Seeds::new(self.seed),
            device: &Device::Cpu,
        };
        let replay = self.replay.build(&layout, self.spec.discount).unwrap();
        Dqn::new(&self.spec, &self.updates, &self.exploration, replay, &parts).unwrap()
    }
}

/// Plays so many steps in each environment, learning.
fn train<V: Env>(agent: &mut dyn Agent<V::Element>, envs: &mut [V], seed: u64, steps: u64) {
    let len = envs[0].observation_space().len();
    let mut observations = vec![V::Element::default(); len * envs.len()];
    let mut next = vec![V::Element::default(); len];
    for (stream, (env, observation)) in envs.iter_mut().zip(observations.chunks_exact_mut(len)).enumerate() {
        env.reset(&Reset::seeded(seed + 1_000 * stream as u64), observation).unwrap();
        agent.begin_episode(stream, observation).unwrap();
    }
    let mut actions = vec![0; envs.len()];
    for _ in 0..steps {
        agent.act(&observations, &mut actions).unwrap();
        for (stream, (env, observation)) in envs.iter_mut().zip(observations.chunks_exact_mut(len)).enumerate() {
            let step = env.step(actions[stream], &mut next).unwrap();
            let (action, reward) = (actions[stream] as u32, step.reward as f32);
            let transition = Transition { action, reward, next_observation: &next, end: step.end() };
            agent.observe(stream, &transition).unwrap();
            observation.copy_from_slice(&next);
            if step.status.is_over() {
                env.reset(&Reset::default(), observation).unwrap();
                agent.begin_episode(stream, observation).unwrap();
            }
        }
        while agent.learn().unwrap().is_some() {}
    }
}

/// The mean return of greedy episodes.
fn evaluate<E: Element, V: Env<Element = E>>(agent: &dyn Agent<E>, env: &mut V, seed: u64, episodes: u32) -> f64 {
    let mut observation = vec![E::default(); env.observation_space().len()];
    let mut sum = 0.0;
    for episode in 0..episodes {
        let reset = if episode == 0 { Reset::seeded(seed) } else { Reset::default() };
        env.reset(&reset, &mut observation).unwrap();
        loop {
            let mut actions = [0];
            agent.greedy(&observation, &mut actions).unwrap();
            let step = env.step(actions[0], &mut observation).unwrap();
            sum += step.reward;
            if step.status.is_over() {
                break;
            }
        }
    }
    sum / f64::from(episodes)
}

fn catch(seed: u64) -> Settings {
    Settings {
        spec: DqnSpec {
            double: true,
            target_update: TargetUpdate::Updates(250),
            clip_reward: ClipReward::None,
            ..DqnSpec::nature_2015()
        },
        updates: UpdateSpec {
            batch_size: 32,
            learning_starts: LearningStarts::Steps(500),
            update_every: 1,
            gradient_steps: 1,
        },
        // There are 13 trajectories, and one that was never caught by chance is soon thought to be lost: with less
        // exploration than this, two seeds of twelve missed one for good.
        exploration: Schedule::Linear { start: 1.0, end: 0.1, from: 2_000, to: 8_000, hold_until: 0, by: Clock::Step },
        network: NetworkSpec::new(
            Torso::Conv { layers: vec![ConvSpec::new(16, 3, 1)] },
            Head::Single { hidden: vec![64] },
        ),
        learning_rate: 1e-3,
        replay: ReplaySpec::frames(20_000),
        stack: 3,
        seed,
    }
}

/// Frames of 10 by 5, of which three together tell where the ball goes: replay of frames, stack and convolution.
#[test]
fn catch_is_solved_from_byte_frames() {
    let settings = catch(1);
    let stacked = || FrameStack::new(Catch::new(), settings.stack).unwrap();
    let mut agent = settings.agent(&stacked());
    let random = evaluate(&agent, &mut stacked(), 1, 200);
    train(&mut agent, &mut [stacked()], 2, 12_000);
    let mean_return = evaluate(&agent, &mut stacked(), 3, 400);
    println!("mean return {mean_return}, before {random}");
    assert!(mean_return >= 0.95, "mean return {mean_return}, before learning {random}");
}

/// 8-step returns, because they learn it in a second (275 to 500 with twelve seeds); play at random gives 22, the greedy
/// policy before learning 9 to 90.
#[test]
fn cartpole_is_balanced() {
    let settings = Settings {
        spec: DqnSpec {
            double: true,
            target_update: TargetUpdate::Updates(200),
            clip_gradient: ClipGradient::Norm(10.0),
            clip_reward: ClipReward::None,
            ..DqnSpec::nature_2015()
        },
        updates: UpdateSpec {
            batch_size: 64,
            learning_starts: LearningStarts::Steps(500),
            update_every: 2,
            gradient_steps: 1,
        },
        exploration: Schedule::Linear { start: 1.0, end: 0.05, from: 500, to: 5_000, hold_until: 0, by: Clock::Step },
        network: NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] }),
        learning_rate: 2e-3,
        replay: ReplaySpec { n_step: 8, ..ReplaySpec::uniform(20_000) },
        stack: 1,
        seed: 5,
    };
    let mut env = TimeLimit::new(CartPole::new(), 500);
    let mut agent = settings.agent(&env);
    let before = evaluate(&agent, &mut env, 1, 50);
    train(&mut agent, std::slice::from_mut(&mut env), 2, 20_000);
    let mean_return = evaluate(&agent, &mut env, 3, 50);
    println!("mean return {mean_return}, before {before}");
    assert!(mean_return >= 200.0, "mean return {mean_return}, before learning {before}");
}

/// A reward of 1 for ever with a discount of a half: every action is worth 2, however many steps a target spans. Were what
/// follows three steps discounted as what follows one, it would be 3.5; were rewards not discounted, 3.43; without what
/// follows, 1.75.
#[test]
fn values_do_not_depend_on_the_steps_that_a_target_spans() {
    for n_step in [1, 3] {
        let spec = DqnSpec { discount: 0.5, double: false, target_update: TargetUpdate::Updates(20), ..catch(1).spec };
        let updates = UpdateSpec { batch_size: 8, learning_starts: LearningStarts::Steps(10), ..catch(1).updates };
        let replay =
            ReplaySpec { n_step, ..ReplaySpec::uniform(100) }.build(&Layout::single(1), spec.discount).unwrap();
        let parts = AgentParts {
            network: &NetworkSpec::new(Torso::Mlp { hidden: vec![8] }, Head::Single { hidden: vec![] }),
            optimizer: &OptimizerSpec::adam(1e-2),
            observation_shape: &[1],
            actions: 2,
            streams: 1,
            seeds: &Seeds::new(1),
            device: &Device::Cpu,
        };
        let mut agent = Dqn::<f32>::new(&spec, &updates, &Schedule::Constant { value: 1.0 }, replay, &parts).unwrap();
        agent.begin_episode(0, &[1.0]).unwrap();
        for _ in 0..1_000 {
            let mut actions = [0];
            agent.act(&[1.0], &mut actions).unwrap();
            let action = actions[0] as u32;
            let transition = Transition { action, reward: 1.0, next_observation: &[1.0], end: End::RUNNING };
            agent.observe(0, &transition).unwrap();
            while agent.learn().unwrap().is_some() {}
        }
        let values = agent.preferences(&[1.0]).unwrap();
        assert!(values.iter().all(|value| (value - 2.0).abs() < 0.1), "{values:?} with {n_step} steps");
    }
}

/// PQN with the settings of `cartpole-pqn` (500 with ten seeds of ten).
#[test]
fn cartpole_is_balanced_without_a_replay() {
    const STREAMS: usize = 8;
    let (from, hold_until, by) = (0, 0, Clock::Step);
    let spec = PqnSpec {
        discount: 0.99,
        lambda: 0.9,
        rollout_steps: 32,
        epochs: 4,
        minibatches: 4,
        loss: Loss::Mse,
        clip_gradient: ClipGradient::Norm(10.0),
        clip_reward: ClipReward::None,
        learning_rate_factor: Schedule::Linear { start: 1.0, end: 0.01, from, to: 100_096, hold_until, by },
    };
    let mut network = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
    network.normalisation = Normalisation::Layer;
    network.initialisation = Initialisation::Pytorch;
    let env = || TimeLimit::new(CartPole::new(), 500);
    let exploration = Schedule::Linear { start: 1.0, end: 0.05, from, to: 30_000, hold_until, by };
    let parts = AgentParts {
        network: &network,
        optimizer: &OptimizerSpec::RAdam { learning_rate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        observation_shape: &[4],
        actions: 2,
        streams: STREAMS,
        seeds: &Seeds::new(1),
        device: &Device::Cpu,
    };
    let mut agent = Pqn::new(&spec, &exploration, &parts).unwrap();
    let before = evaluate(&agent, &mut env(), 1, 50);
    train(&mut agent, &mut std::array::from_fn::<_, STREAMS, _>(|_| env()), 2, 100_096 / STREAMS as u64);
    let mean_return = evaluate(&agent, &mut env(), 3, 50);
    println!("mean return {mean_return}, before {before}");
    assert!(mean_return >= 450.0, "mean return {mean_return}, before learning {before}");
}
