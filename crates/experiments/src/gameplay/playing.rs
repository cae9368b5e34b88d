//! An agent at play in an environment.

use deepq_agents::Agent;
use deepq_envs::{BoxedEnv, Element, ElementKind, Env, Status, Step};
use image::RgbImage;

use super::{Gameplay, Moment, Observation, Scene};
use crate::evaluation::{Episode, EvaluationError, Protocol};

/// An agent that plays the episodes of an evaluation in one environment.
pub struct Playing<'a, E: Element> {
    agent: &'a dyn Agent<E>,
    env: BoxedEnv<E>,
    protocol: Protocol,
    scene: Scene,
    observation: Vec<E>,
    /// The episode under way, with the action that comes next.
    playing: Option<(Episode, usize)>,
    /// The number of the next episode.
    next: usize,
}

impl<'a, E: Element> Playing<'a, E> {
    /// Before the first episode of the evaluation at agent step `at_step`.
    pub fn new(agent: &'a dyn Agent<E>, env: BoxedEnv<E>, protocol: Protocol, at_step: u64) -> Self {
        let (space, actions) = (env.observation_space(), env.action_space());
        let name = |action| actions.meaning(action).map_or_else(|| action.to_string(), str::to_owned);
        let scene = Scene {
            environment: env.id().to_owned(),
            actions: (0..actions.n()).map(name).collect(),
            observation_shape: space.shape().to_vec(),
            steps_per_second: env.steps_per_second(),
            at_step,
            episodes: protocol.episodes,
            values: agent.preferences_are(),
        };
        let observation = vec![E::default(); space.len()];
        Self { agent, env, protocol, scene, observation, playing: None, next: 0 }
    }

    /// The moment at which an episode has come: chooses the next action, or ends it.
    fn moment(&mut self, mut episode: Episode, reward: f64, status: Status) -> Result<Moment, EvaluationError> {
        let Episode { number, total, length, .. } = episode;
        let action = if status.is_over() {
            None
        } else {
            let mut best = [0];
            self.agent.greedy(&self.observation, &mut best)?;
            let action = episode.choose(best[0], self.scene.actions.len());
            self.playing = Some((episode, action));
            Some(action)
        };
        Ok(Moment { episode: number, step: length, reward, total, status, action })
    }
}

impl<E: Element> Gameplay for Playing<'_, E> {
    fn scene(&self) -> &Scene {
        &self.scene
    }

    fn advance(&mut self) -> Result<Option<Moment>, EvaluationError> {
        let Self { env, observation, .. } = self;
        let (episode, reward, status) = match self.playing.take() {
            Some((mut episode, action)) => {
                let Step { reward, status, .. } = episode.step(action, env, observation)?;
                (episode, reward, status)
            }
            None if self.next >= self.protocol.episodes => return Ok(None),
            None => {
                let episode = Episode::start(&self.protocol, self.scene.at_step, self.next, env, observation)?;
                self.next += 1;
                (episode, 0.0, Status::Running)
            }
        };
        self.moment(episode, reward, status).map(Some)
    }

    fn picture(&self) -> Result<RgbImage, EvaluationError> {
        Ok(self.env.render()?)
    }

    fn observation(&self) -> Observation<'_> {
        match E::KIND {
            ElementKind::F32 => Observation::Vector(bytemuck::cast_slice(&self.observation)),
            ElementKind::U8 => Observation::Frames(bytemuck::cast_slice(&self.observation)),
        }
    }

    fn values(&self) -> Result<Vec<f32>, EvaluationError> {
        Ok(self.agent.preferences(&self.observation)?)
    }
}
