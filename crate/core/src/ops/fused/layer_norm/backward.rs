//! The backward pass. With n = (z - mean) / deviation and g = gamma dy, over a vector of h features:
//!
//! dz = (g - mean(g) - n mean(g n)) / deviation, dGamma = sum of dy n, dBeta = sum of dy over all vectors.
//!
//! z is made again from x and the residual; then dz goes back through dropout and activation.

use std::ops::Range;

use crate::isa::Kernel;
use crate::ops::Float;
use crate::ops::fused::backward::Derivative;
use crate::ops::fused::bits::Bits;
use crate::ops::fused::curve::Curve;
use crate::ops::fused::layout::{ELEMENTS, cut};
use crate::ops::fused::reduce::{dot, dot_weighted};
use crate::ops::fused::{Input, Pass, add_vectors};

/// Of each vector.
#[derive(Clone, Copy)]
pub(super) struct Norms<'a, T> {
    pub(super) mean: &'a [T],
    pub(super) inverse_deviation: &'a [T],
}

/// One vector for each block: the sums over the block's vectors, from the first to the last.
pub(super) struct Sums<'a, T> {
    pub(super) bias: &'a mut [T],
    pub(super) gamma: &'a mut [T],
    pub(super) beta: &'a mut [T],
}

/// Blocks to be worked off.
pub(super) struct NormBackward<'a, T, A> {
    pub(super) pass: Pass<'a, T, A>,
    pub(super) gamma: &'a [T],
    pub(super) blocks: Range<usize>,
    pub(super) x: Input<'a, T>,
    pub(super) residual: Option<Input<'a, T>>,
    pub(super) norms: Norms<'a, T>,
    pub(super) dy: Input<'a, T>,
    pub(super) dx: &'a mut [T],
    pub(super) dresidual: Option<&'a mut [T]>,
    /// Zeros on entry.
    pub(super) sums: Sums<'a, T>,
}

