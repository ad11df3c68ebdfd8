//! Zoneout: units that keep their previous value.
//!
//! ```text
//! h = previous where dropped (probability p), candidate where kept      inference: p previous + (1 - p) candidate
//! ```
//!
//! Krueger et al. 2017, section 3. Nothing is scaled. Lane t * width + i belongs to feature i at time step t, so
//! that every time step draws its own mask. The gradient goes to where the value came from, by select: NaN and infinities
//! of what is not taken do not leak.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use super::element::NoiseElement;
use super::gates::{DrawGates, UseGates};
use super::map::map_both;
use super::span::{Rows, for_each_span};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::{MAX_LANES, Mask};
use crate::ops::dropout::{Memory, same_length};
use crate::simd::run;
use crate::stream::Rate;
use crate::stream::bernoulli::Threshold;

/// The recipe of one time step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zoneout {
    /// The rate is the probability to keep the previous value.
    pub mask: Mask,
    /// The time step.
    pub time: u32,
}

impl Zoneout {
    /// The lane of each row's first element.
    fn lane(&self, rows: Rows<'_>, length: usize) -> Result<u64> {
        let width = rows.width(length)?;
        let first = u128::from(self.time) * width as u128;
        if first + width as u128 > u128::from(MAX_LANES) {
            let allowed = format!("small enough for rows of {width} elements in the 2^39 lanes of a sample");
            return Err(Error::argument(Code::Range, "time", self.time, allowed));
        }
        Ok(first as u64)
    }
}

/// `out[i]` = `previous[i]` where the lane is dropped, else `candidate[i]`. `None` stands for what `out` holds.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit, `ERR_RANGE` for time steps past the 2^39 lanes of a sample, `ERR_ISA` for a
/// bad forced instruction set.
pub fn zoneout<E: NoiseElement>(
    zoneout: &Zoneout,
    rows: Rows<'_>,
    previous: Option<&[E]>,
    candidate: Option<&[E]>,
    out: &mut [E],
) -> Result<()> {
    let (previous, candidate) = (pointer(previous, out)?, pointer(candidate, out)?);
    let length = out.len();
    let (lane, to) = (zoneout.lane(rows, length)?, out.as_mut_ptr());
    let Mask { address, rate } = &zoneout.mask;
    let Some(threshold) = Threshold::new(*rate) else {
        let all = if rate.always_drops() { previous } else { candidate };
        // SAFETY: all have `length` elements.
        unsafe { all.copy_to(to, length) };
        return Ok(());
    };
    if std::ptr::eq(previous, to) && std::ptr::eq(candidate, to) {
        return Ok(()); // whichever is taken is there already
    }
    let isa = Isa::active()?;
    let (previous, candidate) = (Memory { from: previous, to }, Memory { from: candidate, to });
    for_each_span(address, rows, lane, length, |span| {
        // SAFETY: spans are disjoint parts of memory that has `length` elements.
        let ((previous, to), (candidate, _)) = unsafe { (previous.at(0), candidate.at(0)) };
        run(
            isa,
            DrawGates {
                address,
                threshold,
                span,
                elements: PhantomData,
                each: Choose { previous, candidate, to },
            },
        );
    });
    Ok(())
}

/// `d_previous[i]` = `dh[i]` where the lane is dropped, `d_candidate[i]` = `dh[i]` where it is kept, +0 elsewhere.
///
/// # Errors
/// As for [`zoneout`].
pub fn zoneout_backward<E: NoiseElement>(
    zoneout: &Zoneout,
    rows: Rows<'_>,
    dh: &[E],
    d_previous: &mut [E],
    d_candidate: &mut [E],
) -> Result<()> {
    same_length(dh, d_previous)?;
    same_length(dh, d_candidate)?;
    let lane = zoneout.lane(rows, dh.len())?;
    let Mask { address, rate } = &zoneout.mask;
    let Some(threshold) = Threshold::new(*rate) else {
        let (all, none) =
            if rate.always_drops() { (d_previous, d_candidate) } else { (d_candidate, d_previous) };
        all.copy_from_slice(dh);
        none.fill(E::default());
        return Ok(());
    };
    let isa = Isa::active()?;
    let previous = Memory { from: dh.as_ptr(), to: d_previous.as_mut_ptr() };
    let candidate = Memory { from: dh.as_ptr(), to: d_candidate.as_mut_ptr() };
    for_each_span(address, rows, lane, dh.len(), |span| {
        // SAFETY: spans are disjoint parts of slices that are as long.
        let ((dh, previous), (_, candidate)) = unsafe { (previous.at(0), candidate.at(0)) };
        run(
            isa,
            DrawGates {
                address,
                threshold,
                span,
                elements: PhantomData,
                each: Share { dh, previous, candidate },
            },
        );
    });
    Ok(())
}

