//! Adam as one pass over a parameter.

use rayon::prelude::*;

use crate::elementwise::{for_each_spot, load, store};
use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;
use crate::threads;

/// The constants of one step of Adam (Kingma and Ba 2015, algorithm 1) or rectified Adam: a value moves by `rate * mean /
/// (unbias * sqrt(square) + epsilon)`.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    /// Decay of the mean gradient.
    pub beta1: f32,
    /// Decay of the mean squared gradient.
    pub beta2: f32,
    /// Added to the root of the mean squared gradient.
    pub epsilon: f32,
    /// Holds the learning rate and the first moment's bias correction.
    pub rate: f32,
    /// Holds the second moment's bias correction.
    pub unbias: f32,
}

/// mean and square follow the gradient, values move against it. All slices have one length; nothing is summed over it.
#[derive(Debug)]
pub struct Adam<'a> {
    /// The step's constants.
    pub step: AdamStep,
    /// The parameter.
    pub values: &'a mut [f32],
    /// The mean gradient so far.
    pub mean: &'a mut [f32],
    /// The mean squared gradient so far.
    pub square: &'a mut [f32],
    /// The loss's gradient by the parameter.
    pub gradient: &'a [f32],
}

impl Adam<'_> {
    /// Computes it, on several threads where that pays.
    ///
    /// # Panics
    ///
    /// If the slices' lengths differ.
    pub fn run(self, isa: Isa) {
        let n = self.values.len();
        assert!(
            [self.mean.len(), self.square.len(), self.gradient.len()] == [n; 3],
            "values, moments and gradients are as many"
        );
        let parts = threads::parts_of_pass(n);
        if parts == 1 {
            return isa.run(self);
        }
        let size = n.div_ceil(parts);
        self.values
            .par_chunks_mut(size)
            .zip(self.mean.par_chunks_mut(size))
            .zip(self.square.par_chunks_mut(size))
            .zip(self.gradient.par_chunks(size))
            .for_each(|(((values, mean), square), gradient)| {
                isa.run(Adam { step: self.step, values, mean, square, gradient });
            });
    }
}

impl Kernel for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let AdamStep { beta1, beta2, epsilon, rate, unbias } = self.step;
        for_each_spot!(V, self.values.len(), spot => {
            // SAFETY: this runs inside `Isa::run`; all slices have the length that spots are made for.
            unsafe {
                let gradient: V = load(self.gradient, spot);
                let mean = load::<V>(self.mean, spot).mul(V::splat(beta1)).add_product(gradient, V::splat(1.0 - beta1));
                let square = load::<V>(self.square, spot)
                    .mul(V::splat(beta2))
                    .add_product(gradient.mul(gradient), V::splat(1.0 - beta2));
                let root = V::splat(epsilon).add_product(square.sqrt(), V::splat(unbias));
                let values = load::<V>(self.values, spot).sub(mean.mul(V::splat(rate)).div(root));
                store(mean, self.mean, spot);
                store(square, self.square, spot);
                store(values, self.values, spot);
            }
        });
    }
}
