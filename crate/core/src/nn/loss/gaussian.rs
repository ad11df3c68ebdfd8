//! Negative log likelihood of a normal distribution whose mean and variance are both predicted.

use super::{Target, values};
use crate::nn::scalar::Scalar;
use crate::ops::{Element, Float};

const LN_TAU: f64 = 1.837_877_066_409_345_5;

/// sum 1/2 (ln 2 pi + s + (t - m)^2 e^-s) for a row of means m, then log variances s (Nix & Weigend 1994;
/// Kendall & Gal 2017). Gradients: (m - t) e^-s and 1/2 (1 - (t - m)^2 e^-s).
#[inline(always)]
pub(super) fn row<T: Scalar>(
    logits: &[T],
    target: Target<'_, T>,
    scale: f64,
    mut gradient: Option<&mut [T]>,
) -> f64 {
    let (means, log_variances) = logits.split_at(logits.len() / 2);
    let wide = T::Wide::from_f64;
    let mut sum = 0.0;
    for (output, target) in values(target).iter().enumerate() {
        let log_variance = log_variances[output].widen();
        let precision = (-log_variance).exp();
        let difference = means[output].widen() - target.widen();
        let square = difference * difference * precision;
        sum += 0.5 * (LN_TAU + log_variance.to_f64() + square.to_f64());
        if let Some(gradient) = gradient.as_deref_mut() {
            gradient[output] = T::narrow(wide(scale) * difference * precision);
            gradient[means.len() + output] = T::narrow(wide(scale * 0.5) * (wide(1.0) - square));
        }
    }
    sum
}
