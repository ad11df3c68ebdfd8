//! Monte Carlo predictions on a thread of their own.

use std::sync::Arc;

use inverted_dropout::nn::Share;
use inverted_dropout::uncertainty::{MonteCarlo, MonteCarloOptions};
use inverted_dropout::{Code, Error, Result};
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Float64Array, Function, Object, Uint32Array};
use napi_derive::napi;
use serde::Deserialize;

use super::callbacks::Latest;
use super::control::Control;
use super::shared::Reader;
use crate::errors;
use crate::jobs;

/// The options that come as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    passes: u32,
    #[serde(default)]
    seed: Option<String>,
    #[serde(default)]
    keep_samples: bool,
    #[serde(default)]
    share: Share,
    #[serde(default)]
    precision: Option<f64>,
    #[serde(default)]
    threads: Option<usize>,
}

/// Reads the options of a call.
pub(crate) fn read_options(
    json: &str,
    ids: Option<Uint32Array>,
    lengths: Option<Uint32Array>,
) -> Result<MonteCarloOptions> {
    let Written { passes, seed, keep_samples, share, precision, threads } = serde_json::from_str(json)
        .map_err(|error| {
            Error::argument(Code::Option, "options", error, "the options of predictMonteCarlo")
        })?;
    let seed = seed.map(|seed| read_seed(&seed)).transpose()?;
    let [ids, lengths] = [ids, lengths].map(|words| words.map(|words| words.to_vec()));
    Ok(MonteCarloOptions { passes, seed, ids, keep_samples, share, lengths, precision, threads })
}

fn read_seed(seed: &str) -> Result<u64> {
    seed.parse().map_err(|_| Error::argument(Code::Range, "seed", seed, "a decimal number in [0, 2^64)"))
}

/// What the passes say; the fields are those of the core.
#[napi(object, object_from_js = false)]
pub struct NativeMonteCarlo {
    pub rows: u32,
    pub width: u32,
    pub passes: u32,
    pub mean: Float64Array,
    pub variance: Float64Array,
    pub standard_error: Float64Array,
    pub predictive_entropy: Option<Float64Array>,
    pub expected_entropy: Option<Float64Array>,
    pub mutual_information: Option<Float64Array>,
    pub epistemic: Option<Float64Array>,
    pub aleatoric: Option<Float64Array>,
    pub samples: Option<Float32Array>,
}

impl From<MonteCarlo> for NativeMonteCarlo {
    fn from(result: MonteCarlo) -> Self {
        let optional = |values: Option<Vec<f64>>| values.map(Float64Array::new);
        NativeMonteCarlo {
            rows: result.rows as u32,
            width: result.width as u32,
            passes: result.passes,
            mean: Float64Array::new(result.mean),
            variance: Float64Array::new(result.variance),
            standard_error: Float64Array::new(result.standard_error),
            predictive_entropy: optional(result.predictive_entropy),
            expected_entropy: optional(result.expected_entropy),
            mutual_information: optional(result.mutual_information),
            epistemic: optional(result.epistemic),
            aleatoric: optional(result.aleatoric),
            samples: result.samples.map(Float32Array::new),
        }
    }
}

/// Starts the passes; the promise resolves with a [`NativeMonteCarlo`].
pub(crate) fn start(
    env: &Env,
    model: Reader,
    (x, rows): (Vec<f32>, usize),
    options: MonteCarloOptions,
    control: &Control,
    on_progress: Option<Function<'_, f64, ()>>,
) -> errors::Result<Object<'static>> {
    let on_progress = on_progress.map(|function| Latest::new(&function, |done: f64| done)).transpose()?;
    let signals = control.signals();
    let stopped = Arc::clone(&signals);
    jobs::promise(
        env,
        "inverted-dropout-monte-carlo",
        move || stopped.stop(),
        move || {
            let mut progress = |done| {
                if let Some(on_progress) = &on_progress {
                    on_progress.tell(done);
                }
            };
            let predict = |model: &inverted_dropout::nn::Model| {
                model.predict_monte_carlo(&x, rows, &options, signals.control(), &mut progress)
            };
            model.with(predict).map(NativeMonteCarlo::from)
        },
    )
}
