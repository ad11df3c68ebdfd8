//! The forward pass: each vector is normalised while it is still in a near cache.

use std::ops::Range;

use crate::isa::Kernel;
use crate::ops::Float;
use crate::ops::fused::bits::Bits;
use crate::ops::fused::curve::Curve;
use crate::ops::fused::layout::{ELEMENTS, cut};
use crate::ops::fused::reduce::{squares, sum};
use crate::ops::fused::{Input, Pass};

/// Blocks to be worked off.
pub(super) struct NormForward<'a, T, A> {
    pub(super) pass: Pass<'a, T, A>,
    pub(super) gamma: &'a [T],
    pub(super) beta: &'a [T],
    pub(super) epsilon: T,
    pub(super) blocks: Range<usize>,
    pub(super) x: Input<'a, T>,
    pub(super) residual: Option<Input<'a, T>>,
    pub(super) y: &'a mut [T],
    pub(super) mean: &'a mut [T],
    pub(super) inverse_deviation: &'a mut [T],
}

impl<T: Float, A: Curve> NormForward<'_, T, A> {
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
        let NormForward { pass, gamma, beta, epsilon, blocks, x, residual, y, mean, inverse_deviation } =
            self;
        let (layout, offset) = (pass.layout, pass.layout.start(blocks.start));
        let mut bits = Bits::new();
        let in_place = matches!(residual, Some(Input::InPlace));
        let mut scratch = if in_place { vec![T::ZERO; ELEMENTS] } else { Vec::new() };
        for chunk in layout.chunks(blocks) {
            let all = chunk.range(layout.width);
            let all = all.start - offset..all.end - offset;
            for tile in chunk.parts() {
                let range = tile.range(layout.width);
                let range = range.start - offset..range.end - offset;
                let residual = residual.map(|residual| residual.part(range.clone()));
                pass.tile(
                    &tile,
                    &mut bits,
                    x.part(range.clone()),
                    residual,
                    &mut y[range],
                    None,
                    &mut scratch,
                );
            }
            let vectors = all.start / layout.features..all.end / layout.features;
            let (mean, inverse_deviation) = (&mut mean[vectors.clone()], &mut inverse_deviation[vectors]);
            let y = &mut y[all];
            T::dispatch(pass.gated.isa, Normalize { y, gamma, beta, epsilon, mean, inverse_deviation });
        }
    }

    fn split_at(self, block: usize) -> (Self, Self) {
        let NormForward { pass, gamma, beta, epsilon, blocks, x, residual, y, mean, inverse_deviation } =
            self;
        let middle = pass.layout.start(block) - pass.layout.start(blocks.start);
        let (x, x2) = x.split_at(middle);
        let (residual, residual2) = residual.map(|residual| residual.split_at(middle)).unzip();
        let (y, y2) = y.split_at_mut(middle);
        let (mean, mean2) = mean.split_at_mut(middle / pass.layout.features);
        let (inverse, inverse2) = inverse_deviation.split_at_mut(middle / pass.layout.features);
        let (first, second) = (blocks.start..block, block..blocks.end);
        (
            NormForward {
                pass,
                gamma,
                beta,
                epsilon,
                blocks: first,
                x,
                residual,
                y,
                mean,
                inverse_deviation: inverse,
            },
            NormForward {
                pass,
                gamma,
                beta,
                epsilon,
                blocks: second,
                x: x2,
                residual: residual2,
                y: y2,
                mean: mean2,
                inverse_deviation: inverse2,
            },
        )
    }
}

/// Normalises vectors in place. Mean first, then the squares about it: no cancellation.
struct Normalize<'a, T> {
    y: &'a mut [T],
    gamma: &'a [T],
    beta: &'a [T],
    epsilon: T,
    mean: &'a mut [T],
    inverse_deviation: &'a mut [T],
}

impl<T: Float> Kernel for Normalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Normalize { y, gamma, beta, epsilon, mean, inverse_deviation } = self;
        let features = gamma.len();
        let count = T::from_f64(features as f64);
        let norms = mean.iter_mut().zip(inverse_deviation);
        for (z, (mean, inverse_deviation)) in y.chunks_exact_mut(features).zip(norms) {
            let center = sum(z) / count;
            let inverse = T::ONE / (squares(z, center) / count + epsilon).sqrt();
            for ((z, gamma), beta) in z.iter_mut().zip(gamma).zip(beta) {
                *z = (*z - center) * inverse * *gamma + *beta;
            }
            (*mean, *inverse_deviation) = (center, inverse);
        }
    }
}
