//! The handle of a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use inverted_dropout::nn::{
    EvaluateOptions, Evaluation, LossConfig, Metric, Model, ModelConfig, PredictOptions, Summary,
};
use inverted_dropout::{Code, Error, Result};
use napi::Env;
use napi::bindgen_prelude::{
    Float32Array, Function, Object, ObjectFinalize, ToNapiValue, Uint8Array, Uint32Array,
};
use napi::sys;
use napi_derive::napi;
use serde::{Deserialize, Serialize};

use super::control::{Control, read_rates};
use super::data::NativeData;
use super::fit::{self, Observer};
use super::monte_carlo;
use super::parameters::{self, NativeParameter, NewParameter};
use super::shared::{Reader, Shared, Writer};
use super::steps::{self, NativeStep};
use crate::errors::{self, guarded};
use crate::{heap, jobs};

/// A model in native memory.
#[napi(custom_finalize)]
pub struct NativeModel {
    /// `None` after `dispose`.
    shared: Option<Arc<Shared>>,
    /// Bytes that V8 was told of.
    bytes: i64,
}

impl NativeModel {
    /// Takes over a model and tells V8 how much memory hangs on the handle, so that it collects garbage in time.
    fn adopt(env: &Env, model: Model) -> Self {
        let bytes =
            size_of_val(model.parameters().values()) + size_of_val(model.network().buffers().values());
        let bytes = bytes as i64;
        report(env, bytes);
        NativeModel { shared: Some(Shared::new(model)), bytes }
    }

    fn release(&mut self, env: &Env) {
        if self.shared.take().is_some() {
            report(env, -self.bytes);
            heap::released(self.bytes as u64);
        }
    }

    fn read(&self) -> Result<Reader> {
        self.shared.as_ref().ok_or_else(disposed)?.read()
    }

    fn write(&self) -> Result<Writer> {
        self.shared.as_ref().ok_or_else(disposed)?.write()
    }
}

/// The figure only steers the garbage collector: without it everything still works.
fn report(env: &Env, bytes: i64) {
    let _ = env.adjust_external_memory(bytes);
}

fn disposed() -> Error {
    Error::argument(Code::Internal, "model", "a disposed model", "checked by the caller")
}

impl ObjectFinalize for NativeModel {
    fn finalize(mut self, env: Env) -> napi::Result<()> {
        self.release(&env);
        Ok(())
    }
}

/// A model that becomes a handle where the promise of it settles.
struct Loaded(Model);

