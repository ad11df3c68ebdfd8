//! Exact Bernoulli bits for whole ranges and rows, at the speed of the machine.
//!
//! Written once over `simd::Vector`: `block.rs` is Philox on registers, `planes.rs` decides
//! lanes from bit planes, `undecided.rs` resolves those that eight planes leave open, `flat.rs` and `rows.rs`
//! drive them over consecutive groups of one stream and over rows with identities; `lane_rates.rs` is
//! for rows whose lanes have rates of their own, `keyed.rs` draws for things with names. The truth they are held to
//! stands in [`reference`](super::reference).

pub(super) mod block;
mod flat;
mod keyed;
mod lane_rates;
mod planes;
mod rows;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod threshold;
mod undecided;

pub(crate) use flat::{BATCH_GROUPS, BATCH_LANES, BATCH_WORDS, Flat};
pub(crate) use keyed::{Draws, Names};
pub use keyed::{KEYED_PARALLEL_FROM, KeyList, Keyed, keep_keyed};
use lane_rates::KeepLaneRates;
pub(crate) use lane_rates::LaneThresholds;
pub(crate) use planes::{Between, Nothing};
pub(crate) use rows::{GroupList, Rows};
pub(crate) use threshold::Threshold;

use super::{Address, GROUP, Rate};
use crate::isa::Isa;
use crate::simd::{Full, VectorKernel, run};

/// The step of each row.
#[derive(Clone, Copy, Debug)]
pub enum Steps<'a> {
    /// All rows have the same step.
    One(u32),
    /// Row i has step `steps[i]`: Monte Carlo passes worked off as one batch.
    PerRow(&'a [u32]),
}

impl Steps<'_> {
    /// The step of a row.
    #[inline(always)]
    pub fn of(&self, row: usize) -> u32 {
        match self {
            Steps::One(step) => *step,
            Steps::PerRow(steps) => steps[row],
        }
    }

    /// The step of all rows, if they have the same one.
    pub fn common(&self) -> Option<u32> {
        match self {
            Steps::One(step) => Some(*step),
            Steps::PerRow(steps) => {
                let first = steps.first()?;
                steps.iter().all(|step| step == first).then_some(*first)
            }
        }
    }
}

/// The 64-bit words that [`keep_rows`] writes for a row of `width` lanes: two for each begun group of 128.
#[inline]
pub const fn words_per_row(width: usize) -> usize {
    2 * width.div_ceil(GROUP)
}

/// The packed keep bits of whole groups of one stream, from `first_group` on: two words a group.
///
/// Runs on the vectors of `isa` and allocates nothing. An odd last word is not written. Past group 2^32 - 1 the
/// stream begins again.
///
/// # Panics
/// If this machine cannot run `isa`.
pub fn keep_groups(isa: Isa, address: &Address, rate: Rate, first_group: u32, out: &mut [u64]) {
    assert!(isa.is_available(), "this machine cannot run {isa}");
    let whole = out.len() / 2 * 2;
    match Threshold::new(rate) {
        None => out[..whole].fill(if rate.never_drops() { u64::MAX } else { 0 }),
        Some(threshold) => run(isa, KeepGroups { address, threshold, first_group, out }),
    }
}

struct KeepGroups<'a> {
    address: &'a Address,
    threshold: Threshold,
    first_group: u32,
    out: &'a mut [u64],
}

impl VectorKernel for KeepGroups<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: as the caller guarantees.
        let flat = unsafe { Flat::<V>::new(self.address, self.threshold) };
        let mut batch = Batch::new();
        let mut group = self.first_group;
        for out in self.out.chunks_mut(BATCH_WORDS) {
            let groups = out.len() / 2;
            // SAFETY: a batch has room for as many words as are ever written.
            unsafe { flat.batch(group, groups, batch.0.as_mut_ptr(), &mut Nothing) };
            out[..2 * groups].copy_from_slice(&batch.0[..2 * groups]);
            group = group.wrapping_add(groups as u32);
        }
    }
}

