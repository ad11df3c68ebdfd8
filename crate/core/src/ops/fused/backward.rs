//! The backward pass: the gradient of d(f(x + b)) by x, and its sum over all vectors, which is that by b.

use std::marker::PhantomData;
use std::ops::Range;

use super::Input;
use super::bits::Bits;
use super::curve::{Curve, Keeps};
use super::forward::{Pass, biased};
use super::gate::Gate;
use super::layout::{ELEMENTS, Tile, cut};
use crate::isa::{Isa, Kernel};
use crate::ops::Float;

/// What the activation's derivative is computed from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept<'a, T> {
    /// What the forward pass kept, which [`Curve::backward`] takes as it is.
    Saved(&'a [T]),
    /// f'(z), which the forward pass kept.
    Slope(&'a [T]),
    /// The output of dropout, where that is enough: what was dropped is 0.
    Output(&'a [T]),
    /// x again.
    Recomputed(Input<'a, T>),
}

impl<T> Kept<'_, T> {
    fn split_at(self, middle: usize) -> (Self, Self) {
        match self {
            Kept::Saved(values) => {
                let (first, second) = values.split_at(middle);
                (Kept::Saved(first), Kept::Saved(second))
            }
            Kept::Slope(values) => {
                let (first, second) = values.split_at(middle);
                (Kept::Slope(first), Kept::Slope(second))
            }
            Kept::Output(values) => {
                let (first, second) = values.split_at(middle);
                (Kept::Output(first), Kept::Output(second))
            }
            Kept::Recomputed(x) => {
                let (first, second) = x.split_at(middle);
                (Kept::Recomputed(first), Kept::Recomputed(second))
            }
        }
    }
}

/// The activation's derivative for the elements of a tile.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Derivative<'a, T> {
    /// That of [`Curve::backward`] at these values.
    Of(&'a [T]),
    /// The same, at the output of dropout: what was dropped is 0.
    OfOutput(&'a [T]),
    /// These values.
    Is(&'a [T]),
}

impl<'a, T: Float> Derivative<'a, T> {
    /// By what [`Pass::tile`] kept.
    pub(super) fn by<A: Curve>(kept: &'a [T]) -> Self {
        if A::KEEPS == Keeps::Input { Derivative::Is(kept) } else { Derivative::Of(kept) }
    }
}

impl<T: Float, A: Curve> Pass<'_, T, A> {
    /// What [`Curve::backward`] wants, from x.
    fn recompute(&self, tile: &Tile, x: &[T], kept: &mut [T]) {
        let bias = self.bias_of(tile);
        T::dispatch(self.gated.isa, Recompute { x, bias, kept, activation: self.activation });
    }

    /// dx from dy, in place, for a tile.
    pub(crate) fn gradient(
        &self,
        tile: &Tile,
        bits: &mut Bits,
        derivative: Derivative<'_, T>,
        gradient: &mut [T],
    ) {
        let (isa, gate) = (self.gated.isa, self.gated.gate);
        if matches!(gate, Gate::Closed) {
            return gradient.fill(T::ZERO);
        }
        // In the order of the chain rule: dropout comes before the activation.
        let (scale, activation) = (gate.factor(), self.activation);
        match derivative {
            Derivative::Of(kept) | Derivative::OfOutput(kept) => {
                T::dispatch(isa, Differentiate { kept, gradient, scale, activation });
            }
            Derivative::Is(slopes) => T::dispatch(isa, MultiplyBy { slopes, gradient, scale }),
        }
        if !(A::ZERO_IS_FLAT && matches!(derivative, Derivative::OfOutput(_))) {
            self.gated.unscaled().apply(tile, bits, gradient);
        }
    }
}

/// Blocks to be worked off.
pub(crate) struct BackwardBlocks<'a, T, A> {
    pub(crate) pass: Pass<'a, T, A>,
    pub(crate) blocks: Range<usize>,
    pub(crate) kept: Kept<'a, T>,
    pub(crate) dy: Input<'a, T>,
    pub(crate) dx: &'a mut [T],
    /// One vector for each block: the sum over the block's vectors, from the first to the last.
    pub(crate) sums: Option<&'a mut [T]>,
}

impl<T: Float, A: Curve> BackwardBlocks<'_, T, A> {
    /// Works the blocks off, on several threads if `parallel`.
    pub(crate) fn run(self, parallel: bool) {
        match cut(&self.pass.layout, &self.blocks) {
            Some(block) if parallel => {
                let (first, second) = self.split_at(block);
                rayon::join(|| first.run(true), || second.run(true));
            }
            _ => self.run_here(),
        }
    }

    fn run_here(self) {
        let BackwardBlocks { pass, blocks, kept, dy, dx, mut sums } = self;
        let (layout, first) = (pass.layout, blocks.start);
        let offset = layout.start(first);
        let mut bits = Bits::new();
        let mut scratch = match kept {
            Kept::Recomputed(_) => vec![T::ZERO; ELEMENTS],
            Kept::Saved(_) | Kept::Slope(_) | Kept::Output(_) => Vec::new(),
        };
        if let Some(sums) = &mut sums {
            sums.fill(T::ZERO);
        }
        for tile in layout.tiles(blocks) {
            let range = tile.range(layout.width);
            let range = range.start - offset..range.end - offset;
            let dx = &mut dx[range.clone()];
            let derivative = match kept {
                Kept::Saved(values) => Derivative::Of(&values[range.clone()]),
                Kept::Slope(values) => Derivative::Is(&values[range.clone()]),
                Kept::Output(values) => Derivative::OfOutput(&values[range.clone()]),
                Kept::Recomputed(x) => {
                    let kept = &mut scratch[..dx.len()];
                    pass.recompute(&tile, x.part(range.clone()).or(dx), kept);
                    Derivative::Of(kept)
                }
            };
            if let Input::From(dy) = dy {
                dx.copy_from_slice(&dy[range]);
            }
            pass.gradient(&tile, &mut bits, derivative, dx);
            if let Some(sums) = &mut sums {
                add_vectors(
                    pass.gated.isa,
                    dx,
                    &mut sums[(tile.block - first) * layout.features..][tile.columns],
                );
            }
        }
    }

    fn split_at(self, block: usize) -> (Self, Self) {
        let BackwardBlocks { pass, blocks, kept, dy, dx, sums } = self;
        let middle = pass.layout.start(block) - pass.layout.start(blocks.start);
        let (kept, kept2) = kept.split_at(middle);
        let (dy, dy2) = dy.split_at(middle);
        let (dx, dx2) = dx.split_at_mut(middle);
        let done = (block - blocks.start) * pass.layout.features;
        let (sums, sums2) = sums.map(|sums| sums.split_at_mut(done)).unzip();
        let first = BackwardBlocks { pass, blocks: blocks.start..block, kept, dy, dx, sums };
        let (blocks, kept, dy, dx, sums) = (block..blocks.end, kept2, dy2, dx2, sums2);
        (first, BackwardBlocks { pass, blocks, kept, dy, dx, sums })
    }
}

/// z or f(z), as the derivative wants it.
struct Recompute<'a, T, A> {
    x: &'a [T],
    bias: Option<&'a [T]>,
    kept: &'a mut [T],
    activation: PhantomData<A>,
}

