//! NumPy's random numbers: `numpy.random.Generator(PCG64(SeedSequence(seed)))` to the bit.

use serde::{Deserialize, Serialize};

/// NumPy's `SeedSequence`: turns a seed of any size into well mixed words (O'Neill's `randutils`, as NumPy 1.17 and
/// later have it).
#[derive(Clone, Debug)]
pub struct SeedSequence {
    pool: [u32; Self::POOL],
}

impl SeedSequence {
    const POOL: usize = 4;
    const INIT_A: u32 = 0x43b0_d7e5;
    const MULT_A: u32 = 0x931e_8875;
    const INIT_B: u32 = 0x8b51_f9dd;
    const MULT_B: u32 = 0x58f3_8ded;
    const MIX_LEFT: u32 = 0xca01_f9dd;
    const MIX_RIGHT: u32 = 0x4973_f715;

    /// `SeedSequence(seed)`: the seed's 32-bit words, lowest first, without leading zero words.
    pub fn new(seed: u64) -> Self {
        let [low, high] = words(seed);
        if high == 0 { Self::from_words(&[low]) } else { Self::from_words(&[low, high]) }
    }

    /// The sequence of entropy given as 32-bit words.
    pub fn from_words(entropy: &[u32]) -> Self {
        let mut hash = Self::INIT_A;
        let mut hashed = |value: u32| {
            let value = value ^ hash;
            hash = hash.wrapping_mul(Self::MULT_A);
            let value = value.wrapping_mul(hash);
            value ^ (value >> 16)
        };
        let mix = |x: u32, y: u32| {
            let mixed = Self::MIX_LEFT.wrapping_mul(x).wrapping_sub(Self::MIX_RIGHT.wrapping_mul(y));
            mixed ^ (mixed >> 16)
        };
        let mut pool = [0; Self::POOL];
        for (i, slot) in pool.iter_mut().enumerate() {
            *slot = hashed(entropy.get(i).copied().unwrap_or(0));
        }
        for source in 0..Self::POOL {
            for target in 0..Self::POOL {
                if source != target {
                    pool[target] = mix(pool[target], hashed(pool[source]));
                }
            }
        }
        for &word in entropy.iter().skip(Self::POOL) {
            for slot in &mut pool {
                *slot = mix(*slot, hashed(word));
            }
        }
        Self { pool }
    }

    /// `generate_state(N, dtype=uint32)`.
    pub fn words<const N: usize>(&self) -> [u32; N] {
        let mut hash = Self::INIT_B;
        std::array::from_fn(|i| {
            let value = self.pool[i % Self::POOL] ^ hash;
            hash = hash.wrapping_mul(Self::MULT_B);
            let value = value.wrapping_mul(hash);
            value ^ (value >> 16)
        })
    }
}

/// The low and the high half of a 64-bit word.
pub(crate) fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// `numpy.random.Generator(PCG64(SeedSequence(seed)))`, bit for bit.
///
/// The generator is O'Neill's PCG XSL-RR 128/64. Its exact state, the buffered half word included, is a value: five
/// words that it serializes as and goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "[u64; 5]", try_from = "[u64; 5]")]
pub struct NumpyRng {
    state: u128,
    /// Odd; it tells apart the generator's streams.
    increment: u128,
    /// NumPy hands out 64-bit draws as two 32-bit ones, low half first; the high half waits here, across resets too.
    buffered: Option<u32>,
}

/// Words that are no state of a [`NumpyRng`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these words are not the state of a NumPy generator")]
pub struct NotAGenerator;

impl NumpyRng {
    const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

    /// `numpy.random.default_rng(seed)`.
    pub fn new(seed: u64) -> Self {
        Self::from_sequence(&SeedSequence::new(seed))
    }

    /// The generator that a sequence seeds.
    pub fn from_sequence(sequence: &SeedSequence) -> Self {
        let words: [u32; 8] = sequence.words();
        let [state_high, state_low, stream_high, stream_low] =
            std::array::from_fn(|i| u128::from(words[2 * i]) | u128::from(words[2 * i + 1]) << 32);
        let increment = (stream_high << 64 | stream_low) << 1 | 1;
        let mut generator = Self { state: increment, increment, buffered: None };
        generator.state = generator.state.wrapping_add(state_high << 64 | state_low);
        generator.advance();
        generator
    }

    fn advance(&mut self) {
        self.state = self.state.wrapping_mul(Self::MULTIPLIER).wrapping_add(self.increment);
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.advance();
        ((self.state >> 64) as u64 ^ self.state as u64).rotate_right((self.state >> 122) as u32)
    }

