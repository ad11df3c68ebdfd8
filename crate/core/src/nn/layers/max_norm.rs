//! Max-norm: a limit on the norm of each unit's incoming weights (Srivastava et al. 2014, "Dropout", section 5.1).

use crate::isa::{Isa, Kernel};
use crate::nn::Scalar;

/// Scales the rows of `weights`, each of `inputs` numbers, down to the Euclidean norm `most` where it is larger.
pub(super) fn limit_norms<T: Scalar>(weights: &mut [T], inputs: usize, most: f64) {
    // A forced instruction set that is missing has stopped the optimiser before.
    let isa = Isa::active().unwrap_or(Isa::Portable);
    T::dispatch(isa, LimitNorms { weights, inputs, most: T::from_f64(most).widen() });
}

struct LimitNorms<'a, T: Scalar> {
    weights: &'a mut [T],
    inputs: usize,
    most: T::Wide,
}

/// Independent sums, so that they need not wait for each other.
const LANES: usize = 8;

impl<T: Scalar> Kernel for LimitNorms<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        use crate::ops::Float;
        for weights in self.weights.chunks_exact_mut(self.inputs) {
            let mut sums = [T::Wide::ZERO; LANES];
            for weights in weights.chunks(LANES) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    let weight = weight.widen();
                    *sum += weight * weight;
                }
            }
            let mut square = T::Wide::ZERO;
            for sum in sums {
                square += sum;
            }
            let norm = square.sqrt();
            if norm > self.most {
                let factor = self.most / norm;
                for weight in weights {
                    *weight = T::narrow(weight.widen() * factor);
                }
            }
        }
    }
}
