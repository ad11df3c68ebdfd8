//! Softmax of a row: e^(z_i - m) / sum_j e^(z_j - m), with the largest value m, so that nothing overflows.

use super::Scalar;
use crate::isa::Kernel;
use crate::ops::Float;

/// The largest value of a row.
#[inline(always)]
pub(super) fn largest<T: Scalar>(row: &[T]) -> T {
    let mut largest = row[0];
    for &value in row {
        largest = largest.at_least(value);
    }
    largest
}

/// Puts e^(z - `largest`) in place of every z; returns `total` and their sum.
#[inline(always)]
pub(super) fn exponentials<T: Scalar>(row: &mut [T], largest: T, mut total: T::Wide) -> T::Wide {
    // A loop of its own, since one with a sum in order would not be vectorised.
    for value in row.iter_mut() {
        *value = (*value - largest).exp();
    }
    for value in row.iter() {
        total += value.widen();
    }
    total
}

/// Softmax of each row, in place.
pub(super) struct SoftmaxRows<'a, T> {
    pub(super) width: usize,
    pub(super) rows: &'a mut [T],
}

impl<T: Scalar> Kernel for SoftmaxRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact_mut(self.width) {
            let largest = largest(row);
            let total = T::narrow(exponentials(row, largest, T::Wide::ZERO));
            for value in row.iter_mut() {
                *value = *value / total;
            }
        }
    }
}
