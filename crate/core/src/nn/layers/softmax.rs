//! Softmax over the last axis: y_i = e^x_i / sum_j e^x_j.

use super::{Context, Flow, Layer, Memory, Room};
use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::nn::softmax::SoftmaxRows;

/// Softmax of every vector of a row.
#[derive(Clone, Debug)]
pub(crate) struct Softmax {
    pub(crate) width: usize,
    /// Elements of a vector.
    pub(crate) features: usize,
}

impl<T: Scalar> Layer<T> for Softmax {
    fn input_width(&self) -> usize {
        self.width
    }

    fn output_width(&self) -> usize {
        self.width
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        y.copy_from_slice(x);
        T::dispatch(context.isa, SoftmaxRows { width: self.features, rows: y });
    }

    /// dx = y (dy - sum_j y_j dy_j).
    fn backward(
        &self,
        context: &Context<'_, T>,
        _x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        T::dispatch(
            context.isa,
            Backward { width: self.features, y, gradient: &mut flow.current[..y.len()] },
        );
    }
}

struct Backward<'a, T> {
    width: usize,
    y: &'a [T],
    gradient: &'a mut [T],
}

impl<T: Scalar> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (y, gradient) in self.y.chunks_exact(self.width).zip(self.gradient.chunks_exact_mut(self.width)) {
            let mut mean = T::ZERO;
            for (y, gradient) in y.iter().zip(&*gradient) {
                mean += *y * *gradient;
            }
            for (y, gradient) in y.iter().zip(gradient) {
                *gradient = *y * (*gradient - mean);
            }
        }
    }
}
