//! Which weights of a tile the mask keeps.

use super::{AttentionDropout, KEYS, QUERIES};
use crate::isa::Isa;
use crate::mask::{Per, element_group, index_group, transpose_on};
use crate::simd::Vector;
use crate::stream::bernoulli::{
    BATCH_GROUPS, BATCH_WORDS, Batch, Flat, Nothing, Steps, Threshold, keep_listed, keep_rows, words_per_row,
};
use crate::stream::{Address, GROUP};

/// The keep bits of a tile: bit `i` of word `k` says whether query `i` keeps key `k`.
pub(super) type Kept = [u64; KEYS];

const _: () = assert!(KEYS == GROUP && QUERIES == 64, "a tile is a group of each query of a word");

/// What drops of a block of queries.
pub(super) struct Drawing<'a> {
    dropout: &'a AttentionDropout,
    address: Address,
    head: u32,
    first: usize,
    /// What decides about all keys, where anything does: a bit for each query.
    rows: Option<u64>,
}

impl<'a> Drawing<'a> {
    /// For the queries from `first` on, a multiple of [`QUERIES`], of the row at `address`.
    pub(super) fn new(
        dropout: &'a AttentionDropout,
        isa: Isa,
        address: Address,
        head: usize,
        first: usize,
    ) -> Self {
        let drawn_head = if dropout.shared_by_heads { 0 } else { head as u32 };
        let rows = match dropout.per {
            Per::Element | Per::Key => None,
            Per::Row => {
                let group = index_group(drawn_head, (first / GROUP) as u32);
                Some(draw(dropout, isa, &address, group)[first % GROUP / 64])
            }
            Per::Head => {
                let mut lanes = [0; 4];
                let lanes = &mut lanes[..words_per_row(head + 1)];
                let step = Steps::One(address.step);
                keep_rows(isa, &address, dropout.rate, &[address.sample], step, head + 1, lanes);
                Some(if lanes[head / 64] >> (head % 64) & 1 == 1 { u64::MAX } else { 0 })
            }
        };
        let head = if dropout.per == Per::Key { drawn_head } else { head as u32 };
        Drawing { dropout, address, head, first, rows }
    }
}

/// Draws on the registers of a kernel, with all that tiles have in common.
pub(super) struct Tiles<'a, V> {
    drawing: &'a Drawing<'a>,
    /// None where nothing drops.
    stream: Option<Flat<V>>,
}

impl<'a, V: Vector> Tiles<'a, V> {
    /// # Safety
    /// The machine must have the instructions of `V`; so for all functions here.
    #[inline(always)]
    pub(super) unsafe fn new(drawing: &'a Drawing<'a>) -> Self {
        #[allow(clippy::manual_map)] // a closure would be compiled without the instructions of `V`
        let stream = match Threshold::new(drawing.dropout.rate) {
            // SAFETY: as the caller guarantees.
            Some(threshold) => Some(unsafe { Flat::new(&drawing.address, threshold) }),
            None => None,
        };
        Tiles { drawing, stream }
    }

    /// The tile of the keys from `first_key` on, a multiple of [`KEYS`].
    #[inline(always)]
    pub(super) unsafe fn draw(&self, first_key: usize, kept: &mut Kept) {
        let group = (first_key / GROUP) as u32;
        let Drawing { dropout, head, first, rows, .. } = *self.drawing;
        let Some(stream) = &self.stream else {
            return kept.fill(if dropout.rate.never_drops() { u64::MAX } else { 0 });
        };
        if let Some(rows) = rows {
            return kept.fill(rows);
        }
        // SAFETY: as the caller guarantees; there is room for whole batches.
        unsafe {
            if dropout.per == Per::Key {
                let mut bits = Batch::new();
                stream.batch(index_group(head, group), 1, bits.0.as_mut_ptr(), &mut Nothing);
                for (key, kept) in kept.iter_mut().enumerate() {
                    *kept = if bits.0[key / 64] >> (key % 64) & 1 == 1 { u64::MAX } else { 0 };
                }
            } else {
                for (batch, kept) in kept.chunks_exact_mut(BATCH_WORDS).enumerate() {
                    let query = first + batch * BATCH_GROUPS;
                    let first = element_group(head, query as u32, group);
                    let next = element_group(0, 1, 0);
                    stream.batch_of_every(next, first, BATCH_GROUPS, kept.as_mut_ptr(), &mut Nothing);
                }
                transpose_on::<V, KEYS>(kept);
            }
        }
    }
}

fn draw(dropout: &AttentionDropout, isa: Isa, address: &Address, group: u32) -> [u64; 2] {
    let mut bits = [0; 2];
    let listed = std::iter::once([address.sample, group, address.step]);
    keep_listed(isa, address, dropout.rate, listed, &mut bits);
    bits
}
