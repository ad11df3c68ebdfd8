//! Select: one of the named inputs that lie side by side in a row.

use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;

/// The part of a row that is taken.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) input: usize,
    pub(crate) start: usize,
    pub(crate) width: usize,
}

impl<T: Scalar> Layer<T> for Select {
    fn input_width(&self) -> usize {
        self.input
    }

    fn output_width(&self) -> usize {
        self.width
    }

    fn memory(&self, rows: usize) -> Memory {
        Memory { flow: rows * self.input, ..Memory::default() }
    }

    fn forward(&self, _context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        for (x, y) in x.chunks_exact(self.input).zip(y.chunks_exact_mut(self.width)) {
            y.copy_from_slice(&x[self.start..self.start + self.width]);
        }
    }

    fn backward(
        &self,
        _context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        if !flow.wanted {
            return;
        }
        let dx = &mut flow.spare[..x.len()];
        dx.fill(T::ZERO);
        let dy = flow.current[..y.len()].chunks_exact(self.width);
        for (dx, dy) in dx.chunks_exact_mut(self.input).zip(dy) {
            dx[self.start..self.start + self.width].copy_from_slice(dy);
        }
        flow.swap();
    }
}
