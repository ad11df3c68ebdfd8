//! Convolutions over images and sequences.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor, at_least_one};
use super::window::{ImageLayout, Padding, Pair, Window, at_least_one_each, windows};
use super::yes;
use crate::error::Result;
use crate::nn::config::{Activation, Initializer, Shape};

/// y\[p, o\] = f(b\[o\] + sum over taps k and channels c of W\[o, c, k\] x\[p stride + k dilation - padding, c\]), a
/// cross-correlation as everywhere in deep learning; an image `[height, width, channels]` becomes
/// `[height', width', filters]` with height' = floor((height + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
///
/// W has the shape `[filters, channels / groups, kernel height, kernel width]` whatever the layout, PyTorch's. With
/// groups, the filters of a group see the channels of that group alone; as many groups as channels is a depthwise
/// convolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conv2dConfig {
    /// Channels of the output, at least 1 and divisible by `groups`.
    pub filters: usize,
    /// Taps along height and width, at least 1.
    pub kernel_size: Pair,
    /// Inputs from one output to the next, at least 1; default 1.
    #[serde(default)]
    pub stride: Pair,
    /// Zeros around the input; default valid, which is none.
    #[serde(default, skip_serializing_if = "Padding::is_default")]
    pub padding: Padding<Pair>,
    /// Inputs from one tap to the next, at least 1; default 1.
    #[serde(default)]
    pub dilation: Pair,
    /// Parts of the channels that are convolved by themselves; at least 1, default 1.
    #[serde(default = "one")]
    pub groups: usize,
    /// f; default identity.
    #[serde(default)]
    pub activation: Activation,
    /// Whether there is a b; default true.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How W is drawn; default dropout-aware.
    #[serde(default)]
    pub initializer: Initializer,
    /// Where the channels stand; default after the positions.
    #[serde(default, skip_serializing_if = "ImageLayout::is_default")]
    pub layout: ImageLayout,
}

/// The same along one axis: a sequence `[time, channels]` becomes `[time', filters]`, W has the shape
/// `[filters, channels / groups, kernel]`. Steps past a row's length count as zeros.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conv1dConfig {
    /// Channels of the output, at least 1 and divisible by `groups`.
    pub filters: usize,
    /// Taps, at least 1.
    pub kernel_size: usize,
    /// Steps from one output to the next, at least 1; default 1.
    #[serde(default = "one")]
    pub stride: usize,
    /// Zeros around the input; default valid, which is none.
    #[serde(default, skip_serializing_if = "Padding::is_default")]
    pub padding: Padding<usize>,
    /// Steps from one tap to the next, at least 1; default 1.
    #[serde(default = "one")]
    pub dilation: usize,
    /// Parts of the channels that are convolved by themselves; at least 1, default 1.
    #[serde(default = "one")]
    pub groups: usize,
    /// f; default identity.
    #[serde(default)]
    pub activation: Activation,
    /// Whether there is a b; default true.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How W is drawn; default dropout-aware.
    #[serde(default)]
    pub initializer: Initializer,
}

fn one() -> usize {
    1
}

impl Conv2dConfig {
    /// A convolution of stride 1 without padding, with bias and dropout-aware weights.
    pub fn new(filters: usize, kernel_size: impl Into<Pair>, activation: Activation) -> Self {
        Conv2dConfig {
            filters,
            kernel_size: kernel_size.into(),
            stride: Pair::default(),
            padding: Padding::Valid,
            dilation: Pair::default(),
            groups: 1,
            activation,
            bias: true,
            initializer: Initializer::DropoutAware,
            layout: ImageLayout::ChannelsLast,
        }
    }

    /// The windows over height and width, and the channels.
    pub(crate) fn windows(&self, input: &Shape) -> Result<([Window; 2], usize), String> {
        let (positions, channels) = self.layout.image(input)?;
        let windows =
            windows(input, positions, [self.kernel_size, self.stride, self.dilation], self.padding)?;
        Ok((windows, channels))
    }
}

