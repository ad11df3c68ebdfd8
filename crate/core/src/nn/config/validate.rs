//! Which configurations can work.

use std::collections::HashMap;
use std::fmt::Display;

use super::{Activation, LayerConfig, MODEL_VERSION, ModelConfig, Output, Shape};
use crate::error::{Code, Error, Result};
use crate::stream::Rate;

/// More parameters than this are refused: 8 GiB in single precision.
pub const MAX_PARAMETERS: usize = 1 << 31;

/// More layers than this are refused: with two tensors each they have a site of the stream for every one.
const MAX_LAYERS: usize = 1 << 15;

/// More elements in a row than this are refused: no data set has them.
const MAX_WIDTH: usize = 1 << 31;

impl ModelConfig {
    /// Checks that the model can be built and returns the shape of a row before the first layer and after each.
    ///
    /// # Errors
    /// * `ERR_VERSION` if the configuration is of a newer format.
    /// * `ERR_RATE` if a rate is not in [0, 1].
    /// * `ERR_CONFIG` naming the layer's index, its type and the shapes otherwise.
    pub fn check(&self) -> Result<Vec<Shape>> {
        if self.version != MODEL_VERSION {
            return Err(unknown_version(self.version));
        }
        let mut shape = Shape::new(self.input.clone());
        if self.input.is_empty() || self.input.contains(&0) || too_wide(&shape) {
            return Err(config_error(
                "input",
                &shape,
                "the extents of one row, each at least 1, at most 2^31 elements",
            ));
        }
        if self.layers.is_empty() {
            return Err(config_error("layers", "[]", "at least one layer"));
        }
        if self.layers.len() > MAX_LAYERS {
            let allowed = format!("at most {MAX_LAYERS} layers");
            return Err(config_error("layers", format!("{} layers", self.layers.len()), &allowed));
        }
        let mut shapes = vec![shape.clone()];
        let mut walk = Walk::default();
        for (index, layer) in self.layers.iter().enumerate() {
            walk.check_layer(index, layer, &shape)?;
            shape = layer.output_shape(&shape).map_err(|problem| layer_error(index, layer, problem))?;
            if too_wide(&shape) {
                return Err(layer_error(
                    index,
                    layer,
                    format!("gives {shape}; at most 2^31 elements are allowed"),
                ));
            }
            shapes.push(shape.clone());
        }
        self.check_output(&shape)?;
        Ok(shapes)
    }

    /// The end of the model must suit what it predicts.
    fn check_output(&self, shape: &Shape) -> Result<()> {
        let (index, last) = (self.layers.len() - 1, &self.layers[self.layers.len() - 1]);
        let fail = |problem: String| Err(layer_error(index, last, problem));
        let output = self.output.name();
        let Some(width) = shape.flat() else {
            return fail(format!(
                "gives {shape}, but output `{output}` needs rows of one axis; end with a flatten layer"
            ));
        };
        match self.output {
            Output::Softmax if width < 2 => {
                return fail(format!(
                    "gives {shape}, but output `softmax` needs at least [2]; use `sigmoid` for one class"
                ));
            }
            Output::Gaussian if width % 2 != 0 => {
                return fail(format!(
                    "gives {shape}, but output `gaussian` needs an even width: d means, then d log variances"
                ));
            }
            _ => {}
        }
        match (self.output, last_activation(&self.layers)) {
            (Output::Softmax | Output::Sigmoid, Some((index, Activation::Softmax | Activation::Sigmoid))) => {
                Err(layer_error(
                    index,
                    &self.layers[index],
                    format!(
                        "ends in an activation to probabilities, and output `{output}` would be applied on top; \
                         losses work on what comes before it, so leave the activation out"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// What a walk over the layers has to remember.
#[derive(Default)]
struct Walk {
    parameters: usize,
    /// The layer that has each site.
    sites: HashMap<u16, usize>,
    /// The first layer with weights.
    weights: Option<usize>,
}

impl Walk {
    fn check_layer(&mut self, index: usize, layer: &LayerConfig, input: &Shape) -> Result<()> {
        let fail = |problem: String| Err(layer_error(index, layer, problem));
        match layer {
            LayerConfig::Dense(dense) => {
                if dense.units == 0 {
                    return fail("`units` must be at least 1; got 0".into());
                }
                self.weights.get_or_insert(index);
            }
            LayerConfig::Dropout(dropout) => {
                Rate::named(&format!("layers[{index}].rate"), dropout.rate)?;
                if let Some(site) = dropout.site
                    && let Some(other) = self.sites.insert(site, index)
                {
                    return fail(format!(
                        "has site {site}, which layers[{other}] has already: their masks would be equal"
                    ));
                }
            }
            LayerConfig::Normalize(normalize) => {
                if !(normalize.epsilon >= 0.0 && normalize.epsilon.is_finite()) {
                    return fail(format!(
                        "`epsilon` must be a number of at least 0; got {}",
                        normalize.epsilon
                    ));
                }
                if let Some(dense) = self.weights {
                    return fail(format!(
                        "must stand before every layer with weights, but layers[{dense}] has some: \
                         its moments are taken once, before training"
                    ));
                }
            }
            LayerConfig::Activation(activation) => {
                if activation.activation == Activation::Softmax && input.flat().is_none() {
                    return fail(format!("softmax needs rows of one axis, but gets {input}"));
                }
            }
            LayerConfig::Flatten(_) => {}
        }
        let total = layer.parameter_count(input).and_then(|count| self.parameters.checked_add(count));
        match total {
            Some(total) if total <= MAX_PARAMETERS => self.parameters = total,
            _ => return fail("brings the model to more than 2^31 parameters".into()),
        }
        Ok(())
    }
}

/// The activation that the model's output has gone through, and its layer. Dropout and flatten do not hide it.
fn last_activation(layers: &[LayerConfig]) -> Option<(usize, Activation)> {
    for (index, layer) in layers.iter().enumerate().rev() {
        match layer {
            LayerConfig::Dense(dense) => return Some((index, dense.activation)),
            LayerConfig::Activation(activation) if activation.activation != Activation::Identity => {
                return Some((index, activation.activation));
            }
            LayerConfig::Normalize(_) => return None,
            LayerConfig::Activation(_) | LayerConfig::Dropout(_) | LayerConfig::Flatten(_) => {}
        }
    }
    None
}

fn too_wide(shape: &Shape) -> bool {
    shape.checked_width().is_none_or(|width| width > MAX_WIDTH)
}

pub(super) fn unknown_version(version: impl Display) -> Error {
    Error::argument(
        Code::Version,
        "version",
        version,
        format!("{MODEL_VERSION}, the format this library reads"),
    )
}

fn config_error(argument: &str, got: impl Display, allowed: &str) -> Error {
    Error::argument(Code::Config, argument, got, allowed)
}

fn layer_error(index: usize, layer: &LayerConfig, problem: String) -> Error {
    Error::Layer { index, kind: layer.kind(), problem }
}
