//! Exact Bernoulli bits from bit planes, on registers.
//!
//! U < T is decided from the least significant plane up, which needs one operation a plane: with r the plane's
//! random bits and t the threshold's bit, a lane is kept iff
//!
//! ```text
//! t = 1:  r = 1 and it was kept by the planes below
//! t = 0:  r = 1 or it was kept by the planes below
//! ```
//!
//! and it is undecided iff r = t in every plane. An undecided lane starts as kept, which is right where the rest
//! of the threshold is zero; otherwise its low 56 bits decide (`undecided.rs`).

use super::block::{GroupWords, Keys, PlaneWords};
use super::threshold::Threshold;
use crate::simd::Vector;

/// Keep bits and undecided lanes of as many groups as a register has lanes, halves exchanged.
pub(super) struct Decided<V> {
    keep: [V; 2],
    undecided: [V; 2],
}

impl<V: Vector> Decided<V> {
    /// The keep bits in memory order: two words a group.
    ///
    /// # Safety
    /// The instructions of `V`; `2 * LANES` writable words.
    #[inline(always)]
    pub(super) unsafe fn store_keep(&self, to: *mut u64) {
        // SAFETY: as the caller guarantees.
        unsafe { self.keep[0].swap_halves().store_interleaved(self.keep[1].swap_halves(), to) }
    }

    /// The undecided lanes in memory order.
    ///
    /// # Safety
    /// As for `store_keep`.
    #[inline(always)]
    pub(super) unsafe fn store_undecided(&self, to: *mut u64) {
        // SAFETY: as the caller guarantees.
        unsafe { self.undecided[0].swap_halves().store_interleaved(self.undecided[1].swap_halves(), to) }
    }
}

/// What a caller does between the planes: its own memory traffic, to overlap with the products.
///
/// A trait rather than a closure, because a closure passed on by reference is not certain to be inlined, and
/// what is not inlined has none of the instructions.
pub(crate) trait Between {
    /// Called after each plane of each register; must be `#[inline(always)]`.
    ///
    /// # Safety
    /// The machine must have the instructions of the caller's vectors.
    unsafe fn pause(&mut self);
}

/// Nothing to do in between.
pub(crate) struct Nothing;

impl Between for Nothing {
    #[inline(always)]
    unsafe fn pause(&mut self) {}
}

/// Decides the lanes of one register of groups, with a pause after each plane.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn decide<V: Vector>(
    keys: &Keys<V>,
    threshold: Threshold,
    group: &GroupWords<V>,
    plane_words: impl Fn(usize) -> PlaneWords<V>,
    between: &mut impl Between,
) -> Decided<V> {
    // SAFETY: as the caller guarantees.
    unsafe {
        let ones = V::splat(u64::MAX);
        let (mut keep, mut undecided) = ([ones; 2], [ones; 2]);
        for plane in (0..threshold.planes).rev() {
            let random = keys.finish(group, &plane_words(plane));
            for half in 0..2 {
                if threshold.bit(plane) {
                    keep[half] = random[half].and(keep[half]);
                    undecided[half] = undecided[half].and(random[half]);
                } else {
                    keep[half] = random[half].or(keep[half]);
                    undecided[half] = undecided[half].and_not(random[half]);
                }
            }
            between.pause();
        }
        Decided { keep, undecided }
    }
}
