//! What draws a learnt rate towards 1/2.

use super::RateGradient;
use crate::stream::Rate;

/// The paper's regulariser of a rate per input feature, the negative entropy p ln p + (1 - p) ln(1 - p) of its mask
/// (section 3), with its gradient. 0 at both ends, where the gradient by the rate is infinite and that by the logit 0.
pub fn concrete_regularizer(rate: Rate) -> (f64, RateGradient) {
    let p = rate.get();
    let q = 1.0 - p;
    if p == 0.0 || q == 0.0 {
        let slope = if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
        return (0.0, RateGradient { rate: slope, logit: 0.0 });
    }
    let (ln_p, ln_q) = (libm::log(p), libm::log1p(-p));
    let slope = ln_p - ln_q;
    (p * ln_p + q * ln_q, RateGradient { rate: slope, logit: slope * p * q })
}
