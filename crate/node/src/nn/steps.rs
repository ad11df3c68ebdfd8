//! Single steps and gradients, for training loops in JavaScript.

use inverted_dropout::nn::{Dataset, Model, StepOptions, StepResult};
use inverted_dropout::{Code, Error, Result};
use napi_derive::napi;

use super::parameters::{NativeParameter, with_values};

/// What a step saw, as numbers: JSON has neither NaN nor infinities.
#[napi(object, object_from_js = false)]
pub struct NativeStep {
    pub loss: f64,
    pub gradient_norm: f64,
}

impl From<StepResult> for NativeStep {
    fn from(StepResult { loss, gradient_norm }: StepResult) -> Self {
        NativeStep { loss, gradient_norm }
    }
}

/// The loss of a batch and its gradients by the trained tensors.
#[napi(object, object_from_js = false)]
pub struct NativeGradients {
    pub loss: f64,
    pub parameters: Vec<NativeParameter>,
}

pub(crate) fn read_options(json: &str) -> Result<StepOptions> {
    serde_json::from_str(json)
        .map_err(|error| Error::argument(Code::Option, "options", error, "the options of a step"))
}

pub(crate) fn gradients(model: &Model, batch: &Dataset, options: &StepOptions) -> Result<NativeGradients> {
    let (loss, gradients) = model.gradients(batch, options)?;
    Ok(NativeGradients { loss, parameters: with_values(model, &gradients) })
}
