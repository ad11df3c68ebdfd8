//! Binary cross entropy behind a sigmoid.

use super::Target;
use crate::nn::scalar::Scalar;
use crate::ops::{Element, Float};

/// sum max(z, 0) - z t + ln(1 + e^-|z|), which never overflows; the gradient is sigmoid(z) - t.
#[inline(always)]
pub(super) fn row<T: Scalar>(
    logits: &[T],
    target: Target<'_, T>,
    scale: f64,
    mut gradient: Option<&mut [T]>,
) -> f64 {
    let wide = T::Wide::from_f64;
    let mut sum = 0.0;
    for (output, &logit) in logits.iter().enumerate() {
        let target = match target {
            Target::Class(class) => f64::from(class),
            Target::Values(values) => values[output].to_f64(),
        };
        let logit = logit.widen();
        let (zero, one, target) = (wide(0.0), wide(1.0), wide(target));
        let tail = (-logit.abs()).exp();
        let positive = if logit < zero { zero } else { logit }; // NaN stays NaN
        sum += (positive - logit * target + tail.ln_1p()).to_f64();
        if let Some(gradient) = gradient.as_deref_mut() {
            let probability = if logit < zero { tail } else { one } / (one + tail);
            gradient[output] = T::narrow(wide(scale) * (probability - target));
        }
    }
    sum
}
