//! Which weights of a tile the mask keeps.

use super::{AttentionDropout, KEYS, QUERIES};
use crate::isa::Isa;
use crate::mask::{Per, element_group, index_group, transpose};
use crate::stream::bernoulli::{Steps, keep_listed, keep_rows, words_per_row};
use crate::stream::{Address, GROUP};

/// The keep bits of a tile: bit `i` of word `k` says whether query `i` keeps key `k`.
pub(super) type Kept = [u64; KEYS];

/// Draws the tiles of a block of queries.
pub(super) struct Drawing<'a> {
    dropout: &'a AttentionDropout,
    isa: Isa,
    address: Address,
    head: u32,
    first: usize,
    /// What decides about all keys, where anything does: a bit for each query.
    rows: Option<u64>,
}

impl<'a> Drawing<'a> {
    /// For the queries from `first` on, a multiple of [`QUERIES`].
    pub(super) fn new(dropout: &'a AttentionDropout, isa: Isa, id: u32, head: usize, first: usize) -> Self {
        let address = dropout.address.with_sample(id);
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
        Drawing { dropout, isa, address, head, first, rows }
    }

    /// The tile of the keys from `first_key` on, a multiple of [`KEYS`].
    pub(super) fn tile(&self, first_key: usize, kept: &mut Kept) {
        let group = (first_key / GROUP) as u32;
        match (self.rows, self.dropout.per) {
            (Some(rows), _) => kept.fill(rows),
            (None, Per::Key) => {
                let bits = draw(self.dropout, self.isa, &self.address, index_group(self.head, group));
                for (key, kept) in kept.iter_mut().enumerate() {
                    *kept = if bits[key / 64] >> (key % 64) & 1 == 1 { u64::MAX } else { 0 };
                }
            }
            (None, _) => self.elements(group, kept),
        }
    }

    fn elements(&self, group: u32, kept: &mut Kept) {
        let Address { sample, step, .. } = self.address;
        let queries = self.first as u32..(self.first + QUERIES) as u32;
        let listed = queries.map(|query| [sample, element_group(self.head, query, group), step]);
        let mut rows = [0; 2 * QUERIES];
        keep_listed(self.isa, &self.address, self.dropout.rate, listed, &mut rows);
        let (low, high) = kept.split_at_mut(64);
        for (half, columns) in [low, high].into_iter().enumerate() {
            let columns: &mut [u64; 64] = columns.try_into().expect("half a tile");
            for (query, column) in columns.iter_mut().enumerate() {
                *column = rows[2 * query + half];
            }
            transpose(columns);
        }
    }
}

fn draw(dropout: &AttentionDropout, isa: Isa, address: &Address, group: u32) -> [u64; 2] {
    let mut bits = [0; 2];
    let listed = std::iter::once([address.sample, group, address.step]);
    keep_listed(isa, address, dropout.rate, listed, &mut bits);
    bits
}
