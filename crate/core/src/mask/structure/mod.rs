//! Masks whose elements do not drop each on its own.
//!
//! A structured mask draws *lanes* from the stream as `docs/mask-stream.md` lays them out, and says which lanes decide
//! about an element. What comes out is always the same: the packed keep bits of a sample's elements, row-major, and
//! the factor of the kept ones. So one kernel applies them all (`ops::structured`), forward and backward.

mod attention;
mod block;
mod broadcast;
mod exactly;
mod rates;
#[cfg(test)]
mod tests;
mod transpose;
mod writer;
mod written;

pub use attention::{Attention, MAX_HEADS, MAX_KEYS, MAX_QUERIES, Per};
pub(crate) use attention::{element_group, index_group};
pub use block::{Block, BlockOptions, BlockScale, Border, Layout, Rule};
pub use broadcast::Broadcast;
pub use exactly::Exactly;
pub use rates::{EachRate, Rates};
pub(crate) use transpose::transpose_on;

use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::stream::bernoulli::{Steps, words_per_row};
use crate::stream::{Address, Rate};

/// Which lanes there are and what they decide about.
#[derive(Clone, Debug, PartialEq)]
pub enum Structure {
    /// Lanes shared along some axes: noise shapes, channels, sequences, residual branches.
    Broadcast {
        /// How likely the lanes drop.
        rates: Rates,
        /// Which elements share a lane.
        shape: Broadcast,
    },
    /// Attention weights, keys, queries or heads.
    Attention {
        /// How likely a weight drops.
        rate: Rate,
        /// What drops together.
        shape: Attention,
    },
    /// Contiguous regions of a map: DropBlock.
    Block(Block),
    /// A fixed number of lanes, without replacement.
    Exactly(Exactly),
}

/// A mask with a structure: like [`Mask`](super::Mask) a recipe, never memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Structured {
    /// Where the random bits come from. The sample is that of each row.
    pub address: Address,
    /// Which lanes there are and what they decide about.
    pub structure: Structure,
}

/// Room that drawing needs, used again from call to call.
#[derive(Default)]
pub struct Scratch {
    lanes: Vec<u64>,
    spare: [Vec<u64>; 2],
    keys: Vec<(u64, u32)>,
}

impl Structure {
    /// Elements of one sample.
    pub fn elements(&self) -> usize {
        match self {
            Structure::Broadcast { shape, .. } => shape.elements(),
            Structure::Attention { shape, .. } => shape.elements(),
            Structure::Block(block) => block.elements(),
            Structure::Exactly(exactly) => exactly.size(),
        }
    }

    /// [`Structured::draw`] at an address, on the vectors of `isa`.
    pub(crate) fn draw(
        &self,
        isa: Isa,
        address: &Address,
        ids: &[u32],
        steps: Steps<'_>,
        scratch: &mut Scratch,
        out: &mut [u64],
    ) {
        let each = words_per_row(self.elements());
        assert_eq!(out.len(), ids.len() * each, "the words of {} rows", ids.len());
        out.fill(0);
        if each == 0 {
            return;
        }
        match self {
            Structure::Broadcast { rates, shape } => {
                let lanes = words_per_row(shape.lanes());
                scratch.lanes.resize(ids.len() * lanes, 0);
                rates.draw(isa, address, ids, steps, shape.lanes(), &mut scratch.lanes);
                for (lanes, elements) in scratch.lanes.chunks_exact(lanes).zip(out.chunks_exact_mut(each)) {
                    shape.spread(lanes, elements);
                }
            }
            Structure::Attention { rate, shape } => {
                for (row, out) in out.chunks_exact_mut(each).enumerate() {
                    let address = address.with_sample(ids[row]).with_step(steps.of(row));
                    shape.draw(isa, &address, *rate, &mut scratch.lanes, out);
                }
            }
            Structure::Block(block) => {
                for (row, out) in out.chunks_exact_mut(each).enumerate() {
                    let address = address.with_sample(ids[row]).with_step(steps.of(row));
                    block.draw(isa, &address, &mut scratch.lanes, &mut scratch.spare, out);
                }
            }
            Structure::Exactly(exactly) => {
                for (row, out) in out.chunks_exact_mut(each).enumerate() {
                    let address = address.with_sample(ids[row]).with_step(steps.of(row));
                    exactly.draw(isa, &address, &mut scratch.keys, out);
                }
            }
        }
    }
}

impl Structured {
    /// Elements of one sample.
    pub fn elements(&self) -> usize {
        self.structure.elements()
    }

    /// The expected share of dropped elements.
    pub fn expected_rate(&self) -> f64 {
        match &self.structure {
            Structure::Broadcast { rates, .. } => rates.mean(),
            Structure::Attention { rate, .. } => rate.get(),
            Structure::Block(block) => block.expected_rate(),
            Structure::Exactly(exactly) => share(exactly.drop(), exactly.size()),
        }
    }

