//! Layer normalisation (Ba et al. 2016), with its gradients, in the two layouts that layers work in.
//!
//! An observation's units x become n = (x - mean) / deviation, and then y = weight n + bias; the deviation is the root of
//! the variance plus [`EPSILON`].
//!
//! Orders of sums. Of one observation ([`NormaliseRow`]): over the units in eight lanes. Of a batch ([`NormaliseColumns`]): over
//! the units, one after the other; the gradients by weight and bias over the batch in eight lanes.

use crate::elementwise::{for_each_spot, load, store};
use crate::isa::{Isa, Kernel};
use crate::lanes::{Eight, Lanes};

/// Added to variances before their root, as PyTorch does.
pub const EPSILON: f32 = 1e-5;

/// One observation, its units side by side.
#[derive(Debug)]
pub struct NormaliseRow<'a> {
    /// x; becomes n.
    pub values: &'a mut [f32],
    /// One a unit.
    pub weight: &'a [f32],
    /// One a unit.
    pub bias: &'a [f32],
    /// Whether negative results become 0.
    pub relu: bool,
    /// Becomes y.
    pub output: &'a mut [f32],
}

impl NormaliseRow<'_> {
    /// Computes it on this thread; gives one over the deviation.
    ///
    /// # Panics
    ///
    /// If the slices' lengths differ.
    pub fn run(self, isa: Isa) -> f32 {
        assert!(
            [self.weight.len(), self.bias.len(), self.output.len()] == [self.values.len(); 3],
            "one of each a unit"
        );
        isa.run(self)
    }
}

impl Kernel for NormaliseRow<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f32 {
        let n = self.values.len();
        // SAFETY: this runs inside `Isa::run`; all slices have the length that spots are made for.
        unsafe {
            let mut sums = V::Eight::splat(0.0);
            for_each_spot!(V::Eight, n, spot => {
                sums = sums.add(load(self.values, spot));
            });
            let mean = sums.sum() / n as f32;
            let mut squares = V::Eight::splat(0.0);
            for_each_spot!(V::Eight, n, spot => {
                // Lanes beyond the end hold -mean, which must not count.
                let centred = load::<V::Eight>(self.values, spot).sub(V::Eight::splat(mean)).first(spot.count());
                squares = squares.add_product(centred, centred);
            });
            let inverse = 1.0 / (squares.sum() / n as f32 + EPSILON).sqrt();
            for_each_spot!(V, n, spot => {
                let normal = load::<V>(self.values, spot).sub(V::splat(mean)).mul(V::splat(inverse));
                store(normal, self.values, spot);
                let mut y: V = load::<V>(self.bias, spot).add_product(load(self.weight, spot), normal);
                if self.relu {
                    y = V::splat(0.0).max(y);
                }
                store(y, self.output, spot);
            });
            inverse
        }
    }
}

/// The gradients of [`NormaliseRow`].
#[derive(Debug)]
pub struct NormaliseRowGradient<'a> {
    /// n
    pub normal: &'a [f32],
    /// One over the deviation.
    pub inverse: f32,
    /// One a unit.
    pub weight: &'a [f32],
    /// By y; becomes that by x.
    pub gradient: &'a mut [f32],
    /// That by the weight is added.
    pub by_weight: &'a mut [f32],
    /// That by the bias is added.
    pub by_bias: &'a mut [f32],
}

impl NormaliseRowGradient<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If the slices' lengths differ.
    pub fn run(self, isa: Isa) {
        let lengths = [self.normal.len(), self.weight.len(), self.by_weight.len(), self.by_bias.len()];
        assert!(lengths == [self.gradient.len(); 4], "one of each a unit");
        isa.run(self);
    }
}

impl Kernel for NormaliseRowGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.gradient.len();
        // SAFETY: this runs inside `Isa::run`; all slices have the length that spots are made for.
        unsafe {
            let (mut sums, mut products) = (V::Eight::splat(0.0), V::Eight::splat(0.0));
            for_each_spot!(V::Eight, n, spot => {
                let (gradient, normal): (V::Eight, V::Eight) = (load(self.gradient, spot), load(self.normal, spot));
                store(load::<V::Eight>(self.by_bias, spot).add(gradient), self.by_bias, spot);
                store(load::<V::Eight>(self.by_weight, spot).add_product(gradient, normal), self.by_weight, spot);
                let by_normal = gradient.mul(load(self.weight, spot));
                sums = sums.add(by_normal);
                products = products.add_product(by_normal, normal);
            });
            // dx = (dn - mean dn - n mean (dn n)) / deviation
            let (mean, product) = (V::splat(sums.sum() / n as f32), V::splat(-products.sum() / n as f32));
            for_each_spot!(V, n, spot => {
                let by_normal = load::<V>(self.gradient, spot).mul(load(self.weight, spot));
                let by_x = by_normal.sub(mean).add_product(product, load(self.normal, spot));
                store(by_x.mul(V::splat(self.inverse)), self.gradient, spot);
            });
        }
    }
}

