//! The gradient of ReLU. (The function itself is part of the products that it follows.)

use crate::elementwise::{for_each_spot, load, store};
use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;

/// gradient = gradient where output > 0, else 0: at 0 it is 0, as in PyTorch.
#[derive(Debug)]
pub struct ReluGradient<'a> {
    /// ReLU's output.
    pub output: &'a [f32],
    /// By the output; becomes that by the input.
    pub gradient: &'a mut [f32],
}

impl ReluGradient<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If the slices' lengths differ.
    pub fn run(self, isa: Isa) {
        assert!(self.output.len() == self.gradient.len(), "one gradient a value");
        isa.run(self);
    }
}

impl Kernel for ReluGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for_each_spot!(V, self.gradient.len(), spot => {
            // SAFETY: this runs inside `Isa::run`; both slices have the length that spots are made for.
            unsafe {
                let gradient: V = load(self.gradient, spot);
                store(gradient.where_positive(load(self.output, spot)), self.gradient, spot);
            }
        });
    }
}
