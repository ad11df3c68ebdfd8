//! The layers of a configuration.

use serde::{Deserialize, Serialize};

use super::{Activation, Initializer, Shape};
use crate::ops::Scaling;

/// One layer, written in JSON as an object with a `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum LayerConfig {
    /// Every unit sees every input.
    Dense(DenseConfig),
    /// An activation function by itself.
    Activation(ActivationConfig),
    /// Dropout of single elements.
    Dropout(DropoutConfig),
    /// Any shape to one axis.
    Flatten(FlattenConfig),
    /// Features to mean 0 and standard deviation 1.
    Normalize(NormalizeConfig),
}

/// y = f(x W' + b), W of shape [units, inputs].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DenseConfig {
    /// Number of outputs, at least 1.
    pub units: usize,
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

/// y = f(x).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivationConfig {
    /// f.
    pub activation: Activation,
}

/// y = m x / (1 - rate) in training with m ~ Bernoulli(1 - rate) for each element, y = x in inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DropoutConfig {
    /// Drop probability in [0, 1].
    pub rate: f64,
    /// What keeps the expected value right; default inverted.
    #[serde(default)]
    pub scaling: Scaling,
    /// The mask's place in the stream; by default the smallest one that is free, in the order of the layers.
    /// Written into saved configurations, so that a layer inserted later leaves the other masks alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

/// Row-major; takes no time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlattenConfig {}

/// y = (x - mean) / deviation for each feature, with the moments of the training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NormalizeConfig {
    /// A feature whose standard deviation is at most this part of its root mean square counts as constant and is
    /// only centred; at least 0, default 1e-7 (the resolution of single precision).
    #[serde(default = "resolution")]
    pub epsilon: f64,
}

impl Default for NormalizeConfig {
    fn default() -> Self {
        NormalizeConfig { epsilon: resolution() }
    }
}

fn yes() -> bool {
    true
}

fn resolution() -> f64 {
    1e-7
}

impl LayerConfig {
    /// The `type` of every layer there is.
    pub const KINDS: [&str; 5] = ["dense", "activation", "dropout", "flatten", "normalize"];

    /// A dense layer with bias and dropout-aware weights.
    pub fn dense(units: usize, activation: Activation) -> Self {
        LayerConfig::Dense(DenseConfig {
            units,
            activation,
            bias: true,
            initializer: Initializer::DropoutAware,
        })
    }

    /// An activation layer.
    pub fn activation(activation: Activation) -> Self {
        LayerConfig::Activation(ActivationConfig { activation })
    }

    /// A dropout layer, inverted, at the next free site.
    pub fn dropout(rate: f64) -> Self {
        LayerConfig::Dropout(DropoutConfig { rate, scaling: Scaling::Inverted, site: None })
    }

    /// A flatten layer.
    pub fn flatten() -> Self {
        LayerConfig::Flatten(FlattenConfig {})
    }

    /// A normalize layer with the default threshold for constant features.
    pub fn normalize() -> Self {
        LayerConfig::Normalize(NormalizeConfig::default())
    }

    /// The `type` in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            LayerConfig::Dense(_) => "dense",
            LayerConfig::Activation(_) => "activation",
            LayerConfig::Dropout(_) => "dropout",
            LayerConfig::Flatten(_) => "flatten",
            LayerConfig::Normalize(_) => "normalize",
        }
    }

    /// The shape of a row after the layer, or what is wrong with the shape before it.
    pub(crate) fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        match self {
            LayerConfig::Dense(dense) => match input.flat() {
                Some(_) => Ok(Shape::new([dense.units])),
                None => Err(format!(
                    "needs rows of one axis to give [{}], but gets {input}; put a flatten layer before it",
                    dense.units
                )),
            },
            LayerConfig::Flatten(_) => input
                .checked_width()
                .map(|width| Shape::new([width]))
                .ok_or_else(|| format!("{input} is too large")),
            LayerConfig::Activation(_) | LayerConfig::Dropout(_) | LayerConfig::Normalize(_) => {
                Ok(input.clone())
            }
        }
    }

    /// Parameters of the layer when it gets rows of `input`; `None` if they cannot be counted.
    pub(crate) fn parameter_count(&self, input: &Shape) -> Option<usize> {
        match self {
            LayerConfig::Dense(dense) => {
                input.checked_width()?.checked_add(dense.bias as usize)?.checked_mul(dense.units)
            }
            _ => Some(0),
        }
    }

    /// Values that a file holds for the layer: its parameters and the moments of a normalize layer.
    pub(crate) fn stored_count(&self, input: &Shape) -> Option<usize> {
        match self {
            LayerConfig::Normalize(_) => input.checked_width()?.checked_mul(2),
            _ => self.parameter_count(input),
        }
    }

    /// Calls `each` for every mask of the layer, depth first.
    pub(crate) fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        if let LayerConfig::Dropout(dropout) = self {
            each(&mut dropout.site);
        }
    }
}
