//! Cross entropy behind a softmax.

use super::Target;
use crate::error::{Code, Error, Result};
use crate::nn::scalar::Scalar;
use crate::nn::softmax;
use crate::ops::{Element, Float};

/// Exponentials that are made at a time where there is no place for all.
const CHUNK: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    pub(super) class_weights: Option<&'a [f64]>,
    pub(super) label_smoothing: f64,
}

pub(super) fn validate(class_weights: Option<&[f64]>, label_smoothing: f64, classes: usize) -> Result<()> {
    if !(0.0..=1.0).contains(&label_smoothing) {
        return Err(Error::argument(
            Code::Range,
            "loss.labelSmoothing",
            label_smoothing,
            "a number in [0, 1]",
        ));
    }
    let Some(weights) = class_weights else { return Ok(()) };
    if weights.len() != classes {
        return Err(Error::argument(
            Code::Shape,
            "loss.classWeights",
            format!("{} weights", weights.len()),
            format!("one weight for each of the model's {classes} classes"),
        ));
    }
    match weights.iter().position(|weight| !(*weight >= 0.0 && weight.is_finite())) {
        None if weights.iter().all(|weight| *weight == 0.0) => Err(Error::argument(
            Code::Range,
            "loss.classWeights",
            "only zeros",
            "above 0 for at least one class, or nothing would be learnt",
        )),
        None => Ok(()),
        Some(class) => Err(Error::argument(
            Code::Range,
            format!("loss.classWeights[{class}]"),
            weights[class],
            "a finite number of at least 0",
        )),
    }
}

/// The class weight of a row's target: before smoothing, as PyTorch has it for class indices. A row of
/// probabilities weighs what its classes weigh on average, so that one-hot rows equal indices.
#[inline(always)]
pub(super) fn target_weight<T: Scalar>(weights: &[f64], target: Target<'_, T>) -> f64 {
    match target {
        Target::Class(class) => weights[class as usize],
        Target::Values(values) => {
            weights.iter().zip(values).map(|(weight, value)| weight * value.to_f64()).sum()
        }
    }
}

/// sum_k c_k (lse - z_k) with c_k = w_k ((1 - smoothing) t_k + smoothing / K) and lse = ln sum_k e^z_k; the
/// gradient is softmax(z)_k sum_j c_j - c_k.
#[inline(always)]
pub(super) fn row<T: Scalar>(
    logits: &[T],
    target: Target<'_, T>,
    Options { class_weights, label_smoothing }: Options<'_>,
    scale: f64,
    mut gradient: Option<&mut [T]>,
) -> f64 {
    let spread = label_smoothing / logits.len() as f64;
    let coefficient = |class: usize| {
        let part = match target {
            Target::Class(target) => f64::from(u8::from(target as usize == class)),
            Target::Values(values) => values[class].to_f64(),
        };
        class_weights.map_or(1.0, |weights| weights[class]) * ((1.0 - label_smoothing) * part + spread)
    };

    let largest = softmax::largest(logits);
    let total = match &mut gradient {
        // The place of the gradient holds the exponentials until it is written.
        Some(gradient) => {
            gradient.copy_from_slice(logits);
            softmax::exponentials(gradient, largest, T::Wide::ZERO)
        }
        None => {
            let mut total = T::Wide::ZERO;
            for logits in logits.chunks(CHUNK) {
                let mut exponentials = [T::ZERO; CHUNK];
                let exponentials = &mut exponentials[..logits.len()];
                exponentials.copy_from_slice(logits);
                total = softmax::exponentials(exponentials, largest, total);
            }
            total
        }
    };
    let log_total = libm::log(total.to_f64());

    let (mut value, mut weight) = (0.0, 0.0);
    for (class, &logit) in logits.iter().enumerate() {
        let coefficient = coefficient(class);
        // 0 times an infinite distance would be NaN.
        if coefficient != 0.0 {
            value += coefficient * (log_total - (logit.to_f64() - largest.to_f64()));
            weight += coefficient;
        }
    }
    if let Some(gradient) = gradient {
        let wide = T::Wide::from_f64;
        let factor = wide(scale * weight) / total;
        for (class, gradient) in gradient.iter_mut().enumerate() {
            *gradient = T::narrow(factor * gradient.widen() - wide(scale * coefficient(class)));
        }
    }
    value
}
