//! Centred RMSProp as one pass over a parameter.

use rayon::prelude::*;

use crate::elementwise::{for_each_spot, load, store};
use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;
use crate::threads;

/// The constants of centred RMSProp (Graves 2013, equations 38 to 41, as PyTorch has them).
#[derive(Clone, Copy, Debug)]
pub struct RmsPropStep {
    /// The learning rate.
    pub rate: f32,
    /// Decay of the mean and of the mean squared gradient.
    pub decay: f32,
    /// Added to the root of the gradient's variance.
    pub epsilon: f32,
}

/// mean and square follow the gradient, values move against it. All slices have one length; nothing is summed over it.
#[derive(Debug)]
pub struct RmsProp<'a> {
    /// The step's constants.
    pub step: RmsPropStep,
    /// The parameter.
    pub values: &'a mut [f32],
    /// The mean gradient so far.
    pub mean: &'a mut [f32],
    /// The mean squared gradient so far.
    pub square: &'a mut [f32],
    /// The loss's gradient by the parameter.
    pub gradient: &'a [f32],
}

impl RmsProp<'_> {
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
                isa.run(RmsProp { step: self.step, values, mean, square, gradient });
            });
    }
}

impl Kernel for RmsProp<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let RmsPropStep { rate, decay, epsilon } = self.step;
        for_each_spot!(V, self.values.len(), spot => {
            // SAFETY: this runs inside `Isa::run`; all slices have the length that spots are made for.
            unsafe {
                let (decay, share) = (V::splat(decay), V::splat(1.0 - decay));
                let gradient: V = load(self.gradient, spot);
                let mean = load::<V>(self.mean, spot).mul(decay).add_product(gradient, share);
                let square = load::<V>(self.square, spot).mul(decay).add_product(gradient.mul(gradient), share);
                // Rounding may leave a variance a little below 0.
                let variance = V::splat(0.0).max(square.sub(mean.mul(mean)));
                let step = gradient.mul(V::splat(rate)).div(variance.sqrt().add(V::splat(epsilon)));
                let values = load::<V>(self.values, spot).sub(step);
                store(mean, self.mean, spot);
                store(square, self.square, spot);
                store(values, self.values, spot);
            }
        });
    }
}
