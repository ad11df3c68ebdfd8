//! Keep bits of consecutive groups of one stream.

use super::block::{Begun, Keys, PlaneWords};
use super::planes::{Between, Senses, decide};
use super::threshold::Threshold;
use super::undecided::resolve;
use crate::simd::Vector;
use crate::stream::reference::DENSE_PLANES;
use crate::stream::{Address, GROUP};

/// Groups of a full batch.
pub(crate) const BATCH_GROUPS: usize = 16;
/// Lanes of a full batch.
pub(crate) const BATCH_LANES: usize = BATCH_GROUPS * GROUP;
/// 64-bit words of a full batch.
pub(crate) const BATCH_WORDS: usize = 2 * BATCH_GROUPS;

/// All that stays the same from batch to batch.
pub(crate) struct Flat<V> {
    keys: Keys<V>,
    begun: Begun<V>,
    planes: [PlaneWords<V>; DENSE_PLANES as usize],
    senses: Senses<V>,
    threshold: Threshold,
    address: Address,
}

impl<V: Vector> Flat<V> {
    /// # Safety
    /// The machine must have the instructions of `V`; so for all functions here.
    #[inline(always)]
    pub(crate) unsafe fn new(address: &Address, threshold: Threshold) -> Self {
        // SAFETY: as the caller guarantees.
        unsafe {
            let keys = Keys::new(address.key());
            let begun =
                keys.begin(V::splat(u64::from(address.sample_word())), V::splat(u64::from(address.step)));
            // A loop, no `array::from_fn`: a closure that is not inlined has not the caller's instructions.
            let first = keys.plane_words(&begun, V::splat(u64::from(address.word3(0))));
            let mut planes = [first; DENSE_PLANES as usize];
            for (plane, words) in planes.iter_mut().enumerate().skip(1) {
                *words = keys.plane_words(&begun, V::splat(u64::from(address.word3(plane as u32))));
            }
            let senses = Senses::new(&keys, threshold);
            Flat { keys, begun, planes, senses, threshold, address: *address }
        }
    }

    /// How often [`batch`](Self::batch) pauses.
    #[inline(always)]
    pub(crate) fn pauses(&self, groups: usize) -> usize {
        groups.div_ceil(V::LANES) * self.senses.count()
    }

    /// Keep bits of `groups` groups from `first` on, at most [`BATCH_GROUPS`]; the number is rounded up to whole
    /// registers, and so many words are written.
    #[inline(always)]
    pub(crate) unsafe fn batch(&self, first: u32, groups: usize, out: *mut u64, between: &mut impl Between) {
        // SAFETY: as the caller guarantees.
        unsafe { self.batch_of_every(1, first, groups, out, between) }
    }

    /// As [`batch`](Self::batch) of the groups `first`, `first + stride`, `first + 2 * stride` and so on.
    #[inline(always)]
    pub(crate) unsafe fn batch_of_every(
        &self,
        stride: u32,
        first: u32,
        groups: usize,
        out: *mut u64,
        between: &mut impl Between,
    ) {
        let nth = |n: usize| first.wrapping_add((n as u32).wrapping_mul(stride));
        debug_assert!(groups <= BATCH_GROUPS);
        #[repr(C, align(64))]
        struct Undecided([u64; BATCH_WORDS]);
        let mut undecided = Undecided([0; BATCH_WORDS]);
        let needs_resolving = self.threshold.low != 0;
        // SAFETY: as the caller guarantees; `BATCH_GROUPS` is a multiple of every register's lanes.
        unsafe {
            for at in (0..groups).step_by(V::LANES) {
                let steps = V::load(ORDINALS.as_ptr()).mul_low(V::splat(u64::from(stride)));
                let group = V::splat(u64::from(nth(at))).add(steps);
                let words = self.keys.group_words(&self.begun, group);
                let decided = decide(
                    &self.keys,
                    &self.senses,
                    &words,
                    #[inline(always)]
                    |plane| self.planes[plane % DENSE_PLANES as usize],
                    between,
                );
                decided.store_keep(out.add(2 * at));
                if needs_resolving {
                    decided.store_undecided(undecided.0.as_mut_ptr().add(2 * at));
                }
            }
            if needs_resolving {
                let words = 2 * groups.next_multiple_of(V::LANES);
                let Address { step, .. } = self.address;
                resolve(
                    &self.keys,
                    #[inline(always)]
                    |_, _| self.threshold.low,
                    self.address.word3(0),
                    &undecided.0[..words],
                    out,
                    #[inline(always)]
                    |group| [self.address.sample_word(), nth(group), step],
                );
            }
        }
    }
}

static ORDINALS: [u64; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
