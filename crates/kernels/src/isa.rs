//! Instruction sets, and how a kernel comes to run on one.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::lanes::{Lanes, Portable};

/// An instruction set that this machine has. It decides how fast a kernel is computed, and no bit of what comes out.
///
/// There is no way to make a value of one that it lacks, which is what makes running on it safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Known);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// Instructions that cannot be computed with here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IsaError {
    /// A name that is none of an instruction set of this machine.
    #[error("cannot compute with {name:?} instructions: this machine has {available}")]
    Unavailable {
        /// What was asked for.
        name: String,
        /// The names of those that there are, the fastest first.
        available: String,
    },
    /// The program has already computed with others.
    #[error("cannot compute with {:?} instructions: something was computed already with {chosen}", asked.name())]
    Chosen {
        /// What was asked for.
        asked: Isa,
        /// What it computes with.
        chosen: Isa,
    },
}

/// What the program computes with.
static CHOSEN: std::sync::OnceLock<Isa> = std::sync::OnceLock::new();

impl Isa {
    /// What the program computes with unless told otherwise: the fastest one here, or the one that [`force`](Self::force)
    /// named.
    pub fn best() -> Self {
        *CHOSEN.get_or_init(|| Self::available()[0])
    }

    /// Makes this one what [`best`](Self::best) gives, for the whole program. To be called before anything is computed.
    ///
    /// # Errors
    ///
    /// [`IsaError::Chosen`] if something was computed already with another one.
    pub fn force(self) -> Result<(), IsaError> {
        let chosen = *CHOSEN.get_or_init(|| self);
        if chosen == self { Ok(()) } else { Err(IsaError::Chosen { asked: self, chosen }) }
    }

    /// All that this machine has, the fastest first; the last is plain Rust and always there.
    pub fn available() -> Vec<Self> {
        let mut known = vec![];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 && is_x86_feature_detected!("avx512f") {
                known.push(Known::Avx512);
            }
            if avx2 {
                known.push(Known::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            known.push(Known::Neon);
        }
        known.push(Known::Portable);
        known.into_iter().map(Self).collect()
    }

    /// `avx512`, `avx2`, `neon` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Known::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Known::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Known::Neon => "neon",
            Known::Portable => "portable",
        }
    }

    /// Runs a kernel on this instruction set: everything that is inlined into it is compiled for it.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx2,fma")]
        fn avx512<K: Kernel>(kernel: K) -> K::Output {
            kernel.run::<crate::avx512::Avx512>()
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2<K: Kernel>(kernel: K) -> K::Output {
            kernel.run::<crate::avx2::Avx2>()
        }

        match self.0 {
            // SAFETY: `available` saw these features on this machine, and no other code makes this value.
            #[cfg(target_arch = "x86_64")]
            Known::Avx512 => unsafe { avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Known::Avx2 => unsafe { avx2(kernel) },
            #[cfg(target_arch = "aarch64")]
            Known::Neon => kernel.run::<crate::neon::Neon>(),
            Known::Portable => kernel.run::<Portable>(),
        }
    }
}

/// Arithmetic that is written once and compiled for each instruction set.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;

    /// Runs with vectors of this type. Implementations are `#[inline(always)]`, as is all that they call: only what is
    /// inlined into [`Isa::run`] is compiled for its instruction set.
    fn run<V: Lanes>(self) -> Self::Output;
}

impl FromStr for Isa {
    type Err = IsaError;

    /// An instruction set of this machine by its [`name`](Self::name).
    fn from_str(name: &str) -> Result<Self, IsaError> {
        let available = Self::available();
        available.iter().find(|isa| isa.name() == name).copied().ok_or_else(|| {
            let names: Vec<_> = available.iter().map(|isa| isa.name()).collect();
            IsaError::Unavailable { name: name.to_owned(), available: names.join(", ") }
        })
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