impl ToNapiValue for Loaded {
    unsafe fn to_napi_value(env: sys::napi_env, Loaded(model): Self) -> napi::Result<sys::napi_value> {
        let handle = NativeModel::adopt(&Env::from_raw(env), model);
        // SAFETY: `env` is the caller's.
        unsafe { NativeModel::to_napi_value(env, handle) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenEvaluateOptions {
    #[serde(default)]
    loss: Option<LossConfig>,
    #[serde(default)]
    metrics: Option<Vec<Metric>>,
    #[serde(default)]
    threads: Option<usize>,
}

/// Loss and metrics, as numbers: JSON has neither NaN nor infinities.
#[napi(object, object_from_js = false)]
pub struct NativeEvaluation {
    pub loss: f64,
    pub metrics: BTreeMap<&'static str, f64>,
}

impl From<Evaluation> for NativeEvaluation {
    fn from(Evaluation { loss, metrics }: Evaluation) -> Self {
        let metrics = metrics.into_iter().map(|(metric, value)| (metric.name(), value)).collect();
        NativeEvaluation { loss, metrics }
    }
}

#[derive(Serialize)]
struct WrittenSummary {
    #[serde(flatten)]
    summary: Summary,
    table: String,
}

fn read_evaluate_options(json: &str) -> Result<EvaluateOptions> {
    let WrittenEvaluateOptions { loss, metrics, threads } = serde_json::from_str(json)
        .map_err(|error| Error::argument(Code::Option, "options", error, "the options of evaluate"))?;
    Ok(EvaluateOptions { loss, metrics, threads })
}

fn predict_options(logits: bool, threads: Option<u32>, lengths: Option<Uint32Array>) -> PredictOptions {
    let (lengths, threads) =
        (lengths.map(|lengths| lengths.to_vec()), threads.map(|threads| threads as usize));
    PredictOptions { logits, lengths, threads }
}

/// These take well under a second for a batch, or end by themselves: an environment that ends waits for them.
fn nothing_to_stop() {}

#[napi]
impl NativeModel {
    /// A model with its initial weights, from a configuration as JSON.
    #[napi(constructor)]
    pub fn new(env: &Env, config: String) -> errors::Result<Self> {
        guarded(|| Ok(Self::adopt(env, Model::new(&ModelConfig::from_json(&config)?)?)))
    }

    /// Reads a file.
    #[napi(ts_return_type = "Promise<NativeModel>")]
    pub fn load(env: &Env, path: String) -> errors::Result<Object<'static>> {
        jobs::promise(env, "inverted-dropout-load", nothing_to_stop, move || Model::load(path).map(Loaded))
    }

    /// Reads the contents of a file.
    #[napi(factory)]
    pub fn from_bytes(env: &Env, bytes: &[u8]) -> errors::Result<Self> {
        guarded(|| Model::from_bytes(bytes).map(|model| Self::adopt(env, model)))
    }

    /// The configuration as JSON.
    #[napi]
    pub fn config(&self) -> errors::Result<String> {
        guarded(|| self.read()?.with(|model| Ok(model.config().to_json())))
    }

    /// The summary as JSON, with its `table`; a step is worked off in at least 1 part.
    #[napi]
    pub fn summary(&self, batch_size: u32, accumulate: u32) -> errors::Result<String> {
        guarded(|| {
            let (rows, parts) = (batch_size as usize, accumulate as usize);
            let summary = self.read()?.with(|model| Ok(model.summary_of_parts(rows, parts)))?;
            let written = WrittenSummary { table: summary.to_string(), summary };
            Ok(serde_json::to_string(&written).expect("a summary has string keys only"))
        })
    }

    /// Elements of an output vector: the last extent of an output row.
    #[napi]
    pub fn output_features(&self) -> errors::Result<u32> {
        guarded(|| self.read()?.with(|model| Ok(model.network().output_features() as u32)))
    }

    /// Logits a row.
    #[napi]
    pub fn output_width(&self) -> errors::Result<u32> {
        guarded(|| self.read()?.with(|model| Ok(model.output_width() as u32)))
    }

    /// Trains; the promise resolves with the outcome as JSON. Data that is not given is asked for, batch by batch, and
    /// comes by way of the control.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn fit(
        &self,
        env: &Env,
        control: &Control,
        options: String,
        train: Option<NativeData>,
        validation: Option<NativeData>,
        #[napi(ts_arg_type = "((event: string) => void) | undefined")] on_epoch: Option<
            Function<'_, String, ()>,
        >,
        #[napi(ts_arg_type = "((event: string) => void) | undefined")] on_batch: Option<
            Function<'_, String, ()>,
        >,
        #[napi(ts_arg_type = "((ask: string) => void) | undefined")] on_ask: Option<Function<'_, String, ()>>,
        streams_validation: bool,
    ) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.write())?;
        let asking = fit::asking(on_ask)?;
        let (train, validation) = (train.as_ref(), validation.as_ref());
        let call = || fit::Call::new(&options, train, validation, streams_validation, control, asking);
        let call = guarded(call)?;
        let observer = Observer::new(control, on_epoch, on_batch)?;
        fit::start(env, model, call, control, observer)
    }

    /// Loss and metrics.
    #[napi(ts_return_type = "Promise<NativeEvaluation>")]
    pub fn evaluate(&self, env: &Env, data: NativeData, options: String) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.read())?;
        let (data, options) = guarded(|| Ok((data.copy("data")?, read_evaluate_options(&options)?)))?;
        jobs::promise(env, "inverted-dropout-evaluate", nothing_to_stop, move || {
            model.with(|model| model.evaluate(&data, &options)).map(NativeEvaluation::from)
        })
    }

    /// Predictions, row-major.
    #[napi(ts_return_type = "Promise<Float32Array>")]
    pub fn predict(
        &self,
        env: &Env,
        x: Float32Array,
        rows: u32,
        logits: bool,
        threads: Option<u32>,
        lengths: Option<Uint32Array>,
    ) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.read())?;
        let x = x.to_vec();
        let options = predict_options(logits, threads, lengths);
        jobs::promise(env, "inverted-dropout-predict", nothing_to_stop, move || {
            model.with(|model| model.predict(&x, rows as usize, &options)).map(Float32Array::new)
        })
    }

    /// Predictions on this thread.
    #[napi]
    pub fn predict_sync(
        &self,
        x: &[f32],
        rows: u32,
        logits: bool,
        threads: Option<u32>,
        lengths: Option<Uint32Array>,
    ) -> errors::Result<Float32Array> {
        guarded(|| {
            let options = predict_options(logits, threads, lengths);
            self.read()?.with(|model| model.predict(x, rows as usize, &options)).map(Float32Array::new)
        })
    }

    /// Predictions with dropout on.
    #[napi(ts_return_type = "Promise<NativeMonteCarlo>")]
    pub fn predict_monte_carlo(
        &self,
        env: &Env,
        control: &Control,
        x: Float32Array,
        rows: u32,
        ids: Option<Uint32Array>,
        lengths: Option<Uint32Array>,
        options: String,
        #[napi(ts_arg_type = "((done: number) => void) | undefined")] on_progress: Option<
            Function<'_, f64, ()>,
        >,
    ) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.read())?;
        let options = guarded(|| monte_carlo::read_options(&options, ids, lengths))?;
        monte_carlo::start(env, model, (x.to_vec(), rows as usize), options, control, on_progress)
    }

    /// Learns a batch.
    #[napi(ts_return_type = "Promise<NativeStep>")]
    pub fn train_step(
        &self,
        env: &Env,
        batch: NativeData,
        options: String,
    ) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.write())?;
        let (batch, options) = guarded(|| Ok((batch.copy("batch")?, steps::read_options(&options)?)))?;
        jobs::promise(env, "inverted-dropout-step", nothing_to_stop, move || {
            model.with(|model| model.train_step(&batch, &options)).map(NativeStep::from)
        })
    }

    /// The gradients of a batch.
    #[napi(ts_return_type = "Promise<NativeGradients>")]
    pub fn gradients(
        &self,
        env: &Env,
        batch: NativeData,
        options: String,
    ) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.read())?;
        let (batch, options) = guarded(|| Ok((batch.copy("batch")?, steps::read_options(&options)?)))?;
        jobs::promise(env, "inverted-dropout-gradients", nothing_to_stop, move || {
            model.with(|model| steps::gradients(model, &batch, &options))
        })
    }

    /// A step by gradients of the caller's; resolves with their norm.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn apply_gradients(
        &self,
        env: &Env,
        gradients: Vec<NewParameter>,
        options: String,
    ) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.write())?;
        let (gradients, options) = guarded(|| {
            let gathered = model.with(|model| parameters::gather(model, "gradients", &gradients))?;
            Ok((gathered, steps::read_options(&options)?))
        })?;
        jobs::promise(env, "inverted-dropout-apply", nothing_to_stop, move || {
            model.with(|model| model.apply_gradients(&gradients, &options))
        })
    }

    /// Changes rates, by the places of layers, as JSON.
    #[napi]
    pub fn set_rates(&self, rates: String) -> errors::Result<()> {
        guarded(|| self.write()?.with(|model| model.set_rates(&read_rates(&rates)?)))
    }

    /// Writes a file.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn save(&self, env: &Env, path: String) -> errors::Result<Object<'static>> {
        let model = guarded(|| self.read())?;
        jobs::promise(env, "inverted-dropout-save", nothing_to_stop, move || {
            model.with(|model| model.save(path))
        })
    }

    /// The contents of the file that `save` writes.
    #[napi]
    pub fn to_bytes(&self) -> errors::Result<Uint8Array> {
        guarded(|| self.read()?.with(|model| Ok(Uint8Array::new(model.to_bytes()))))
    }

    /// Copies of the trained tensors.
    #[napi]
    pub fn parameters(&self) -> errors::Result<Vec<NativeParameter>> {
        guarded(|| self.read()?.with(|model| Ok(parameters::read(model))))
    }

    /// Writes trained tensors.
    #[napi]
    pub fn set_parameters(&self, list: Vec<NewParameter>) -> errors::Result<()> {
        guarded(|| self.write()?.with(|model| parameters::write(model, &list)))
    }

    /// Gives the memory back; calls that are under way keep it until they end.
    #[napi]
    pub fn dispose(&mut self, env: &Env) {
        self.release(env);
    }
}
