//! Concrete dropout: a relaxed mask whose rate has a gradient.
//!
//! With u the uniform of the lane's word, p the rate, q = 1 - p and t the temperature (Gal, Hron & Kendall 2017, section
//! 3, "Concrete relaxation of the dropout masks", with the sign under which z goes to 1 where an element drops):
//!
//! ```text
//! z = sigmoid((ln p - ln q + ln u - ln(1 - u)) / t)      y = x (1 - z) / q
//! dx = dy (1 - z) / q
//! dL/dp = sum dy x (1 - z) (1 / q^2) (1 - z / (t p))      dL/dlogit = p q dL/dp
//! ```
//!
//! The mean of (1 - z) / q is 1 in the limit of small t and at p = 1/2 only. Inference is the identity, as for dropout.
//!
//! At p = 0 the output is x, at p = 1 it is +0; the rate's gradient is 0 there, since a rate at its end is taken for
//! fixed. Where 1 - z is 0 in the elements' precision the element is dropped: +0 whatever it was.
//!
//! # Precision
//! In single precision (1 - z) / q is within 1e-6 / q of the exact value at the default temperature of 0.1 (measured,
//! and asserted by the tests), more below it as 1/t; in double precision it is computed with `libm`, which takes some
//! twenty times as long. The sums of the rate's gradient are in double precision and in one order: blocks of about 2048
//! elements, sixteen partial sums in each.

mod kernels;
mod regularizer;
#[cfg(test)]
mod tests;

pub use regularizer::concrete_regularizer;

use self::kernels::{Backward, Forward, Gates, Scratch};
use super::element::NoiseElement;
use super::span::{Blocks, Rows, check_words, for_each_span};
use super::words::DrawWords;
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::Mask;
use crate::ops::dropout::{Memory, PARALLEL_FROM, same_length};
use crate::parallel;
use crate::simd::run;

/// Blocks whose sums are made at a time.
const SUMS: usize = 512;

/// A recipe with a temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concrete {
    mask: Mask,
    temperature: f64,
}

/// The gradient of the loss by the rate, and by its logit ln p - ln(1 - p), which is what is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateGradient {
    /// dL/dp.
    pub rate: f64,
    /// dL/dlogit = p (1 - p) dL/dp.
    pub logit: f64,
}

impl Concrete {
    /// The temperature of the paper's experiments.
    pub const TEMPERATURE: f64 = 0.1;

    /// # Errors
    /// `ERR_RANGE` for a temperature outside `[1e-6, 1e6]`.
    pub fn new(mask: Mask, temperature: f64) -> Result<Concrete> {
        if (1e-6..=1e6).contains(&temperature) {
            return Ok(Concrete { mask, temperature });
        }
        Err(Error::argument(Code::Range, "temperature", temperature, "a number in [0.000001, 1000000]"))
    }

    /// The relaxed gates of a rate that is neither 0 nor 1.
    fn gates<E: NoiseElement>(&self) -> Option<Gates<E>> {
        let p = self.mask.rate.get();
        let logit = libm::log(p) - libm::log1p(-p);
        (p > 0.0 && p < 1.0).then(|| Gates {
            inverse_temperature: E::from_f64(1.0 / self.temperature),
            offset: E::from_f64(logit / self.temperature),
            inverse_keep: E::from_f64(1.0 / (1.0 - p)),
        })
    }
}

