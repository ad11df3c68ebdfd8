//! Which configurations can work.

use std::collections::HashMap;
use std::fmt::Display;

use super::ids::{IdColumns, id_columns};
use super::{Activation, LayerConfig, MODEL_VERSION, ModelConfig, Output, Shape};
use crate::error::{Code, Error, Result};

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
        let Some(mut shape) = self.input.shape().filter(|shape| !too_wide(shape)) else {
            return Err(config_error(
                "input",
                &self.input,
                "the extents of one row, or of each named input, each at least 1, at most 2^31 elements",
            ));
        };
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
        self.id_columns(&shapes[0])?;
        Ok(shapes)
    }

    /// The columns of a row of the input that embeddings read.
    ///
    /// # Errors
    /// `ERR_CONFIG` if an embedding gets something else.
    pub(crate) fn id_columns(&self, input: &Shape) -> Result<Vec<IdColumns>> {
        id_columns(self, input).map_err(|index| {
            let problem = "has an embedding of what layers before it made; ids come straight from the model's input, \
                           perhaps through select and flatten layers";
            layer_error(index, &self.layers[index], problem.to_owned())
        })
    }

    /// The end of the model must suit what it predicts.
    fn check_output(&self, shape: &Shape) -> Result<()> {
        let (index, last) = (self.layers.len() - 1, &self.layers[self.layers.len() - 1]);
        let fail = |problem: String| Err(layer_error(index, last, problem));
        let output = self.output.name();
        let width = shape.last();
        if shape.extents().len() > 2 {
            return fail(format!(
                "gives {shape}, but output `{output}` needs rows of one axis, or of two with the outputs of each step; end \
                 with a flatten layer"
            ));
        }
        match self.output {
            Output::Softmax if width < 2 => {
                return fail(format!(
                    "gives {shape}, but output `softmax` needs at least [2]; use `sigmoid` for one class"
                ));
            }
            Output::Gaussian if !width.is_multiple_of(2) => {
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
    layers: usize,
    /// The layer that has each site.
    sites: HashMap<u16, String>,
    /// The first layer with weights.
    weights: Option<String>,
}

impl Walk {
    /// Checks a layer of the model, and the layers in it.
    fn check_layer(&mut self, index: usize, layer: &LayerConfig, input: &Shape) -> Result<()> {
        let path = format!("layers[{index}]");
        if let Err(problem) = self.visit(&path, layer, input)? {
            return Err(layer_error(index, layer, problem));
        }
        let total = layer.parameter_count(input).and_then(|count| self.parameters.checked_add(count));
        match total {
            Some(total) if total <= MAX_PARAMETERS => self.parameters = total,
            _ => {
                let problem = "brings the model to more than 2^31 parameters".to_owned();
                return Err(layer_error(index, layer, problem));
            }
        }
        Ok(())
    }

    /// What is wrong with a layer or with one in it; errors of their own are those of rates.
    fn visit(&mut self, path: &str, layer: &LayerConfig, input: &Shape) -> Result<Result<(), String>> {
        self.layers += 1;
        if self.layers > MAX_LAYERS {
            return Ok(Err(format!("brings the model to more than {MAX_LAYERS} layers")));
        }
        if let Err(problem) = layer.describe().check(path)? {
            return Ok(Err(problem));
        }
        let mut problem = None;
        let mut own = layer.clone();
        own.describe_mut().for_each_site(&mut |site| {
            if let Some(site) = *site
                && let Some(other) = self.sites.insert(site, path.to_owned())
            {
                problem.get_or_insert(format!(
                    "has site {site}, which {other} has already: their masks would be equal"
                ));
            }
        });
        if let Some(problem) = problem {
            return Ok(Err(problem));
        }
        match layer {
            LayerConfig::Normalize(_) => {
                if let Some(weights) = &self.weights {
                    return Ok(Err(format!(
                        "must stand before every layer with weights, but {weights} has some: its moments are \
                         taken once, before training"
                    )));
                }
                if path.contains("].") {
                    return Ok(Err("must be a layer of the model itself, not of a block in it".into()));
                }
            }
            _ if layer.describe().tensors(input).iter().any(|tensor| tensor.trained) => {
                self.weights.get_or_insert_with(|| path.to_owned());
            }
            _ => {}
        }
        for (list, layers) in layer.describe().inner().into_iter().enumerate() {
            let mut shape = input.clone();
            for (index, inner) in layers.iter().enumerate() {
                let name = match layer {
                    LayerConfig::Parallel(_) => format!("branches[{list}][{index}]"),
                    _ => format!("layers[{index}]"),
                };
                let place = format!("{path}.{name}");
                let within = |problem: String| format!("{name} ({}): {problem}", inner.kind());
                if let Err(problem) = self.visit(&place, inner, &shape)? {
                    return Ok(Err(within(problem)));
                }
                match inner.output_shape(&shape) {
                    Ok(next) if !too_wide(&next) => shape = next,
                    Ok(next) => {
                        return Ok(Err(within(format!("gives {next}; at most 2^31 elements are allowed"))));
                    }
                    Err(problem) => return Ok(Err(within(problem))),
                }
            }
        }
        Ok(Ok(()))
    }
}

/// The activation that the model's output has gone through, and its layer. Dropout and flatten do not hide it.
fn last_activation(layers: &[LayerConfig]) -> Option<(usize, Activation)> {
    for (index, layer) in layers.iter().enumerate().rev() {
        match layer {
            LayerConfig::Dropout(_)
            | LayerConfig::GaussianDropout(_)
            | LayerConfig::AlphaDropout(_)
            | LayerConfig::ConcreteDropout(_)
            | LayerConfig::Flatten(_) => {}
            LayerConfig::Activation(activation) if activation.activation == Activation::Identity => {}
            _ => return Some((index, layer.describe().activation()?)),
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
