//! The backward pass over rows.

use std::marker::PhantomData;

use super::BLOCK_ROWS;
use super::bits::Bits;
use super::curve::Curve;
use super::gate::Gate;
use super::tile::{cut, tiles};
use crate::isa::{Isa, Kernel, dispatch};
use crate::nn::{RowKeys, Scalar};

/// Rows to be worked off.
pub(super) struct BackwardRows<'a, T, A> {
    pub(super) gate: Gate<T>,
    pub(super) keys: RowKeys<'a>,
    pub(super) width: usize,
    /// What the derivative is computed from.
    pub(super) kept: &'a [T],
    /// dy on entry, dz on return.
    pub(super) gradient: &'a mut [T],
    /// One row for each begun block: the sum over the rows of the block, from the first to the last.
    pub(super) sums: Option<&'a mut [T]>,
    pub(super) activation: PhantomData<A>,
}

impl<T: Scalar, A: Curve> BackwardRows<'_, T, A> {
    /// Works the rows off, on several threads if `parallel`.
    pub(super) fn run(self, isa: Isa, parallel: bool) {
        match cut(self.gradient.len() / self.width) {
            Some(row) if parallel => {
                let (first, second) = self.split_at(row);
                rayon::join(|| first.run(isa, true), || second.run(isa, true));
            }
            _ => self.run_here(isa),
        }
    }

    fn run_here(self, isa: Isa) {
        let BackwardRows { gate, keys, width, kept, gradient, mut sums, activation } = self;
        let scale = gate.factor(); // in the order of the chain rule: dropout comes before the activation
        let mut bits = Bits::new();
        for tile in tiles(gradient.len() / width, width) {
            let gradient = &mut gradient[tile.range(width)];
            dispatch(isa, Differentiate { kept: &kept[tile.range(width)], gradient, scale, activation });
            match gate {
                Gate::Closed => gradient.fill(T::ZERO),
                Gate::Select { address, rate, .. } if !A::ZERO_IS_FLAT => {
                    bits.draw(isa, &address, rate, keys, &tile, width);
                    bits.select(isa, tile.columns.len(), T::ONE, gradient);
                }
                Gate::Open | Gate::Scale(_) | Gate::Select { .. } => {}
            }
            if let Some(sums) = &mut sums {
                let sums = &mut sums[tile.rows.start / BLOCK_ROWS * width..][tile.columns];
                if tile.rows.start.is_multiple_of(BLOCK_ROWS) {
                    sums.fill(T::ZERO);
                }
                dispatch(isa, AddRows { rows: gradient, sums });
            }
        }
    }

    fn split_at(self, row: usize) -> (Self, Self) {
        let BackwardRows { gate, keys, width, kept, gradient, sums, activation } = self;
        let rows = gradient.len() / width;
        let (kept, kept2) = kept.split_at(row * width);
        let (gradient, gradient2) = gradient.split_at_mut(row * width);
        let (sums, sums2) = sums.map(|sums| sums.split_at_mut(row / BLOCK_ROWS * width)).unzip();
        let (keys, keys2) = (keys.slice(0..row), keys.slice(row..rows));
        let first = BackwardRows { gate, keys, width, kept, gradient, sums, activation };
        let (kept, gradient, sums, keys) = (kept2, gradient2, sums2, keys2);
        (first, BackwardRows { gate, keys, width, kept, gradient, sums, activation })
    }
}

/// dz = f'(z) dy, times `scale`.
struct Differentiate<'a, T, A> {
    kept: &'a [T],
    gradient: &'a mut [T],
    scale: Option<T>,
    activation: PhantomData<A>,
}

impl<T: Scalar, A: Curve> Kernel for Differentiate<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Differentiate { kept, gradient, scale, .. } = self;
        let pairs = gradient.iter_mut().zip(kept);
        match scale {
            Some(scale) => pairs.for_each(
                #[inline(always)]
                |(gradient, kept)| *gradient = A::backward(*kept, *gradient * scale),
            ),
            None => pairs.for_each(
                #[inline(always)]
                |(gradient, kept)| *gradient = A::backward(*kept, *gradient),
            ),
        }
    }
}

/// Adds rows to their sum, one after the other.
pub(super) struct AddRows<'a, T> {
    pub(super) rows: &'a [T],
    pub(super) sums: &'a mut [T],
}

impl<T: Scalar> Kernel for AddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const LANES: usize = 32;
        let width = self.sums.len();
        let (chunks, rest) = self.sums.as_chunks_mut::<LANES>();
        let whole = LANES * chunks.len();
        for (index, sums) in chunks.iter_mut().enumerate() {
            let mut local = *sums; // stays in registers while the rows pass
            for row in self.rows.chunks_exact(width) {
                let row: &[T; LANES] = row[index * LANES..][..LANES].try_into().expect("a whole chunk");
                for j in 0..LANES {
                    local[j] += row[j];
                }
            }
            *sums = local;
        }
        for row in self.rows.chunks_exact(width) {
            for (sum, value) in rest.iter_mut().zip(&row[whole..]) {
                *sum += *value;
            }
        }
    }
}
