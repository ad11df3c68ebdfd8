//! The backward pass over rows.

use std::marker::PhantomData;

use super::BLOCK_ROWS;
use super::chunk::{LANES, bits, load, scale, select, store};
use super::curve::Curve;
use super::gate::Gate;
use crate::isa::{Isa, Kernel, dispatch};
use crate::nn::{RowKeys, Scalar};
use crate::stream::bernoulli::keep_rows;

/// Rows to be worked off by one thread, or to be split at the border of a block.
pub(super) struct BackwardRows<'a, T, A> {
    gate: Gate<T>,
    keys: RowKeys<'a>,
    width: usize,
    /// What the derivative is computed from.
    kept: &'a [T],
    /// dy on entry, dz on return.
    gradient: &'a mut [T],
    /// One row of sums over the rows of each block.
    sums: Option<&'a mut [T]>,
    /// Room for keep bits; empty if none are needed.
    words: &'a mut [u64],
    activation: PhantomData<A>,
}

impl<'a, T: Scalar, A: Curve> BackwardRows<'a, T, A> {
    pub(super) fn new(
        gate: Gate<T>,
        keys: RowKeys<'a>,
        width: usize,
        kept: &'a [T],
        gradient: &'a mut [T],
        sums: Option<&'a mut [T]>,
        words: &'a mut [u64],
    ) -> Self {
        BackwardRows { gate, keys, width, kept, gradient, sums, words, activation: PhantomData }
    }

    pub(super) fn run(self, isa: Isa, parallel: bool) {
        let rows = self.gradient.len() / self.width;
        if parallel && rows >= 2 * BLOCK_ROWS {
            let (first, second) = self.split_at(rows / 2 / BLOCK_ROWS * BLOCK_ROWS);
            rayon::join(|| first.run(isa, parallel), || second.run(isa, parallel));
        } else {
            if let Gate::Select { address, rate, .. } = &self.gate
                && !self.words.is_empty()
            {
                keep_rows(isa, address, *rate, self.keys.ids, self.keys.steps, self.width, self.words);
            }
            dispatch(isa, self);
        }
    }

    fn split_at(self, row: usize) -> (Self, Self) {
        let BackwardRows { gate, keys, width, kept, gradient, sums, words, activation } = self;
        let words_at = words.len() / (gradient.len() / width) * row;
        let (keys, keys2) = keys.split_at(row);
        let (kept, kept2) = kept.split_at(row * width);
        let (gradient, gradient2) = gradient.split_at_mut(row * width);
        let (sums, sums2) = sums.map(|sums| sums.split_at_mut(row / BLOCK_ROWS * width)).unzip();
        let (words, words2) = words.split_at_mut(words_at);
        (
            BackwardRows { gate, keys, width, kept, gradient, sums, words, activation },
            BackwardRows {
                gate,
                keys: keys2,
                width,
                kept: kept2,
                gradient: gradient2,
                sums: sums2,
                words: words2,
                activation,
            },
        )
    }
}

impl<T: Scalar, A: Curve> Kernel for BackwardRows<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let rows = self.gradient.len() / self.width;
        let words_per_row = self.words.len() / rows.max(1);
        let factor = self.gate.factor();
        for row in 0..rows {
            let (at, words) = (row * self.width, &self.words[row * words_per_row..][..words_per_row]);
            for (index, column) in (0..self.width).step_by(LANES).enumerate() {
                let columns = column..self.width.min(column + LANES);
                let here = at + columns.start..at + columns.end;
                let mut chunk = load(&self.gradient[here.clone()]);
                let kept = load(&self.kept[here.clone()]);
                if let Some(factor) = factor {
                    scale(&mut chunk, factor);
                }
                for j in 0..LANES {
                    chunk[j] = A::backward(kept[j], chunk[j]);
                }
                if !words.is_empty() {
                    select(&mut chunk, bits(words, index));
                }
                store(&chunk, &mut self.gradient[here]);
                if let Some(sums) = &mut self.sums {
                    let sums = &mut sums[row / BLOCK_ROWS * self.width..][columns];
                    if row % BLOCK_ROWS != 0 {
                        let before = load(sums);
                        for j in 0..LANES {
                            chunk[j] = before[j] + chunk[j];
                        }
                    }
                    store(&chunk, sums);
                }
            }
        }
    }
}
