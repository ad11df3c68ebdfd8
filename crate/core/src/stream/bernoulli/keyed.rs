//! Keyed draws: keep bits of things that have a name rather than a place, for instance the edges of a graph.

use super::block::{Counters, Keys};
use crate::isa::Isa;
use crate::parallel;
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

/// The names of things that are drawn for, read some at a time.
pub trait KeyList: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the two words of keys `at`, `at + 1`, ..., as many as both slices have room for, which are
    /// equally long.
    ///
    /// Implementations are `#[inline(always)]`, to be compiled for the instruction set that draws.
    fn read(&self, at: usize, first: &mut [u64], second: &mut [u64]);
}

impl KeyList for [[u32; 2]] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    #[inline(always)]
    fn read(&self, at: usize, first: &mut [u64], second: &mut [u64]) {
        for ((first, second), &[a, b]) in first.iter_mut().zip(second).zip(&self[at..]) {
            (*first, *second) = (u64::from(a), u64::from(b));
        }
    }
}

/// Keys from which on several threads draw, where the caller is in a pool of them.
pub const KEYED_PARALLEL_FROM: usize = 1 << 16;

/// The packed keep bits of keys: key i is bit `i % 64` of word `i / 64`, 1 = kept; bits past the last key are
/// 0.
///
/// A key is kept iff U >= round(rate * 2^64), where U is words 0 and 1 of the one Philox block whose counter
/// is the key, the step, and the site and domain of the address. Runs on the vectors of `isa` and on the
/// threads of the pool that it is called in, and allocates nothing.
///
/// # Panics
/// If `out` has not a word for each begun 64 keys, or this machine cannot run `isa`.
pub fn keep_keyed<K: KeyList + ?Sized>(
    isa: Isa,
    address: &Address,
    rate: Rate,
    kind: Keyed,
    keys: &K,
    out: &mut [u64],
) {
    assert!(isa.is_available(), "this machine cannot run {isa}");
    assert_eq!(out.len(), keys.len().div_ceil(64), "the words of {} keys", keys.len());
    let draw = |first: usize, out: &mut [u64]| {
        run(isa, KeepKeyed { address, rate, kind, keys, first: first * 64, out });
    };
    parallel::for_each_chunk(out, KEYED_PARALLEL_FROM / 64, draw);
}

pub(super) struct KeepKeyed<'a, K: ?Sized> {
    pub(super) address: &'a Address,
    pub(super) rate: Rate,
    pub(super) kind: Keyed,
    pub(super) keys: &'a K,
    /// The first of the keys that are drawn for.
    pub(super) first: usize,
    pub(super) out: &'a mut [u64],
}

impl<K: KeyList + ?Sized> VectorKernel for KeepKeyed<'_, K> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let threshold = match self.rate.threshold() {
            None | Some(0) => return self.all_or_nothing(),
            Some(threshold) => threshold,
        };
        let mut names = Names::new();
        // SAFETY: the caller guarantees the instructions.
        unsafe {
            let draws = Draws::<V>::new(self.address);
            for (at, out) in self.out.iter_mut().enumerate() {
                let start = self.first + at * Names::ROOM;
                let count = (self.keys.len() - start).min(Names::ROOM);
                self.keys.read(start, &mut names.first[..count], &mut names.second[..count]);
                *out = draws.keep(self.kind.plane(), &names, count, threshold);
            }
        }
    }
}

/// Some keys and what is drawn for them.
#[repr(C, align(64))]
pub(crate) struct Names {
    /// The first words of the keys.
    pub(crate) first: [u64; Names::ROOM],
    /// The second words.
    pub(crate) second: [u64; Names::ROOM],
    /// U of each key.
    pub(crate) uniform: [u64; Names::ROOM],
}

impl Names {
    /// Keys that are drawn at a time: a multiple of every register's lanes.
    pub(crate) const ROOM: usize = 64;

    #[inline(always)]
    pub(crate) fn new() -> Self {
        Names { first: [0; Names::ROOM], second: [0; Names::ROOM], uniform: [0; Names::ROOM] }
    }
}

/// Keyed draws on registers.
pub(crate) struct Draws<V> {
    philox: Keys<V>,
    address: Address,
    step: V,
}

