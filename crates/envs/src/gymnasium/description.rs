//! What an environment says of itself when it is made.

use serde::{Deserialize, Serialize};

use crate::{Element, ElementKind, EnvOptions, ObservationSpace};

/// Of the messages in `bridge.py`; another number means that program and bridge do not belong together.
pub(super) const PROTOCOL: u32 = 1;

/// What is asked for.
#[derive(Serialize)]
pub(super) struct Wanted<'a> {
    pub(super) protocol: u32,
    /// As `gymnasium.make` takes it.
    pub(super) id: &'a str,
    pub(super) kwargs: &'a EnvOptions,
}

/// What was made.
#[derive(Deserialize)]
pub(super) struct Description {
    pub(super) protocol: u32,
    pub(super) actions: usize,
    pub(super) observation: Observation,
    /// `render_fps` of its metadata.
    pub(super) fps: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Observation {
    /// The number of a state, of so many.
    Discrete(usize),
    Box {
        element: ElementKind,
        shape: Vec<usize>,
    },
}

impl Description {
    /// Reads the answer to a request to make an environment: the description, and the bytes of the bounds.
    pub(super) fn read(answer: &[u8]) -> Result<(Self, &[u8]), String> {
        let (length, rest) = answer.split_first_chunk::<4>().ok_or("its description is cut off")?;
        let text = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or("its description is cut off")?;
        let description: Self = serde_json::from_slice(text.0).map_err(|error| error.to_string())?;
        if description.protocol != PROTOCOL {
            return Err(format!("it speaks protocol {}, this program {PROTOCOL}", description.protocol));
        }
        if description.actions == 0 {
            return Err("it has no actions".to_owned());
        }
        Ok((description, text.1))
    }
}

/// The space of a box with these bounds, lower ones first.
pub(super) fn space<E: Element>(shape: &[usize], bounds: &[u8]) -> Result<ObservationSpace<E>, String> {
    // A box without dimensions is a number.
    let shape = if shape.is_empty() { &[1] } else { shape };
    let len = shape.iter().try_fold(1, |len: usize, n| len.checked_mul(*n)).filter(|&len| len > 0);
    let len = len.ok_or_else(|| format!("observations of shape {shape:?} have no elements"))?;
    if Some(bounds.len()) != len.checked_mul(2 * size_of::<E>()) {
        return Err(format!("{} bytes of bounds do not fit the shape {shape:?}", bounds.len()));
    }
    let mut low = vec![E::default(); len];
    let mut high = low.clone();
    let (lower, upper) = bounds.split_at(bounds.len() / 2);
    bytemuck::cast_slice_mut(&mut low).copy_from_slice(lower);
    bytemuck::cast_slice_mut(&mut high).copy_from_slice(upper);
    Ok(ObservationSpace::bounded(shape, low, high))
}
