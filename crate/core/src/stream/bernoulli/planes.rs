//! Exact Bernoulli bits from bit planes, on registers.
//!
//! U < T is decided from the least significant plane up. With r the plane's random bits and t the threshold's
//! bit, a lane where r = t is as the planes below left it; elsewhere it is kept iff r > t, that is, iff t = 0. So
//! with e = (r = t) and n = not t
//!
//! ```text
//! undecided' = undecided and e          keep' xor n = (keep xor n) and e
//! ```
//!
//! which takes no branch: e comes out of the last round's keys with n added to them, and keep is carried as
//! keep xor n, turned from one plane's n to the next one's. An undecided lane starts as kept, which is right where
//! the rest of the threshold is zero; otherwise its low 56 bits decide (`undecided.rs`).

use super::block::{GroupWords, Keys, PlaneWords};
use super::threshold::Threshold;
use crate::simd::Vector;
use crate::stream::reference::DENSE_PLANES;

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

/// A plane's part in deciding, the same for all groups.
#[derive(Clone, Copy)]
pub(super) struct Sense<V> {
    /// The last round's keys with n added to them.
    last: [V; 2],
    /// This plane's n, less that of the plane below.
    turn: V,
}

/// What decides lanes: the planes that matter, from the least significant up.
pub(super) struct Senses<V> {
    planes: [Sense<V>; DENSE_PLANES as usize],
    /// How many matter.
    count: usize,
    /// The most significant plane's n.
    top: V,
}

impl<V: Vector> Senses<V> {
    /// # Safety
    /// The machine must have the instructions of `V`.
    #[inline(always)]
    pub(super) unsafe fn new(keys: &Keys<V>, threshold: Threshold) -> Self {
        // SAFETY: as the caller guarantees.
        unsafe {
            let splat = |n: bool| V::splat(if n { u64::MAX } else { 0 });
            let count = threshold.planes;
            let mut planes = [Sense { last: keys.last(false), turn: splat(false) }; DENSE_PLANES as usize];
            let mut below = false;
            for plane in (0..count).rev() {
                let n = !threshold.bit(plane);
                planes[plane] = Sense { last: keys.last(n), turn: splat(n != below) };
                below = n;
            }
            Senses { planes, count, top: splat(below) }
        }
    }

    /// The number of planes that matter.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// Decides the lanes of one register of groups, with a pause after each plane.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn decide<V: Vector>(
    keys: &Keys<V>,
    senses: &Senses<V>,
    group: &GroupWords<V>,
    plane_words: impl Fn(usize) -> PlaneWords<V>,
    between: &mut impl Between,
) -> Decided<V> {
    // SAFETY: as the caller guarantees.
    unsafe {
        let ones = V::splat(u64::MAX);
        let (mut keep, mut undecided) = ([ones; 2], [ones; 2]);
        let mut plane = senses.count;
        while plane > 0 {
            plane -= 1;
            let Sense { last, turn } = &senses.planes[plane % DENSE_PLANES as usize];
            let equal = keys.finish(group, &plane_words(plane), last);
            for half in 0..2 {
                keep[half] = keep[half].xor(*turn).and(equal[half]);
                undecided[half] = undecided[half].and(equal[half]);
            }
            between.pause();
        }
        Decided { keep: [keep[0].xor(senses.top), keep[1].xor(senses.top)], undecided }
    }
}
