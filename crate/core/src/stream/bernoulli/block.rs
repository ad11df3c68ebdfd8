//! Philox on registers: one block per 64-bit lane.
//!
//! A state word lives in the low half of its lane; the high half may hold anything, since the product looks at
//! the low half only. So a round takes two products, two moves of the high half and two three-way xors:
//!
//! ```text
//! p0 = c0 * M0          c0' = high(p1) ^ c1 ^ k0      c1' = low(p1), which is p1 as it stands
//! p1 = c2 * M1          c2' = high(p0) ^ c3 ^ k1      c3' = low(p0), which is p0 as it stands
//! ```
//!
//! # The first three rounds are shared
//! Counter words: sample, group, step, plane. Round one multiplies sample and step; the plane enters by an xor.
//! Following what depends on what, the state after three rounds is, word by word,
//!
//! ```text
//! c0 = g0 ^ p0      c1 = g1      c2 = g2 ^ p2      c3 = p3
//! ```
//!
//! where g depends on sample, step and group only and p on sample, step and plane only. So a group's g is made
//! once for all its planes, and where sample and step are constant a plane's p once for all groups.

use crate::simd::Vector;
use crate::stream::philox::{M0, M1, W0, W1};

const ROUNDS: usize = crate::stream::philox::ROUNDS as usize;

/// The multipliers and the key of every round, in registers' form.
pub(in crate::stream) struct Keys<V> {
    m0: V,
    m1: V,
    k0: [V; ROUNDS],
    k1: [V; ROUNDS],
    /// The last round's keys in the high half, where the last round wants them.
    last: [V; 2],
}

impl<V: Vector> Keys<V> {
    /// # Safety
    /// The machine must have the instructions of `V`; so for all functions here.
    #[inline(always)]
    pub(in crate::stream) unsafe fn new(key: [u32; 2]) -> Self {
        let [mut key0, mut key1] = key;
        // SAFETY: as the caller guarantees.
        unsafe {
            // Loops, no `array::from_fn`: a closure that is not inlined has not the caller's instructions.
            let (mut k0, mut k1) = ([V::splat(0); ROUNDS], [V::splat(0); ROUNDS]);
            let mut last = [V::splat(0); 2];
            for (k0, k1) in k0.iter_mut().zip(&mut k1) {
                (*k0, *k1) = (V::splat(u64::from(key0)), V::splat(u64::from(key1)));
                last = [V::splat(u64::from(key0) << 32), V::splat(u64::from(key1) << 32)];
                (key0, key1) = (key0.wrapping_add(W0), key1.wrapping_add(W1));
            }
            Keys { m0: V::splat(u64::from(M0)), m1: V::splat(u64::from(M1)), k0, k1, last }
        }
    }
}

/// What the planes of a group share, after three rounds: g0, g1, g2 of the module's text.
#[derive(Clone, Copy)]
pub(in crate::stream) struct GroupWords<V>([V; 3]);

/// What the groups of a plane share, after three rounds: p0, p2, p3 of the module's text.
#[derive(Clone, Copy)]
pub(in crate::stream) struct PlaneWords<V>([V; 3]);

/// The counter words of each lane that do not depend on the plane.
#[derive(Clone, Copy)]
pub(in crate::stream) struct Counters<V> {
    pub(in crate::stream) sample: V,
    pub(in crate::stream) group: V,
    pub(in crate::stream) step: V,
}

/// The state after round one, less what group and plane add to it by xor.
#[derive(Clone, Copy)]
pub(in crate::stream) struct Begun<V> {
    /// high(step * M1) ^ k0: with the group, c0.
    c0: V,
    c1: V,
    /// high(sample * M0) ^ k1: with the plane's word, c2.
    c2: V,
    c3: V,
}

impl<V: Vector> Keys<V> {
    /// The last round's keys, for [`finish`](Self::finish) to give every bit inverted or as it is.
    #[inline(always)]
    pub(in crate::stream) unsafe fn last(&self, inverted: bool) -> [V; 2] {
        // SAFETY: as the caller guarantees.
        unsafe {
            let turn = V::splat(if inverted { u64::MAX } else { 0 });
            [self.last[0].xor(turn), self.last[1].xor(turn)]
        }
    }

    /// Round one for a sample and a step.
    #[inline(always)]
    pub(in crate::stream) unsafe fn begin(&self, sample: V, step: V) -> Begun<V> {
        // SAFETY: as the caller guarantees.
        unsafe {
            let (p0, p1) = (sample.mul_low(self.m0), step.mul_low(self.m1));
            Begun { c0: p1.high().xor(self.k0[0]), c1: p1, c2: p0.high().xor(self.k1[0]), c3: p0 }
        }
    }

    /// g0, g1, g2: rounds two and three as far as they depend on the group.
    #[inline(always)]
    pub(in crate::stream) unsafe fn group_words(&self, begun: &Begun<V>, group: V) -> GroupWords<V> {
        // SAFETY: as the caller guarantees.
        unsafe {
            let second = begun.c0.xor(group).mul_low(self.m0);
            let third = second.high().xor3(begun.c3, self.k1[1]).mul_low(self.m1);
            GroupWords([third.high().xor(self.k0[2]), third, second.xor(self.k1[2])])
        }
    }

    /// p0, p2, p3: rounds two and three as far as they depend on the plane, whose counter word is `word3`.
    #[inline(always)]
    pub(in crate::stream) unsafe fn plane_words(&self, begun: &Begun<V>, word3: V) -> PlaneWords<V> {
        // SAFETY: as the caller guarantees.
        unsafe {
            let second = begun.c2.xor(word3).mul_low(self.m1);
            let third = second.high().xor3(begun.c1, self.k0[1]).mul_low(self.m0);
            PlaneWords([second, third.high(), third])
        }
    }

    /// The 128 output bits of each lane as two registers with the halves of every lane exchanged: words 1, 0
    /// and words 3, 2, lowest first. Bit logic does not mind, so the halves are put right once, at the end.
    ///
    /// `last` are the last round's keys, perhaps with something else that is to be added to the bits.
    #[inline(always)]
    pub(in crate::stream) unsafe fn finish(
        &self,
        group: &GroupWords<V>,
        plane: &PlaneWords<V>,
        last: &[V; 2],
    ) -> [V; 2] {
        let (GroupWords([g0, g1, g2]), PlaneWords([p0, p2, p3])) = (*group, *plane);
        // SAFETY: as the caller guarantees.
        unsafe {
            let (mut c0, mut c1, mut c2, mut c3) = (g0.xor(p0), g1, g2.xor(p2), p3);
            for round in 3..ROUNDS - 1 {
                let (product0, product1) = (c0.mul_low(self.m0), c2.mul_low(self.m1));
                c0 = product1.high().xor3(c1, self.k0[round]);
                c1 = product1;
                c2 = product0.high().xor3(c3, self.k1[round]);
                c3 = product0;
            }
            // The last round leaves word 0 above word 1: the product's high half is where word 0 belongs.
            let (product0, product1) = (c0.mul_low(self.m0), c2.mul_low(self.m1));
            [product1.xor3(c1.low_to_high(), last[0]), product0.xor3(c3.low_to_high(), last[1])]
        }
    }

    /// Whole blocks for lanes that share nothing.
    #[inline(always)]
    pub(in crate::stream) unsafe fn block(&self, counters: &Counters<V>, word3: V) -> [V; 2] {
        // SAFETY: as the caller guarantees.
        unsafe {
            let begun = self.begin(counters.sample, counters.step);
            self.finish(
                &self.group_words(&begun, counters.group),
                &self.plane_words(&begun, word3),
                &self.last,
            )
        }
    }
}
