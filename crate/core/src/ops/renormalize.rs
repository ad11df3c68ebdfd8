//! Attention weights whose kept ones are made to add up to one again.
//!
//! Instead of the factor 1 / (1 - p), which keeps each weight's expected value, the kept weights of a query are divided
//! by their sum (Zehui et al. 2019, "DropAttention", equation 3): every query attends with a total of 1, and the
//! expected value of a weight is not the weight any more.

use super::dropout::same_length;
use super::{Element, dropout_structured_in_place};
use crate::error::{Code, Error, Result};
use crate::mask::{Structure, Structured};
use crate::ops::Scaling;

/// What [`renormalize`] asks of an element besides [`Element`].
pub trait Real: Element + std::ops::Add<Output = Self> + std::ops::Sub<Output = Self> + Into<f64> {}

impl<E: Element + std::ops::Add<Output = E> + std::ops::Sub<Output = E> + Into<f64>> Real for E {}

/// `out` = the kept `weights` of each query over their sum, and +0 for the others; a query that keeps nothing, or
/// weights that add up to 0, gives zeros. `weights` holds `ids.len()` samples of `[heads, queries, keys]`. Sums are
/// taken in double precision, in order.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit or the mask is none on attention weights, `ERR_ISA`.
pub fn renormalize<E: Real>(mask: &Structured, ids: &[u32], weights: &[E], out: &mut [E]) -> Result<()> {
    same_length(weights, out)?;
    let keys = keys(mask)?;
    out.copy_from_slice(weights);
    dropout_structured_in_place(mask, Scaling::Standard, ids, out)?;
    for row in out.chunks_exact_mut(keys.max(1)) {
        let sum = sum(row);
        let factor = E::from_f64(if sum > 0.0 { 1.0 / sum } else { 0.0 });
        row.iter_mut().filter(|x| **x != E::default()).for_each(|x| *x = *x * factor);
    }
    Ok(())
}

/// The gradient of [`renormalize`] with respect to the weights: with s the sum of the kept ones and y the outputs,
/// `dx = kept ? (dy - sum(dy y)) / s : 0`.
///
/// # Errors
/// As for [`renormalize`].
pub fn renormalize_backward<E: Real>(
    mask: &Structured,
    ids: &[u32],
    weights: &[E],
    dy: &[E],
    dx: &mut [E],
) -> Result<()> {
    same_length(weights, dy)?;
    same_length(weights, dx)?;
    let keys = keys(mask)?.max(1);
    // 1 where a weight is kept, whatever it is: a kept weight of 0 has a gradient too.
    dx.fill(E::from_f64(1.0));
    dropout_structured_in_place(mask, Scaling::Standard, ids, dx)?;
    let rows = weights.chunks_exact(keys).zip(dy.chunks_exact(keys)).zip(dx.chunks_exact_mut(keys));
    for ((weights, dy), dx) in rows {
        let kept = |i: usize, dx: &[E]| dx[i] != E::default();
        let (mut sum, mut product) = (0.0, 0.0);
        for i in (0..keys).filter(|&i| kept(i, dx)) {
            sum += weights[i].into();
            product += dy[i].into() * weights[i].into();
        }
        let (factor, mean) = if sum > 0.0 { (1.0 / sum, product / sum) } else { (0.0, 0.0) };
        for i in 0..keys {
            if kept(i, dx) {
                dx[i] = if sum > 0.0 { E::from_f64((dy[i].into() - mean) * factor) } else { E::default() };
            }
        }
    }
    Ok(())
}

fn sum<E: Real>(row: &[E]) -> f64 {
    row.iter().map(|&x| x.into()).sum()
}

fn keys(mask: &Structured) -> Result<usize> {
    match &mask.structure {
        Structure::Attention { shape, .. } => Ok(shape.shape()[2]),
        _ => Err(Error::argument(Code::Shape, "mask", "another mask", "a mask on attention weights")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Attention, Per};
    use crate::stream::{Address, Rate};

    fn mask(per: Per, rate: f64, shape: [usize; 3]) -> Structured {
        let (rate, shape) = (Rate::new(rate).unwrap(), Attention::new(per, shape, false).unwrap());
        let address = Address { seed: 5, ..Address::default() };
        Structured { address, structure: Structure::Attention { rate, shape } }
    }

    #[test]
    fn kept_weights_add_up_to_one() {
        for per in [Per::Element, Per::Key] {
            let mask = mask(per, 0.6, [2, 3, 4]);
            let ids = [7, 9];
            let weights: Vec<f64> = (0..48).map(|i| f64::from(i % 5) + 0.5).collect();
            let mut bits = vec![0; 6];
            mask.bits(&ids, &mut bits).unwrap();
            let mut out = vec![0.0; 48];
            renormalize(&mask, &ids, &weights, &mut out).unwrap();
            for row in 0..12 {
                let kept = |i: usize| bits[(row * 4 + i) / 8] >> ((row * 4 + i) % 8) & 1 == 1;
                let sum: f64 = (0..4).filter(|&i| kept(i)).map(|i| weights[row * 4 + i]).sum();
                for i in 0..4 {
                    let expected = if kept(i) { weights[row * 4 + i] / sum } else { 0.0 };
                    assert!((out[row * 4 + i] - expected).abs() < 1e-15);
                }
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mask = mask(Per::Element, 0.4, [1, 3, 5]);
        let weights: Vec<f64> = (0..15).map(|i| 0.2 + f64::from(i * 7 % 11) / 11.0).collect();
        let dy: Vec<f64> = (0..15).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let loss = |weights: &[f64]| -> f64 {
            let mut out = vec![0.0; 15];
            renormalize(&mask, &[3], weights, &mut out).unwrap();
            out.iter().zip(&dy).map(|(y, dy)| y * dy).sum()
        };
        let mut dx = vec![0.0; 15];
        renormalize_backward(&mask, &[3], &weights, &dy, &mut dx).unwrap();
        for i in 0..15 {
            let at = |by: f64| {
                let mut moved = weights.clone();
                moved[i] += by;
                loss(&moved)
            };
            assert!(((at(1e-5) - at(-1e-5)) / 2e-5 - dx[i]).abs() < 1e-8, "{i}");
        }
    }
}
