//! What keeps the expected value right.

use serde::{Deserialize, Serialize};

use crate::stream::Rate;

/// Where the keep probability is made up for: in training or in inference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scaling {
    /// Kept elements are divided by the keep probability in training; inference is the identity.
    #[default]
    Inverted,
    /// Kept elements stay as they are in training; inference multiplies by the keep probability
    /// (Srivastava et al. 2014).
    Standard,
}

impl Scaling {
    /// The factor of kept elements in training, in double precision.
    pub fn training_factor(self, rate: Rate) -> f64 {
        match self {
            Scaling::Inverted => rate.inverse_keep(),
            Scaling::Standard => 1.0,
        }
    }

    /// The factor of all elements in inference.
    pub fn inference_factor(self, rate: Rate) -> f64 {
        match self {
            Scaling::Inverted => 1.0,
            Scaling::Standard => rate.keep(),
        }
    }
}