    /// The next 32 random bits: the half kept from the last call, if there is one.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(high) = self.buffered.take() {
            return high;
        }
        let [low, high] = words(self.next_u64());
        self.buffered = Some(high);
        low
    }

    /// `random()`: uniform in [0, 1), with 53 bits.
    pub fn random(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / (1u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 * UNIT
    }

    /// `uniform(low, high)`: uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// `integers(low, high)`: uniform in low..high, by Lemire's method on 32-bit draws. An empty or one-element range
    /// gives `low` and draws nothing, as NumPy does for one element.
    pub fn integers(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low);
        if span <= 1 {
            return low;
        }
        low + match u32::try_from(span) {
            Ok(span) => i64::from(self.below_u32(span)),
            // 2^32 and more: NumPy draws 64 bits (or 32 for exactly 2^32).
            Err(_) if span == 1 << 32 => i64::from(self.next_u32()),
            Err(_) => self.below_u64(span as u64) as i64,
        }
    }

    /// Uniform in `0..n` for an index; `n` must be positive (0 gives 0).
    pub fn index(&mut self, n: usize) -> usize {
        self.integers(0, n as i64) as usize
    }

    /// An index drawn with these probabilities, as Gymnasium's `categorical_sample`: one draw, also where one index is
    /// certain. The first index where rounding leaves the sum below the draw.
    pub fn categorical(&mut self, probabilities: impl IntoIterator<Item = f64>) -> usize {
        let (draw, mut sum) = (self.random(), 0.0);
        let exceeds = |probability| {
            sum += probability;
            sum > draw
        };
        probabilities.into_iter().position(exceeds).unwrap_or(0)
    }

    fn below_u32(&mut self, n: u32) -> u32 {
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }

    fn below_u64(&mut self, n: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// Standard normal, by Box and Muller's method: two draws each, none kept. (Not NumPy's ziggurat: for weights, not
    /// for environments.)
    pub fn standard_normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.random())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.random())
    }
}

impl From<NumpyRng> for [u64; 5] {
    fn from(rng: NumpyRng) -> Self {
        let halves = |x: u128| [(x >> 64) as u64, x as u64];
        let ([state_high, state_low], [increment_high, increment_low]) = (halves(rng.state), halves(rng.increment));
        let buffered = rng.buffered.map_or(0, |half| 1 << 32 | u64::from(half));
        [state_high, state_low, increment_high, increment_low, buffered]
    }
}

impl TryFrom<[u64; 5]> for NumpyRng {
    type Error = NotAGenerator;

    fn try_from(words: [u64; 5]) -> Result<Self, Self::Error> {
        let [state_high, state_low, increment_high, increment_low, buffered] = words;
        let whole = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let buffered = match buffered >> 32 {
            0 if buffered == 0 => None,
            1 => Some(buffered as u32),
            _ => return Err(NotAGenerator),
        };
        if increment_low & 1 == 0 {
            return Err(NotAGenerator);
        }
        Ok(Self { state: whole(state_high, state_low), increment: whole(increment_high, increment_low), buffered })
    }
}

/// The state as 40 bytes, as environments give theirs.
impl NumpyRng {
    /// The state as little-endian words.
    pub fn to_bytes(&self) -> Vec<u8> {
        <[u64; 5]>::from(self.clone()).iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The generator whose state [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    ///
    /// If the bytes are not such a state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAGenerator> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: [[u8; 8]; 5] = words.try_into().map_err(|_| NotAGenerator)?;
        if rest.is_empty() { words.map(u64::from_le_bytes).try_into() } else { Err(NotAGenerator) }
    }
}

impl rand_core::TryRng for NumpyRng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(Self::next_u32(self))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(Self::next_u64(self))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures printed by NumPy 2.4.6.
    #[test]
    fn equals_numpy() {
        assert_eq!(NumpyRng::new(0).random(), 0.636_961_687_321_454_3);
        assert_eq!(NumpyRng::new(42).random(), 0.773_956_048_555_963_3);
        assert_eq!(SeedSequence::new(7).words(), [2_083_679_832, 3_939_563_265]);

        let mut rng = NumpyRng::new((1 << 40) + 5);
        let draws = [2, 6, 7, 1000, 1 << 31, 1 << 32, 1 << 33, 3].map(|n| rng.integers(0, n));
        assert_eq!(draws, [0, 0, 3, 372, 1_966_563_131, 2_522_131_182, 1_300_513_079, 0]);
        assert_eq!(rng.random(), 0.985_916_223_351_168_4);
        assert_eq!(rng.integers(-9999, 9999), -1601);
    }

    #[test]
    fn goes_on_from_its_saved_state() {
        let mut rng = NumpyRng::new(3);
        let _half = rng.next_u32();
        let mut restored = NumpyRng::from_bytes(&rng.to_bytes()).unwrap();
        assert_eq!(restored, rng);
        assert_eq!([restored.next_u32(), restored.next_u32()], [rng.next_u32(), rng.next_u32()]);
        assert_eq!(NumpyRng::from_bytes(&[0; 40]), Err(NotAGenerator));
        assert_eq!(NumpyRng::from_bytes(&[1; 39]), Err(NotAGenerator));
    }
}
