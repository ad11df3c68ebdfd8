//! Dense layers whose weights drop.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor, at_least_one};
use super::dropout::Share;
use super::yes;
use crate::error::Result;
use crate::nn::config::{Activation, Initializer, Shape};
use crate::stream::Rate;

/// y = f(x (m * W)' / (1 - rate) + b) in training with m ~ Bernoulli(1 - rate) for each weight, y = f(x W' + b) in
/// inference (Wan et al. 2013, "Regularization of neural networks using DropConnect"); W of shape [units, inputs], on the
/// last axis of a row. A weight's lane is its index in W.
///
/// Where each row has a mask of its own, each row also has weights of its own, so every row costs the drawing of a mask
/// of all weights and products that read them: with n rows some n times the memory traffic of a dense layer. One mask
/// for the batch costs one drawing a step.
///
/// Tensors: `weight` [units, inputs], `bias` \[units\].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DropConnectConfig {
    /// Number of outputs, at least 1.
    pub units: usize,
    /// How likely a weight drops, in [0, 1].
    pub rate: f64,
    /// f; default identity.
    #[serde(default)]
    pub activation: Activation,
    /// Whether there is a b, which never drops; default true.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How W is drawn; default dropout-aware.
    #[serde(default)]
    pub initializer: Initializer,
    /// Who has a mask of its own; default every row.
    #[serde(default, skip_serializing_if = "Share::is_none")]
    pub share: Share,
    /// The mask's place in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl DropConnectConfig {
    /// A layer with a bias and a mask for each row.
    pub fn new(units: usize, rate: f64, activation: Activation) -> Self {
        DropConnectConfig {
            units,
            rate,
            activation,
            bias: true,
            initializer: Initializer::default(),
            share: Share::None,
            site: None,
        }
    }
}

impl Describe for DropConnectConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.with_last(self.units))
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let (inputs, outputs) = (input.last(), self.units);
        let start = Start::Weights { initializer: self.initializer, inputs, outputs };
        let mut tensors = vec![Tensor::trained("weight", [outputs, inputs], start)];
        if self.bias {
            tensors.push(Tensor::trained("bias", [outputs], Start::Constant(0.0)));
        }
        tensors
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.rate"), self.rate)?;
        Ok(at_least_one("units", self.units))
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

    fn activation(&self) -> Option<Activation> {
        Some(self.activation)
    }

    fn effect(&self) -> Effect {
        Effect::Activates(self.activation)
    }
}
