//! Stochastic gradient descent, plain and with momentum.

use super::Rule;
use crate::nn::scalar::Scalar;

/// w = w - rate (g + decay w).
#[derive(Clone, Copy)]
pub(super) struct Plain<T> {
    pub(super) rate: T,
    pub(super) decay: T,
    pub(super) scale: T,
}

impl<T: Scalar> Rule<T, 1> for Plain<T> {
    #[inline(always)]
    fn apply(self, [weight]: [T; 1], gradient: T) -> [T; 1] {
        let gradient = gradient * self.scale + self.decay * weight;
        [weight - self.rate * gradient]
    }
}

/// v = momentum v + g, w = w - rate v; with Nesterov w = w - rate (g + momentum v).
///
/// PyTorch's first step sets v = g, which the zero state gives as well.
#[derive(Clone, Copy)]
pub(super) struct Momentum<T> {
    pub(super) rate: T,
    pub(super) momentum: T,
    pub(super) nesterov: bool,
    pub(super) decay: T,
    pub(super) scale: T,
}

impl<T: Scalar> Rule<T, 2> for Momentum<T> {
    #[inline(always)]
    fn apply(self, [weight, velocity]: [T; 2], gradient: T) -> [T; 2] {
        let gradient = gradient * self.scale + self.decay * weight;
        let velocity = self.momentum * velocity + gradient;
        let direction = if self.nesterov { gradient + self.momentum * velocity } else { velocity };
        [weight - self.rate * direction, velocity]
    }
}