impl Conv1dConfig {
    /// A convolution of stride 1 without padding, with bias and dropout-aware weights.
    pub fn new(filters: usize, kernel_size: usize, activation: Activation) -> Self {
        Conv1dConfig {
            filters,
            kernel_size,
            stride: 1,
            padding: Padding::Valid,
            dilation: 1,
            groups: 1,
            activation,
            bias: true,
            initializer: Initializer::DropoutAware,
        }
    }

    /// The windows over the steps, and the channels.
    pub(crate) fn window(&self, input: &Shape) -> Result<(Window, usize), String> {
        let &[time, channels] = input.extents() else {
            return Err(format!("gets {input}, but needs a sequence, [time, channels]"));
        };
        let window = Window::new(time, self.kernel_size, self.stride, self.dilation, self.padding)
            .map_err(|problem| format!("gets {input}; along the time {problem}"))?;
        Ok((window, channels))
    }
}

/// Refuses channels that do not fall into the groups.
fn grouped(shape: &Shape, channels: usize, groups: usize) -> Result<(), String> {
    if channels.is_multiple_of(groups) {
        return Ok(());
    }
    Err(format!("gets {shape}, whose {channels} channels are not divisible by its {groups} groups"))
}

fn check_groups(filters: usize, groups: usize) -> Result<(), String> {
    at_least_one("filters", filters)?;
    at_least_one("groups", groups)?;
    if filters.is_multiple_of(groups) {
        return Ok(());
    }
    Err(format!("`filters` must be divisible by `groups`; got {filters} and {groups}"))
}

fn tensors(shape: Vec<usize>, groups: usize, initializer: Initializer, bias: bool) -> Vec<Tensor> {
    let (filters, inputs) =
        (shape[0], shape[1..].iter().fold(1, |product: usize, &extent| product.saturating_mul(extent)));
    let taps = shape[2..].iter().fold(1, |product: usize, &extent| product.saturating_mul(extent));
    let start = Start::Weights { initializer, inputs, outputs: (filters / groups).saturating_mul(taps) };
    let mut tensors = vec![Tensor::trained("weight", shape, start)];
    if bias {
        tensors.push(Tensor::trained("bias", [filters], Start::Constant(0.0)));
    }
    tensors
}

impl Describe for Conv2dConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let ([height, width], channels) = self.windows(input)?;
        grouped(input, channels, self.groups)?;
        Ok(self.layout.join(&[height.output, width.output], self.filters))
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let channels = self.layout.split(input).map_or(0, |(_, channels)| channels);
        let Pair([height, width]) = self.kernel_size;
        let shape = vec![self.filters, channels / self.groups, height, width];
        tensors(shape, self.groups, self.initializer, self.bias)
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(check_groups(self.filters, self.groups)
            .and_then(|()| at_least_one_each("kernelSize", self.kernel_size))
            .and_then(|()| at_least_one_each("stride", self.stride))
            .and_then(|()| at_least_one_each("dilation", self.dilation)))
    }

    fn activation(&self) -> Option<Activation> {
        Some(self.activation)
    }

    fn effect(&self) -> Effect {
        Effect::Activates(self.activation)
    }
}

impl Describe for Conv1dConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let (window, channels) = self.window(input)?;
        grouped(input, channels, self.groups)?;
        Ok(Shape::new([window.output, self.filters]))
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let shape = vec![self.filters, input.last() / self.groups, self.kernel_size];
        tensors(shape, self.groups, self.initializer, self.bias)
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(check_groups(self.filters, self.groups)
            .and_then(|()| at_least_one("kernelSize", self.kernel_size))
            .and_then(|()| at_least_one("stride", self.stride))
            .and_then(|()| at_least_one("dilation", self.dilation)))
    }

    fn activation(&self) -> Option<Activation> {
        Some(self.activation)
    }

    fn effect(&self) -> Effect {
        Effect::Activates(self.activation)
    }
}
