//! Alpha dropout, which keeps the mean and the variance of self-normalising networks.
//!
//! Dropped elements take the value alpha' = -lambda alpha that SELU saturates at, and an affine map restores mean 0 and
//! variance 1 (Klambauer, Unterthiner, Mayr & Hochreiter 2017, section 3, "New dropout technique"):
//!
//! ```text
//! y = a (x where kept, alpha' where dropped) + b      a = (q + alpha'^2 q p)^(-1/2)      b = -a p alpha'
//! ```
//!
//! for x of mean 0 and variance 1; any other mean m and variance v become a q m and a^2 q (v + p (m - alpha')^2). The
//! gradient is a where kept and 0 where dropped. Inference is the identity.
//!
//! At p = 1 all elements would be the one value a (alpha' + ...) = a q alpha', which goes to 0 as q does: the
//! output is +0 and so is the gradient.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use super::element::NoiseElement;
use super::gates::{DrawGates, UseGates};
use super::map::map;
use super::span::{Rows, Span, for_each_span};
use crate::error::Result;
use crate::isa::Isa;
use crate::mask::{Mask, check_lanes};
use crate::ops::dropout::{self, Memory, same_length};
use crate::simd::run;
use crate::stream::Rate;
use crate::stream::bernoulli::Threshold;

/// alpha' = -lambda alpha of SELU: the value at which it saturates.
pub const ALPHA_PRIME: f64 = -1.758_099_340_847_376_6;

/// The affine map of a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// What kept elements, and their gradients, are multiplied by; 0 at p = 1.
    pub scale: f64,
    /// What is added to kept elements.
    pub shift: f64,
    /// What dropped elements become.
    pub dropped: f64,
}

impl Affine {
    /// a, b and a alpha' + b, for the keep probability actually used.
    pub fn new(rate: Rate) -> Affine {
        let q = rate.keep();
        if q == 0.0 {
            return Affine { scale: 0.0, shift: 0.0, dropped: 0.0 };
        }
        let p = 1.0 - q;
        let scale = 1.0 / (q + ALPHA_PRIME * ALPHA_PRIME * q * p).sqrt();
        // a alpha' + b without the difference, in which a small q would be lost.
        Affine { scale, shift: -scale * p * ALPHA_PRIME, dropped: scale * q * ALPHA_PRIME }
    }
}

/// `out[i]` = a `x[i]` + b where lane i is kept and a alpha' + b where it is dropped, whatever `x[i]` was.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit, `ERR_RANGE` for rows of more than 2^39 elements, `ERR_ISA` for a bad forced
/// instruction set.
pub fn alpha_dropout<E: NoiseElement>(mask: &Mask, rows: Rows<'_>, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { apply(mask, rows, x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`alpha_dropout`], in place.
///
/// # Errors
/// As for [`alpha_dropout`].
pub fn alpha_dropout_in_place<E: NoiseElement>(mask: &Mask, rows: Rows<'_>, x: &mut [E]) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { apply(mask, rows, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// `dx[i]` = a `dy[i]` where lane i is kept, +0 where it is dropped: the select of dropout with another factor.
///
/// # Errors
/// As for [`alpha_dropout`].
pub fn alpha_dropout_backward<E: NoiseElement>(
    mask: &Mask,
    rows: Rows<'_>,
    dy: &[E],
    dx: &mut [E],
) -> Result<()> {
    same_length(dy, dx)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { select(mask, rows, dy.as_ptr(), dx.as_mut_ptr(), dy.len()) }
}

/// As [`alpha_dropout_backward`], in place.
///
/// # Errors
/// As for [`alpha_dropout`].
pub fn alpha_dropout_backward_in_place<E: NoiseElement>(
    mask: &Mask,
    rows: Rows<'_>,
    dy: &mut [E],
) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { select(mask, rows, dy.as_ptr(), dy.as_mut_ptr(), dy.len()) }
}

/// # Safety
/// As for [`apply`].
unsafe fn select<E: NoiseElement>(
    mask: &Mask,
    rows: Rows<'_>,
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    let Affine { scale, .. } = Affine::new(mask.rate);
    // SAFETY: as the caller guarantees.
    unsafe {
        match rows {
            Rows::One => dropout::flat(mask, scale, from, to, length),
            Rows::ByIds { ids, width } => dropout::rows(mask, scale, ids, width, from, to, length),
        }
    }
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
    check_lanes(0, rows.width(length)?)?;
    let Some(threshold) = Threshold::new(mask.rate) else {
        // SAFETY: as the caller guarantees. All-zero bytes are +0.
        unsafe { if mask.rate.always_drops() { to.write_bytes(0, length) } else { from.copy_to(to, length) } }
        return Ok(());
    };
    let isa = Isa::active()?;
    let memory = Memory { from, to };
    for_each_span(&mask.address, rows, 0, length, |span| {
        // SAFETY: spans are disjoint parts of what the caller guarantees.
        let (from, to) = unsafe { memory.at(0) };
        run(isa, kernel(mask, threshold, span, from, to));
    });
    Ok(())
}

fn kernel<'a, E: NoiseElement>(
    mask: &'a Mask,
    threshold: Threshold,
    span: Span<'a>,
    from: *const E,
    to: *mut E,
) -> DrawGates<'a, E, Choose<E>> {
    let Affine { scale, shift, dropped } = Affine::new(mask.rate);
    let [scale, shift, dropped] = [scale, shift, dropped].map(E::from_f64);
    DrawGates {
        address: &mask.address,
        threshold,
        span,
        elements: PhantomData,
        each: Choose { scale, shift, dropped, from, to },
    }
}

/// The affine map where bits are 1, a constant where they are 0.
struct Choose<E> {
    scale: E,
    shift: E,
    dropped: E,
    from: *const E,
    to: *mut E,
}

impl<E: NoiseElement> UseGates<E> for Choose<E> {
    #[inline(always)]
    unsafe fn apply(&self, gates: &[E], at: usize) {
        let Choose { scale, shift, dropped, .. } = *self;
        // SAFETY: the caller guarantees the elements, and whoever made this that they lie in the memory.
        unsafe {
            map(
                gates,
                self.from.add(at),
                self.to.add(at),
                #[inline(always)]
                |gate, x| {
                    let kept = x.fused(scale, shift);
                    if gate == E::default() { dropped } else { kept }
                },
            );
        }
    }
}
