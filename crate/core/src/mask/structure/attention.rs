//! Masks on attention weights: single weights, keys, queries or heads.

use serde::{Deserialize, Serialize};

use super::writer::{BitWriter, bit};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::stream::bernoulli::{Steps, keep_listed, keep_rows, words_per_row};
use crate::stream::{Address, GROUP, Rate};

/// What drops together in the weights of one sample, `[heads, queries, keys]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Per {
    /// Each weight by itself (Vaswani et al. 2017).
    Element,
    /// A key for all queries: a column (DropColumn of Zehui et al. 2019).
    Key,
    /// All keys of a query: a row.
    Row,
    /// A whole head (DropHead, Zhou et al. 2020).
    Head,
}

/// A mask on attention weights. A weight's lane is named by its head, query and key, so padding queries or keys to
/// another length changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    per: Per,
    heads: usize,
    queries: usize,
    keys: usize,
    /// One draw of keys or rows for all heads.
    shared_by_heads: bool,
}

/// Heads that the lane's address can tell apart: 8 bits.
pub const MAX_HEADS: usize = 1 << 8;
/// Queries of a mask per element: 14 bits.
pub const MAX_QUERIES: usize = 1 << 14;
/// Keys of a mask per element: 10 bits of groups.
pub const MAX_KEYS: usize = GROUP << 10;

/// The lane group of 128 weights of a query: the ones from key `128 * group` on.
pub(crate) fn element_group(head: u32, query: u32, group: u32) -> u32 {
    head << 24 | query << 10 | group
}

/// The lane group of 128 keys or rows of a head.
pub(crate) fn index_group(head: u32, group: u32) -> u32 {
    head << 24 | group
}

/// Keys or rows that drop as a whole: 24 bits of groups.
const MAX_INDICES: usize = GROUP << 24;

impl Attention {
    /// A mask on weights of the shape `[heads, queries, keys]`. `shared_by_heads` matters for keys and rows only.
    ///
    /// # Errors
    /// `ERR_RANGE` past [`MAX_HEADS`], and per element past [`MAX_QUERIES`] or [`MAX_KEYS`].
    pub fn new(per: Per, [heads, queries, keys]: [usize; 3], shared_by_heads: bool) -> Result<Self> {
        let (most_queries, most_keys) =
            if per == Per::Element { (MAX_QUERIES, MAX_KEYS) } else { (MAX_INDICES, MAX_INDICES) };
        for (what, got, most) in
            [("heads", heads, MAX_HEADS), ("queries", queries, most_queries), ("keys", keys, most_keys)]
        {
            if got > most {
                let allowed =
                    format!("a shape of at most {most} {what}, which the mask stream can tell apart");
                return Err(Error::argument(Code::Range, "shape", format!("{got} {what}"), allowed));
            }
        }
        if heads.checked_mul(queries).and_then(|rows| rows.checked_mul(keys)).is_none() {
            let allowed = "a number of weights that memory can hold";
            return Err(Error::argument(
                Code::Range,
                "shape",
                format!("{:?}", [heads, queries, keys]),
                allowed,
            ));
        }
        Ok(Attention { per, heads, queries, keys, shared_by_heads })
    }

    /// What drops together.
    pub fn per(&self) -> Per {
        self.per
    }

    /// Heads, queries and keys.
    pub fn shape(&self) -> [usize; 3] {
        [self.heads, self.queries, self.keys]
    }

    /// Whether keys or rows are drawn once for all heads.
    pub fn shared_by_heads(&self) -> bool {
        self.shared_by_heads
    }

    /// Weights of a sample.
    pub fn elements(&self) -> usize {
        self.heads * self.queries * self.keys
    }

    /// The keep bits of one sample. `out` must be zero; `lanes` is room that is used again.
    pub(super) fn draw(
        &self,
        isa: Isa,
        address: &Address,
        rate: Rate,
        lanes: &mut Vec<u64>,
        out: &mut [u64],
    ) {
        let Attention { per, heads, queries, keys, shared_by_heads } = *self;
        let mut out = BitWriter::new(out);
        if self.elements() == 0 {
            return;
        }
        match per {
            Per::Element => {
                let groups = keys.div_ceil(GROUP) as u32;
                lanes.resize(heads * queries * words_per_row(keys), 0);
                let listed = (0..heads as u32).flat_map(|head| {
                    (0..queries as u32).flat_map(move |query| {
                        (0..groups).map(move |group| {
                            [address.sample, element_group(head, query, group), address.step]
                        })
                    })
                });
                keep_listed(isa, address, rate, listed, lanes);
                for row in lanes.chunks_exact(words_per_row(keys)) {
                    out.push_slice(row, 0, keys);
                }
            }
            Per::Key | Per::Row => {
                let indices = if per == Per::Key { keys } else { queries };
                let groups = indices.div_ceil(GROUP) as u32;
                let drawn = if shared_by_heads { 1 } else { heads };
                lanes.resize(drawn * words_per_row(indices), 0);
                let listed = (0..drawn as u32).flat_map(|head| {
                    (0..groups).map(move |group| [address.sample, index_group(head, group), address.step])
                });
                keep_listed(isa, address, rate, listed, lanes);
                for lanes in lanes.chunks_exact(words_per_row(indices)) {
                    if per == Per::Key {
                        out.push_slice(lanes, 0, keys);
                        out.repeat(keys, queries);
                    } else {
                        (0..queries).for_each(|query| out.push_run(bit(lanes, query), keys));
                    }
                }
                if shared_by_heads {
                    out.repeat(queries * keys, heads);
                }
            }
            Per::Head => {
                lanes.resize(words_per_row(heads), 0);
                keep_rows(isa, address, rate, &[address.sample], Steps::One(address.step), heads, lanes);
                (0..heads).for_each(|head| out.push_run(bit(lanes, head), queries * keys));
            }
        }
    }
}
