//! The forward pass over rows.

use std::marker::PhantomData;

use super::bits::Bits;
use super::curve::{Curve, Keeps};
use super::gate::Gate;
use super::tile::{cut, tiles};
use crate::isa::{Isa, Kernel, dispatch};
use crate::nn::{RowKeys, Scalar};

/// Rows to be worked off.
pub(super) struct ForwardRows<'a, T, A> {
    pub(super) gate: Gate<T>,
    pub(super) keys: RowKeys<'a>,
    pub(super) width: usize,
    pub(super) bias: Option<&'a [T]>,
    /// What the product gave on entry, d(f(z + b)) on return.
    pub(super) y: &'a mut [T],
    /// Where to put what the backward pass needs, if anywhere.
    pub(super) kept: Option<&'a mut [T]>,
    pub(super) activation: PhantomData<A>,
}

impl<T: Scalar, A: Curve> ForwardRows<'_, T, A> {
    /// Works the rows off, on several threads if `parallel`.
    pub(super) fn run(self, isa: Isa, parallel: bool) {
        match cut(self.y.len() / self.width) {
            Some(row) if parallel => {
                let (first, second) = self.split_at(row);
                rayon::join(|| first.run(isa, true), || second.run(isa, true));
            }
            _ => self.run_here(isa),
        }
    }

    fn run_here(self, isa: Isa) {
        let ForwardRows { gate, keys, width, bias, y, mut kept, activation } = self;
        let mut bits = Bits::new();
        for tile in tiles(y.len() / width, width) {
            let y = &mut y[tile.range(width)];
            let kept = kept.as_mut().map(|kept| &mut kept[tile.range(width)]);
            let bias = bias.map(|bias| &bias[tile.columns.clone()]);
            dispatch(isa, Activate { bias, y, kept, scale: gate.scale(), activation });
            match gate {
                Gate::Open | Gate::Scale(_) => {}
                Gate::Closed => y.fill(T::ZERO),
                Gate::Select { factor, address, rate } => {
                    bits.draw(isa, &address, rate, keys, &tile, width);
                    bits.select(isa, tile.columns.len(), factor, y);
                }
            }
        }
    }

    fn split_at(self, row: usize) -> (Self, Self) {
        let ForwardRows { gate, keys, width, bias, y, kept, activation } = self;
        let (keys, keys2) = (keys.slice(0..row), keys.slice(row..y.len() / width));
        let (y, y2) = y.split_at_mut(row * width);
        let (kept, kept2) = kept.map(|kept| kept.split_at_mut(row * width)).unzip();
        (
            ForwardRows { gate, keys, width, bias, y, kept, activation },
            ForwardRows { gate, keys: keys2, width, bias, y: y2, kept: kept2, activation },
        )
    }
}

/// Everything but the selection.
struct Activate<'a, T, A> {
    bias: Option<&'a [T]>,
    y: &'a mut [T],
    kept: Option<&'a mut [T]>,
    scale: Option<T>,
    activation: PhantomData<A>,
}

impl<T: Scalar, A: Curve> Kernel for Activate<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Activate { bias, y, mut kept, scale, .. } = self;
        if let Some(bias) = bias {
            for row in y.chunks_exact_mut(bias.len()) {
                for (y, bias) in row.iter_mut().zip(bias) {
                    *y += *bias;
                }
            }
        }
        if let (Keeps::Input, Some(kept)) = (A::KEEPS, &mut kept) {
            kept.copy_from_slice(y);
        }
        for y in &mut *y {
            *y = A::value(*y);
        }
        if let (Keeps::Activated, Some(kept)) = (A::KEEPS, &mut kept) {
            kept.copy_from_slice(y);
        }
        if let Some(scale) = scale {
            for y in y {
                *y = *y * scale;
            }
        }
    }
}
