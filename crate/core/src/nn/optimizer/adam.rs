//! Adam and AdamW.

use super::Rule;
use crate::nn::scalar::Scalar;

/// How weights decay: through the gradient (Adam) or beside it (AdamW).
pub(super) struct Decay {
    pub(super) rate: f64,
    pub(super) decoupled: bool,
}

/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// w = w shrink - rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
///
/// What depends on the step only is worked out once, in double precision.
#[derive(Clone, Copy)]
pub(super) struct Adam<T> {
    beta1: T,
    rest1: T,
    beta2: T,
    rest2: T,
    epsilon: T,
    /// rate / (1 - beta1^t).
    rate: T,
    /// 1 / sqrt(1 - beta2^t).
    root: T,
    /// Added to the gradient for each unit of weight.
    penalty: T,
    /// The factor of decoupled decay.
    shrink: T,
    scale: T,
}

impl<T: Scalar> Adam<T> {
    pub(super) fn new(
        rate: f64,
        [beta1, beta2]: [f64; 2],
        epsilon: f64,
        decay: Decay,
        scale: f64,
        step: u64,
    ) -> Self {
        let number = T::from_f64;
        let (penalty, shrink) =
            if decay.decoupled { (0.0, 1.0 - rate * decay.rate) } else { (decay.rate, 1.0) };
        Adam {
            beta1: number(beta1),
            rest1: number(1.0 - beta1),
            beta2: number(beta2),
            rest2: number(1.0 - beta2),
            epsilon: number(epsilon),
            rate: number(rate / (1.0 - libm::pow(beta1, step as f64))),
            root: number(1.0 / (1.0 - libm::pow(beta2, step as f64)).sqrt()),
            penalty: number(penalty),
            shrink: number(shrink),
            scale: number(scale),
        }
    }
}

impl<T: Scalar> Rule<T, 3> for Adam<T> {
    #[inline(always)]
    fn apply(self, [weight, mean, square]: [T; 3], gradient: T) -> [T; 3] {
        let gradient = gradient * self.scale + self.penalty * weight;
        let mean = self.beta1 * mean + self.rest1 * gradient;
        let square = self.beta2 * square + self.rest2 * (gradient * gradient);
        let step = self.rate * mean / (square.sqrt() * self.root + self.epsilon);
        [weight * self.shrink - step, mean, square]
    }
}