/// `out[i]` = `x[i]` (1 - z) / (1 - p).
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit, `ERR_RANGE` for rows of more than 2^34 elements, `ERR_ISA` for a bad forced
/// instruction set.
pub fn concrete_dropout<E: NoiseElement>(
    concrete: &Concrete,
    rows: Rows<'_>,
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    same_length(x, out)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { forward(concrete, rows, x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`concrete_dropout`], in place.
///
/// # Errors
/// As for [`concrete_dropout`].
pub fn concrete_dropout_in_place<E: NoiseElement>(
    concrete: &Concrete,
    rows: Rows<'_>,
    x: &mut [E],
) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { forward(concrete, rows, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// `dx[i]` = `dy[i]` (1 - z) / (1 - p), and the gradient by the rate, summed over all elements. Without `dy`, the
/// gradient of the output is what `dx` holds.
///
/// # Errors
/// As for [`concrete_dropout`].
pub fn concrete_dropout_backward<E: NoiseElement>(
    concrete: &Concrete,
    rows: Rows<'_>,
    x: &[E],
    dy: Option<&[E]>,
    dx: &mut [E],
) -> Result<RateGradient> {
    let length = x.len();
    same_length(x, dx)?;
    if let Some(dy) = dy {
        same_length(dy, dx)?;
    }
    check_words(rows.width(length)?)?;
    let to = dx.as_mut_ptr();
    let from = dy.map_or(to.cast_const(), <[E]>::as_ptr);
    let Some(gates) = concrete.gates::<E>() else {
        // SAFETY: both have `length` elements.
        unsafe { end(concrete, from, to, length) };
        return Ok(RateGradient::default());
    };
    let isa = Isa::active()?;
    let Mask { address, rate } = &concrete.mask;
    let memory = Memory { from, to };
    let blocks = Blocks { rows, sample: [address.sample], length };
    let inputs = Memory { from: x.as_ptr(), to };
    let blocks_at_least = PARALLEL_FROM.div_ceil(blocks.elements().max(1));
    // So many sums at a time that they need no memory of their own; they are added in their order.
    let mut sums = [[0.0; 2]; SUMS];
    let [mut kept, mut steep] = [0.0; 2];
    for first in (0..blocks.count()).step_by(SUMS) {
        let count = SUMS.min(blocks.count() - first);
        let each_sum = Memory { from: sums.as_ptr(), to: sums.as_mut_ptr() };
        parallel::for_each_range(count, 1, blocks_at_least, |range| {
            let mut scratch = Scratch::new();
            for block in range {
                // SAFETY: blocks are disjoint parts of slices that are as long, and each has its own sum.
                unsafe {
                    let ((dy, dx), (x, _), (_, sum)) = (memory.at(0), inputs.at(0), each_sum.at(block));
                    let each = Backward { gates, x, dy, dx, scratch: &mut scratch, sums: [0.0; 2] };
                    *sum = run(isa, DrawWords { address, span: blocks.span(first + block), each }).sums;
                }
            }
        });
        for sum in &sums[..count] {
            kept += sum[0];
            steep += sum[1];
        }
    }
    let (p, q, t) = (rate.get(), 1.0 - rate.get(), concrete.temperature);
    Ok(RateGradient { rate: (kept - steep / (t * p)) / (q * q), logit: (p * kept - steep / t) / q })
}

/// # Safety
/// `from` and `to` are valid for `length` elements; they are equal or do not overlap.
unsafe fn forward<E: NoiseElement>(
    concrete: &Concrete,
    rows: Rows<'_>,
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    check_words(rows.width(length)?)?;
    let Some(gates) = concrete.gates::<E>() else {
        // SAFETY: as the caller guarantees.
        unsafe { end(concrete, from, to, length) };
        return Ok(());
    };
    let isa = Isa::active()?;
    let address = &concrete.mask.address;
    let memory = Memory { from, to };
    for_each_span(address, rows, 0, length, |span| {
        // SAFETY: spans are disjoint parts of what the caller guarantees.
        let (from, to) = unsafe { memory.at(0) };
        run(isa, DrawWords { address, span, each: Forward { gates, from, to } });
    });
    Ok(())
}

/// The rates at both ends: p = 0 copies, p = 1 clears.
///
/// # Safety
/// `from` and `to` are valid for `length` elements.
unsafe fn end<E: NoiseElement>(concrete: &Concrete, from: *const E, to: *mut E, length: usize) {
    // SAFETY: as the caller guarantees. All-zero bytes are +0.
    unsafe {
        if concrete.mask.rate.always_drops() { to.write_bytes(0, length) } else { from.copy_to(to, length) }
    }
}
