//! Element dropout, forward and backward, at the speed of copying memory.
//!
//! # What dropping means
//! A dropped element is +0 whatever it was, NaN and infinities included: elements are selected, not multiplied
//! by zero. A kept NaN stays NaN. p = 0 is the identity bit for bit and draws nothing; p = 1 gives zeros.
//!
//! # Backward
//! The gradient of a selection is the same selection of the gradient, so `dropout_backward*` are `dropout*`
//! under the name that says what they are for. The mask is made again from its recipe; nothing is stored.
//!
//! # Threads
//! Large arrays are split over the threads of the pool the call runs in ([`parallel::install`]); the bits do not
//! depend on it. Outside a pool everything runs on the calling thread.
//!
//! [`parallel::install`]: crate::parallel::install

mod flat;
mod rows;
mod scaling;
#[cfg(test)]
mod tests;

pub use scaling::Scaling;

use self::flat::FlatDropout;
use self::rows::RowsDropout;
use super::Element;
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::{Mask, check_lanes};
use crate::parallel;
use crate::simd::run;
use crate::stream::bernoulli::{BATCH_LANES, Threshold};

/// Outputs from this size on are stored past the caches: they would not stay there anyway, and a line that is
/// written whole need not be read first.
const STREAM_FROM_BYTES: usize = 8 << 20;

/// Arrays below this many elements are worked off on the calling thread. On a machine of two cores a sleeping pool
/// took some 60 us to answer, as long as one thread takes for 2^16 elements that are not in its caches; from 2^17 on
/// two threads were faster there. Where they are in the caches that point is later.
pub const PARALLEL_FROM: usize = 1 << 18;

/// `out[i]` = `x[i]` times the training factor where lane i of the mask is kept, +0 where it is dropped.
///
/// # Errors
/// `ERR_SHAPE` if the lengths differ, `ERR_RANGE` past 2^39 lanes, `ERR_ISA` for a bad forced instruction set.
pub fn dropout<E: Element>(mask: &Mask, scaling: Scaling, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    // SAFETY: two slices of the same length that, being exclusive and shared, do not overlap.
    unsafe { flat(mask, scaling.training_factor(mask.rate), x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`dropout`], in place.
///
/// # Errors
/// As for [`dropout`].
pub fn dropout_in_place<E: Element>(mask: &Mask, scaling: Scaling, x: &mut [E]) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { flat(mask, scaling.training_factor(mask.rate), x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// Rows with identity: `x` holds `ids.len()` rows of `width` elements, and row i is masked by the stream at
/// sample `ids[i]`, so that its mask is the same in any batch. The sample of `mask` itself is not used.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit, `ERR_ISA` for a bad forced instruction set.
pub fn dropout_rows<E: Element>(
    mask: &Mask,
    scaling: Scaling,
    ids: &[u32],
    width: usize,
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    same_length(x, out)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe {
        rows(mask, scaling.training_factor(mask.rate), ids, width, x.as_ptr(), out.as_mut_ptr(), x.len())
    }
}

/// As [`dropout_rows`], in place.
///
/// # Errors
/// As for [`dropout_rows`].
pub fn dropout_rows_in_place<E: Element>(
    mask: &Mask,
    scaling: Scaling,
    ids: &[u32],
    width: usize,
    x: &mut [E],
) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { rows(mask, scaling.training_factor(mask.rate), ids, width, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

pub use dropout as dropout_backward;
pub use dropout_in_place as dropout_backward_in_place;
pub use dropout_rows as dropout_backward_rows;
pub use dropout_rows_in_place as dropout_backward_rows_in_place;

/// Kept elements times `factor`, which is 1 where p = 0.
///
/// # Safety
/// `from` and `to` are valid for `length` elements; they are equal or do not overlap.
pub(super) unsafe fn flat<E: Element>(
    mask: &Mask,
    factor: f64,
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    check_lanes(0, length)?;
    let Some(threshold) = Threshold::new(mask.rate) else {
        // SAFETY: as the caller guarantees.
        return unsafe { all_or_nothing(mask, from, to, length) };
    };
    let isa = Isa::active()?;
    let factor = E::from_f64(factor);
    let stream = streams(from, to, length);
    let memory = Memory { from, to };
    parallel::for_each_range(length, BATCH_LANES, PARALLEL_FROM, |range| {
        // SAFETY: the ranges are disjoint parts of what the caller guarantees.
        let (from, to) = unsafe { memory.at(range.start) };
        let (address, start, length) = (mask.address, range.start as u64, range.len());
        run(isa, FlatDropout { address, threshold, factor, start, length, from, to, stream });
    });
    Ok(())
}

/// # Safety
/// As for [`flat`].
pub(super) unsafe fn rows<E: Element>(
    mask: &Mask,
    factor: f64,
    ids: &[u32],
    width: usize,
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    if ids.len().checked_mul(width) != Some(length) {
        return Err(Error::argument(
            Code::Shape,
            "x",
            format!("{length} elements"),
            format!("{} rows of {width} elements", ids.len()),
        ));
    }
    check_lanes(0, width)?;
    let Some(threshold) = Threshold::new(mask.rate) else {
        // SAFETY: as the caller guarantees.
        return unsafe { all_or_nothing(mask, from, to, length) };
    };
    let isa = Isa::active()?;
    let factor = E::from_f64(factor);
    let stream = streams(from, to, length);
    let memory = Memory { from, to };
    let rows_at_least = PARALLEL_FROM.div_ceil(width.max(1));
    parallel::for_each_range(ids.len(), 1, rows_at_least, |range| {
        // SAFETY: the ranges are disjoint rows of what the caller guarantees.
        let (from, to) = unsafe { memory.at(range.start * width) };
        let (address, ids) = (mask.address, &ids[range]);
        run(isa, RowsDropout { address, threshold, factor, ids, width, from, to, stream });
    });
    Ok(())
}

/// The rates that draw nothing: p = 0 copies, p = 1 clears.
///
/// # Safety
/// As for [`flat`].
unsafe fn all_or_nothing<E: Element>(mask: &Mask, from: *const E, to: *mut E, length: usize) -> Result<()> {
    // SAFETY: as the caller guarantees. All-zero bytes are +0.
    unsafe {
        if mask.rate.always_drops() {
            to.write_bytes(0, length);
        } else if !std::ptr::eq(from, to) {
            from.copy_to_nonoverlapping(to, length);
        }
    }
    Ok(())
}

fn streams<E>(from: *const E, to: *mut E, length: usize) -> bool {
    !std::ptr::eq(from, to) && length * size_of::<E>() >= STREAM_FROM_BYTES
}

/// Pointers that may go to other threads: each works on its own part.
#[derive(Clone, Copy)]
pub(super) struct Memory<E> {
    pub(super) from: *const E,
    pub(super) to: *mut E,
}

impl<E> Memory<E> {
    /// # Safety
    /// `offset` elements lie within the memory.
    pub(super) unsafe fn at(&self, offset: usize) -> (*const E, *mut E) {
        // SAFETY: as the caller guarantees.
        unsafe { (self.from.add(offset), self.to.add(offset)) }
    }
}

// SAFETY: threads work on disjoint parts, and elements are plain numbers.
unsafe impl<E: Send> Send for Memory<E> {}
// SAFETY: as above.
unsafe impl<E: Sync> Sync for Memory<E> {}

pub(super) fn same_length<E>(x: &[E], out: &[E]) -> Result<()> {
    if x.len() == out.len() {
        return Ok(());
    }
    Err(Error::argument(
        Code::Shape,
        "out",
        format!("{} elements", out.len()),
        format!("as long as the input, {} elements", x.len()),
    ))
}
