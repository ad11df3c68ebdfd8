//! k of n lanes, without replacement.

use super::writer::low;
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::simd::{Full, VectorKernel, run};
use crate::stream::{Address, BATCH_WORDS, WordBatch, WordBlocks, key64};

/// Exactly `drop` of `size` lanes drop: those with the smallest (key, lane), where the keys are 64 random bits.
///
/// Every subset of that size is equally likely but for ties of keys, whose chance is n^2 / 2^65. The number of kept
/// lanes never varies, so neither does the sum of a constant input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exactly {
    drop: usize,
    size: usize,
}

impl Exactly {
    /// Lanes are counted by 32-bit words.
    const MAX_SIZE: usize = u32::MAX as usize;

    /// # Errors
    /// `ERR_RANGE` if more lanes should drop than there are, or there are more than the stream has keys for.
    pub fn new(drop: usize, size: usize) -> Result<Self> {
        if size > Self::MAX_SIZE {
            let allowed = format!("a whole number in [0, {}]", Self::MAX_SIZE);
            return Err(Error::argument(Code::Range, "size", size, allowed));
        }
        if drop > size {
            return Err(Error::argument(
                Code::Range,
                "drop",
                drop,
                format!("a whole number in [0, {size}], the lanes there are"),
            ));
        }
        Ok(Exactly { drop, size })
    }

    /// How many lanes drop.
    pub fn drop(&self) -> usize {
        self.drop
    }

    /// How many lanes there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The keep bits of one sample. `out` must be zero; `keys` is room that is used again.
    pub(super) fn draw(&self, isa: Isa, address: &Address, keys: &mut Vec<(u64, u32)>, out: &mut [u64]) {
        if self.drop == self.size {
            return;
        }
        if !self.draw_within(DEVIATIONS, isa, address, keys, out) {
            out.fill(0);
            self.draw_by_selection(address, keys, out);
        }
    }

    /// The keys are uniform, so the `drop` smallest of them end near the share `drop / size` of all keys: what is
    /// above a narrow range there is kept, what is below drops, and only the keys within are looked at again. `false`
    /// if the end is outside after all, and then `out` is of no use.
    fn draw_within(
        &self,
        deviations: f64,
        isa: Isa,
        address: &Address,
        keys: &mut Vec<(u64, u32)>,
        out: &mut [u64],
    ) -> bool {
        let (drop, size) = (self.drop as f64, self.size as f64);
        let width = deviations * (drop * (size - drop) / size).sqrt();
        let bound = |count: f64| (count / size * TWO_32).clamp(0.0, TWO_32) as u64;
        let [least, most] = [bound(drop - width), bound(drop + width)];
        keys.clear();
        // A row's words are whole groups; there are keys for its lanes alone.
        let kept = &mut out[..self.size.div_ceil(64)];
        let surely = run(isa, Separate { address, size: self.size, least, most, between: keys, kept });
        match self.drop.checked_sub(surely) {
            Some(more) if more < keys.len() => {
                let (_, first, kept) = keys.select_nth_unstable(more);
                keep(std::iter::once(&*first).chain(&*kept), out);
                true
            }
            Some(more) => more == keys.len(),
            None => false,
        }
    }

    /// Looks at all keys.
    fn draw_by_selection(&self, address: &Address, keys: &mut Vec<(u64, u32)>, out: &mut [u64]) {
        keys.clear();
        keys.extend((0..self.size as u64).map(|lane| (key64(address, lane), lane as u32)));
        let (_, first, kept) = keys.select_nth_unstable(self.drop);
        keep(std::iter::once(&*first).chain(&*kept), out);
    }
}

fn keep<'a>(keys: impl Iterator<Item = &'a (u64, u32)>, out: &mut [u64]) {
    keys.for_each(|(_, lane)| out[*lane as usize / 64] |= 1 << (lane % 64));
}

/// Half the width of the range, in standard deviations of the number of keys below a bound: it is missed once in some
/// 10^9 rows, which costs time and nothing else.
const DEVIATIONS: f64 = 6.0;

const TWO_32: f64 = 4_294_967_296.0;

/// Sorts lanes into those whose keys are surely not among the smallest, which are kept, and those in between; the number
/// of the others is returned. Bounds are those of the keys' upper words, at most 2^32.
struct Separate<'a> {
    address: &'a Address,
    size: usize,
    least: u64,
    most: u64,
    between: &'a mut Vec<(u64, u32)>,
    kept: &'a mut [u64],
}

