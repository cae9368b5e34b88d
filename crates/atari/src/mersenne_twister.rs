//! The random numbers of ALE itself.

/// C++'s `std::mt19937` (Matsumoto and Nishimura 1998), which ALE draws its sticky actions and the console's timer
/// from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MersenneTwister {
    state: [u32; Self::WORDS],
    /// Words of the state that are used up.
    used: usize,
}

impl MersenneTwister {
    const WORDS: usize = 624;
    const SHIFT: usize = 397;
    const BYTES: usize = 4 * Self::WORDS + 2;

    /// `std::mt19937(seed)`.
    pub(crate) fn new(seed: u32) -> Self {
        let mut state = [seed; Self::WORDS];
        for i in 1..Self::WORDS {
            let previous = state[i - 1];
            state[i] = (previous ^ (previous >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, used: Self::WORDS }
    }

    /// The next 32 bits.
    pub(crate) fn next_u32(&mut self) -> u32 {
        if self.used == Self::WORDS {
            self.refill();
        }
        let mut word = self.state[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// ALE's `nextDouble`: uniform in [0, 1), with 32 bits.
    pub(crate) fn next_f64(&mut self) -> f64 {
        f64::from(self.next_u32()) / 4_294_967_296.0
    }

    fn refill(&mut self) {
        for i in 0..Self::WORDS {
            let word = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % Self::WORDS] & 0x7fff_ffff);
            let twist = if word & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[i] = self.state[(i + Self::SHIFT) % Self::WORDS] ^ (word >> 1) ^ twist;
        }
        self.used = 0;
    }

    /// The state as [`BYTES`](Self::BYTES) bytes, little-endian.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.state.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend((self.used as u16).to_le_bytes());
    }

    /// Takes a state that [`write`](Self::write) gave off the front of `bytes`.
    pub(crate) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (own, rest) = bytes.split_at_checked(Self::BYTES)?;
        let (words, used) = own.split_at(4 * Self::WORDS);
        let mut state = [0; Self::WORDS];
        for (word, bytes) in state.iter_mut().zip(words.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let used = usize::from(u16::from_le_bytes(used.try_into().ok()?));
        *bytes = rest;
        (used <= Self::WORDS).then_some(Self { state, used })
    }

    /// The state as C++ streams write it, which is how ALE saves its own generator.
    pub(crate) fn to_stream(&self) -> String {
        let mut text = String::with_capacity(11 * Self::WORDS);
        for word in self.state {
            text.push_str(&word.to_string());
            text.push(' ');
        }
        text.push_str(&self.used.to_string());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::MersenneTwister;

    /// The C++ standard gives the 10,000th number after the default seed 5489 (26.6.5 of C++11).
    #[test]
    fn equals_the_standard() {
        let mut rng = MersenneTwister::new(5489);
        let last = (0..10_000).map(|_| rng.next_u32()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn goes_on_from_its_saved_state() {
        let mut rng = MersenneTwister::new(7);
        for _ in 0..1000 {
            rng.next_u32();
        }
        let mut bytes = Vec::new();
        rng.write(&mut bytes);
        let mut restored = MersenneTwister::read(&mut bytes.as_slice()).unwrap();
        assert_eq!(restored, rng);
        assert_eq!(restored.next_f64(), rng.next_f64());
        assert_eq!(MersenneTwister::read(&mut &bytes[1..]), None);
    }
}
