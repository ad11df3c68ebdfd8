//! The Euclidean norm of a gradient.

use crate::error::Result;
use crate::isa::{Isa, Kernel, dispatch};
use crate::nn::scalar::Scalar;

/// Squares summed in the elements' own precision, in [`LANES`] chains, before a double takes over.
const BLOCK: usize = 1024;

/// Independent chains: enough for two vectors of the widest registers.
const LANES: usize = 32;

/// The Euclidean norm of `values`; NaN or infinite if any of them is, or if a square overflows the elements' type
/// (1.8e19 in single precision).
///
/// The order of summation is fixed, so the bits depend on nothing but the values. One pass over memory.
///
/// # Errors
/// `ERR_ISA` if the forced instruction set does not exist here.
pub(in crate::nn) fn norm<T: Scalar>(values: &[T]) -> Result<f64> {
    Ok(dispatch(Isa::active()?, SumOfSquares(values)).sqrt())
}

struct SumOfSquares<'a, T>(&'a [T]);

impl<T: Scalar> Kernel for SumOfSquares<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut total = 0.0;
        for block in self.0.chunks(BLOCK) {
            let mut chains = [T::from_f64(0.0); LANES];
            let (whole, rest) = block.as_chunks::<LANES>();
            for values in whole {
                for lane in 0..LANES {
                    chains[lane] += values[lane] * values[lane];
                }
            }
            for (chain, &value) in chains.iter_mut().zip(rest) {
                *chain += value * value;
            }
            total += chains.iter().map(|chain| chain.to_f64()).sum::<f64>();
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_known_vectors() {
        assert_eq!(norm::<f32>(&[]).unwrap(), 0.0);
        assert_eq!(norm(&[3.0f32, -4.0]).unwrap(), 5.0);
        assert_eq!(norm(&vec![2.0f64; 10_000]).unwrap(), 200.0);
    }

    #[test]
    fn every_position_counts_and_shows_what_is_not_finite() {
        for at in [0, 31, 32, 1023, 1024, 1055, 1056] {
            let mut values = vec![0f32; 1057];
            values[at] = -2.0;
            assert_eq!(norm(&values).unwrap(), 2.0);
            values[at] = f32::NAN;
            assert!(norm(&values).unwrap().is_nan());
            values[at] = f32::NEG_INFINITY;
            assert_eq!(norm(&values).unwrap(), f64::INFINITY);
        }
    }
}
