//! The kernel for rows with identities.
//!
//! Narrow rows share registers: the groups of several rows are drawn as one batch, each lane with its own sample.
//! A wide row is a range of its own stream and takes the kernel for ranges.

use super::flat::FlatDropout;
use crate::ops::Element;
use crate::simd::{Full, VectorKernel};
use crate::stream::bernoulli::{BATCH_GROUPS, BATCH_LANES, Batch, GroupList, Rows, Threshold};
use crate::stream::{Address, GROUP};

/// Rows of one width, one after another, and the memory they apply to.
pub(super) struct RowsDropout<'a, E> {
    pub(super) address: Address,
    pub(super) threshold: Threshold,
    pub(super) factor: E,
    pub(super) ids: &'a [u32],
    pub(super) width: usize,
    pub(super) from: *const E,
    /// May equal `from`; otherwise the two do not overlap.
    pub(super) to: *mut E,
    /// Store past the caches. Wide rows only: a narrow row ends within a line that the next one goes on with, and a
    /// line that is stored in parts must stay in the caches.
    pub(super) stream: bool,
}

impl<E: Element> VectorKernel for RowsDropout<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: whoever makes a `RowsDropout` guarantees its memory; the caller guarantees `V`.
        unsafe { if self.width >= BATCH_LANES { self.wide::<V>() } else { self.narrow::<V>() } }
    }
}

impl<E: Element> RowsDropout<'_, E> {
    #[inline(always)]
    unsafe fn wide<V: Full>(self) {
        for (row, &id) in self.ids.iter().enumerate() {
            // SAFETY: as for `run`.
            unsafe {
                FlatDropout {
                    address: self.address.with_sample(id),
                    threshold: self.threshold,
                    factor: self.factor,
                    start: 0,
                    length: self.width,
                    from: self.from.add(row * self.width),
                    to: self.to.add(row * self.width),
                    stream: self.stream,
                }
                .run::<V>();
            }
        }
    }

    #[inline(always)]
    unsafe fn narrow<V: Full>(self) {
        let groups = self.width.div_ceil(GROUP);
        let mut list = GroupList::new();
        let mut batch = Batch::new();
        let (mut row, mut group, mut at) = (0, 0, 0);
        let mut left = self.ids.len() * groups;
        // SAFETY: as for `run`; the pieces of all groups add up to the rows' elements.
        unsafe {
            let rows = Rows::<V>::new(&self.address, self.threshold);
            let factor = self.factor.factor::<V>();
            while left > 0 {
                let now = left.min(BATCH_GROUPS);
                left -= now;
                list.clear();
                let first_group = group;
                for _ in 0..now {
                    let sample = if self.address.shared { 0 } else { self.ids[row] };
                    list.push(sample, group as u32, self.address.step);
                    group += 1;
                    if group == groups {
                        (row, group) = (row + 1, 0);
                    }
                }
                rows.batch(&list, batch.0.as_mut_ptr());
                let mut piece = first_group;
                for i in 0..now {
                    let count = GROUP.min(self.width - piece * GROUP);
                    piece = if piece + 1 == groups { 0 } else { piece + 1 };
                    let bits = batch.0.as_ptr().add(2 * i).cast::<u8>();
                    self.select::<V>(bits, at, count, factor);
                    at += count;
                }
            }
        }
    }

    /// Selects one row's part of a group.
    #[inline(always)]
    unsafe fn select<V: Full>(&self, bits: *const u8, at: usize, count: usize, factor: E::Factor<V>) {
        let step = E::step::<V>();
        let whole = count / step * step;
        // SAFETY: as for `run`; a batch has spare bytes for what a step reads past its bits.
        unsafe {
            let (from, to) = (self.from.add(at), self.to.add(at));
            for i in (0..whole).step_by(step) {
                E::select::<V, false>(bits.add(i / 8), from.add(i), to.add(i), factor);
            }
            if whole < count {
                let bits = bits.add(whole / 8);
                E::select_some::<V>(bits, from.add(whole), to.add(whole), self.factor, count - whole);
            }
        }
    }
}
