//! From logits to what a model predicts.

use super::config::Output;
use super::scalar::Scalar;
use super::softmax::SoftmaxRows;
use crate::isa::{Isa, Kernel, dispatch};

/// Applies the output function to `logits`, rows of `width`, in place: probabilities for `softmax` and `sigmoid`;
/// `identity` and `gaussian` (means, then log variances) stay as they are.
pub fn apply_output<T: Scalar>(output: Output, logits: &mut [T], width: usize) {
    match output {
        Output::Identity | Output::Gaussian => {}
        Output::Sigmoid => dispatch(isa(), Sigmoid(logits)),
        Output::Softmax => dispatch(isa(), SoftmaxRows { width, rows: logits }),
    }
}

/// The bits are the same on every instruction set, so one that is forced and missing, which the layers report,
/// need not fail here.
fn isa() -> Isa {
    Isa::active().unwrap_or(Isa::Portable)
}

struct Sigmoid<'a, T>(&'a mut [T]);

impl<T: Scalar> Kernel for Sigmoid<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for logit in self.0 {
            // Of two equal forms the one whose exponential cannot overflow.
            let tail = (-logit.abs()).exp();
            let numerator = if *logit < T::ZERO { tail } else { T::ONE };
            *logit = numerator / (T::ONE + tail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_worked_by_hand() {
        let mut row = [0.0, 3f64.ln(), 1000.0, 1000.0];
        apply_output(Output::Softmax, &mut row, 2);
        for (got, expected) in row.iter().zip([0.25, 0.75, 0.5, 0.5]) {
            assert!((got - expected).abs() < 1e-15);
        }
        let mut row = [0.0, 3f64.ln(), -(3f64.ln()), -1000.0, 1000.0];
        apply_output(Output::Sigmoid, &mut row, 5);
        for (got, expected) in row.iter().zip([0.5, 0.75, 0.25, 0.0, 1.0]) {
            assert!((got - expected).abs() < 1e-15);
        }
        let mut row = [1.5f32, -2.0];
        apply_output(Output::Gaussian, &mut row, 2);
        assert_eq!(row, [1.5, -2.0]);
    }
}
