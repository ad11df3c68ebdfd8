//! Words of streams on registers: one Philox block, which is four words, per 64-bit lane.

use super::Address;
use super::bernoulli::block::{Counters, Keys};
use super::words::WORD_PLANE;
use crate::simd::Vector;

/// Blocks of a full batch, a multiple of every register's lanes.
pub(crate) const BATCH_BLOCKS: usize = 256;
/// Words of a full batch.
pub(crate) const BATCH_WORDS: usize = 4 * BATCH_BLOCKS;

/// Room for the words of a batch.
#[repr(C, align(64))]
pub(crate) struct WordBatch(pub(crate) [u32; BATCH_WORDS]);

/// The blocks of a batch that come from several rows.
#[repr(C, align(64))]
pub(crate) struct BlockList {
    sample: [u64; BATCH_BLOCKS],
    group: [u64; BATCH_BLOCKS],
    count: usize,
}

impl BlockList {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        BlockList { sample: [0; BATCH_BLOCKS], group: [0; BATCH_BLOCKS], count: 0 }
    }

    /// Adds a block; there is room for [`BATCH_BLOCKS`].
    #[inline(always)]
    pub(crate) fn push(&mut self, sample: u32, group: u32) {
        self.sample[self.count] = u64::from(sample);
        self.group[self.count] = u64::from(group);
        self.count += 1;
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }
}

/// All that stays the same from batch to batch.
pub(crate) struct WordBlocks<V> {
    keys: Keys<V>,
    word3: V,
    step: V,
}

impl<V: Vector> WordBlocks<V> {
    /// # Safety
    /// The machine must have the instructions of `V`; so for all functions here.
    #[inline(always)]
    pub(crate) unsafe fn new(address: &Address) -> Self {
        // SAFETY: as the caller guarantees.
        unsafe {
            WordBlocks {
                keys: Keys::new(address.key()),
                word3: V::splat(u64::from(address.word3(WORD_PLANE))),
                step: V::splat(u64::from(address.step)),
            }
        }
    }

    /// Words of `blocks` consecutive groups of one sample, from group `first` on, at most [`BATCH_BLOCKS`]. The number
    /// is rounded up to whole registers, and so many are written.
    #[inline(always)]
    pub(crate) unsafe fn consecutive(&self, sample: u32, first: u32, blocks: usize, out: &mut WordBatch) {
        assert!(blocks <= BATCH_BLOCKS);
        // SAFETY: as the caller guarantees; `BATCH_BLOCKS` is a multiple of every register's lanes.
        unsafe {
            let out = out.0.as_mut_ptr().cast::<u64>();
            let begun = self.keys.begin(V::splat(u64::from(sample)), self.step);
            let (plane, last) = (self.keys.plane_words(&begun, self.word3), self.keys.last(false));
            let mut group = V::splat(u64::from(first)).add(V::load(ORDINALS.as_ptr()));
            let next = V::splat(V::LANES as u64);
            for at in (0..blocks).step_by(V::LANES) {
                let words = self.keys.finish(&self.keys.group_words(&begun, group), &plane, &last);
                words[0].swap_halves().store_interleaved(words[1].swap_halves(), out.add(2 * at));
                group = group.add(next);
            }
        }
    }

    /// Words of the listed blocks, rounded up as in [`consecutive`](Self::consecutive).
    #[inline(always)]
    pub(crate) unsafe fn listed(&self, list: &BlockList, out: &mut WordBatch) {
        // SAFETY: as above; a list has room for whole registers.
        unsafe {
            let out = out.0.as_mut_ptr().cast::<u64>();
            for at in (0..list.count).step_by(V::LANES) {
                let sample = V::load(list.sample.as_ptr().add(at));
                let group = V::load(list.group.as_ptr().add(at));
                let words = self.keys.block(&Counters { sample, group, step: self.step }, self.word3);
                words[0].swap_halves().store_interleaved(words[1].swap_halves(), out.add(2 * at));
            }
        }
    }
}

static ORDINALS: [u64; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::testing::BackEnd;
    use crate::simd::{Full, VectorKernel};
    use crate::stream::bernoulli::testing::addresses;
    use crate::stream::word;

    struct Both<'a> {
        address: &'a Address,
        first: u32,
        blocks: usize,
    }

    impl VectorKernel for Both<'_> {
        type Output = [Vec<u32>; 2];

        #[inline(always)]
        unsafe fn run<V: Full>(self) -> [Vec<u32>; 2] {
            let (mut batch, mut list) = (WordBatch([0; BATCH_WORDS]), BlockList::new());
            // SAFETY: as the caller guarantees.
            unsafe {
                let words = WordBlocks::<V>::new(self.address);
                words.consecutive(self.address.sample_word(), self.first, self.blocks, &mut batch);
                let consecutive = batch.0[..4 * self.blocks].to_vec();
                for block in 0..self.blocks as u32 {
                    list.push(self.address.sample_word(), self.first + block);
                }
                words.listed(&list, &mut batch);
                [consecutive, batch.0[..4 * self.blocks].to_vec()]
            }
        }
    }

    proptest! {
        #[test]
        fn every_back_end_gives_the_words_of_the_stream(
            address in addresses(),
            first in prop_oneof![Just(0u32), Just(u32::MAX - 256), 0..u32::MAX - 256],
            blocks in prop_oneof![0..20usize, Just(BATCH_BLOCKS)],
        ) {
            let expected: Vec<u32> =
                (0..4 * blocks as u64).map(|i| word(&address, 4 * u64::from(first) + i)).collect();
            for back_end in BackEnd::all() {
                let [consecutive, listed] = back_end.run(Both { address: &address, first, blocks });
                prop_assert!(consecutive == expected && listed == expected, "{:?}", back_end);
            }
        }
    }
}
