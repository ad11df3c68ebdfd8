//! Embeddings of integer ids, and positions.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor, at_least_one};
use crate::error::Result;
use crate::nn::config::{Activation, Shape};
use crate::stream::Rate;

/// Larger vocabularies are refused: single precision counts in ones up to here.
pub(crate) const MAX_VOCABULARY: usize = 1 << 24;

/// A vector for each id, \[time\] -> [time, units]: y_t = W\[x_t\]. Ids are whole numbers in 0..vocabulary and come straight
/// from the model's input. W starts standard normal, as in PyTorch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// How many ids there are, at least 1 and at most 2^24.
    pub vocabulary: usize,
    /// Elements of a vector, at least 1.
    pub units: usize,
    /// How likely a word drops, in [0, 1], default 0: in training its vector becomes zeros wherever the word stands in a
    /// row, and the others are divided by 1 - dropout (Gal & Ghahramani 2016, section 4.2). Lane = the word's id.
    #[serde(default)]
    pub dropout: f64,
    /// The place of that mask in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl EmbeddingConfig {
    /// An embedding that never drops.
    pub fn new(vocabulary: usize, units: usize) -> Self {
        EmbeddingConfig { vocabulary, units, dropout: 0.0, site: None }
    }
}

impl Describe for EmbeddingConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        match input.flat() {
            Some(time) => Ok(Shape::new([time, self.units])),
            None => Err(format!("gets {input}, but needs rows of [time], an id for each step")),
        }
    }

    fn tensors(&self, _input: &Shape) -> Vec<Tensor> {
        vec![Tensor::trained("weight", [self.vocabulary, self.units], Start::Normal(1.0))]
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.dropout"), self.dropout)?;
        if !(1..=MAX_VOCABULARY).contains(&self.vocabulary) {
            let got = self.vocabulary;
            return Ok(Err(format!(
                "`vocabulary` must be a whole number in [1, {MAX_VOCABULARY}]; got {got}"
            )));
        }
        Ok(at_least_one("units", self.units))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.dropout)
    }

    fn set_rate(&mut self, rate: Rate) -> bool {
        self.dropout = rate.get();
        true
    }

    fn effect(&self) -> Effect {
        Effect::Activates(Activation::Identity)
    }
}

/// Adds to the vector of each step a vector that says where it stands, [time, units] -> [time, units]. By default the
/// sinusoids of Vaswani et al. 2017, section 3.5:
///
/// ```text
/// p[t, 2i] = sin(t / 10000^(2i / units)),  p[t, 2i + 1] = cos(t / 10000^(2i / units))
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PositionalEncodingConfig {
    /// Whether the vectors are learned instead, from normal numbers of standard deviation 0.02 (as in Devlin et al. 2019);
    /// default false.
    #[serde(default)]
    pub learned: bool,
}

impl Describe for PositionalEncodingConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        match input.extents() {
            [_, _] => Ok(Shape::new(input.extents())),
            _ => Err(format!("gets {input}, but needs rows of [time, features]")),
        }
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let position = || Tensor::trained("position", input.extents(), Start::Normal(0.02));
        if self.learned { vec![position()] } else { Vec::new() }
    }
}