    /// The factor of kept elements that leaves their expected value as it is, or their mean where it differs from one
    /// to the other; 0 where nothing is ever kept.
    pub fn inverse_keep(&self) -> f64 {
        match &self.structure {
            Structure::Broadcast { rates: Rates::One(rate), .. } | Structure::Attention { rate, .. } => {
                rate.inverse_keep()
            }
            Structure::Broadcast { rates, .. } => inverse(1.0 - rates.mean()),
            Structure::Block(block) => inverse(1.0 - block.expected_rate()),
            Structure::Exactly(exactly) if exactly.drop() == exactly.size() => 0.0,
            Structure::Exactly(exactly) => exactly.size() as f64 / (exactly.size() - exactly.drop()) as f64,
        }
    }

    /// The packed keep bits of the elements of rows: row i is the sample `ids[i]` at `steps.of(i)` and takes
    /// [`words_per_row`] of [`elements`](Self::elements) words of `out`, least significant bit first, 1 = kept. Bits
    /// past the row's elements are 0.
    ///
    /// # Errors
    /// `ERR_ISA` for a bad forced instruction set.
    ///
    /// # Panics
    /// If `out` has not as many words as the rows need.
    pub fn draw(&self, ids: &[u32], steps: Steps<'_>, scratch: &mut Scratch, out: &mut [u64]) -> Result<()> {
        self.draw_on(Isa::active()?, ids, steps, scratch, out);
        Ok(())
    }

    /// As [`draw`](Self::draw), on the vectors of `isa`.
    pub(crate) fn draw_on(
        &self,
        isa: Isa,
        ids: &[u32],
        steps: Steps<'_>,
        scratch: &mut Scratch,
        out: &mut [u64],
    ) {
        self.structure.draw(isa, &self.address, ids, steps, scratch, out);
    }

    /// The factor of a drawn row's kept elements, where all have the same.
    pub(crate) fn row_factor(&self, row: &[u64]) -> f64 {
        match &self.structure {
            Structure::Block(block) => {
                let kept: u64 = row.iter().map(|word| u64::from(word.count_ones())).sum();
                if kept == 0 { 0.0 } else { block.elements() as f64 / kept as f64 }
            }
            _ => self.inverse_keep(),
        }
    }

    /// How likely each element of a sample is kept, where the scale differs from one to the other.
    pub(crate) fn position_keeps(&self) -> Option<Vec<f64>> {
        match &self.structure {
            Structure::Block(block) => block.position_keeps(),
            Structure::Broadcast { rates, shape } => {
                rates.keep_of().map(|keep| shape.lanes_of_elements().map(keep).collect())
            }
            _ => None,
        }
    }

    /// The factors of a sample's elements, where they differ from one to the other.
    pub(crate) fn position_factors(&self) -> Option<Vec<f64>> {
        self.position_keeps().map(|keeps| keeps.into_iter().map(inverse).collect())
    }

    /// The packed keep bits of rows one after another, without gaps between rows: element `e` of row `i` is bit
    /// `i * elements + e`.
    ///
    /// # Errors
    /// `ERR_SHAPE` unless `out` holds as many bits, rounded up to bytes; `ERR_ISA`.
    pub fn bits(&self, ids: &[u32], out: &mut [u8]) -> Result<()> {
        let elements = self.elements();
        let bytes = ids.len().checked_mul(elements).map(|bits| bits.div_ceil(8));
        if bytes != Some(out.len()) {
            let allowed = format!("a byte for each 8 of {} x {elements} elements", ids.len());
            return Err(Error::argument(Code::Shape, "out", format!("{} bytes", out.len()), allowed));
        }
        out.fill(0);
        let mut at = 0;
        self.each_row(ids, |words| {
            for element in 0..elements {
                let bit = (words[element / 64] >> (element % 64)) as u8 & 1;
                out[at / 8] |= bit << (at % 8);
                at += 1;
            }
        })
    }

    /// How many elements of the rows are kept.
    ///
    /// # Errors
    /// `ERR_ISA` for a bad forced instruction set.
    pub fn count(&self, ids: &[u32]) -> Result<u64> {
        let mut kept = 0;
        self.each_row(ids, |words| {
            kept += words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>()
        })?;
        Ok(kept)
    }

    fn each_row(&self, ids: &[u32], mut each: impl FnMut(&[u64])) -> Result<()> {
        let mut words = vec![0; words_per_row(self.elements())];
        let mut scratch = Scratch::default();
        for id in ids {
            self.draw(std::slice::from_ref(id), Steps::One(self.address.step), &mut scratch, &mut words)?;
            each(&words);
        }
        Ok(())
    }
}

/// What is never kept has no factor that could matter; 0 keeps it from being infinite.
fn inverse(keep: f64) -> f64 {
    if keep > 0.0 { 1.0 / keep } else { 0.0 }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
