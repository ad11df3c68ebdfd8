//! DropBlock: contiguous regions of a map drop together (Ghiasi, Lin, Le 2018).

mod dilate;
mod rate;
#[cfg(test)]
mod tests;

use self::dilate::Growth;
use serde::{Deserialize, Serialize};

use self::rate::Axis;
use super::transpose::transpose;
use super::writer::{BitWriter, bit, low, read, write};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::stream::bernoulli::{Steps, keep_rows, words_per_row};
use crate::stream::{Address, Rate};

/// What happens at the border of the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Border {
    /// Blocks lie within the map; a seed is a block's corner with the smallest coordinates.
    #[default]
    Valid,
    /// Blocks may reach past the border; a seed is a block's middle, the lower one of an even size.
    Clipped,
}

/// How the seed rate follows from the drop rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// The expected share of dropped positions is the rate.
    #[default]
    Exact,
    /// Equation 1 of the paper, which ignores overlaps: fewer positions drop than asked for.
    Paper,
}

/// What makes up for the dropped positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BlockScale {
    /// A sample's elements over those kept of it, as the paper has it: the sum of a constant map stays, but
    /// positions near the border, which drop less often, come out too large on average and the others too small.
    #[default]
    Sample,
    /// Each position over its own probability of being kept: the expected value of every element stays.
    Position,
}

/// Where the channels stand in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Layout {
    /// Before the positions: NCL, NCHW, NCDHW.
    ChannelsFirst,
    /// After them: NLC, NHWC, NDHWC.
    #[default]
    ChannelsLast,
}

/// A map and the blocks that drop from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    options: BlockOptions,
    /// Depth, height and width; 1 for those a map has not.
    axes: [Axis; 3],
    gamma: Rate,
    growth: Growth,
}

/// What [`Block::new`] needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockOptions {
    /// The share of positions that should drop.
    pub rate: Rate,
    /// Width; height and width; or depth, height and width.
    pub positions: Vec<usize>,
    /// The block's size along each axis.
    #[serde(rename = "blockSize")]
    pub block: Vec<usize>,
    /// Channels.
    pub channels: usize,
    /// Where the channels stand.
    pub layout: Layout,
    /// One draw for all channels, as in the paper's best variant it is not.
    pub shared_by_channels: bool,
    /// What happens at the border.
    pub border: Border,
    /// How the seed rate follows.
    pub rule: Rule,
    /// What makes up for the dropped positions.
    pub scale: BlockScale,
}

impl Block {
    /// # Errors
    /// `ERR_SHAPE` unless there are 1 to 3 axes, as many block sizes, and each block fits into its axis; `ERR_RANGE` if
    /// the elements cannot be counted.
    pub fn new(options: BlockOptions) -> Result<Self> {
        let BlockOptions { rate, positions, block, channels, border, rule, .. } = &options;
        if !(1..=3).contains(&positions.len()) || positions.contains(&0) {
            let got = format!("{positions:?}");
            return Err(Error::argument(
                Code::Shape,
                "shape",
                got,
                "of 1 to 3 axes of positions, none of them empty",
            ));
        }
        let fits = block.len() == positions.len()
            && block.iter().zip(positions).all(|(block, size)| (1..=*size).contains(block));
        if !fits {
            let allowed = format!("at least 1 and at most the positions of its axis, {positions:?}");
            return Err(Error::argument(Code::Shape, "blockSize", format!("{block:?}"), allowed));
        }
        let elements = positions.iter().try_fold(*channels, |product, &size| product.checked_mul(size));
        if elements.is_none() {
            let got = format!("{positions:?} x {channels}");
            return Err(Error::argument(
                Code::Range,
                "shape",
                got,
                "a number of elements that memory can hold",
            ));
        }
        let mut axes = [Axis { size: 1, block: 1, border: *border }; 3];
        for (axis, (&size, &block)) in axes[3 - block.len()..].iter_mut().zip(positions.iter().zip(block)) {
            (axis.size, axis.block) = (size, block);
        }
        let gamma = match rule {
            Rule::Exact => rate::solve(rate.get(), &rate::coverage(&axes)),
            Rule::Paper => rate::paper(rate.get(), &axes),
        };
        let gamma = Rate::new(gamma)?;
        let growth = Growth::new(
            &axes,
            if options.shared_by_channels { options.channels.min(1) } else { options.channels },
        );
        Ok(Block { options, axes, gamma, growth })
    }

