//! Lanes that eight planes leave undecided: 1 in 256, resolved together for a whole batch.

use super::block::{Counters, Keys};
use crate::simd::Vector;
use crate::stream::GROUP;
use crate::stream::reference::LOW_MASK;

/// Lanes resolved in one go: twice what a batch leaves on average.
const ROOM: usize = 16;

/// The lanes gathered so far, as Philox counters.
#[repr(C, align(64))]
struct Gathered {
    sample: [u64; ROOM],
    group: [u64; ROOM],
    step: [u64; ROOM],
    word3: [u64; ROOM],
    low: [u64; ROOM],
    word: [u32; ROOM],
    bit: [u32; ROOM],
    count: usize,
}

/// Clears the keep bits of undecided lanes whose low 56 bits are below theirs of the threshold.
///
/// `undecided` and `keep` hold two words a group in the same order; `low(word, bit)` gives the threshold's low 56 bits for
/// a bit of them; `counter(i)` gives sample, group and step of
/// the i-th group; `word3` is counter word 3 of plane 0.
///
/// # Safety
/// The machine must have the instructions of `V`; `undecided` must be whole registers, and `keep` valid for as
/// many words.
#[inline(always)]
pub(super) unsafe fn resolve<V: Vector>(
    keys: &Keys<V>,
    low: impl Fn(usize, u32) -> u64,
    word3: u32,
    undecided: &[u64],
    keep: *mut u64,
    counter: impl Fn(usize) -> [u32; 3],
) {
    // The words with anything in them, found without a branch that would be mispredicted each time.
    debug_assert!(undecided.len() <= 64 && undecided.len().is_multiple_of(V::LANES));
    let mut waiting = 0u64;
    for at in (0..undecided.len()).step_by(V::LANES) {
        // SAFETY: whole registers fit, as the caller guarantees.
        waiting |= u64::from(unsafe { V::load(undecided.as_ptr().add(at)).nonzero() }) << at;
    }

    let mut gathered = Gathered {
        sample: [0; ROOM],
        group: [0; ROOM],
        step: [0; ROOM],
        word3: [0; ROOM],
        low: [0; ROOM],
        word: [0; ROOM],
        bit: [0; ROOM],
        count: 0,
    };
    while waiting != 0 {
        let word = waiting.trailing_zeros() as usize;
        waiting &= waiting - 1;
        let [sample, group, step] = counter(word / 2);
        let mut lanes = undecided[word];
        while lanes != 0 {
            let bit = lanes.trailing_zeros();
            lanes &= lanes - 1;
            let lane = (word % 2) as u32 * (GROUP as u32 / 2) + bit;
            let n = gathered.count;
            gathered.sample[n] = u64::from(sample);
            gathered.group[n] = u64::from(group);
            gathered.step[n] = u64::from(step);
            gathered.word3[n] = u64::from(word3 | (128 + lane) << 24);
            gathered.low[n] = low(word, bit);
            gathered.word[n] = word as u32;
            gathered.bit[n] = bit;
            gathered.count = n + 1;
            if gathered.count == ROOM {
                // SAFETY: as the caller guarantees.
                unsafe { settle(keys, &mut gathered, keep) };
            }
        }
    }
    // SAFETY: as the caller guarantees.
    unsafe { settle(keys, &mut gathered, keep) };
}

/// Draws the low bits of all gathered lanes and clears the keep bits of those that are dropped.
///
/// # Safety
/// As for [`resolve`].
#[inline(always)]
unsafe fn settle<V: Vector>(keys: &Keys<V>, gathered: &mut Gathered, keep: *mut u64) {
    #[repr(C, align(64))]
    struct Drawn([u64; ROOM]);
    let mut drawn = Drawn([0; ROOM]);
    let count = gathered.count;
    for at in (0..count).step_by(V::LANES) {
        // SAFETY: `ROOM` is a multiple of every register's lanes, so whole registers fit.
        unsafe {
            let counters = Counters {
                sample: V::load(gathered.sample.as_ptr().add(at)),
                group: V::load(gathered.group.as_ptr().add(at)),
                step: V::load(gathered.step.as_ptr().add(at)),
            };
            let [words, _] = keys.block(&counters, V::load(gathered.word3.as_ptr().add(at)));
            words.swap_halves().store(drawn.0.as_mut_ptr().add(at));
        }
    }
    for n in 0..count {
        let dropped = u64::from(drawn.0[n] & LOW_MASK < gathered.low[n]);
        // SAFETY: words were gathered from `undecided`, for whose length the caller guarantees `keep`.
        unsafe { *keep.add(gathered.word[n] as usize) &= !(dropped << gathered.bit[n]) };
    }
    gathered.count = 0;
}
