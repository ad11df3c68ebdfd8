//! A whole model's configuration.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layer::Misread;
use super::{Input, LayerConfig, Output, Shape, seed};
use crate::error::{Code, Error, Result};

/// The version of the configuration's format.
pub const MODEL_VERSION: u32 = 1;

/// A sequential model as a plain value: the layers, what comes in, what the output means, the seed.
///
/// ```
/// use inverted_dropout::nn::{Activation, LayerConfig, ModelConfig, Output};
///
/// let config = ModelConfig::new([30], Output::Softmax, 7, vec![
///     LayerConfig::dense(64, Activation::Relu),
///     LayerConfig::dropout(0.5),
///     LayerConfig::dense(2, Activation::Identity),
/// ]);
/// assert_eq!(config.shapes()?.last().unwrap().extents(), [2]);
/// assert_eq!(ModelConfig::from_json(&config.to_json())?, config);
/// # Ok::<(), inverted_dropout::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelConfig {
    /// The format's version; 1.
    #[serde(default = "current_version")]
    pub version: u32,
    /// The shape of one row, without the batch axis, or of each of several named inputs.
    pub input: Input,
    /// What the model predicts.
    pub output: Output,
    /// The seed of initial weights, masks and shuffles; a decimal string in JSON.
    #[serde(with = "seed")]
    pub seed: u64,
    /// The layers, first to last.
    pub layers: Vec<LayerConfig>,
}

fn current_version() -> u32 {
    MODEL_VERSION
}

impl ModelConfig {
    /// A configuration of the current version. Nothing is checked yet.
    pub fn new(input: impl Into<Input>, output: Output, seed: u64, layers: Vec<LayerConfig>) -> Self {
        ModelConfig { version: MODEL_VERSION, input: input.into(), output, seed, layers }
    }

    /// Reads a configuration and checks it.
    ///
    /// # Errors
    /// `ERR_CONFIG` if the text is not JSON of this form, with the layer's index where one is at fault, and the
    /// errors of [`ModelConfig::check`].
    pub fn from_json(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Written {
            #[serde(default = "current_version")]
            version: u32,
            input: Input,
            output: Output,
            #[serde(with = "seed")]
            seed: u64,
            layers: Vec<Value>,
        }
        let value: Value = serde_json::from_str(text).map_err(|error| malformed("config", &error))?;
        check_version(value.get("version"))?;
        let Written { version, input, output, seed, layers } =
            serde_json::from_value(value).map_err(|error| malformed("config", &error))?;
        let layers = layers.into_iter().enumerate().map(|(index, layer)| parse_layer(index, layer));
        let config = ModelConfig { version, input, output, seed, layers: layers.collect::<Result<_>>()? };
        config.check()?;
        Ok(config)
    }

    /// The configuration as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a configuration has string keys only")
    }

    /// The shape of a row before the first layer and after each one.
    ///
    /// # Errors
    /// Those of [`ModelConfig::check`].
    pub fn shapes(&self) -> Result<Vec<Shape>> {
        self.check()
    }

    /// The same configuration with a site for every mask: those given stay, the others take the smallest that
    /// are free, depth first.
    ///
    /// # Errors
    /// Those of [`ModelConfig::check`].
    pub fn with_sites(mut self) -> Result<Self> {
        self.check()?;
        let mut taken = self.sites();
        let mut next = 0;
        for layer in &mut self.layers {
            layer.for_each_site(&mut |site| {
                site.get_or_insert_with(|| {
                    while taken.contains(&next) {
                        next += 1;
                    }
                    taken.insert(next);
                    next
                });
            });
        }
        Ok(self)
    }

    /// The sites that are given.
    fn sites(&mut self) -> std::collections::HashSet<u16> {
        let mut sites = std::collections::HashSet::new();
        for layer in &mut self.layers {
            layer.for_each_site(&mut |site| sites.extend(*site));
        }
        sites
    }
}

/// A configuration of a newer format is recognised before its unknown fields are complained about.
fn check_version(version: Option<&Value>) -> Result<()> {
    match version {
        Some(version) if version.as_u64().is_some_and(|version| version > u64::from(MODEL_VERSION)) => {
            Err(super::validate::unknown_version(version))
        }
        _ => Ok(()),
    }
}

fn parse_layer(index: usize, layer: Value) -> Result<LayerConfig> {
    LayerConfig::parse(layer).map_err(|misread| match misread {
        Misread::Kind(got) => {
            let allowed = format!("one of {}", LayerConfig::KINDS.join(", "));
            Error::argument(Code::Config, format!("layers[{index}].type"), got, allowed)
        }
        Misread::Fields { kind, problem } => Error::Layer { index, kind, problem },
    })
}

fn malformed(argument: &str, error: &serde_json::Error) -> Error {
    Error::argument(Code::Config, argument, error, "a model configuration")
}
