//! What the training loop tells the agent: where an episode terminated nothing follows, where it was cut off its final
//! observation does, and never the first one of the next episode.

use deepq_agents::{AgentParts, ClipReward, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate, UpdateSpec};
use deepq_envs::{BoxedEnv, CartPole, Seeds, TimeLimit};
use deepq_experiments::config::Every;
use deepq_experiments::training::{Plan, Training};
use deepq_nets::{Device, Head, NetworkSpec, OptimizerSpec, Torso};
use deepq_replay::{Batch, Layout, ReplaySpec};

/// Environments that play at the same time.
const STREAMS: usize = 2;
const DISCOUNT: f64 = 0.5;
/// CartPole's pole has fallen beyond twelve degrees.
const FALLEN: f32 = 0.209_439_51;

/// Transitions of play at random in environments with this limit of steps: all that the agent's replay holds.
fn played(limit: u32) -> Batch<f32> {
    let spec = DqnSpec {
        discount: DISCOUNT,
        target_update: TargetUpdate::None,
        clip_reward: ClipReward::None,
        ..DqnSpec::nature_2015()
    };
    // Never.
    let learning_starts = LearningStarts::Steps(1 << 40);
    let updates = UpdateSpec { batch_size: 8, learning_starts, update_every: 1, gradient_steps: 1 };
    let layout = Layout { observation_len: 4, stack: 1, streams: STREAMS };
    let replay = ReplaySpec::uniform(4_000).build::<f32>(&layout, DISCOUNT).unwrap();
    let parts = AgentParts {
        network: &NetworkSpec::new(Torso::Mlp { hidden: vec![4] }, Head::Single { hidden: vec![] }),
        optimizer: &OptimizerSpec::adam(1e-3),
        observation_shape: &[4],
        actions: 2,
        streams: STREAMS,
        seeds: &Seeds::new(1),
        device: &Device::Cpu,
    };
    let agent = Dqn::new(&spec, &updates, &Schedule::Constant { value: 1.0 }, replay, &parts).unwrap();
    let environment = |_| -> BoxedEnv<f32> { Box::new(TimeLimit::new(CartPole::new(), limit)) };
    let plan = Plan {
        steps: 4_000,
        concurrent_steps: 0,
        episodes: None,
        log_every: 0,
        histograms_every: 0,
        evaluate_every: Every::Steps(0),
        checkpoint_every: 0,
        stop_at: None,
    };
    let environments = (0..STREAMS).map(environment).collect();
    let mut training = Training::new(plan, environments, Box::new(agent), &Seeds::new(2)).unwrap();
    for event in training.by_ref() {
        event.unwrap();
    }
    let store = training.agent().replay().unwrap().store();
    let mut batch = Batch::new();
    batch.ids = (0..store.places()).filter_map(|place| store.at(place)).collect();
    store.fill(&mut batch).unwrap();
    batch
}

fn fallen(observation: &[f32]) -> bool {
    observation[2].abs() > FALLEN
}

#[test]
fn only_where_the_pole_fell_nothing_follows() {
    let batch = played(500);
    let mut terminations = 0;
    for (next, &discount) in batch.next_observations.chunks_exact(4).zip(&batch.discounts) {
        terminations += usize::from(fallen(next));
        assert_eq!(discount, if fallen(next) { 0.0 } else { DISCOUNT as f32 }, "{next:?}");
    }
    assert!(terminations > 40, "{terminations}");
    assert!(!batch.observations.chunks_exact(4).any(fallen), "nobody acts in an episode that is over");
}

/// Every episode is cut off after its first step.
#[test]
fn a_cut_off_episode_is_followed_by_its_final_observation() {
    let batch = played(1);
    // An episode begins within 0.05 of rest, and a push changes the cart's velocity by 0.19 or more.
    let at_rest = |observation: &[f32]| observation.iter().all(|value| value.abs() <= 0.05);
    assert!(batch.observations.chunks_exact(4).all(at_rest));
    assert!(batch.next_observations.chunks_exact(4).all(|next| next[1].abs() > 0.13));
    assert!(batch.discounts.iter().all(|&discount| discount == DISCOUNT as f32));
}
