//! Noise on single elements: Gaussian, alpha and concrete dropout.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor};
use crate::error::Result;
use crate::nn::config::Shape;
use crate::ops::noise::Concrete;
use crate::stream::Rate;

/// y = x (1 + sqrt(rate / (1 - rate)) n) in training with n ~ N(0, 1) for each element, y = x in inference (Srivastava
/// et al. 2014, section 10): mean and variance are those of inverted dropout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GaussianDropoutConfig {
    /// The drop probability of the dropout with this variance, in [0, 1).
    pub rate: f64,
    /// The noise's place in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl Describe for GaussianDropoutConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.rate"), self.rate)?;
        Ok(if self.rate < 1.0 {
            Ok(())
        } else {
            Err("`rate` must be in [0, 1), since at 1 the variance of the noise would be infinite; got 1"
                .into())
        })
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: Rate) -> bool {
        // The variance at a rate of 1 would be infinite.
        let fits = rate.get() < 1.0;
        if fits {
            self.rate = rate.get();
        }
        fits
    }

    fn effect(&self) -> Effect {
        Effect::Scales(1.0 / (1.0 - self.rate))
    }
}

/// Dropped elements take the value that SELU saturates at, and an affine map keeps mean 0 and variance 1 (Klambauer et
/// al. 2017, "Self-normalizing neural networks", section 3): y = a (x where kept, alpha' where dropped) + b in training,
/// y = x in inference. For layers with SELU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlphaDropoutConfig {
    /// Drop probability in [0, 1].
    pub rate: f64,
    /// The mask's place in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl Describe for AlphaDropoutConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
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
}

/// Dropout whose rate p is learnt (Gal, Hron & Kendall 2017, "Concrete dropout"): in training
///
/// ```text
/// y = x (1 - z) / (1 - p)      z = sigmoid((logit p + logit u) / temperature)      u ~ U(0, 1) for each element
/// ```
///
/// and y = x in inference. The loss of a training step gets
///
/// ```text
/// regularizer features (p ln p + (1 - p) ln(1 - p))
/// ```
///
/// the negative entropy of the masks of one step's features, which draws p to 1/2; the data draw it to 0. Tensor:
/// `logit` \[1\], the logit of p.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConcreteDropoutConfig {
    /// The rate that training begins with, in (0, 1); default 0.1.
    #[serde(default = "tenth")]
    pub rate: f64,
    /// How soft masks are, in [1e-6, 1e6]; default 0.1, as in the paper.
    #[serde(default = "tenth")]
    pub temperature: f64,
    /// The factor of the entropy, at least 0; default 1e-5. The paper's (equations 2 and 3) is 1 over the number of
    /// training rows where the loss is a mean log likelihood.
    #[serde(default = "regularizer")]
    pub regularizer: f64,
    /// The noise's place in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl Default for ConcreteDropoutConfig {
    fn default() -> Self {
        ConcreteDropoutConfig { rate: tenth(), temperature: tenth(), regularizer: regularizer(), site: None }
    }
}

fn tenth() -> f64 {
    Concrete::TEMPERATURE
}

fn regularizer() -> f64 {
    1e-5
}

impl Describe for ConcreteDropoutConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn tensors(&self, _input: &Shape) -> Vec<Tensor> {
        let logit = libm::log(self.rate) - libm::log1p(-self.rate);
        vec![Tensor::trained("logit", [1], Start::Constant(logit))]
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.rate"), self.rate)?;
        let problem = if !(self.rate > 0.0 && self.rate < 1.0) {
            Some(("rate", "a number in (0, 1), from which it can be learnt", self.rate))
        } else if !(1e-6..=1e6).contains(&self.temperature) {
            Some(("temperature", "a number in [0.000001, 1000000]", self.temperature))
        } else if !(self.regularizer >= 0.0 && self.regularizer.is_finite()) {
            Some(("regularizer", "a finite number of at least 0", self.regularizer))
        } else {
            None
        };
        Ok(problem
            .map_or(Ok(()), |(name, allowed, got)| Err(format!("`{name}` must be {allowed}; got {got}"))))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn effect(&self) -> Effect {
        Effect::Scales(1.0 / (1.0 - self.rate))
    }
}