impl Zoneout {
    /// Inference: `out[i]` = p `previous[i]` + (1 - p) `candidate[i]`; at p = 0 and p = 1 the one or the other, bit for
    /// bit. `None` stands for what `out` holds.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the lengths do not fit.
    pub fn expected<E: NoiseElement>(
        rate: Rate,
        previous: Option<&[E]>,
        candidate: Option<&[E]>,
        out: &mut [E],
    ) -> Result<()> {
        let (previous, candidate) = (pointer(previous, out)?, pointer(candidate, out)?);
        let (length, to) = (out.len(), out.as_mut_ptr());
        let (p, q) = (E::from_f64(1.0 - rate.keep()), E::from_f64(rate.keep()));
        // SAFETY: all have `length` elements, and each is read before it is written.
        unsafe {
            if rate.always_drops() || rate.never_drops() {
                let all = if rate.always_drops() { previous } else { candidate };
                all.copy_to(to, length);
                return Ok(());
            }
            for i in 0..length {
                *to.add(i) = (*previous.add(i)).fused(p, *candidate.add(i) * q);
            }
        }
        Ok(())
    }

    /// The gradient of [`expected`](Self::expected): p `dh[i]` and (1 - p) `dh[i]`.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the lengths do not fit.
    pub fn expected_backward<E: NoiseElement>(
        rate: Rate,
        dh: &[E],
        d_previous: &mut [E],
        d_candidate: &mut [E],
    ) -> Result<()> {
        for (d, share) in [(d_previous, 1.0 - rate.keep()), (d_candidate, rate.keep())] {
            same_length(dh, d)?;
            match share {
                0.0 => d.fill(E::default()),
                1.0 => d.copy_from_slice(dh),
                _ => d.iter_mut().zip(dh).for_each(|(d, dh)| *d = *dh * E::from_f64(share)),
            }
        }
        Ok(())
    }
}

fn pointer<E>(x: Option<&[E]>, out: &[E]) -> Result<*const E> {
    let Some(x) = x else { return Ok(out.as_ptr()) };
    same_length(x, out)?;
    Ok(x.as_ptr())
}

/// The one where gates are open, the other where they are shut.
struct Choose<E> {
    previous: *const E,
    candidate: *const E,
    to: *mut E,
}

impl<E: NoiseElement> UseGates<E> for Choose<E> {
    #[inline(always)]
    unsafe fn apply(&self, gates: &[E], at: usize) {
        // SAFETY: the caller guarantees the elements, and whoever made this that they lie in the memory.
        unsafe {
            map_both(
                gates,
                self.previous.add(at),
                self.candidate.add(at),
                self.to.add(at),
                #[inline(always)]
                |gate, previous, candidate| if gate == E::default() { previous } else { candidate },
            );
        }
    }
}

/// Elements to the one place where gates are open, to the other where they are shut.
struct Share<E> {
    dh: *const E,
    previous: *mut E,
    candidate: *mut E,
}

impl<E: NoiseElement> UseGates<E> for Share<E> {
    #[inline(always)]
    unsafe fn apply(&self, gates: &[E], at: usize) {
        let zero = E::default();
        // SAFETY: as for `Choose`.
        unsafe {
            let dh = self.dh.add(at);
            let (previous, candidate) = (self.previous.add(at), self.candidate.add(at));
            for (i, gate) in gates.iter().enumerate() {
                let dh = *dh.add(i);
                *previous.add(i) = if *gate == zero { dh } else { zero };
                *candidate.add(i) = if *gate == zero { zero } else { dh };
            }
        }
    }
}
