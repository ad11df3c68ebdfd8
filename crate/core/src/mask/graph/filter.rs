//! What is kept, listed.

use std::ops::Range;

use super::edges::Edges;
use crate::parallel;

/// Words of bits from which on several threads list what is kept.
const PARALLEL_FROM: usize = 1 << 10;

/// The 64-bit words that the keep bits of so many edges or nodes take.
pub const fn words(length: usize) -> usize {
    length.div_ceil(64)
}

/// How many bits are set.
pub fn count(bits: &[u64]) -> usize {
    bits.iter().map(|word| word.count_ones() as usize).sum()
}

/// Calls `each` with the place of every bit that is set, in order.
#[inline(always)]
pub(crate) fn each_kept(bits: &[u64], each: impl FnMut(usize)) {
    each_kept_in(bits, 0..bits.len(), each);
}

/// As [`each_kept`], of some words of bits.
#[inline(always)]
pub(super) fn each_kept_in(bits: &[u64], words: Range<usize>, mut each: impl FnMut(usize)) {
    for at in words {
        let mut rest = bits[at];
        while rest != 0 {
            each(at * 64 + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
}

/// Writes the places of the bits that are set.
///
/// # Panics
/// Unless `out` has a place for each of them.
pub fn kept(bits: &[u64], out: &mut [u32]) {
    assert_eq!(out.len(), count(bits), "a place for each that is kept");
    let mut at = 0;
    each_kept(bits, |place| {
        out[at] = place as u32;
        at += 1;
    });
}

/// Writes sources and targets of the kept edges, and which edges they are, on the threads of the pool that it is
/// called in.
///
/// # Panics
/// If there are fewer edges than bits that are set, or the outputs have another room than for each of them.
pub fn kept_edges(
    edges: &Edges<'_>,
    bits: &[u64],
    mut sources: &mut [u32],
    mut targets: &mut [u32],
    mut index: &mut [u32],
) {
    let kept = count(bits);
    let room = (sources.len(), targets.len(), index.len());
    assert_eq!(room, (kept, kept, kept), "a place for each that is kept");
    let threads = if bits.len() < PARALLEL_FROM { 1 } else { parallel::current_threads() };
    let each = bits.len().div_ceil(threads).max(1);
    let parts = (0..bits.len()).step_by(each).map(|start| {
        let words = start..(start + each).min(bits.len());
        let kept = count(&bits[words.clone()]);
        (
            words,
            sources.split_off_mut(..kept).expect("room"),
            targets.split_off_mut(..kept).expect("room"),
            index.split_off_mut(..kept).expect("room"),
        )
    });
    let parts: Vec<_> = parts.collect();
    parallel::for_each(parts, threads > 1, |(words, sources, targets, index)| {
        let mut at = 0;
        each_kept_in(bits, words, |edge| {
            [sources[at], targets[at]] = edges.get(edge);
            index[at] = edge as u32;
            at += 1;
        });
    });
}
