//! From observations as environments give them to what convolutions take.

use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;

/// Bytes `[channel, pixel]` to numbers `[pixel, channel]`, times a scale.
#[derive(Debug)]
pub struct FromBytes<'a> {
    /// Channels of a pixel.
    pub channels: usize,
    /// What each byte is multiplied with.
    pub scale: f32,
    /// `[channels, pixels]`.
    pub bytes: &'a [u8],
    /// `[pixels, channels]`.
    pub numbers: &'a mut [f32],
}

impl FromBytes<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If there are not as many numbers as bytes, or these are no whole pixels.
    pub fn run(self, isa: Isa) {
        assert!(
            self.bytes.len() == self.numbers.len() && self.bytes.len().is_multiple_of(self.channels),
            "one number a byte, and whole pixels"
        );
        isa.run(self);
    }
}

/// Bytes that are put in order before they become numbers.
const BLOCK: usize = 256;

impl Kernel for FromBytes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        match self.channels {
            // The usual numbers of channels as constants, for which the compiler finds shuffles.
            1 => convert::<V>(self.bytes, self.numbers, self.scale),
            2 => self.interleave::<V, 2>(),
            3 => self.interleave::<V, 3>(),
            4 => self.interleave::<V, 4>(),
            channels => {
                let pixels = self.bytes.len() / channels;
                for (pixel, numbers) in self.numbers.chunks_exact_mut(channels).enumerate() {
                    for (channel, number) in numbers.iter_mut().enumerate() {
                        *number = f32::from(self.bytes[channel * pixels + pixel]) * self.scale;
                    }
                }
            }
        }
    }
}

impl FromBytes<'_> {
    #[inline(always)]
    fn interleave<V: Lanes, const CHANNELS: usize>(self) {
        let pixels = self.bytes.len() / CHANNELS;
        let planes: [&[u8]; CHANNELS] = std::array::from_fn(|channel| &self.bytes[channel * pixels..][..pixels]);
        let mut block = [[0u8; CHANNELS]; BLOCK];
        for (i, numbers) in self.numbers.chunks_mut(BLOCK * CHANNELS).enumerate() {
            let count = numbers.len() / CHANNELS;
            let planes = planes.map(|plane| &plane[i * BLOCK..][..count]);
            for (j, pixel) in block[..count].iter_mut().enumerate() {
                *pixel = std::array::from_fn(|channel| planes[channel][j]);
            }
            convert::<V>(block[..count].as_flattened(), numbers, self.scale);
        }
    }
}

#[inline(always)]
fn convert<V: Lanes>(bytes: &[u8], numbers: &mut [f32], scale: f32) {
    let (bytes, numbers) = (&bytes[..numbers.len()], numbers);
    let whole = numbers.len() / V::LEN * V::LEN;
    for i in (0..whole).step_by(V::LEN) {
        // SAFETY: this runs inside `Isa::run`; a whole vector from i on lies in both slices, which are of one length.
        unsafe {
            V::load_bytes(bytes.as_ptr().add(i)).mul(V::splat(scale)).store(numbers.as_mut_ptr().add(i));
        }
    }
    for (number, byte) in numbers[whole..].iter_mut().zip(&bytes[whole..]) {
        *number = f32::from(*byte) * scale;
    }
}
