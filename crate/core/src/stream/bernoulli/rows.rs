//! Keep bits of rows: every lane of a register may belong to another sample, step and group.

use super::block::{Counters, Keys};
use super::flat::{BATCH_GROUPS, BATCH_WORDS};
use super::planes::{Nothing, Senses, decide};
use super::threshold::Threshold;
use super::undecided::resolve;
use crate::simd::Vector;
use crate::stream::Address;

/// The counters of up to a batch of groups.
#[repr(C, align(64))]
pub(crate) struct GroupList {
    sample: [u64; BATCH_GROUPS],
    group: [u64; BATCH_GROUPS],
    step: [u64; BATCH_GROUPS],
    count: usize,
}

impl GroupList {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        GroupList { sample: [0; BATCH_GROUPS], group: [0; BATCH_GROUPS], step: [0; BATCH_GROUPS], count: 0 }
    }

    /// Adds a group; there is room for [`BATCH_GROUPS`].
    #[inline(always)]
    pub(crate) fn push(&mut self, sample: u32, group: u32, step: u32) {
        let n = self.count;
        self.sample[n] = u64::from(sample);
        self.group[n] = u64::from(group);
        self.step[n] = u64::from(step);
        self.count = n + 1;
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// The groups listed.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The lane group of the i-th.
    #[inline(always)]
    pub(super) fn group(&self, i: usize) -> u32 {
        self.group[i] as u32
    }

    /// Sample, lane group and step of the i-th.
    #[inline(always)]
    pub(super) fn counter(&self, i: usize) -> [u32; 3] {
        [self.sample[i] as u32, self.group[i] as u32, self.step[i] as u32]
    }

    /// The counters of a register of groups, from the i-th on.
    ///
    /// # Safety
    /// The machine must have the instructions of `V`; `at + LANES` is at most [`BATCH_GROUPS`].
    #[inline(always)]
    pub(super) unsafe fn counters<V: Vector>(&self, at: usize) -> Counters<V> {
        // SAFETY: as the caller guarantees.
        unsafe {
            Counters {
                sample: V::load(self.sample.as_ptr().add(at)),
                group: V::load(self.group.as_ptr().add(at)),
                step: V::load(self.step.as_ptr().add(at)),
            }
        }
    }
}

/// All that stays the same from list to list.
pub(crate) struct Rows<V> {
    keys: Keys<V>,
    senses: Senses<V>,
    threshold: Threshold,
    address: Address,
}

impl<V: Vector> Rows<V> {
    /// # Safety
    /// The machine must have the instructions of `V`; so for all functions here.
    #[inline(always)]
    pub(crate) unsafe fn new(address: &Address, threshold: Threshold) -> Self {
        // SAFETY: as the caller guarantees.
        unsafe {
            let keys = Keys::new(address.key());
            let senses = Senses::new(&keys, threshold);
            Rows { keys, senses, threshold, address: *address }
        }
    }

    /// Keep bits of the listed groups, two words each; the number is rounded up to whole registers, and so many
    /// words are written, so `out` must have room for [`BATCH_WORDS`].
    #[inline(always)]
    pub(crate) unsafe fn batch(&self, list: &GroupList, out: *mut u64) {
        #[repr(C, align(64))]
        struct Undecided([u64; BATCH_WORDS]);
        let mut undecided = Undecided([0; BATCH_WORDS]);
        let needs_resolving = self.threshold.low != 0;
        // SAFETY: as the caller guarantees; `BATCH_GROUPS` is a multiple of every register's lanes.
        unsafe {
            for at in (0..list.count).step_by(V::LANES) {
                let counters = list.counters::<V>(at);
                let begun = self.keys.begin(counters.sample, counters.step);
                let words = self.keys.group_words(&begun, counters.group);
                let decided = decide(
                    &self.keys,
                    &self.senses,
                    &words,
                    #[inline(always)]
                    |plane| {
                        self.keys.plane_words(&begun, V::splat(u64::from(self.address.word3(plane as u32))))
                    },
                    &mut Nothing,
                );
                decided.store_keep(out.add(2 * at));
                if needs_resolving {
                    decided.store_undecided(undecided.0.as_mut_ptr().add(2 * at));
                }
            }
            if needs_resolving {
                let words = 2 * list.count.next_multiple_of(V::LANES);
                resolve(
                    &self.keys,
                    #[inline(always)]
                    |_, _| self.threshold.low,
                    self.address.word3(0),
                    &undecided.0[..words],
                    out,
                    #[inline(always)]
                    |i| list.counter(i),
                );
            }
        }
    }
}
