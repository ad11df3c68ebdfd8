//! The forward pass: y = residual + d(f(x + b)), tile by tile.

use std::marker::PhantomData;
use std::ops::Range;

use super::Input;
use super::bits::Bits;
use super::curve::{Curve, Keeps};
use super::gate::Gated;
use super::layout::{ELEMENTS, Layout, Tile, cut};
use crate::isa::Kernel;
use crate::ops::Float;

/// What is done to every tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<'a, T, A> {
    pub(crate) layout: Layout,
    /// Added to every vector.
    pub(crate) bias: Option<&'a [T]>,
    pub(crate) activation: PhantomData<A>,
    pub(crate) gated: Gated<'a, T>,
}

impl<T: Float, A: Curve> Pass<'_, T, A> {
    /// y of a tile; all slices are the tile's. `kept` gets what the backward pass wants: f'(z) where the derivative is
    /// computed from z, else f(z). `scratch` has room for a tile where `residual` lies in `y`.
    pub(crate) fn tile(
        &self,
        tile: &Tile,
        bits: &mut Bits,
        x: Input<'_, T>,
        residual: Option<Input<'_, T>>,
        y: &mut [T],
        kept: Option<&mut [T]>,
        scratch: &mut [T],
    ) {
        let isa = self.gated.isa;
        let mut dropped = |x: Option<&[T]>, y: &mut [T], kept| {
            T::dispatch(isa, Activate { x, bias: self.bias_of(tile), y, kept, activation: self.activation });
            self.gated.apply(tile, bits, y);
        };
        match residual {
            None => dropped(x.elsewhere(), y, kept),
            Some(Input::From(residual)) => {
                dropped(x.elsewhere(), y, kept);
                T::dispatch(isa, Add { term: residual, y });
            }
            Some(Input::InPlace) => {
                let term = &mut scratch[..y.len()];
                dropped(Some(x.or(y)), term, kept);
                T::dispatch(isa, Add { term, y });
            }
        }
    }

    /// The part of the bias that a tile needs: once for each of its vectors.
    pub(super) fn bias_of(&self, tile: &Tile) -> Option<&[T]> {
        self.bias.map(|bias| &bias[tile.columns.clone()])
    }
}

/// Blocks to be worked off.
pub(crate) struct ForwardBlocks<'a, T, A> {
    pub(crate) pass: Pass<'a, T, A>,
    pub(crate) blocks: Range<usize>,
    pub(crate) x: Input<'a, T>,
    pub(crate) residual: Option<Input<'a, T>>,
    pub(crate) y: &'a mut [T],
    /// Where to put what the backward pass needs, if anywhere.
    pub(crate) kept: Option<&'a mut [T]>,
}

impl<T: Float, A: Curve> ForwardBlocks<'_, T, A> {
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
        let ForwardBlocks { pass, blocks, x, residual, y, mut kept } = self;
        let (layout, offset) = (pass.layout, pass.layout.start(blocks.start));
        let mut bits = Bits::new();
        let in_place = matches!(residual, Some(Input::InPlace));
        let mut scratch = if in_place { vec![T::ZERO; ELEMENTS] } else { Vec::new() };
        for tile in layout.tiles(blocks) {
            let range = tile.range(layout.width);
            let range = range.start - offset..range.end - offset;
            let (x, residual) =
                (x.part(range.clone()), residual.map(|residual| residual.part(range.clone())));
            let kept = kept.as_mut().map(|kept| &mut kept[range.clone()]);
            pass.tile(&tile, &mut bits, x, residual, &mut y[range], kept, &mut scratch);
        }
    }

    fn split_at(self, block: usize) -> (Self, Self) {
        let ForwardBlocks { pass, blocks, x, residual, y, kept } = self;
        let middle = pass.layout.start(block) - pass.layout.start(blocks.start);
        let (x, x2) = x.split_at(middle);
        let (residual, residual2) = residual.map(|residual| residual.split_at(middle)).unzip();
        let (y, y2) = y.split_at_mut(middle);
        let (kept, kept2) = kept.map(|kept| kept.split_at_mut(middle)).unzip();
        let first = ForwardBlocks { pass, blocks: blocks.start..block, x, residual, y, kept };
        let (blocks, x, residual, y, kept) = (block..blocks.end, x2, residual2, y2, kept2);
        (first, ForwardBlocks { pass, blocks, x, residual, y, kept })
    }
}

/// y = x + b, x being y itself if there is none. `bias` is added to every vector of its length.
#[inline(always)]
pub(super) fn biased<T: Float>(x: Option<&[T]>, bias: Option<&[T]>, y: &mut [T]) {
    match (x, bias) {
        (None, None) => {}
        (Some(x), None) => y.copy_from_slice(x),
        (None, Some(bias)) => {
            for y in y.chunks_exact_mut(bias.len()) {
                for (y, bias) in y.iter_mut().zip(bias) {
                    *y += *bias;
                }
            }
        }
        (Some(x), Some(bias)) => {
            for (x, y) in x.chunks_exact(bias.len()).zip(y.chunks_exact_mut(bias.len())) {
                for ((x, y), bias) in x.iter().zip(y).zip(bias) {
                    *y = *x + *bias;
                }
            }
        }
    }
}

/// f(x + b), before dropout.
struct Activate<'a, T, A> {
    x: Option<&'a [T]>,
    bias: Option<&'a [T]>,
    y: &'a mut [T],
    kept: Option<&'a mut [T]>,
    activation: PhantomData<A>,
}

impl<T: Float, A: Curve> Kernel for Activate<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Activate { x, bias, y, kept, .. } = self;
        biased(x, bias, y);
        match kept {
            Some(slopes) if A::KEEPS == Keeps::Input => {
                for (y, slope) in y.iter_mut().zip(slopes) {
                    (*y, *slope) = A::value_and_slope(*y);
                }
                return;
            }
            _ if A::IS_IDENTITY => {}
            _ => {
                for y in &mut *y {
                    *y = A::value(*y);
                }
            }
        }
        if let Some(kept) = kept {
            kept.copy_from_slice(y);
        }
    }
}

/// y = term + y.
struct Add<'a, T> {
    term: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Kernel for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (y, term) in self.y.iter_mut().zip(self.term) {
            *y = *term + *y;
        }
    }
}
