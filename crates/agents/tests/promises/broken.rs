//! `check_agent` names the promise that an agent breaks.

use deepq_agents::{
    Agent, AgentError, AgentState, Counters, Dqn, DqnSpec, Halves, LearningStarts, Promise, TargetUpdate, Trained,
    UpdateReport, UpdateSpec, check_agent,
};
use deepq_replay::{Replay, Transition};

use crate::setup::Setup;

/// What is wrong with an agent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// It counts each update twice in its reports.
    Number,
    /// It has a figure that it does not name.
    Figure,
    /// It takes any reward for a number.
    AnyReward,
    /// It takes any state for one of its own.
    AnyState,
    /// A restored one goes on with its own episodes' count.
    Forgets,
    /// Asked for its best action, it gives the worst.
    Worst,
    /// Its halves are of an agent that has acted once more.
    ActsInHalves,
    /// Its weights can be frozen at any time.
    FreezesLate,
}

struct Faulty {
    agent: Dqn<f32>,
    fault: Fault,
    /// Episodes that were forgotten.
    forgotten: u64,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

impl Agent<f32> for Faulty {
    fn begin_episode(&mut self, stream: usize, observation: &[f32]) -> Result<(), AgentError> {
        self.agent.begin_episode(stream, observation)
    }

    fn act(&mut self, observations: &[f32], actions: &mut [usize]) -> Result<(), AgentError> {
        self.agent.act(observations, actions)
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, f32>) -> Result<(), AgentError> {
        if self.has(Fault::AnyReward) && !transition.reward.is_finite() {
            return Ok(());
        }
        self.agent.observe(stream, transition)
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        let mut report = self.agent.learn()?;
        if let Some(report) = &mut report {
            if self.has(Fault::Number) {
                report.update *= 2;
            }
            if self.has(Fault::Figure) {
                report.figures.push(0.0);
            }
        }
        Ok(report)
    }

    fn trained(&self) -> &Trained {
        self.agent.trained()
    }

    fn trained_mut(&mut self) -> &mut Trained {
        self.agent.trained_mut()
    }

    fn counters(&self) -> Counters {
        self.agent.counters()
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        let mut state = self.agent.state()?;
        if self.forgotten > 0 {
            state.document.push(' ');
        }
        Ok(state)
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        if self.has(Fault::Forgets) {
            self.forgotten = self.agent.counters().episodes;
        }
        match self.agent.restore(state) {
            Err(_) if self.has(Fault::AnyState) => Ok(()),
            restored => restored,
        }
    }

    fn greedy(&self, observations: &[f32], actions: &mut [usize]) -> Result<(), AgentError> {
        self.agent.greedy(observations, actions)?;
        if self.has(Fault::Worst) {
            actions.iter_mut().for_each(|action| *action = 1 - *action);
        }
        Ok(())
    }

    fn figures(&self) -> &'static [&'static str] {
        self.agent.figures()
    }

    fn halves(&mut self) -> Result<Option<Halves<'_, f32>>, AgentError> {
        if self.has(Fault::ActsInHalves) {
            self.agent.act(&[0.0; 5], &mut [0])?;
        }
        self.agent.halves()
    }

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.agent.load_parts(weights, parts)
    }

    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        match self.agent.freeze(parts) {
            Err(AgentError::Started { .. }) if self.has(Fault::FreezesLate) => Ok(vec![]),
            frozen => frozen,
        }
    }

    fn replay(&self) -> Option<&Replay<f32>> {
        self.agent.replay()
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<f32>> {
        self.agent.replay_mut()
    }
}

fn broken(fault: Fault) -> Option<Promise> {
    let spec = DqnSpec { double: true, target_update: TargetUpdate::Episodes(3), ..Setup::default().spec };
    let updates = UpdateSpec { learning_starts: LearningStarts::Steps(50), ..Setup::default().updates };
    let make = |seeds: &deepq_envs::Seeds| {
        let seed = seeds.seed("setup");
        let setup = Setup { spec: spec.clone(), updates, hidden: vec![8], seed, ..Setup::default() };
        Ok(Box::new(Faulty { agent: setup.try_agent()?, fault, forgotten: 0 }) as Box<dyn Agent<f32>>)
    };
    check_agent(1, make).err().map(|broken| broken.promise)
}

#[test]
fn the_promise_that_is_broken_is_named() {
    assert_eq!(broken(Fault::None), None);
    for (fault, promise) in [
        (Fault::Number, Promise::Counting),
        (Fault::Figure, Promise::Updates),
        (Fault::Worst, Promise::Asking),
        (Fault::Forgets, Promise::CaptureAndRestore),
        (Fault::AnyReward, Promise::Refusals),
        (Fault::AnyState, Promise::ForeignStates),
        (Fault::ActsInHalves, Promise::Halves),
        (Fault::FreezesLate, Promise::Transfer),
    ] {
        assert_eq!(broken(fault), Some(promise), "{fault:?}");
    }
}