impl<V: Full> Draws<V> {
    /// # Safety
    /// The machine must have the instructions of `V`; so for [`uniforms`](Self::uniforms).
    #[inline(always)]
    pub(crate) unsafe fn new(address: &Address) -> Self {
        // SAFETY: as the caller guarantees.
        unsafe {
            let step = V::splat(u64::from(address.step));
            Draws { philox: Keys::new(address.key()), address: *address, step }
        }
    }

    /// Draws U for the first `count` keys, and something for up to a register's lanes after them.
    #[inline(always)]
    pub(crate) unsafe fn uniforms(&self, plane: u32, names: &mut Names, count: usize) {
        assert!(count <= Names::ROOM);
        // SAFETY: as the caller guarantees; the room is a multiple of every register's lanes.
        unsafe {
            let word3 = V::splat(u64::from(self.address.word3(plane)));
            for at in (0..count).step_by(V::LANES) {
                self.uniform(word3, names, at).store(names.uniform.as_mut_ptr().add(at));
            }
        }
    }

    /// Bit i says whether U of key i is at least `threshold`, which is above 0; the bits from `count` on are
    /// 0.
    #[inline(always)]
    unsafe fn keep(&self, plane: u32, names: &Names, count: usize, threshold: u64) -> u64 {
        assert!(count <= Names::ROOM);
        let mut bits = 0;
        // SAFETY: as above.
        unsafe {
            let word3 = V::splat(u64::from(self.address.word3(plane)));
            let rest = V::splat(threshold.wrapping_neg());
            for at in (0..count).step_by(V::LANES) {
                let u = self.uniform(word3, names, at);
                // U >= T where the sum of U and 2^64 - T carries.
                let carry = u.and(rest).or(u.or(rest).and_not(u.add(rest)));
                bits |= u64::from(carry.shift_right(63).nonzero()) << at;
            }
        }
        if count == 64 { bits } else { bits & ((1 << count) - 1) }
    }

    /// U of a register's keys.
    ///
    /// # Safety
    /// As for [`new`](Self::new), and the names have as many keys from `at` on.
    #[inline(always)]
    unsafe fn uniform(&self, word3: V, names: &Names, at: usize) -> V {
        // SAFETY: as the caller guarantees.
        unsafe {
            let counters = Counters {
                sample: V::load(names.first.as_ptr().add(at)),
                group: V::load(names.second.as_ptr().add(at)),
                step: self.step,
            };
            let [words, _] = self.philox.block(&counters, word3);
            words.swap_halves()
        }
    }
}

impl<K: KeyList + ?Sized> KeepKeyed<'_, K> {
    fn all_or_nothing(self) {
        self.out.fill(if self.rate.never_drops() { u64::MAX } else { 0 });
        let end = self.keys.len() - self.first;
        if end < self.out.len() * 64
            && let Some(word) = self.out.last_mut()
        {
            *word &= (1 << (end % 64)) - 1;
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
                let (address, keys) = (&address, &keys[..]);
                back_end.run(KeepKeyed { address, rate, kind, keys, first: 0, out: &mut out });
                prop_assert_eq!(&out, &expected, "{:?}", back_end);
            }
        }
    }
    #[test]
    fn any_number_of_threads_draws_the_same() {
        let keys: Vec<[u32; 2]> = (0..2 * KEYED_PARALLEL_FROM as u32 + 77).map(|i| [i, i / 3]).collect();
        let (address, isa) = (Address { seed: 8, ..Address::default() }, Isa::active().unwrap());
        for rate in [0.0, 0.3, 1.0] {
            let on = |threads| {
                let mut out = vec![7; keys.len().div_ceil(64)];
                let rate = Rate::new(rate).unwrap();
                let draw = || keep_keyed(isa, &address, rate, Keyed::DirectedEdge, &keys[..], &mut out);
                parallel::install(threads, draw).unwrap();
                out
            };
            let one = on(1);
            assert!(one == on(2) && one == on(3));
            let kept: u32 = one.iter().map(|word| word.count_ones()).sum();
            let expected = (1.0 - rate) * keys.len() as f64;
            let deviation = (rate * expected).sqrt();
            assert!((f64::from(kept) - expected).abs() <= 5.0 * deviation, "{kept} of {expected}");
        }
    }
}
