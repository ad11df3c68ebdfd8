//! Gaussian dropout: multiplicative normal noise.
//!
//! y = x (1 + sqrt(p / (1 - p)) n) with n ~ N(0, 1): mean x and the variance p/(1-p) x^2 of inverted dropout (Srivastava
//! et al. 2014, section 10; Kingma, Salimans & Welling 2015, section 3.1). Inference is the identity.
//!
//! # Precision
//! n is a single-precision number, also where elements are doubles: lane i of the stream's normal numbers. Against
//! double precision, of the same uniforms, their error is at most 2.5 ulp and 2e-7 of max(1, |n|) (measured, and asserted
//! by the tests); no |n| exceeds 6.77. 1 + deviation * n is rounded once, and so is the product.

#[cfg(test)]
mod tests;

use super::element::NoiseElement;
use super::map::map;
use super::span::{Rows, Span, check_words, for_each_span};
use super::words::{DrawWords, UseWords};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::Mask;
use crate::ops::dropout::{Memory, same_length};
use crate::simd::{Vector, run};
use crate::stream::{Rate, WordBatch, words_to_normals};

/// The standard deviation of the noise, sqrt(p / (1 - p)).
///
/// # Errors
/// `ERR_RATE` for p = 1, where it would be infinite.
pub fn gaussian_deviation(rate: Rate) -> Result<f64> {
    let p = rate.get();
    if p < 1.0 {
        return Ok((p / (1.0 - p)).sqrt());
    }
    let allowed = "a number in [0, 1): at 1 the variance of the noise would be infinite";
    Err(Error::argument(Code::Rate, "rate", p, allowed))
}

/// `out[i]` = `x[i]` (1 + sqrt(p / (1 - p)) n). The gradient is the same product with the gradient of the output.
///
/// # Errors
/// `ERR_RATE` for p = 1, `ERR_SHAPE` if the lengths do not fit, `ERR_RANGE` for rows of more than 2^34 elements,
/// `ERR_ISA` for a bad forced instruction set.
pub fn gaussian_dropout<E: NoiseElement>(mask: &Mask, rows: Rows<'_>, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { apply(mask, rows, x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`gaussian_dropout`], in place.
///
/// # Errors
/// As for [`gaussian_dropout`].
pub fn gaussian_dropout_in_place<E: NoiseElement>(mask: &Mask, rows: Rows<'_>, x: &mut [E]) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { apply(mask, rows, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// # Safety
/// `from` and `to` are valid for `length` elements; they are equal or do not overlap.
unsafe fn apply<E: NoiseElement>(
    mask: &Mask,
    rows: Rows<'_>,
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    check_words(rows.width(length)?)?;
    let deviation = gaussian_deviation(mask.rate)?;
    if deviation == 0.0 {
        // A product with 1 would quieten a signalling NaN.
        // SAFETY: as the caller guarantees.
        unsafe { from.copy_to(to, length) };
        return Ok(());
    }
    let isa = Isa::active()?;
    let memory = Memory { from, to };
    for_each_span(&mask.address, rows, 0, length, |span| {
        // SAFETY: spans are disjoint parts of what the caller guarantees.
        let (from, to) = unsafe { memory.at(0) };
        run(isa, kernel(mask, span, deviation, from, to));
    });
    Ok(())
}

fn kernel<'a, E: NoiseElement>(
    mask: &'a Mask,
    span: Span<'a>,
    deviation: f64,
    from: *const E,
    to: *mut E,
) -> DrawWords<'a, Multiply<E>> {
    DrawWords { address: &mask.address, span, each: Multiply { deviation: E::from_f64(deviation), from, to } }
}

/// Products of elements and noise.
struct Multiply<E> {
    deviation: E,
    from: *const E,
    to: *mut E,
}

impl<E: NoiseElement> UseWords for Multiply<E> {
    #[inline(always)]
    unsafe fn prepare<V: Vector>(&mut self, words: &mut WordBatch, blocks: usize) {
        // SAFETY: as the caller guarantees.
        unsafe { words_to_normals::<V>(words, blocks) };
    }

    #[inline(always)]
    unsafe fn apply(&mut self, normals: &[u32], at: usize) {
        let (deviation, one) = (self.deviation, E::from_f64(1.0));
        // SAFETY: the caller guarantees the elements, and whoever made this that they lie in the memory.
        unsafe {
            map(
                normals,
                self.from.add(at),
                self.to.add(at),
                #[inline(always)]
                |normal, x| x * E::from_f32(f32::from_bits(normal)).fused(deviation, one),
            );
        }
    }
}
