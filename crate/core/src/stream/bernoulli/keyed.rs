//! Keyed draws: keep bits of things that have a name rather than a place, for instance the edges of a graph.

use super::block::{Counters, Keys};
use crate::isa::Isa;
use crate::simd::{Full, VectorKernel, run};
use crate::stream::{Address, Rate};

/// The planes of keyed draws: what the two words of a key mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// The smaller and the larger node of an undirected edge.
    UndirectedEdge,
    /// Source and target of a directed edge.
    DirectedEdge,
    /// The low and the high word of an edge's id.
    EdgeId,
    /// A node and 0.
    Node,
}

impl Keyed {
    /// The number that stands in the plane's place.
    pub const fn plane(self) -> u32 {
        match self {
            Keyed::UndirectedEdge => 8,
            Keyed::DirectedEdge => 9,
            Keyed::EdgeId => 10,
            Keyed::Node => 11,
        }
    }
}

/// The packed keep bits of keys: key i is bit `i % 64` of word `i / 64`, 1 = kept; bits past the last key are 0.
///
/// A key is kept iff U >= round(rate * 2^64), where U is words 0 and 1 of the one Philox block whose counter is the key,
/// the step, and the site and domain of the address. Runs on the vectors of `isa` and allocates nothing.
///
/// # Panics
/// If `out` has not a word for each begun 64 keys, or this machine cannot run `isa`.
pub fn keep_keyed(
    isa: Isa,
    address: &Address,
    rate: Rate,
    kind: Keyed,
    keys: impl ExactSizeIterator<Item = [u32; 2]>,
    out: &mut [u64],
) {
    assert!(isa.is_available(), "this machine cannot run {isa}");
    assert_eq!(out.len(), keys.len().div_ceil(64), "the words of {} keys", keys.len());
    run(isa, KeepKeyed { address, rate, kind, keys, out });
}

pub(super) struct KeepKeyed<'a, K> {
    pub(super) address: &'a Address,
    pub(super) rate: Rate,
    pub(super) kind: Keyed,
    pub(super) keys: K,
    pub(super) out: &'a mut [u64],
}

impl<K: ExactSizeIterator<Item = [u32; 2]>> VectorKernel for KeepKeyed<'_, K> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(mut self) {
        #[repr(C, align(64))]
        struct Lanes([u64; 64]);
        let (mut first, mut second, mut drawn) = (Lanes([0; 64]), Lanes([0; 64]), Lanes([0; 64]));
        let threshold = match self.rate.threshold() {
            None | Some(0) => return self.all_or_nothing(),
            Some(threshold) => threshold,
        };
        // SAFETY: the caller guarantees the instructions; 64 is a multiple of every register's lanes.
        unsafe {
            let philox = Keys::<V>::new(self.address.key());
            let step = V::splat(u64::from(self.address.step));
            let word3 = V::splat(u64::from(self.address.word3(self.kind.plane())));
            for out in self.out.iter_mut() {
                let mut count = 0;
                for [a, b] in self.keys.by_ref().take(64) {
                    first.0[count] = u64::from(a);
                    second.0[count] = u64::from(b);
                    count += 1;
                }
                for at in (0..count).step_by(V::LANES) {
                    let counters = Counters {
                        sample: V::load(first.0.as_ptr().add(at)),
                        group: V::load(second.0.as_ptr().add(at)),
                        step,
                    };
                    let [words, _] = philox.block(&counters, word3);
                    words.swap_halves().store(drawn.0.as_mut_ptr().add(at));
                }
                *out = (0..count).fold(0, |bits, i| bits | u64::from(drawn.0[i] >= threshold) << i);
            }
        }
    }
}

impl<K: ExactSizeIterator<Item = [u32; 2]>> KeepKeyed<'_, K> {
    fn all_or_nothing(self) {
        self.out.fill(if self.rate.never_drops() { u64::MAX } else { 0 });
        let last = self.keys.len() % 64;
        if last > 0
            && let Some(word) = self.out.last_mut()
        {
            *word &= (1 << last) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{addresses, rates};
    use super::*;
    use crate::simd::testing::BackEnd;
    use crate::stream::philox::philox;

    proptest! {
        #[test]
        fn every_back_end_keeps_what_the_reference_keeps(
            address in addresses(),
            rate in rates(),
            keys in prop::collection::vec(any::<[u32; 2]>(), 0..200),
            kind in prop_oneof![
                Just(Keyed::UndirectedEdge), Just(Keyed::DirectedEdge), Just(Keyed::EdgeId), Just(Keyed::Node)
            ],
        ) {
            let expected: Vec<u64> = keys
                .chunks(64)
                .map(|keys| {
                    keys.iter().enumerate().fold(0, |bits, (i, &[a, b])| {
                        let words = philox([a, b, address.step, address.word3(kind.plane())], address.key());
                        let uniform = u64::from(words[0]) | u64::from(words[1]) << 32;
                        let kept = rate.threshold().is_some_and(|threshold| uniform >= threshold);
                        bits | u64::from(kept) << i
                    })
                })
                .collect();
            for back_end in BackEnd::all() {
                let mut out = vec![!0; expected.len()];
                let (address, keys) = (&address, keys.iter().copied());
                back_end.run(KeepKeyed { address, rate, kind, keys, out: &mut out });
                prop_assert_eq!(&out, &expected, "{:?}", back_end);
            }
        }
    }
}
