//! The forward pass over rows.

use std::marker::PhantomData;

use super::BLOCK_ROWS;
use super::chunk::{LANES, bits, load, scale, select, store};
use super::curve::{Curve, Keeps};
use super::gate::Gate;
use crate::isa::{Isa, Kernel, dispatch};
use crate::nn::{RowKeys, Scalar};
use crate::stream::bernoulli::keep_rows;

/// Rows to be worked off by one thread, or to be split.
pub(super) struct ForwardRows<'a, T, A> {
    gate: Gate<T>,
    keys: RowKeys<'a>,
    width: usize,
    /// Where to read; in place if absent.
    input: Option<&'a [T]>,
    bias: Option<&'a [T]>,
    y: &'a mut [T],
    /// Where to put what the backward pass needs.
    kept: Option<&'a mut [T]>,
    /// Room for keep bits; empty if none are drawn.
    words: &'a mut [u64],
    activation: PhantomData<A>,
}

impl<'a, T: Scalar, A: Curve> ForwardRows<'a, T, A> {
    pub(super) fn new(
        gate: Gate<T>,
        keys: RowKeys<'a>,
        width: usize,
        input: Option<&'a [T]>,
        bias: Option<&'a [T]>,
        y: &'a mut [T],
        kept: Option<&'a mut [T]>,
        words: &'a mut [u64],
    ) -> Self {
        ForwardRows { gate, keys, width, input, bias, y, kept, words, activation: PhantomData }
    }

    pub(super) fn run(self, isa: Isa, parallel: bool) {
        let rows = self.y.len() / self.width;
        if parallel && rows >= 2 * BLOCK_ROWS {
            let (first, second) = self.split_at(rows / 2 / BLOCK_ROWS * BLOCK_ROWS);
            rayon::join(|| first.run(isa, parallel), || second.run(isa, parallel));
        } else {
            if let Gate::Select { address, rate, .. } = &self.gate {
                keep_rows(isa, address, *rate, self.keys.ids, self.keys.steps, self.width, self.words);
            }
            dispatch(isa, self);
        }
    }

    fn split_at(self, row: usize) -> (Self, Self) {
        let ForwardRows { gate, keys, width, input, bias, y, kept, words, activation } = self;
        let words_at = words.len() / (y.len() / width) * row;
        let ((keys, keys2), (y, y2)) = (keys.split_at(row), y.split_at_mut(row * width));
        let (input, input2) = input.map(|input| input.split_at(row * width)).unzip();
        let (kept, kept2) = kept.map(|kept| kept.split_at_mut(row * width)).unzip();
        let (words, words2) = words.split_at_mut(words_at);
        (
            ForwardRows { gate, keys, width, input, bias, y, kept, words, activation },
            ForwardRows {
                gate,
                keys: keys2,
                width,
                input: input2,
                bias,
                y: y2,
                kept: kept2,
                words: words2,
                activation,
            },
        )
    }
}

impl<T: Scalar, A: Curve> Kernel for ForwardRows<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let rows = self.y.len() / self.width;
        let words_per_row = self.words.len() / rows.max(1);
        let factor = self.gate.factor();
        for row in 0..rows {
            let (at, words) = (row * self.width, &self.words[row * words_per_row..][..words_per_row]);
            for (index, column) in (0..self.width).step_by(LANES).enumerate() {
                let columns = column..self.width.min(column + LANES);
                let here = at + columns.start..at + columns.end;
                let mut chunk = load(match self.input {
                    Some(input) => &input[here.clone()],
                    None => &self.y[here.clone()],
                });
                if let Some(bias) = self.bias {
                    let bias = load(&bias[columns]);
                    for j in 0..LANES {
                        chunk[j] += bias[j];
                    }
                }
                if let (Some(kept), Keeps::Input) = (&mut self.kept, A::KEEPS) {
                    store(&chunk, &mut kept[here.clone()]);
                }
                for lane in &mut chunk {
                    *lane = A::value(*lane);
                }
                if let (Some(kept), Keeps::Activated) = (&mut self.kept, A::KEEPS) {
                    store(&chunk, &mut kept[here.clone()]);
                }
                if let Some(factor) = factor {
                    scale(&mut chunk, factor);
                }
                if !words.is_empty() {
                    select(&mut chunk, bits(words, index));
                }
                store(&chunk, &mut self.y[here]);
            }
        }
    }
}
