//! Dropout of whole channels and of blocks of a map.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect};
use super::dropout::Share;
use super::window::ImageLayout;
use crate::error::Result;
use crate::mask::{Block, BlockOptions, BlockScale, Border, Broadcast, Layout, Rule};
use crate::nn::config::Shape;
use crate::stream::Rate;

/// y = m x / (1 - rate) in training with one m ~ Bernoulli(1 - rate) for each channel of a row, y = x in inference
/// (Tompson et al. 2015): for maps, whose neighbours say the same. Rows are `[..., channels]` with at least one axis of
/// positions: sequences, images, volumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpatialDropoutConfig {
    /// Drop probability in [0, 1].
    pub rate: f64,
    /// Where the channels stand; default after the positions.
    #[serde(default, skip_serializing_if = "ImageLayout::is_default")]
    pub layout: ImageLayout,
    /// Who has a mask of its own; default every row.
    #[serde(default, skip_serializing_if = "Share::is_none")]
    pub share: Share,
    /// The mask's place in the stream; by default the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl SpatialDropoutConfig {
    /// Channels last, a mask for each row, at the next free site.
    pub fn new(rate: f64) -> Self {
        SpatialDropoutConfig { rate, layout: ImageLayout::default(), share: Share::None, site: None }
    }

    /// Which elements of a row share a lane.
    pub(crate) fn broadcast(&self, input: &Shape) -> Result<Broadcast, String> {
        let Some((positions, channels)) = self.layout.split(input) else {
            return Err(format!("gets {input}, but needs at least two axes, positions and channels"));
        };
        let noise = self.layout.join(&vec![1; positions.len()], channels);
        Broadcast::new(input.extents(), noise.extents()).map_err(|error| error.to_string())
    }
}

impl Describe for SpatialDropoutConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        self.broadcast(input).map(|_| input.clone())
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.rate"), self.rate)?;
        Ok(Ok(()))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: Rate) -> bool {
        self.rate = rate.get();
        true
    }

    fn effect(&self) -> Effect {
        inverted(self.rate)
    }
}

/// A number for every axis of positions, or one for each: in JSON a number or a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BlockSize {
    /// The same along every axis.
    Every(usize),
    /// Along each axis.
    Each(Vec<usize>),
}

/// Contiguous blocks of a map drop together in training, y = x in inference (Ghiasi, Lin, Le 2018, "DropBlock"). Rows are
/// `[..., channels]` with one to three axes of positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DropBlockConfig {
    /// The share of positions that drop, in [0, 1].
    pub rate: f64,
    /// The block's size along each axis, at least 1 and at most the map's.
    pub block_size: BlockSize,
    /// Where the channels stand; default after the positions.
    #[serde(default, skip_serializing_if = "ImageLayout::is_default")]
    pub layout: ImageLayout,
    /// Whether a block drops from all channels at once; default false, which the paper found better.
    #[serde(default)]
    pub share_channels: bool,
    /// What happens at the border of the map; default blocks lie within it.
    #[serde(default)]
    pub border: Border,
    /// How the seed rate follows from the rate; default so that the expected share of dropped positions is the rate.
    #[serde(default)]
    pub rule: Rule,
    /// What makes up for the dropped positions; default a row's elements over those kept of it, the paper's.
    #[serde(default)]
    pub scale: BlockScale,
    /// Who has a mask of its own; default every row.
    #[serde(default, skip_serializing_if = "Share::is_none")]
    pub share: Share,
    /// The mask's place in the stream; by default the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl DropBlockConfig {
    /// The defaults, with blocks as long along every axis.
    pub fn new(rate: f64, block_size: usize) -> Self {
        DropBlockConfig {
            rate,
            block_size: BlockSize::Every(block_size),
            layout: ImageLayout::default(),
            share_channels: false,
            border: Border::default(),
            rule: Rule::default(),
            scale: BlockScale::default(),
            share: Share::None,
            site: None,
        }
    }

    /// The blocks of a row's map.
    pub(crate) fn block(&self, input: &Shape) -> Result<Block, String> {
        let split = self.layout.split(input).filter(|(positions, _)| positions.len() <= 3);
        let Some((positions, channels)) = split else {
            return Err(format!("gets {input}, but needs one to three axes of positions, and channels"));
        };
        let block = match &self.block_size {
            BlockSize::Every(size) => vec![*size; positions.len()],
            BlockSize::Each(sizes) => sizes.clone(),
        };
        Block::new(BlockOptions {
            rate: Rate::new(self.rate).map_err(|error| error.to_string())?,
            positions: positions.to_vec(),
            block,
            channels,
            layout: match self.layout {
                ImageLayout::ChannelsLast => Layout::ChannelsLast,
                ImageLayout::ChannelsFirst => Layout::ChannelsFirst,
            },
            shared_by_channels: self.share_channels,
            border: self.border,
            rule: self.rule,
            scale: self.scale,
        })
        .map_err(|error| format!("gets {input}; {error}"))
    }
}

impl Describe for DropBlockConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        self.block(input).map(|_| input.clone())
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.rate"), self.rate)?;
        Ok(Ok(()))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: Rate) -> bool {
        self.rate = rate.get();
        true
    }

    fn effect(&self) -> Effect {
        inverted(self.rate)
    }
}

fn inverted(rate: f64) -> Effect {
    if rate < 1.0 { Effect::Scales(1.0 / (1.0 - rate)) } else { Effect::None }
}
