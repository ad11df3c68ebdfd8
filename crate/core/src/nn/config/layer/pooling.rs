//! Pools: many positions of a map become one.

use serde::{Deserialize, Serialize};

use super::describe::Describe;
use super::window::{ImageLayout, Padding, Pair, Window, at_least_one_each, windows};
use crate::error::Result;
use crate::nn::config::Shape;

/// Windows that move over an image `[height, width, channels]` and make one number of each channel in them.
///
/// A max pool takes the largest number; its gradient goes to the first one that is as large, row by row. An average
/// pool divides the sum by the size of the window, padding counted as zeros (PyTorch's default).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pool2dConfig {
    /// Height and width of a window, at least 1.
    pub size: Pair,
    /// Inputs from one output to the next, at least 1; default the size, so that windows touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// What is put around the input, at most half of the size; default valid, which is nothing.
    #[serde(default, skip_serializing_if = "Padding::is_default")]
    pub padding: Padding<Pair>,
    /// Where the channels stand; default after the positions.
    #[serde(default, skip_serializing_if = "ImageLayout::is_default")]
    pub layout: ImageLayout,
}

impl Pool2dConfig {
    /// Windows that touch.
    pub fn new(size: impl Into<Pair>) -> Self {
        Pool2dConfig {
            size: size.into(),
            stride: None,
            padding: Padding::Valid,
            layout: ImageLayout::ChannelsLast,
        }
    }

    /// The windows over height and width, and the channels.
    pub(crate) fn windows(&self, input: &Shape) -> Result<([Window; 2], usize), String> {
        let (positions, channels) = self.layout.image(input)?;
        let stride = self.stride.unwrap_or(self.size);
        Ok((windows(input, positions, [self.size, stride, Pair::default()], self.padding)?, channels))
    }
}

impl Describe for Pool2dConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let ([height, width], channels) = self.windows(input)?;
        Ok(self.layout.join(&[height.output, width.output], channels))
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(at_least_one_each("size", self.size)
            .and_then(|()| at_least_one_each("stride", self.stride.unwrap_or_default()))
            .and_then(|()| match self.padding {
                // Each window then has an element of the input in it.
                Padding::Amount(Pair(amount)) if (0..2).any(|axis| amount[axis] > self.size.0[axis] / 2) => {
                    Err(format!(
                        "`padding` must be at most half of `size`; got {amount:?} and {:?}",
                        self.size.0
                    ))
                }
                _ => Ok(()),
            }))
    }
}

/// y\[c\] = the mean over all positions of channel c (Lin, Chen, Yan 2014): `[..., channels]` becomes `[channels]`. Of a
/// sequence `[time, channels]` only the steps within the row's length count; a row of length 0 gives zeros.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalAveragePoolConfig {
    /// Where the channels stand; default after the positions.
    #[serde(default, skip_serializing_if = "ImageLayout::is_default")]
    pub layout: ImageLayout,
}

impl Describe for GlobalAveragePoolConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        match self.layout.split(input) {
            Some((_, channels)) => Ok(Shape::new([channels])),
            None => Err(format!("gets {input}, but needs at least two axes, positions and channels")),
        }
    }
}
