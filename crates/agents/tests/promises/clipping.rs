//! Rewards and gradients are clipped as the settings say.

use deepq_agents::{Agent, ClipGradient, ClipReward, DqnSpec};
use deepq_envs::NumpyRng;
use deepq_nets::Gradients;
use deepq_replay::{Batch, End, Transition};

use crate::setup::{Chain, Setup, begin, one_hot, play};

#[test]
fn the_replay_holds_clipped_rewards() {
    let stored = |clip_reward| {
        let spec = DqnSpec { clip_reward, ..Setup::default().spec };
        let mut agent = Setup { spec, ..Setup::default() }.agent();
        let observation = one_hot(0, Chain::STATES);
        agent.begin_episode(0, &observation).unwrap();
        for (action, reward) in [(0, -30.0), (1, 0.25)] {
            let transition = Transition { action, reward, next_observation: &observation, end: End::RUNNING };
            agent.observe(0, &transition).unwrap();
        }
        let mut batch = Batch::new();
        agent.replay_mut().unwrap().sample(50, &mut NumpyRng::new(1), &mut batch).unwrap();
        [0, 1].map(|action| batch.rewards[batch.actions.iter().position(|a| *a == action).unwrap()])
    };
    assert_eq!(stored(ClipReward::None), [-30.0, 0.25]);
    assert_eq!(stored(ClipReward::Range([-1.0, 1.0])), [-1.0, 0.25]);
    assert_eq!(stored(ClipReward::Sign), [-1.0, 1.0]);
}

fn norms(gradients: &Gradients) -> Vec<f64> {
    let norm = |values: &[f32]| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    gradients.iter().map(|gradient| norm(&gradient.unwrap().1)).collect()
}

#[test]
fn gradients_are_clipped_together_or_each_by_itself() {
    const MAX: f64 = 1e-3;
    let gradients = |clip_gradient| {
        let spec = DqnSpec { clip_gradient, ..Setup::default().spec };
        let mut agent = Setup { spec, hidden: vec![8], ..Setup::default() }.agent();
        let mut chains = [Chain::new(1)];
        begin(&mut agent, &chains);
        assert!(agent.gradients().is_none());
        // The first update: the same weights and batch whatever the clipping.
        let report = &play(&mut agent, &mut chains, 17)[0];
        (norms(agent.gradients().unwrap()), f64::from(report.gradient_norm))
    };
    let together = |norms: &[f64]| norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
    let (unclipped, norm) = gradients(ClipGradient::None);
    assert!(norm > 10.0 * MAX && (together(&unclipped) - norm).abs() < 1e-5 * norm);

    let (clipped, reported) = gradients(ClipGradient::Norm(MAX));
    assert_eq!(reported, norm, "the norm before clipping is reported");
    assert!((together(&clipped) - MAX).abs() < 1e-3 * MAX);
    let ratio = clipped[0] / unclipped[0];
    assert!(clipped.iter().zip(&unclipped).all(|(c, u)| (c - u * ratio).abs() < 1e-6), "all are scaled alike");

    let (clipped, reported) = gradients(ClipGradient::Each(MAX));
    assert_eq!(reported, norm);
    for (clipped, unclipped) in clipped.iter().zip(&unclipped) {
        assert!((clipped - unclipped.min(MAX)).abs() < 1e-3 * MAX, "{clipped} of {unclipped}");
    }
}
