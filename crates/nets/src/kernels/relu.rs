//! The gradient of ReLU. (The function itself is part of the products that it follows.)

use super::elementwise::{for_each_spot, load, store};
use super::isa::{Isa, Kernel};
use super::lanes::Lanes;

/// gradient = gradient where output > 0, else 0; `output` is ReLU's.
pub(crate) struct ReluGradient<'a> {
    pub(crate) output: &'a [f32],
    pub(crate) gradient: &'a mut [f32],
}

impl ReluGradient<'_> {
    pub(crate) fn run(self, isa: Isa) {
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