impl<T: Float, A: Curve> Kernel for Recompute<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Recompute { x, bias, kept, .. } = self;
        if A::IS_IDENTITY {
            return; // its derivative reads nothing
        }
        biased(Some(x), bias, kept);
        if A::KEEPS != Keeps::Input {
            for value in kept {
                *value = A::value(*value);
            }
        }
    }
}

/// dz = f'(z) dy, times `scale`.
struct Differentiate<'a, T, A> {
    kept: &'a [T],
    gradient: &'a mut [T],
    scale: Option<T>,
    activation: PhantomData<A>,
}

impl<T: Float, A: Curve> Kernel for Differentiate<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Differentiate { kept, gradient, scale, .. } = self;
        // Loops, not `for_each`: a long body keeps that from being inlined here, and so from the instruction set.
        match scale {
            Some(scale) => {
                for (gradient, kept) in gradient.iter_mut().zip(kept) {
                    *gradient = A::backward(*kept, *gradient * scale);
                }
            }
            None => {
                for (gradient, kept) in gradient.iter_mut().zip(kept) {
                    *gradient = A::backward(*kept, *gradient);
                }
            }
        }
    }
}

/// dz = slope dy, times `scale`.
struct MultiplyBy<'a, T> {
    slopes: &'a [T],
    gradient: &'a mut [T],
    scale: Option<T>,
}

impl<T: Float> Kernel for MultiplyBy<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let MultiplyBy { slopes, gradient, scale } = self;
        let scale = scale.unwrap_or(T::ONE); // exact
        for (gradient, slope) in gradient.iter_mut().zip(slopes) {
            *gradient = *gradient * scale * *slope;
        }
    }
}

/// Adds vectors of the length of `sums` to them, one after the other.
pub(crate) fn add_vectors<T: Float>(isa: Isa, vectors: &[T], sums: &mut [T]) {
    T::dispatch(isa, AddVectors { vectors, sums });
}

struct AddVectors<'a, T> {
    vectors: &'a [T],
    sums: &'a mut [T],
}

impl<T: Float> Kernel for AddVectors<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const LANES: usize = 32;
        let width = self.sums.len();
        let (chunks, rest) = self.sums.as_chunks_mut::<LANES>();
        let whole = LANES * chunks.len();
        for (index, sums) in chunks.iter_mut().enumerate() {
            let mut local = *sums; // stays in registers while the vectors pass
            for vector in self.vectors.chunks_exact(width) {
                let vector: &[T; LANES] = vector[index * LANES..][..LANES].try_into().expect("a whole chunk");
                for j in 0..LANES {
                    local[j] += vector[j];
                }
            }
            *sums = local;
        }
        for vector in self.vectors.chunks_exact(width) {
            for (sum, value) in rest.iter_mut().zip(&vector[whole..]) {
                *sum += *value;
            }
        }
    }
}
