//! How work is shared between the threads of the [rayon] pool that a kernel is called in. What comes out does not depend on it.

use std::ops::Range;

/// Into how many parts work that pays is cut: one on one thread, else two a thread, so that one that comes late does not
/// hold up the others for long. Only work whose result does not depend on how it is cut may ask.
pub fn parts() -> usize {
    match rayon::current_num_threads() {
        1 => 1,
        n => 2 * n,
    }
}

/// Part `i` of `0..total` cut in so many parts, at multiples of `grain`.
pub(crate) fn part(total: usize, grain: usize, i: usize, parts: usize) -> Range<usize> {
    let grains = total.div_ceil(grain);
    let at = |i: usize| (grains * i / parts * grain).min(total);
    at(i)..at(i + 1)
}

/// Below this many values waking other threads costs more than it gains in a pass over several arrays.
const PASS_WORTH_THREADS: usize = 1 << 17;

/// Into how many parts a pass over several arrays of `n` values is cut.
pub(crate) fn parts_of_pass(n: usize) -> usize {
    if n < PASS_WORTH_THREADS { 1 } else { parts() }
}