impl VectorKernel for Separate<'_> {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<V: Full>(self) -> usize {
        let Separate { address, size, least, most, between, kept } = self;
        let mut batch = WordBatch([0; BATCH_WORDS]);
        let mut below = 0;
        // SAFETY: the caller guarantees `V`; whole batches of keys, and as many are loaded as were drawn.
        unsafe {
            let blocks = WordBlocks::<V>::new(address);
            // The carry of a sum is whether the upper word reaches the bound.
            let [to_least, to_most] = [V::splat((1 << 32) - least), V::splat((1 << 32) - most)];
            for (i, words) in kept.chunks_mut(BATCH_LANES / 64).enumerate() {
                let start = i * BATCH_LANES;
                let lanes = BATCH_LANES.min(size - start);
                blocks.consecutive(address.sample_word(), (start / 2) as u32, lanes.div_ceil(2), &mut batch);
                let keys = batch.0.as_ptr().cast::<u64>();
                for (word, out) in words.iter_mut().enumerate() {
                    let (mut above_least, mut above_most) = (0u64, 0u64);
                    for at in (0..64).step_by(V::LANES) {
                        let upper = V::load(keys.add(64 * word + at)).high();
                        above_least |= u64::from(upper.add(to_least).high().nonzero()) << at;
                        above_most |= u64::from(upper.add(to_most).high().nonzero()) << at;
                    }
                    let there = low((lanes - 64 * word).min(64));
                    *out = above_most & there;
                    below += (!above_least & there).count_ones() as usize;
                    let mut rest = above_least & !above_most & there;
                    while rest != 0 {
                        let lane = 64 * word + rest.trailing_zeros() as usize;
                        between.push((*keys.add(lane), (start + lane) as u32));
                        rest &= rest - 1;
                    }
                }
            }
        }
        below
    }
}

/// Keys of a full batch of words.
const BATCH_LANES: usize = BATCH_WORDS / 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::testing::BackEnd;
    use crate::stream::bernoulli::testing::addresses;

    /// Sorts all lanes by their keys.
    fn naive(exactly: &Exactly, address: &Address) -> Vec<u64> {
        let mut lanes: Vec<u64> = (0..exactly.size as u64).collect();
        lanes.sort_by_key(|&lane| (key64(address, lane), lane));
        let mut out = vec![0; exactly.size.div_ceil(64)];
        lanes[exactly.drop..].iter().for_each(|lane| out[*lane as usize / 64] |= 1 << (lane % 64));
        out
    }

    proptest! {
        #[test]
        fn the_smallest_keys_drop(
            address in addresses(),
            (drop, size) in prop_oneof![1..140usize, 1..3000usize].prop_flat_map(|size| (0..=size, Just(size))),
        ) {
            let exactly = Exactly::new(drop, size).unwrap();
            let expected = naive(&exactly, &address);
            let isa = Isa::active().unwrap();
            let mut keys = Vec::new();
            let mut out = vec![0; expected.len()];
            exactly.draw(isa, &address, &mut keys, &mut out);
            prop_assert!(out == expected);
            if drop < size {
                out.fill(0);
                exactly.draw_by_selection(&address, &mut keys, &mut out);
                prop_assert!(out == expected);
                // A range that is too narrow is noticed, or is right by chance.
                out.fill(0);
                prop_assert!(!exactly.draw_within(0.3, isa, &address, &mut keys, &mut out) || out == expected);
            }
        }

        #[test]
        fn every_back_end_separates_the_same_lanes(
            address in addresses(),
            size in 1..1200usize,
            bounds in (0..=1u64 << 32, 0..=1u64 << 32),
        ) {
            let (least, most) = (bounds.0.min(bounds.1), bounds.0.max(bounds.1));
            let upper = |lane: u64| key64(&address, lane) >> 32;
            let lanes = 0..size as u64;
            let expected = lanes.clone().filter(|&lane| upper(lane) < least).count();
            let expected_between: Vec<(u64, u32)> = lanes
                .filter(|&lane| (least..most).contains(&upper(lane)))
                .map(|lane| (key64(&address, lane), lane as u32))
                .collect();
            for back_end in BackEnd::all() {
                let (mut between, mut kept) = (Vec::new(), vec![0; size.div_ceil(64)]);
                let separate =
                    Separate { address: &address, size, least, most, between: &mut between, kept: &mut kept };
                prop_assert_eq!(back_end.run(separate), expected, "{:?}", back_end);
                prop_assert!(between == expected_between, "{:?}", back_end);
                for lane in 0..64 * kept.len() {
                    let expected = lane < size && upper(lane as u64) >= most;
                    prop_assert_eq!(kept[lane / 64] >> (lane % 64) & 1 == 1, expected, "{:?}", back_end);
                }
            }
        }
    }

    #[test]
    fn the_range_is_hardly_ever_missed() {
        let exactly = Exactly::new(100, 1000).unwrap();
        let (mut keys, mut out) = (Vec::new(), vec![0; 16]);
        let isa = Isa::active().unwrap();
        let mut narrow = 0;
        for sample in 0..2000 {
            let address = Address { sample, ..Address::default() };
            assert!(exactly.draw_within(DEVIATIONS, isa, &address, &mut keys, &mut out));
            assert!(keys.len() < 200, "{} keys are looked at again", keys.len());
            narrow += u32::from(exactly.draw_within(1.0, isa, &address, &mut keys, &mut out));
        }
        // One standard deviation to either side: 68.3 %, within five standard errors.
        assert!((1366 - 104..1366 + 104).contains(&narrow), "{narrow} of 2000");
    }
}