/// A batch, `[units, batch]`: each column is an observation.
#[derive(Debug)]
pub struct NormaliseColumns<'a> {
    /// How many observations there are.
    pub batch: usize,
    /// x, `[units, batch]`; becomes n.
    pub values: &'a mut [f32],
    /// One a unit.
    pub weight: &'a [f32],
    /// One a unit.
    pub bias: &'a [f32],
    /// Whether negative results become 0.
    pub relu: bool,
    /// Becomes y, `[units, batch]`.
    pub output: &'a mut [f32],
    /// Becomes one over the deviation, of each observation.
    pub inverse: &'a mut [f32],
}

impl NormaliseColumns<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If a slice has not the size that its field says.
    pub fn run(self, isa: Isa) {
        let elements = self.weight.len() * self.batch;
        assert!(
            self.bias.len() == self.weight.len()
                && self.values.len() == elements
                && self.output.len() == elements
                && self.inverse.len() == self.batch,
            "one of each a unit"
        );
        isa.run(self);
    }
}

impl Kernel for NormaliseColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (units, batch) = (self.weight.len(), self.batch);
        for_each_spot!(V, batch, spot => {
            // SAFETY: this runs inside `Isa::run`; each row of `values` and `output`, and `inverse`, have the length that spots
            // are made for.
            unsafe {
                let mut sums = V::splat(0.0);
                for unit in 0..units {
                    sums = sums.add(load(self.values, spot.in_row(unit * batch)));
                }
                let mean = sums.mul(V::splat(1.0 / units as f32));
                let mut squares = V::splat(0.0);
                for unit in 0..units {
                    let centred = load::<V>(self.values, spot.in_row(unit * batch)).sub(mean);
                    squares = squares.add_product(centred, centred);
                }
                let variance = squares.mul(V::splat(1.0 / units as f32)).add(V::splat(EPSILON));
                let inverse = V::splat(1.0).div(variance.sqrt());
                store(inverse, self.inverse, spot);
                for unit in 0..units {
                    let spot = spot.in_row(unit * batch);
                    let normal = load::<V>(self.values, spot).sub(mean).mul(inverse);
                    store(normal, self.values, spot);
                    let mut y = V::splat(self.bias[unit]).add_product(V::splat(self.weight[unit]), normal);
                    if self.relu {
                        y = V::splat(0.0).max(y);
                    }
                    store(y, self.output, spot);
                }
            }
        });
    }
}

/// The gradients of [`NormaliseColumns`].
#[derive(Debug)]
pub struct NormaliseColumnsGradient<'a> {
    /// How many observations there are.
    pub batch: usize,
    /// How many observations, from the first on, count.
    pub kept: usize,
    /// n, `[units, batch]`.
    pub normal: &'a [f32],
    /// One over the deviation, of each observation.
    pub inverse: &'a [f32],
    /// One a unit.
    pub weight: &'a [f32],
    /// By y, `[units, batch]`; becomes that by x.
    pub gradient: &'a mut [f32],
    /// That by the weight is added, one a unit.
    pub by_weight: &'a mut [f32],
    /// That by the bias is added, one a unit.
    pub by_bias: &'a mut [f32],
}

impl NormaliseColumnsGradient<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If a slice has not the size that its field says, or more are kept than there are.
    pub fn run(self, isa: Isa) {
        let elements = self.weight.len() * self.batch;
        assert!(
            self.by_weight.len() == self.weight.len()
                && self.by_bias.len() == self.weight.len()
                && self.normal.len() == elements
                && self.gradient.len() == elements
                && self.inverse.len() == self.batch
                && self.kept <= self.batch,
            "one of each a unit"
        );
        isa.run(self);
    }
}

impl Kernel for NormaliseColumnsGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (units, batch) = (self.weight.len(), self.batch);
        // SAFETY: this runs inside `Isa::run`; each row of `normal` and `gradient`, and `inverse`, have at least the length that
        // spots are made for.
        unsafe {
            for unit in 0..units {
                let (mut sums, mut products) = (V::Eight::splat(0.0), V::Eight::splat(0.0));
                for_each_spot!(V::Eight, self.kept, spot => {
                    let spot = spot.in_row(unit * batch);
                    let gradient: V::Eight = load(self.gradient, spot);
                    sums = sums.add(gradient);
                    products = products.add_product(gradient, load(self.normal, spot));
                });
                self.by_bias[unit] += sums.sum();
                self.by_weight[unit] += products.sum();
            }
            for_each_spot!(V, self.kept, spot => {
                let (mut sums, mut products) = (V::splat(0.0), V::splat(0.0));
                for unit in 0..units {
                    let spot = spot.in_row(unit * batch);
                    let by_normal = load::<V>(self.gradient, spot).mul(V::splat(self.weight[unit]));
                    sums = sums.add(by_normal);
                    products = products.add_product(by_normal, load(self.normal, spot));
                }
                // dx = (dn - mean dn - n mean (dn n)) / deviation
                let share = V::splat(1.0 / units as f32);
                let (mean, product) = (sums.mul(share), V::splat(0.0).sub(products.mul(share)));
                let inverse: V = load(self.inverse, spot);
                for unit in 0..units {
                    let spot = spot.in_row(unit * batch);
                    let by_normal = load::<V>(self.gradient, spot).mul(V::splat(self.weight[unit]));
                    let by_x = by_normal.sub(mean).add_product(product, load(self.normal, spot));
                    store(by_x.mul(inverse), self.gradient, spot);
                }
            });
        }
    }
}
