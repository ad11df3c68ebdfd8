//! Batch normalisation.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor};
use super::window::ImageLayout;
use crate::error::Result;
use crate::nn::config::{Activation, Shape};

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel (Ioffe & Szegedy 2015).
///
/// A training step takes mean and variance of the batch, over all rows and positions, and moves the running statistics
/// towards them: running = (1 - momentum) running + momentum batch, with the unbiased variance, as PyTorch does.
/// Inference and Monte Carlo passes take the running statistics and leave them alone. Of sequences `[time, channels]`
/// only the steps within the rows' lengths count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchNormConfig {
    /// The part of the batch in the running statistics, in [0, 1]; default 0.1.
    #[serde(default = "momentum")]
    pub momentum: f64,
    /// What is added to the variance, above 0; default 1e-5.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
    /// Where the channels stand; default after the positions.
    #[serde(default, skip_serializing_if = "ImageLayout::is_default")]
    pub layout: ImageLayout,
}

fn momentum() -> f64 {
    0.1
}

fn epsilon() -> f64 {
    1e-5
}

impl Default for BatchNormConfig {
    fn default() -> Self {
        BatchNormConfig { momentum: momentum(), epsilon: epsilon(), layout: ImageLayout::ChannelsLast }
    }
}

impl BatchNormConfig {
    /// Positions of a row, and channels.
    pub(crate) fn split(&self, input: &Shape) -> (usize, usize) {
        match self.layout.split(input) {
            Some((positions, channels)) => (positions.iter().product(), channels),
            None => (1, input.last()),
        }
    }
}

impl Describe for BatchNormConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let (_, channels) = self.split(input);
        vec![
            Tensor::trained("gamma", [channels], Start::Constant(1.0)),
            Tensor::trained("beta", [channels], Start::Constant(0.0)),
            Tensor::buffer("runningMean", [channels], 0.0),
            Tensor::buffer("runningVariance", [channels], 1.0),
        ]
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(if !(0.0..=1.0).contains(&self.momentum) {
            Err(format!("`momentum` must be a number in [0, 1]; got {}", self.momentum))
        } else if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            Err(format!("`epsilon` must be a number above 0; got {}", self.epsilon))
        } else {
            Ok(())
        })
    }

    fn effect(&self) -> Effect {
        // Numbers of unit variance, whatever came in.
        Effect::Activates(Activation::Identity)
    }
}
