//! The Euclidean norm of a gradient.

use crate::error::Result;
use crate::isa::{Isa, Kernel};
use crate::nn::scalar::Scalar;
use crate::parallel;

/// Squares summed in the elements' own precision, in [`LANES`] chains, before a double takes over.
const BLOCK: usize = 1024;

/// Independent chains: enough for two vectors of the widest registers.
const LANES: usize = 32;

/// Values that one task sums.
const PIECE: usize = 64 * BLOCK;

/// The Euclidean norm of `values`; NaN or infinite if any of them is, or if a square overflows the elements' type
/// (1.8e19 in single precision).
///
/// The order of summation is fixed, so the bits depend on nothing but the values. One pass over memory.
///
/// # Errors
/// `ERR_ISA` if the forced instruction set does not exist here.
pub(in crate::nn) fn norm<T: Scalar>(values: &[T]) -> Result<f64> {
    let is_parallel = values.len() >= 2 * PIECE && parallel::current_threads() > 1;
    Ok(sum_of_squares(Isa::active()?, values, is_parallel).sqrt())
}

/// The same tree of halves whether or not they are summed in parallel.
fn sum_of_squares<T: Scalar>(isa: Isa, values: &[T], is_parallel: bool) -> f64 {
    if values.len() <= PIECE {
        return T::dispatch(isa, SumOfSquares(values));
    }
    let (first, second) = values.split_at(values.len().div_ceil(PIECE) / 2 * PIECE);
    let (first, second) = if is_parallel {
        let sum = |half| move || sum_of_squares(isa, half, true);
        rayon::join(sum(first), sum(second))
    } else {
        (sum_of_squares(isa, first, false), sum_of_squares(isa, second, false))
    };
    first + second
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
    fn bits_do_not_depend_on_the_number_of_threads() {
        let values: Vec<f32> = (0..5 * PIECE + 77).map(|i| (i as f32 * 0.7).sin()).collect();
        let of = |threads| parallel::install(threads, || norm(&values).unwrap().to_bits()).unwrap();
        assert_eq!([of(1), of(2), of(3)], [of(1); 3]);
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
