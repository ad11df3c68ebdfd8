//! Squared error.

use super::{Target, values};
use crate::nn::scalar::Scalar;
use crate::ops::{Element, Float};

/// sum (z - t)^2; the gradient is 2 (z - t).
#[inline(always)]
pub(super) fn row<T: Scalar>(
    logits: &[T],
    target: Target<'_, T>,
    scale: f64,
    gradient: Option<&mut [T]>,
) -> f64 {
    let difference = |(logit, target): (&T, &T)| logit.widen() - target.widen();
    if let Some(gradient) = gradient {
        for (gradient, pair) in gradient.iter_mut().zip(logits.iter().zip(values(target))) {
            *gradient = T::narrow(T::Wide::from_f64(2.0 * scale) * difference(pair));
        }
    }
    logits.iter().zip(values(target)).map(|pair| (difference(pair) * difference(pair)).to_f64()).sum()
}
