//! What is kept, listed.

use super::edges::Edges;

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
pub(crate) fn each_kept(bits: &[u64], mut each: impl FnMut(usize)) {
    for (at, &word) in bits.iter().enumerate() {
        let mut rest = word;
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

/// Writes sources and targets of the kept edges, and which edges they are.
///
/// # Panics
/// If there are fewer edges than bits that are set, or the outputs have another room than for each of them.
pub fn kept_edges(
    edges: &Edges<'_>,
    bits: &[u64],
    sources: &mut [u32],
    targets: &mut [u32],
    index: &mut [u32],
) {
    let kept = count(bits);
    let room = (sources.len(), targets.len(), index.len());
    assert_eq!(room, (kept, kept, kept), "a place for each that is kept");
    let mut at = 0;
    each_kept(bits, |edge| {
        [sources[at], targets[at]] = edges.get(edge);
        index[at] = edge as u32;
        at += 1;
    });
}
