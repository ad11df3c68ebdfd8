//! Convolutions in each type of number.

use super::correlate::Correlate;
use super::gradient::WeightGradient;
use crate::isa::{Isa, Kernel, dispatch};
use crate::nn::Scalar;
use crate::ops::Dual;
use crate::simd;

/// The sealed half of [`Scalar`](crate::nn::Scalar): convolutions in this type.
pub trait Convolve: Sized {
    /// Some lines of outputs, or of the gradient of inputs.
    fn correlate(isa: Isa, lines: Correlate<'_, Self>);

    /// What some lines add to the gradient of the weights.
    fn weight_gradient(isa: Isa, lines: WeightGradient<'_, Self>);
}

impl Convolve for f32 {
    fn correlate(isa: Isa, lines: Correlate<'_, f32>) {
        simd::run(isa, lines);
    }

    fn weight_gradient(isa: Isa, lines: WeightGradient<'_, f32>) {
        simd::run(isa, lines);
    }
}

impl Convolve for f64 {
    fn correlate(isa: Isa, lines: Correlate<'_, f64>) {
        dispatch(isa, lines);
    }

    fn weight_gradient(isa: Isa, lines: WeightGradient<'_, f64>) {
        dispatch(isa, lines);
    }
}

impl<T: Scalar> Convolve for Dual<T> {
    fn correlate(_isa: Isa, lines: Correlate<'_, Dual<T>>) {
        lines.run();
    }

    fn weight_gradient(_isa: Isa, lines: WeightGradient<'_, Dual<T>>) {
        lines.run();
    }
}
