//! What a model predicts.

use serde::{Deserialize, Serialize};

/// The meaning of a model's output. Losses work on what comes before the output function (the logits), so the
/// last layer must not apply it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    /// Probabilities of classes that exclude each other; at least 2 units.
    Softmax,
    /// One independent probability for each unit.
    Sigmoid,
    /// Real values as they are.
    Identity,
    /// d means, then d log variances: an even number of units.
    Gaussian,
}

impl Output {
    /// The name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Output::Softmax => "softmax",
            Output::Sigmoid => "sigmoid",
            Output::Identity => "identity",
            Output::Gaussian => "gaussian",
        }
    }
}