    /// The share of positions that was asked for.
    pub fn rate(&self) -> Rate {
        self.options.rate
    }

    /// What the mask was made of.
    pub fn options(&self) -> &BlockOptions {
        &self.options
    }

    /// The probability that a position is a seed.
    pub fn seed_rate(&self) -> f64 {
        self.gamma.get()
    }

    /// The expected share of dropped positions.
    pub fn expected_rate(&self) -> f64 {
        rate::realised(self.gamma.get(), &rate::coverage(&self.axes))
    }

    /// The probability that a position drops: row-major over depth, height and width.
    pub fn position_rates(&self) -> Vec<f64> {
        let [depth, height, width] = &self.axes;
        let gamma = self.gamma.get();
        let mut rates = Vec::with_capacity(self.positions());
        for z in 0..depth.size {
            for y in 0..height.size {
                let seeds = depth.covering(z) * height.covering(y);
                rates.extend(
                    (0..width.size).map(|x| rate::dropped(gamma, (seeds * width.covering(x)) as u64)),
                );
            }
        }
        rates
    }

    /// How likely each of a sample's elements is kept, where the scale depends on the position.
    pub(super) fn position_keeps(&self) -> Option<Vec<f64>> {
        if self.options.scale == BlockScale::Sample {
            return None;
        }
        let positions = self.position_rates().into_iter().map(|rate| 1.0 - rate);
        Some(match self.options.layout {
            Layout::ChannelsFirst => {
                let map: Vec<f64> = positions.collect();
                map.repeat(self.options.channels)
            }
            Layout::ChannelsLast => {
                positions.flat_map(|keep| std::iter::repeat_n(keep, self.options.channels)).collect()
            }
        })
    }

    /// Positions of the map.
    pub fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.size).product()
    }

    /// Elements of a sample.
    pub fn elements(&self) -> usize {
        self.options.channels * self.positions()
    }

    /// Maps that are drawn: one for each channel, or one for all.
    fn maps(&self) -> usize {
        if self.options.shared_by_channels { self.options.channels.min(1) } else { self.options.channels }
    }

    /// The keep bits of one sample. `out` must be zero; `lanes` and `spare` are room that is used again.
    pub(super) fn draw(
        &self,
        isa: Isa,
        address: &Address,
        lanes: &mut Vec<u64>,
        spare: &mut [Vec<u64>; 2],
        out: &mut [u64],
    ) {
        let (positions, maps) = (self.positions(), self.maps());
        lanes.resize(words_per_row(maps * positions), 0);
        let (id, step) = ([address.sample], Steps::One(address.step));
        keep_rows(isa, address, self.gamma, &id, step, maps * positions, lanes);
        self.growth.grow(isa, lanes, spare);
        let dropped = &*lanes;
        match self.options.layout {
            Layout::ChannelsFirst => {
                let length = maps * positions;
                for (word, (out, dropped)) in out.iter_mut().zip(dropped).enumerate() {
                    let there = length.saturating_sub(64 * word).min(64);
                    *out = !dropped & if there > 0 { low(there) } else { 0 };
                }
                if maps < self.options.channels {
                    BitWriter::after(out, positions).repeat(positions, self.options.channels);
                }
            }
            Layout::ChannelsLast if self.options.shared_by_channels => {
                let mut out = BitWriter::new(out);
                for position in 0..positions {
                    out.push_run(!bit(dropped, position), self.options.channels);
                }
            }
            Layout::ChannelsLast => self.channels_last(isa, dropped, out),
        }
    }

    /// Keep bits with the channels innermost: 64 channels of 64 positions at a time.
    fn channels_last(&self, isa: Isa, dropped: &[u64], out: &mut [u64]) {
        let (channels, positions) = (self.options.channels, self.positions());
        for first in (0..channels).step_by(64) {
            let together = (channels - first).min(64);
            for start in (0..positions).step_by(64) {
                let mut bits = [0; 64];
                for (channel, bits) in bits[..together].iter_mut().enumerate() {
                    *bits = read(dropped, (first + channel) * positions + start);
                }
                transpose(isa, &mut bits);
                for (position, dropped) in (start..positions.min(start + 64)).zip(bits) {
                    write(out, position * channels + first, !dropped & low(together), together);
                }
            }
        }
    }
}
