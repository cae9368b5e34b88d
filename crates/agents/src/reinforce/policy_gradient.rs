//! What a policy learns from: returns, and the loss whose gradient is the policy gradient.

use candle_core::Tensor;

use crate::AgentError;
use crate::targets::BatchShapeError;

/// Discounted returns of an episode: `G_t = r_t + discount_t * G_(t+1)`, for each step in order, the last one by its reward
/// alone. `discount_t` is 0 where nothing that follows counts, as after a lost life. rlax's `discounted_returns` with a
/// final value of 0.
///
/// # Errors
///
/// If the lengths differ.
///
/// ```
/// use deepq_agents::discounted_returns;
/// assert_eq!(discounted_returns(&[1.0, 2.0, 4.0], &[0.5, 0.5, 0.0])?, [3.0, 4.0, 4.0]);
/// # Ok::<(), deepq_agents::targets::BatchShapeError>(())
/// ```
pub fn discounted_returns(r_t: &[f32], discount_t: &[f32]) -> Result<Vec<f32>, BatchShapeError> {
    let (rows, actual) = (r_t.len(), discount_t.len());
    if actual != rows {
        return Err(BatchShapeError { name: "discount_t", actual, rows, needed: "one each" });
    }
    let mut returns = vec![0.0; rows];
    let mut following = 0.0;
    for (value, (r, discount)) in returns.iter_mut().zip(r_t.iter().zip(discount_t)).rev() {
        following = r + discount * following;
        *value = following;
    }
    Ok(returns)
}

/// Shifts and scales values to zero mean and unit deviation. Values that are all the same become 0.
pub fn normalise(values: &mut [f32]) {
    /// Keeps a division by a deviation of 0 away.
    const TINY: f64 = 1e-8;
    let n = values.len().max(1) as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / n;
    let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / n;
    for value in values {
        *value = ((f64::from(*value) - mean) / (variance.sqrt() + TINY)) as f32;
    }
}

/// The loss whose gradient is the policy gradient: `- sum over t of w_t * adv_t * log softmax(logits_t)[a_t]`.
///
/// `logits_t` is `[steps, actions]` in the policy's graph, `adv_t` what each action was worth, `w_t` how much each step
/// counts. rlax's `policy_gradient_loss`, but a sum instead of a mean.
///
/// [Williams 1992](https://link.springer.com/article/10.1007/BF00992696);
/// [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 13.3.
///
/// # Errors
///
/// If the lengths differ or an action does not exist.
pub fn policy_gradient_loss(logits_t: &Tensor, a_t: &[u32], adv_t: &[f32], w_t: &[f32]) -> Result<Tensor, AgentError> {
    let (rows, actions) = logits_t.dims2()?;
    for (name, actual) in [("a_t", a_t.len()), ("adv_t", adv_t.len()), ("w_t", w_t.len())] {
        if actual != rows {
            return Err(BatchShapeError { name, actual, rows, needed: "one each" }.into());
        }
    }
    if let Some(&action) = a_t.iter().find(|action| **action as usize >= actions) {
        let expected = format!("the actions are 0 to {}", actions.saturating_sub(1));
        return Err(AgentError::Unknown { what: "action", number: action as usize, expected });
    }
    // The largest logit cancels out: it only keeps the exponentials small.
    let shifted = logits_t.broadcast_sub(&logits_t.detach().max_keepdim(1)?)?;
    let log_policy = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(1)?.log()?)?;
    let mut factors = vec![0.0; rows * actions];
    for (row, (&action, (adv, w))) in a_t.iter().zip(adv_t.iter().zip(w_t)).enumerate() {
        factors[row * actions + action as usize] = -w * adv;
    }
    let factors = Tensor::from_vec(factors, (rows, actions), logits_t.device())?;
    Ok((log_policy * factors)?.sum_all()?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn returns_sum_what_follows_and_stop_where_the_discount_is_zero() {
        let returns = discounted_returns(&[1.0, 1.0, 1.0, 8.0], &[0.5, 0.0, 0.5, 0.5]).unwrap();
        assert_eq!(returns, [1.5, 1.0, 5.0, 8.0]);
        assert!(discounted_returns(&[], &[]).unwrap().is_empty());
        assert_eq!(discounted_returns(&[1.0], &[]).unwrap_err().name, "discount_t");
    }

    #[test]
    fn normalised_values_have_mean_zero_and_deviation_one() {
        let mut values = [1.0, 2.0, 3.0, 6.0];
        normalise(&mut values);
        // Mean 3, deviation sqrt(3.5).
        for (value, expected) in values.iter().zip([-2.0, -1.0, 0.0, 3.0]) {
            assert!((value - expected / 3.5f32.sqrt()).abs() < 1e-6);
        }
        let mut same = [5.0; 3];
        normalise(&mut same);
        assert_eq!(same, [0.0; 3]);
        // A deviation as small as the number that is added to it counts half.
        let mut close = [-1e-8, 1e-8];
        normalise(&mut close);
        assert!((close[0] + 0.5).abs() < 1e-6 && (close[1] - 0.5).abs() < 1e-6, "{close:?}");
    }

    #[test]
    fn loss_and_gradient_agree_with_numbers_worked_out_by_hand() {
        // softmax(0, ln 3) = (1/4, 3/4), softmax(1000, 1000) = (1/2, 1/2).
        let logits = Var::from_slice(&[0.0f32, 3.0f32.ln(), 1000.0, 1000.0], (2, 2), &Device::Cpu).unwrap();
        let loss = policy_gradient_loss(&logits, &[0, 1], &[2.0, -1.0], &[1.0, 0.5]).unwrap();
        // -(2 ln 1/4 - 0.5 ln 1/2)
        let expected = 2.0 * 4.0f32.ln() - 0.5 * 2.0f32.ln();
        assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
        // By the logits: w adv (softmax - one_hot).
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(logits.as_tensor()).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected = [2.0 * -0.75, 2.0 * 0.75, -0.5 * 0.5, -0.5 * -0.5];
        assert!(gradient.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-6), "{gradient:?}");
    }

    #[test]
    fn lengths_and_actions_that_do_not_fit_are_refused() {
        let logits = Tensor::zeros((2, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let error = policy_gradient_loss(&logits, &[0], &[1.0; 2], &[1.0; 2]).unwrap_err();
        assert_eq!(error.to_string(), "a_t has 1 elements where 2 transitions need one each");
        let error = policy_gradient_loss(&logits, &[0, 2], &[1.0; 2], &[1.0; 2]).unwrap_err();
        assert_eq!(error.to_string(), "there is no action 2; the actions are 0 to 1");
    }
}
