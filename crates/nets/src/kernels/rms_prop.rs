//! Centred RMSProp as one pass over a parameter.

use rayon::prelude::*;

use super::elementwise::{for_each_spot, load, store};
use super::isa::{Isa, Kernel};
use super::lanes::Lanes;
use super::threads;

/// The constants of centred RMSProp (Graves 2013, equations 38 to 41, as PyTorch has them).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RmsPropStep {
    pub(crate) rate: f32,
    pub(crate) decay: f32,
    pub(crate) epsilon: f32,
}

/// mean and square follow the gradient, values move against it.
pub(crate) struct RmsProp<'a> {
    pub(crate) step: RmsPropStep,
    pub(crate) values: &'a mut [f32],
    pub(crate) mean: &'a mut [f32],
    pub(crate) square: &'a mut [f32],
    pub(crate) gradient: &'a [f32],
}

impl RmsProp<'_> {
    /// Computes it, on several threads where that pays.
    pub(crate) fn run(self, isa: Isa) {
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
