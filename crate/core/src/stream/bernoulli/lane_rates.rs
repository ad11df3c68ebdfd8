//! Keep bits where every lane of a row has a rate of its own.
//!
//! The planes are those of one rate for all (`planes.rs`); only the threshold's bit t differs from lane to lane, so
//! n = not t is a table of bits, one register's worth for each plane and group:
//!
//! ```text
//! equal = r xor n          undecided' = undecided and equal          keep' = equal ? keep : r
//! ```

use super::block::Keys;
use super::flat::{BATCH_GROUPS, BATCH_WORDS};
use super::rows::GroupList;
use super::undecided::resolve;
use crate::simd::{Full, Vector, VectorKernel};
use crate::stream::reference::{DENSE_PLANES, LOW_MASK};
use crate::stream::{Address, GROUP, Rate};

const PLANES: usize = DENSE_PLANES as usize;

/// The lanes of the widest register.
const MOST_LANES: usize = 8;

/// The thresholds of the lanes of a row, as the planes want them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LaneThresholds {
    groups: Vec<Group>,
    /// The low 56 bits of each lane's threshold, or 2^56, which is above all, for a rate of 1.
    low: Vec<u64>,
}

/// For each plane the inverted bits of 128 thresholds, in the order in which Philox leaves its words.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Group([[u64; 2]; PLANES]);

impl LaneThresholds {
    /// The thresholds of `lanes` lanes; the rates repeat.
    pub(crate) fn new(rates: &[Rate], lanes: usize) -> Self {
        let mut groups = vec![Group([[u64::MAX; 2]; PLANES]); lanes.div_ceil(GROUP)];
        let mut low = vec![0; groups.len() * GROUP];
        for (lane, rate) in rates.iter().cycle().take(lanes).enumerate() {
            let threshold = rate.threshold();
            low[lane] = threshold.map_or(LOW_MASK + 1, |threshold| threshold & LOW_MASK);
            let top = threshold.unwrap_or(u64::MAX);
            // The halves of each 64-bit word are exchanged.
            let (half, bit) = (lane % GROUP / 64, (lane % 64) ^ 32);
            for (plane, words) in groups[lane / GROUP].0.iter_mut().enumerate() {
                words[half] &= !((top >> (63 - plane) & 1) << bit);
            }
        }
        LaneThresholds { groups, low }
    }
}

/// Keep bits of listed groups, as `KeepListed`; a group's number is its place in the row.
pub(super) struct KeepLaneRates<'a, G> {
    pub(super) address: &'a Address,
    pub(super) thresholds: &'a LaneThresholds,
    pub(super) groups: G,
    pub(super) out: &'a mut [u64],
}

impl<G: Iterator<Item = [u32; 3]>> VectorKernel for KeepLaneRates<'_, G> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(mut self) {
        // SAFETY: as the caller guarantees.
        let keys = unsafe { Keys::<V>::new(self.address.key()) };
        let mut list = GroupList::new();
        let mut batch = [0; BATCH_WORDS];
        for out in self.out.chunks_mut(BATCH_WORDS) {
            list.clear();
            for [sample, group, step] in self.groups.by_ref().take(out.len() / 2) {
                list.push(if self.address.shared { 0 } else { sample }, group, step);
            }
            // SAFETY: a batch has room for as many words as are ever written.
            unsafe { draw(&keys, self.address, self.thresholds, &list, &mut batch) };
            out.copy_from_slice(&batch[..out.len()]);
        }
    }
}

/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
unsafe fn draw<V: Vector>(
    keys: &Keys<V>,
    address: &Address,
    thresholds: &LaneThresholds,
    list: &GroupList,
    out: &mut [u64; BATCH_WORDS],
) {
    const { assert!(BATCH_GROUPS.is_multiple_of(MOST_LANES)) };
    let mut undecided = [0; BATCH_WORDS];
    // SAFETY: as the caller guarantees; a batch is a multiple of every register's lanes.
    unsafe {
        let last = keys.last(false);
        for at in (0..list.len()).step_by(V::LANES) {
            let counters = list.counters::<V>(at);
            let begun = keys.begin(counters.sample, counters.step);
            let words = keys.group_words(&begun, counters.group);
            let mut open = [V::splat(u64::MAX); 2];
            let mut keep = open;
            for plane in (0..PLANES).rev() {
                let mut n = [[0; MOST_LANES]; 2];
                for lane in 0..V::LANES {
                    let [low, high] = thresholds.groups[list.group(at + lane) as usize].0[plane];
                    (n[0][lane], n[1][lane]) = (low, high);
                }
                let plane = keys.plane_words(&begun, V::splat(u64::from(address.word3(plane as u32))));
                let random = keys.finish(&words, &plane, &last);
                for half in 0..2 {
                    let equal = random[half].xor(V::load(n[half].as_ptr()));
                    keep[half] = keep[half].and(equal).or(random[half].and_not(equal));
                    open[half] = open[half].and(equal);
                }
            }
            let store = |of: [V; 2], to: &mut [u64; BATCH_WORDS]| {
                let to = to.as_mut_ptr().add(2 * at);
                of[0].swap_halves().store_interleaved(of[1].swap_halves(), to);
            };
            store(keep, out);
            store(open, &mut undecided);
        }
        let words = 2 * list.len().next_multiple_of(V::LANES);
        resolve(
            keys,
            #[inline(always)]
            |word, bit| {
                let lane = list.group(word / 2) as usize * GROUP + word % 2 * 64 + bit as usize;
                thresholds.low[lane]
            },
            address.word3(0),
            &undecided[..words],
            out.as_mut_ptr(),
            #[inline(always)]
            |i| list.counter(i),
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::testing::BackEnd;
    use crate::stream::bernoulli::testing::{addresses, rates};
    use crate::stream::reference::keep_lane;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Against the reference, lane by lane.
        #[test]
        fn every_lane_drops_at_its_own_rate(
            address in addresses(),
            rates in prop::collection::vec(rates(), 1..300),
            lanes in 1..700usize,
            ids in prop::collection::vec(any::<u32>(), 1..20),
        ) {
            let thresholds = LaneThresholds::new(&rates, lanes);
            let each = lanes.div_ceil(GROUP);
            let expected: Vec<Vec<bool>> = ids
                .iter()
                .map(|&id| {
                    let address = address.with_sample(id);
                    (0..lanes)
                        .map(|lane| keep_lane(&address, lane as u64, rates[lane % rates.len()]))
                        .collect()
                })
                .collect();
            for back_end in BackEnd::all() {
                let mut out = vec![0; ids.len() * 2 * each];
                let groups =
                    ids.iter().flat_map(|&id| (0..each as u32).map(move |group| [id, group, address.step]));
                let thresholds = &thresholds;
                back_end.run(KeepLaneRates { address: &address, thresholds, groups, out: &mut out });
                for (row, expected) in expected.iter().enumerate() {
                    for (lane, &expected) in expected.iter().enumerate() {
                        let kept = out[row * 2 * each + lane / 64] >> (lane % 64) & 1 == 1;
                        prop_assert_eq!(kept, expected, "{:?}: row {}, lane {}", back_end, row, lane);
                    }
                }
            }
        }
    }
}
