//! Returns that mix all numbers of steps, as a pure function over slices.

use crate::targets::BatchShapeError;

/// Lambda-returns of consecutive steps, `G_t = r_t + discount_t * ((1 - lambda_t) * v_t + lambda_t * G_{t+1})`, from the
/// last step back; after the last step the return is `v_t`.
///
/// `v_t` is the value of the observation that a step led to: with `max_a q(a)` of it this is Peng's Q(lambda), PQN's
/// target. `discount_t` is 0 where bootstrapping stops. Where an episode was cut off `lambda_t` must be 0, so that nothing
/// of the next episode counts and the final observation's value stands for the rest.
///
/// The equation, the arguments' names and the last step are rlax's `lambda_returns`; see also
/// [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 12.1, and
/// [Gallici et al. 2024](https://arxiv.org/abs/2407.04811), section 4.
///
/// # Errors
///
/// If the lengths differ.
///
/// ```
/// use deepq_agents::lambda_returns;
/// // Three steps; the episode was cut off after the second, whose final observation is worth 10.
/// let returns = lambda_returns(&[1.0, 1.0, 4.0], &[0.5; 3], &[2.0, 10.0, 8.0], &[0.5, 0.0, 0.5])?;
/// assert_eq!(returns, [1.0 + 0.5 * (0.5 * 2.0 + 0.5 * 6.0), 6.0, 8.0]);
/// # Ok::<(), deepq_agents::targets::BatchShapeError>(())
/// ```
pub fn lambda_returns(
    r_t: &[f32],
    discount_t: &[f32],
    v_t: &[f32],
    lambda_t: &[f32],
) -> Result<Vec<f32>, BatchShapeError> {
    let rows = r_t.len();
    for (name, actual) in [("discount_t", discount_t.len()), ("v_t", v_t.len()), ("lambda_t", lambda_t.len())] {
        if actual != rows {
            return Err(BatchShapeError { name, actual, rows, needed: "one each" });
        }
    }
    let mut returns = vec![0.0; rows];
    let mut following = v_t.last().copied().unwrap_or_default();
    for t in (0..rows).rev() {
        // A factor of 0 leaves out what it multiplies, even where that is not a number.
        let mixed = match lambda_t[t] {
            0.0 => v_t[t],
            lambda => (1.0 - lambda) * v_t[t] + lambda * following,
        };
        following = if discount_t[t] == 0.0 { r_t[t] } else { r_t[t] + discount_t[t] * mixed };
        returns[t] = following;
    }
    Ok(returns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_different_lengths_are_refused() {
        let error = lambda_returns(&[0.0; 2], &[0.0; 2], &[0.0; 3], &[0.0; 2]).unwrap_err();
        assert_eq!(error.to_string(), "v_t has 3 elements where 2 transitions need one each");
        assert_eq!(lambda_returns(&[], &[], &[], &[1.0]).unwrap_err().name, "lambda_t");
        assert!(lambda_returns(&[], &[], &[], &[]).unwrap().is_empty());
    }
}
