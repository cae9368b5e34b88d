//! What every agent checks before it does anything, so that an error changes nothing.
//!
//! For authors of an [`Agent`](crate::Agent): call these first in `begin_episode`, `act` and `observe`.

use deepq_nets::Network;
use deepq_replay::Transition;

use crate::{AgentError, Counters};

/// Checks that observations are whole rows, and that there is one action for each.
///
/// # Errors
///
/// [`AgentError::Shape`].
pub fn rows<E>(network: &Network, observations: &[E], actions: &[usize]) -> Result<(), AgentError> {
    let rows = count(observations, network.observation_shape())?;
    if rows == actions.len() {
        return Ok(());
    }
    let expected = format!("one for each of {rows} rows of observations");
    Err(AgentError::Shape { what: "actions", actual: actions.len(), expected })
}

/// Checks that this is one observation.
///
/// # Errors
///
/// [`AgentError::Shape`].
pub fn observation<E>(network: &Network, observation: &[E]) -> Result<(), AgentError> {
    rows(network, observation, &[0])
}

/// Checks that there is such a stream.
///
/// # Errors
///
/// [`AgentError::Unknown`].
pub fn stream(stream: usize, streams: usize) -> Result<(), AgentError> {
    if stream < streams {
        return Ok(());
    }
    let expected = format!("the streams are 0 to {}", streams.saturating_sub(1));
    Err(AgentError::Unknown { what: "stream", number: stream, expected })
}

/// Checks that a transition's action is one of so many, and that its reward is a number.
///
/// # Errors
///
/// [`AgentError::Unknown`] and [`AgentError::Reward`].
pub fn transition<E>(
    transition: &Transition<'_, E>,
    stream: usize,
    actions: usize,
    counters: &Counters,
) -> Result<(), AgentError> {
    let &Transition { action, reward, .. } = transition;
    if action as usize >= actions {
        let expected = format!("the actions are 0 to {}", actions.saturating_sub(1));
        return Err(AgentError::Unknown { what: "action", number: action as usize, expected });
    }
    if !reward.is_finite() {
        return Err(AgentError::Reward { stream, agent_step: counters.agent_steps, reward });
    }
    Ok(())
}

/// Number of rows.
pub(crate) fn count<E>(observations: &[E], shape: &[usize]) -> Result<usize, AgentError> {
    let (len, actual) = (shape.iter().product::<usize>(), observations.len());
    match actual.checked_div(len) {
        Some(rows) if rows * len == actual => Ok(rows),
        _ => {
            let expected = format!("a whole number of observations of shape {shape:?} was expected");
            Err(AgentError::Shape { what: "observations", actual, expected })
        }
    }
}
