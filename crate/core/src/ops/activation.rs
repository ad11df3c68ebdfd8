//! The activation functions by name.

use serde::{Deserialize, Serialize};

/// An activation function. Conventions are PyTorch's.
///
/// | name | f(z) |
/// |---|---|
/// | `identity` | z |
/// | `relu` | max(z, 0) |
/// | `leakyRelu` | z if z > 0, else 0.01 z |
/// | `elu` | z if z > 0, else e^z - 1 |
/// | `selu` | 1.0507 (z if z > 0, else 1.6733 (e^z - 1)) |
/// | `gelu` | z Phi(z), exact, by the error function |
/// | `geluTanh` | z / 2 (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) |
/// | `silu` | z sigmoid(z) |
/// | `softplus` | ln(1 + e^z) |
/// | `tanh` | tanh(z) |
/// | `sigmoid` | 1 / (1 + e^-z) |
/// | `softmax` | e^z_i / sum_j e^z_j over a row |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Activation {
    /// No change.
    #[default]
    Identity,
    /// Rectified linear unit.
    Relu,
    /// Rectified linear unit with slope 0.01 below zero.
    LeakyRelu,
    /// Exponential linear unit, alpha = 1 (Clevert et al. 2015).
    Elu,
    /// Self-normalising exponential linear unit (Klambauer et al. 2017).
    Selu,
    /// Gaussian error linear unit, exact (Hendrycks & Gimpel 2016).
    Gelu,
    /// The same by its approximation with the hyperbolic tangent.
    GeluTanh,
    /// Sigmoid linear unit, or swish.
    Silu,
    /// A smooth rectifier.
    Softplus,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// Normalised exponentials over the units of a row.
    Softmax,
}

impl Activation {
    /// All activations, in the order of the table above.
    pub const ALL: [Activation; 12] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Selu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Softplus,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softmax,
    ];

    /// The name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Relu => "relu",
            Activation::LeakyRelu => "leakyRelu",
            Activation::Elu => "elu",
            Activation::Selu => "selu",
            Activation::Gelu => "gelu",
            Activation::GeluTanh => "geluTanh",
            Activation::Silu => "silu",
            Activation::Softplus => "softplus",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
            Activation::Softmax => "softmax",
        }
    }

    /// E f(z)^2 for standard normal z: by how much the activation changes the second moment of what passes it.
    /// 1 for softmax, whose value depends on the width.
    pub const fn second_moment(self) -> f64 {
        match self {
            Activation::Identity | Activation::Selu | Activation::Softmax => 1.0,
            Activation::Relu => 0.5,
            Activation::LeakyRelu => 0.500_05,
            Activation::Elu => 0.644_945,
            Activation::Gelu => 0.425_221,
            Activation::GeluTanh => 0.425_194,
            Activation::Silu => 0.355_776,
            Activation::Softplus => 0.921_246,
            Activation::Tanh => 0.394_294,
            Activation::Sigmoid => 0.293_379,
        }
    }
}
