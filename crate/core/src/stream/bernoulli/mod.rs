//! Keep bits for whole ranges and rows.

use super::{Address, GROUP, Rate, reference};

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
}

/// The 64-bit words that [`keep_rows`] writes for a row of `width` lanes: two for each begun group of 128.
#[inline]
pub const fn words_per_row(width: usize) -> usize {
    2 * width.div_ceil(GROUP)
}

/// The packed keep bits of rows: row i is the stream at sample `ids[i]` and step `steps.of(i)`.
///
/// Each row takes [`words_per_row`] words of `out`, least significant bit first, 1 = kept; bits past `width`
/// have no meaning. Allocates nothing.
pub fn keep_rows(
    address: &Address,
    rate: Rate,
    ids: &[u32],
    steps: Steps<'_>,
    width: usize,
    out: &mut [u64],
) {
    let words = words_per_row(width);
    assert_eq!(out.len(), ids.len() * words, "one group of words a row");
    for (row, (id, out)) in ids.iter().zip(out.chunks_exact_mut(words.max(1))).enumerate() {
        let address = address.with_sample(*id).with_step(steps.of(row));
        for (group, out) in out.chunks_exact_mut(2).enumerate() {
            let keep = reference::keep_group(&address, group as u32, rate);
            out.copy_from_slice(&[keep as u64, (keep >> 64) as u64]);
        }
    }
}

/// The packed keep bits of whole groups of one stream, from `first_group` on: two words a group.
pub fn keep_groups(address: &Address, rate: Rate, first_group: u32, out: &mut [u64]) {
    for (group, out) in (first_group..).zip(out.chunks_exact_mut(2)) {
        let keep = reference::keep_group(address, group, rate);
        out.copy_from_slice(&[keep as u64, (keep >> 64) as u64]);
    }
}