/// The packed keep bits of rows: row i is the stream at sample `ids[i]` and step `steps.of(i)`.
///
/// Each row takes [`words_per_row`] words of `out`, least significant bit first, 1 = kept; bits past `width`
/// have no meaning. A shared address ignores `ids`. Runs on the vectors of `isa` and allocates nothing.
///
/// # Panics
/// If `out` has not as many words as the rows need, `steps` has fewer steps than there are rows, or this machine
/// cannot run `isa`.
pub fn keep_rows(
    isa: Isa,
    address: &Address,
    rate: Rate,
    ids: &[u32],
    steps: Steps<'_>,
    width: usize,
    out: &mut [u64],
) {
    assert!(isa.is_available(), "this machine cannot run {isa}");
    assert_eq!(out.len(), ids.len() * words_per_row(width), "the words of {} rows of {width}", ids.len());
    if let Steps::PerRow(steps) = steps {
        assert!(steps.len() >= ids.len(), "{} steps for {} rows", steps.len(), ids.len());
    }
    match Threshold::new(rate) {
        None => out.fill(if rate.never_drops() { u64::MAX } else { 0 }),
        Some(threshold) => {
            run(isa, KeepListed { address, threshold, groups: row_groups(ids, steps, width), out })
        }
    }
}

/// As [`keep_rows`], where the lanes have `thresholds` of their own.
pub(crate) fn keep_lane_rates(
    isa: Isa,
    address: &Address,
    thresholds: &LaneThresholds,
    ids: &[u32],
    steps: Steps<'_>,
    width: usize,
    out: &mut [u64],
) {
    assert_eq!(out.len(), ids.len() * words_per_row(width), "the words of {} rows of {width}", ids.len());
    run(isa, KeepLaneRates { address, thresholds, groups: row_groups(ids, steps, width), out });
}

/// The groups of rows, as [`keep_listed`] takes them.
fn row_groups(ids: &[u32], steps: Steps<'_>, width: usize) -> impl Iterator<Item = [u32; 3]> {
    let groups = width.div_ceil(GROUP) as u32;
    ids.iter()
        .enumerate()
        .flat_map(move |(row, &id)| (0..groups).map(move |group| [id, group, steps.of(row)]))
}

/// The packed keep bits of listed groups, two words each: `groups` yields sample, lane group and step.
///
/// Runs on the vectors of `isa`, which must be available.
pub(crate) fn keep_listed(
    isa: Isa,
    address: &Address,
    rate: Rate,
    groups: impl Iterator<Item = [u32; 3]>,
    out: &mut [u64],
) {
    match Threshold::new(rate) {
        None => out.fill(if rate.never_drops() { u64::MAX } else { 0 }),
        Some(threshold) => run(isa, KeepListed { address, threshold, groups, out }),
    }
}

struct KeepListed<'a, G> {
    address: &'a Address,
    threshold: Threshold,
    groups: G,
    out: &'a mut [u64],
}

impl<G: Iterator<Item = [u32; 3]>> VectorKernel for KeepListed<'_, G> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(mut self) {
        // SAFETY: as the caller guarantees.
        let rows = unsafe { Rows::<V>::new(self.address, self.threshold) };
        let mut list = GroupList::new();
        let mut batch = Batch::new();
        for out in self.out.chunks_mut(BATCH_WORDS) {
            list.clear();
            for [sample, group, step] in self.groups.by_ref().take(out.len() / 2) {
                list.push(if self.address.shared { 0 } else { sample }, group, step);
            }
            // SAFETY: a batch has room for as many words as are ever written.
            unsafe { rows.batch(&list, batch.0.as_mut_ptr()) };
            out.copy_from_slice(&batch.0[..out.len()]);
        }
    }
}

/// Room for the words of a batch, and for what a masked load reads past its last byte.
#[repr(C, align(64))]
pub(crate) struct Batch(pub(crate) [u64; BATCH_WORDS + 1]);

impl Batch {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Batch([0; BATCH_WORDS + 1])
    }
}