impl<T: Float, A: Curve> NormBackward<'_, T, A> {
    /// Works the blocks off, on several threads if `parallel`.
    pub(super) fn run(self, parallel: bool) {
        match cut(&self.pass.layout, &self.blocks) {
            Some(block) if parallel => {
                let (first, second) = self.split_at(block);
                rayon::join(|| first.run(true), || second.run(true));
            }
            _ => self.run_here(),
        }
    }

    fn run_here(self) {
        let NormBackward { pass, gamma, blocks, x, residual, norms, dy, dx, mut dresidual, sums } = self;
        let (isa, layout, first) = (pass.gated.isa, pass.layout, blocks.start);
        let (features, offset) = (layout.features, layout.start(first));
        let mut bits = Bits::new();
        let room = ELEMENTS.max(features);
        let (mut z, mut kept) = (vec![T::ZERO; room], vec![T::ZERO; room]);
        for chunk in layout.chunks(blocks) {
            let all = chunk.range(layout.width);
            let all = all.start - offset..all.end - offset;
            let (z, kept) = (&mut z[..all.len()], &mut kept[..all.len()]);
            for tile in chunk.clone().parts() {
                let part = tile.range(layout.width);
                let (from, to) = (part.start - offset, part.end - offset);
                let part = from - all.start..to - all.start;
                let x = x.part(from..to).or(&dx[from..to]);
                let residual = residual.map(|residual| residual.part(from..to).or(&dx[from..to]));
                let (z, kept) = (&mut z[part.clone()], &mut kept[part]);
                let (x, residual) = (Input::From(x), residual.map(Input::From));
                pass.tile(&tile, &mut bits, x, residual, z, Some(kept), &mut []);
            }
            let vectors = all.start / features..all.end / features;
            let of_block = (chunk.block - first) * features..(chunk.block - first + 1) * features;
            T::dispatch(
                isa,
                Denormalize {
                    z,
                    dy: dy.part(all.clone()).or(&dx[all.clone()]),
                    gamma,
                    mean: &norms.mean[vectors.clone()],
                    inverse_deviation: &norms.inverse_deviation[vectors],
                    gamma_sums: &mut sums.gamma[of_block.clone()],
                    beta_sums: &mut sums.beta[of_block.clone()],
                },
            );
            if let Some(dresidual) = &mut dresidual {
                dresidual[all.clone()].copy_from_slice(z);
            }
            dx[all.clone()].copy_from_slice(z);
            for tile in chunk.parts() {
                let part = tile.range(layout.width);
                let (from, to) = (part.start - offset, part.end - offset);
                let (dx, kept) = (&mut dx[from..to], &kept[from - all.start..to - all.start]);
                pass.gradient(&tile, &mut bits, Derivative::by::<A>(kept), dx);
                add_vectors(isa, dx, &mut sums.bias[of_block.clone()][tile.columns]);
            }
        }
    }

    fn split_at(self, block: usize) -> (Self, Self) {
        let NormBackward { pass, gamma, blocks, x, residual, norms, dy, dx, dresidual, sums } = self;
        let (features, done) = (pass.layout.features, block - blocks.start);
        let middle = pass.layout.start(block) - pass.layout.start(blocks.start);
        let (x, x2) = x.split_at(middle);
        let (residual, residual2) = residual.map(|residual| residual.split_at(middle)).unzip();
        let (mean, mean2) = norms.mean.split_at(middle / features);
        let (inverse, inverse2) = norms.inverse_deviation.split_at(middle / features);
        let (dy, dy2) = dy.split_at(middle);
        let (dx, dx2) = dx.split_at_mut(middle);
        let (dresidual, dresidual2) = dresidual.map(|gradient| gradient.split_at_mut(middle)).unzip();
        let (bias, bias2) = sums.bias.split_at_mut(done * features);
        let (gammas, gammas2) = sums.gamma.split_at_mut(done * features);
        let (beta, beta2) = sums.beta.split_at_mut(done * features);
        let (first, second) = (blocks.start..block, block..blocks.end);
        let norms = Norms { mean, inverse_deviation: inverse };
        let norms2 = Norms { mean: mean2, inverse_deviation: inverse2 };
        let sums = Sums { bias, gamma: gammas, beta };
        let sums2 = Sums { bias: bias2, gamma: gammas2, beta: beta2 };
        (
            NormBackward { pass, gamma, blocks: first, x, residual, norms, dy, dx, dresidual, sums },
            NormBackward {
                pass,
                gamma,
                blocks: second,
                x: x2,
                residual: residual2,
                norms: norms2,
                dy: dy2,
                dx: dx2,
                dresidual: dresidual2,
                sums: sums2,
            },
        )
    }
}

/// dz in place of z, and what vectors add to the gradients by gamma and beta.
struct Denormalize<'a, T> {
    z: &'a mut [T],
    dy: &'a [T],
    gamma: &'a [T],
    mean: &'a [T],
    inverse_deviation: &'a [T],
    gamma_sums: &'a mut [T],
    beta_sums: &'a mut [T],
}

impl<T: Float> Kernel for Denormalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Denormalize { z, dy, gamma, mean, inverse_deviation, gamma_sums, beta_sums } = self;
        let features = gamma.len();
        let count = T::from_f64(features as f64);
        let vectors = z.chunks_exact_mut(features).zip(dy.chunks_exact(features));
        for ((z, dy), (mean, inverse)) in vectors.zip(mean.iter().zip(inverse_deviation)) {
            let sums = gamma_sums.iter_mut().zip(&mut *beta_sums);
            for ((z, dy), (gamma_sum, beta_sum)) in z.iter_mut().zip(dy).zip(sums) {
                *z = (*z - *mean) * *inverse;
                *gamma_sum += *dy * *z;
                *beta_sum += *dy;
            }
            let along = dot(dy, gamma) / count;
            let across = dot_weighted(dy, z, gamma) / count;
            for ((z, dy), gamma) in z.iter_mut().zip(dy).zip(gamma) {
                *z = (*dy * *gamma - along - *z * across) * *inverse;
            }
        }
    }
}
