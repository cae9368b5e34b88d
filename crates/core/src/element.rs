//! The element type of an observation.

use std::fmt::Debug;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for u8 {}
}

/// What an observation is made of: `f32` for vectors of measurements, `u8` for frames.
///
/// The trait is sealed over the two: everything above (replay, agents) is generic over it, and nothing turns frames
/// into floats before the network does.
pub trait Element:
    sealed::Sealed + bytemuck::Pod + PartialEq + PartialOrd + Default + Debug + Send + Sync + 'static
{
    /// Which of the two this is, for messages and dispatch at run time.
    const KIND: ElementKind;
}

/// The two element types, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementKind {
    /// 32-bit floats: vectors of measurements.
    F32,
    /// Bytes: frames, 0 to 255.
    U8,
}

impl Element for f32 {
    const KIND: ElementKind = ElementKind::F32;
}

impl Element for u8 {
    const KIND: ElementKind = ElementKind::U8;
}
