//! Normalize: y = (x - mean) / deviation for each feature, with moments that are fitted once and not trained.

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::isa::Kernel;
use crate::nn::Scalar;

/// Moments of each feature of a row.
#[derive(Clone, Debug)]
pub(crate) struct Normalize {
    pub(crate) width: usize,
    pub(crate) epsilon: f64,
    /// Where the means lie among the buffers.
    pub(crate) mean: Range<usize>,
    /// Where the reciprocals of the standard deviations lie.
    pub(crate) inverse_deviation: Range<usize>,
}

impl<T: Scalar> Layer<T> for Normalize {
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
        let (mean, scale) =
            (&context.buffers[self.mean.clone()], &context.buffers[self.inverse_deviation.clone()]);
        T::dispatch(context.isa, Standardize { x, mean, scale, y });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        _x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        let scale = &context.buffers[self.inverse_deviation.clone()];
        for row in flow.current[..y.len()].chunks_exact_mut(self.width) {
            for (gradient, scale) in row.iter_mut().zip(scale) {
                *gradient = *gradient * *scale;
            }
        }
    }
}

struct Standardize<'a, T> {
    x: &'a [T],
    mean: &'a [T],
    scale: &'a [T],
    y: &'a mut [T],
}

impl<T: Scalar> Kernel for Standardize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Standardize { x, mean, scale, y } = self;
        let width = mean.len();
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            for j in 0..width {
                y[j] = (x[j] - mean[j]) * scale[j];
            }
        }
    }
}

/// The mean and the squared deviations of each feature, gathered row by row.
///
/// Welford 1962: no cancellation, whatever the offset of the data.
#[derive(Debug)]
pub(crate) struct Moments {
    rows: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    /// Of no rows yet.
    pub(crate) fn new(width: usize) -> Self {
        Moments { rows: 0.0, mean: vec![0.0; width], squares: vec![0.0; width] }
    }

    /// Takes rows in.
    pub(crate) fn add<T: Scalar>(&mut self, x: &[T]) {
        for row in x.chunks_exact(self.mean.len()) {
            self.rows += 1.0;
            for ((x, mean), squares) in row.iter().zip(&mut self.mean).zip(&mut self.squares) {
                let before = x.to_f64() - *mean;
                *mean += before / self.rows;
                *squares += before * (x.to_f64() - *mean);
            }
        }
    }

    /// The mean and the reciprocal of the population standard deviation of a feature. The reciprocal is 1 for a
    /// feature that counts as constant: one whose deviation is at most `epsilon` times its root mean square, or so
    /// small that single precision does not hold the reciprocal.
    pub(crate) fn of(&self, feature: usize, epsilon: f64) -> (f64, f64) {
        let (mean, variance) = (self.mean[feature], self.squares[feature] / self.rows);
        let deviation = variance.sqrt();
        let constant =
            deviation <= epsilon * mean.hypot(deviation) || !((1.0 / deviation) as f32).is_finite();
        (mean, if constant { 1.0 } else { 1.0 / deviation })
    }
}
