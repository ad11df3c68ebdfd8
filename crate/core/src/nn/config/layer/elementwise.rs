//! Layers that do the same to every element, and flatten, which does nothing.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Tensor};
use crate::error::Result;
use crate::nn::config::{Activation, Shape};

/// y = f(x).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivationConfig {
    /// f.
    pub activation: Activation,
}

impl Describe for ActivationConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn activation(&self) -> Option<Activation> {
        Some(self.activation)
    }

    fn effect(&self) -> Effect {
        Effect::ActivatesOver(self.activation)
    }
}

/// Row-major; takes no time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlattenConfig {}

impl Describe for FlattenConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let width = input.checked_width().ok_or_else(|| format!("{input} is too large"))?;
        Ok(Shape::new([width]))
    }
}

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

fn resolution() -> f64 {
    1e-7
}

impl Describe for NormalizeConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.clone())
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let moment = |name, value| Tensor::buffer(name, input.extents(), value);
        vec![moment("mean", 0.0), moment("inverseDeviation", 1.0)]
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        let fits = self.epsilon >= 0.0 && self.epsilon.is_finite();
        Ok(if fits {
            Ok(())
        } else {
            Err(format!("`epsilon` must be a number of at least 0; got {}", self.epsilon))
        })
    }
}
