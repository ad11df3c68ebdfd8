//! Dense layers.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor, at_least_one};
use super::yes;
use crate::error::Result;
use crate::nn::config::{Activation, Initializer, Shape};

/// y = f(x W' + b), W of shape [units, inputs], on the last axis of a row.
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
    /// c, above 0: after each training step the incoming weights of a unit whose Euclidean norm is above c are scaled
    /// down to it (Srivastava et al. 2014, "Dropout", section 5.1); the bias is not part of them. By default no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_norm: Option<f64>,
}

impl Describe for DenseConfig {
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

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        if let Some(norm) = self.max_norm
            && !(norm as f32 > 0.0 && norm.is_finite())
        {
            return Ok(Err(format!("`maxNorm` must be a finite number above 0; got {norm}")));
        }
        Ok(at_least_one("units", self.units))
    }

    fn activation(&self) -> Option<Activation> {
        Some(self.activation)
    }

    fn effect(&self) -> Effect {
        Effect::Activates(self.activation)
    }
}
