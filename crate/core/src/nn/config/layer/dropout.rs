//! Dropout of single elements.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect};
use crate::error::Result;
use crate::nn::config::Shape;
use crate::ops::Scaling;
use crate::stream::Rate;

/// y = m x / (1 - rate) in training with m ~ Bernoulli(1 - rate) for each element, y = x in inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DropoutConfig {
    /// Drop probability in [0, 1].
    pub rate: f64,
    /// What keeps the expected value right; default inverted.
    #[serde(default)]
    pub scaling: Scaling,
    /// Who has a mask of its own; default every row.
    #[serde(default, skip_serializing_if = "Share::is_none")]
    pub share: Share,
    /// The mask's place in the stream; by default the smallest one that is free, in the order of the layers.
    /// Written into saved configurations, so that a layer inserted later leaves the other masks alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

/// Who has a mask of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Share {
    /// Every row.
    #[default]
    None,
    /// Every step, or every Monte Carlo pass: its rows share a mask, and dropped units leave the products of the dense
    /// layers around.
    Batch,
}

impl Share {
    pub(super) fn is_none(&self) -> bool {
        *self == Share::None
    }
}

impl Describe for DropoutConfig {
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

    fn effect(&self) -> Effect {
        let keep = 1.0 - self.rate;
        match self.scaling {
            _ if keep <= 0.0 => Effect::None,
            Scaling::Inverted => Effect::Scales(1.0 / keep),
            Scaling::Standard => Effect::Scales(keep),
        }
    }
}
