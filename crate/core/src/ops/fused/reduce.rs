//! Sums over a vector, in an order that is fixed and that registers like.

use crate::ops::Float;

/// Partial sums: element i goes to sum i mod `LANES`.
const LANES: usize = 32;

/// The sum of `TERM(a[i], b[i])`, as a loop that vectorises.
macro_rules! sum_of {
    ($a:expr, $b:expr, |$x:ident, $y:ident| $term:expr) => {{
        let (a, b) = ($a, $b);
        let mut sums = [T::ZERO; LANES];
        let (chunks, rest) = a.as_chunks::<LANES>();
        let (chunks2, rest2) = b.as_chunks::<LANES>();
        for (a, b) in chunks.iter().zip(chunks2) {
            for i in 0..LANES {
                let ($x, $y) = (a[i], b[i]);
                sums[i] += $term;
            }
        }
        for (i, (x, y)) in rest.iter().zip(rest2).enumerate() {
            let ($x, $y) = (*x, *y);
            sums[i] += $term;
        }
        fold(sums)
    }};
}

/// The sum of a vector.
#[inline(always)]
pub(crate) fn sum<T: Float>(vector: &[T]) -> T {
    sum_of!(vector, vector, |x, _y| x)
}

/// The sum of squared differences from `center`.
#[inline(always)]
pub(crate) fn squares<T: Float>(vector: &[T], center: T) -> T {
    sum_of!(vector, vector, |x, _y| (x - center) * (x - center))
}

/// The sum of the products of two vectors of one length.
#[inline(always)]
pub(crate) fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    sum_of!(a, b, |x, y| x * y)
}

/// The sum of the products of three vectors of one length.
#[inline(always)]
pub(super) fn dot_weighted<T: Float>(a: &[T], b: &[T], weights: &[T]) -> T {
    weighted(
        a,
        b,
        weights,
        #[inline(always)]
        |b| b,
    )
}

/// The same with the differences of `b` from `center`.
#[inline(always)]
pub(crate) fn dot_centered<T: Float>(a: &[T], b: &[T], center: T, weights: &[T]) -> T {
    weighted(
        a,
        b,
        weights,
        #[inline(always)]
        |b| b - center,
    )
}

#[inline(always)]
fn weighted<T: Float>(a: &[T], b: &[T], weights: &[T], of: impl Fn(T) -> T) -> T {
    let mut sums = [T::ZERO; LANES];
    let ((chunks, rest), (chunks2, rest2)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let (chunks3, rest3) = weights.as_chunks::<LANES>();
    for ((a, b), weights) in chunks.iter().zip(chunks2).zip(chunks3) {
        for i in 0..LANES {
            sums[i] += a[i] * weights[i] * of(b[i]);
        }
    }
    for (i, ((a, b), weight)) in rest.iter().zip(rest2).zip(rest3).enumerate() {
        sums[i] += *a * *weight * of(*b);
    }
    fold(sums)
}

/// The largest value of a vector. Where there is a NaN it may be ignored.
#[inline(always)]
pub(super) fn largest<T: Float>(vector: &[T]) -> T {
    let lowest = T::from_f64(f64::NEG_INFINITY);
    let mut found = [lowest; LANES];
    let (chunks, rest) = vector.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            found[i] = found[i].at_least(chunk[i]);
        }
    }
    for (i, value) in rest.iter().enumerate() {
        found[i] = found[i].at_least(*value);
    }
    let mut largest = lowest;
    for value in found {
        largest = largest.at_least(value);
    }
    largest
}

#[inline(always)]
fn fold<T: Float>(mut sums: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            let other = sums[i + half];
            sums[i] += other;
        }
        half /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_plain_loops() {
        for length in [1, 2, 31, 32, 33, 100, 1000] {
            let a: Vec<f64> = (0..length).map(|i| f64::from(i * 37 % 101) - 50.0).collect();
            let b: Vec<f64> = (0..length).map(|i| f64::from(i * 53 % 97) - 40.0).collect();
            assert_eq!(sum(&a), a.iter().sum::<f64>()); // whole numbers: exact in any order
            assert_eq!(squares(&a, 3.0), a.iter().map(|a| (a - 3.0) * (a - 3.0)).sum::<f64>());
            assert_eq!(dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>());
            let weighted: f64 = a.iter().zip(&b).map(|(a, b)| a * b * b).sum();
            assert_eq!(dot_weighted(&a, &b, &b), weighted);
            let centered: f64 = a.iter().zip(&b).map(|(a, b)| a * b * (b - 3.0)).sum();
            assert_eq!(dot_centered(&a, &b, 3.0, &b), centered);
            assert_eq!(largest(&a), a.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
    }
}
