//! Channels from before the positions to after them, and back.

use super::split::for_each_block;
use super::{Context, Flow, Layer, Memory, Room};
use crate::isa::{Isa, Kernel};
use crate::nn::Scalar;

/// A row as a matrix of `rows` x `columns`, turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transpose {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Transpose {
    /// What undoes it.
    pub(crate) fn inverse(self) -> Self {
        Transpose { rows: self.columns, columns: self.rows }
    }

    fn apply<T: Scalar>(self, isa: Isa, from: &[T], to: &mut [T]) {
        let each = self.rows * self.columns;
        let amount = to.len();
        for_each_block(to.len() / each, (to, each), (&mut [(); 0], 0), amount, |row, to, _| {
            T::dispatch(isa, Turn { matrix: self, from: &from[row * each..(row + 1) * each], to });
        });
    }
}

impl<T: Scalar> Layer<T> for Transpose {
    fn input_width(&self) -> usize {
        self.rows * self.columns
    }

    fn output_width(&self) -> usize {
        self.rows * self.columns
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        self.apply(context.isa, x, y);
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        if flow.wanted {
            self.inverse().apply(context.isa, &flow.current[..y.len()], &mut flow.spare[..x.len()]);
            flow.swap();
        }
    }
}

/// Elements along both sides of the squares that are turned at a time: a line of the cache.
const SIDE: usize = 16;

struct Turn<'a, T> {
    matrix: Transpose,
    from: &'a [T],
    to: &'a mut [T],
}

impl<T: Scalar> Kernel for Turn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Turn { matrix: Transpose { rows, columns }, from, to } = self;
        for first_row in (0..rows).step_by(SIDE) {
            for first_column in (0..columns).step_by(SIDE) {
                let end = columns.min(first_column + SIDE);
                for column in first_column..end {
                    let to = &mut to[column * rows + first_row..];
                    let to = &mut to[..SIDE.min(rows - first_row)];
                    for (row, to) in (first_row..).zip(to) {
                        *to = from[row * columns + column];
                    }
                }
            }
        }
    }
}
