//! What changed from one frame to the next.
//!
//! A patch is a list of runs: how many bytes to leave as they are, how many to replace (both LEB128), and their new
//! values. What comes after the last run stays as it is.

/// Runs with no more equal bytes than this between them are written as one: a run of its own would take as much.
const BRIDGE: usize = 2;

/// Appends to `patch` what turns `old` into `new`, both of one length. Gives up, with `false`, when that would take more
/// than `limit` bytes.
pub(crate) fn make(old: &[u8], new: &[u8], limit: usize, patch: &mut Vec<u8>) -> bool {
    let mut done = 0;
    while let Some(equal) = first_difference(&old[done..], &new[done..]) {
        let start = done + equal;
        let mut end = start + 1;
        let mut ahead = end;
        while ahead < new.len() && ahead - end <= BRIDGE {
            if old[ahead] != new[ahead] {
                end = ahead + 1;
            }
            ahead += 1;
        }
        write_number(start - done, patch);
        write_number(end - start, patch);
        if patch.len() + (end - start) > limit {
            return false;
        }
        patch.extend_from_slice(&new[start..end]);
        done = end;
    }
    true
}

/// How many bytes are equal before the first that is not.
fn first_difference(old: &[u8], new: &[u8]) -> Option<usize> {
    // Most of a frame stays as it is: compare by blocks first.
    const BLOCK: usize = 32;
    let equal_blocks = old.chunks_exact(BLOCK).zip(new.chunks_exact(BLOCK)).take_while(|(old, new)| old == new).count();
    let start = equal_blocks * BLOCK;
    let later = old[start..].iter().zip(&new[start..]).position(|(old, new)| old != new)?;
    Some(start + later)
}

/// Applies a patch. `None` if it is no patch for a frame of this length.
#[must_use]
pub(crate) fn apply(mut patch: &[u8], frame: &mut [u8]) -> Option<()> {
    let mut rest = frame;
    while !patch.is_empty() {
        let kept = read_number(&mut patch)?;
        let replaced = read_number(&mut patch)?;
        let (values, later) = patch.split_at_checked(replaced)?;
        let (run, after) = rest.get_mut(kept..)?.split_at_mut_checked(replaced)?;
        run.copy_from_slice(values);
        (patch, rest) = (later, after);
    }
    Some(())
}

fn write_number(mut number: usize, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn read_number(from: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for (index, &byte) in from.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *from = &from[index + 1..];
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn turns_the_old_frame_into_the_new_one(
            frames in prop::collection::vec((0..2u8, prop::bool::weighted(0.2), 0..2u8), 1..400),
        ) {
            let old: Vec<u8> = frames.iter().map(|&(old, ..)| old).collect();
            let new: Vec<u8> = frames.iter().map(|&(old, changes, new)| if changes { new } else { old }).collect();
            let mut patch = Vec::new();
            prop_assert!(make(&old, &new, usize::MAX, &mut patch));
            let mut frame = old.clone();
            prop_assert_eq!(apply(&patch, &mut frame), Some(()));
            prop_assert_eq!(&frame, &new);

            let mut limited = Vec::new();
            prop_assert!(make(&old, &new, patch.len(), &mut limited));
            prop_assert_eq!(&limited, &patch);
            prop_assert!(patch.is_empty() || !make(&old, &new, patch.len() - 1, &mut Vec::new()));
        }

        #[test]
        fn refuses_what_is_no_patch_without_a_panic(patch: Vec<u8>, len in 0..300usize) {
            let _refused = apply(&patch, &mut vec![0; len]);
        }
    }

    #[test]
    fn runs_are_joined_over_two_equal_bytes_and_not_over_three() {
        let patch_of = |places: [usize; 2]| {
            let (old, mut new) = ([0; 20], [0; 20]);
            places.into_iter().for_each(|place| new[place] = 1);
            let mut patch = Vec::new();
            assert!(make(&old, &new, usize::MAX, &mut patch));
            patch
        };
        assert_eq!(patch_of([10, 13]), [10, 4, 1, 0, 0, 1]);
        assert_eq!(patch_of([10, 14]), [10, 1, 1, 3, 1, 1]);
    }

    #[test]
    fn long_frames_have_long_runs() {
        let (old, mut new) = (vec![0; 100_000], vec![1; 100_000]);
        new[..40_000].fill(0);
        let mut patch = Vec::new();
        assert!(make(&old, &new, usize::MAX, &mut patch));
        assert_eq!(patch.len(), 60_000 + 6);
        let mut frame = old;
        assert_eq!(apply(&patch, &mut frame), Some(()));
        assert_eq!(frame, new);
    }
}
