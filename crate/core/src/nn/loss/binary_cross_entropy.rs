//! Binary cross entropy behind a sigmoid.

use super::Target;
use crate::nn::scalar::Scalar;

/// sum max(z, 0) - z t + ln(1 + e^-|z|), which never overflows; the gradient is sigmoid(z) - t.
#[inline(always)]
pub(super) fn row<T: Scalar>(
    logits: &[T],
    target: Target<'_, T>,
    scale: f64,
    mut gradient: Option<&mut [T]>,
) -> f64 {
    let mut sum = 0.0;
    for (output, &logit) in logits.iter().enumerate() {
        let target = match target {
            Target::Class(class) => f64::from(class),
            Target::Values(values) => values[output].to_f64(),
        };
        let logit = logit.to_f64();
        let tail = libm::exp(-logit.abs());
        let positive = if logit < 0.0 { 0.0 } else { logit }; // NaN stays NaN
        sum += positive - logit * target + libm::log1p(tail);
        if let Some(gradient) = gradient.as_deref_mut() {
            let probability = if logit < 0.0 { tail } else { 1.0 } / (1.0 + tail);
            gradient[output] = T::from_f64(scale * (probability - target));
        }
    }
    sum
}
