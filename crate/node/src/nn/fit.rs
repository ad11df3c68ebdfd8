//! Training on a thread of its own.

use std::sync::Arc;

use inverted_dropout::Result;
use inverted_dropout::nn::{
    BatchEvent, Dataset, EpochEvent, FitFailure, FitObserver, FitOptions, Flow, History,
};
use napi::Env;
use napi::bindgen_prelude::{Function, Object};
use serde::Serialize;

use super::callbacks::{Each, Latest};
use super::control::{Control, Signals};
use super::data::NativeData;
use super::shared::Writer;
use crate::errors;
use crate::jobs;

/// What a call of `fit` passes.
pub(crate) struct Call {
    pub(crate) options: FitOptions,
    pub(crate) train: Dataset,
    pub(crate) validation: Option<Dataset>,
}

impl Call {
    pub(crate) fn new(options: &str, train: &NativeData, validation: Option<&NativeData>) -> Result<Self> {
        Ok(Call {
            options: FitOptions::from_json(options)?,
            train: train.copy("train")?,
            validation: validation.map(|data| data.copy("validation")).transpose()?,
        })
    }
}

/// Starts the training; the promise resolves with an [`Outcome`] as JSON, also where training failed.
pub(crate) fn start(
    env: &Env,
    model: Writer,
    call: Call,
    control: &Control,
    mut observer: Observer,
) -> errors::Result<Object<'static>> {
    let signals = control.signals();
    let stopped = Arc::clone(&signals);
    jobs::promise(
        env,
        "inverted-dropout-fit",
        move || stopped.stop(),
        move || {
            let Call { options, train, validation } = call;
            let result = model.with(|model| {
                Ok(model.fit(&train, validation.as_ref(), &options, signals.control(), &mut observer))
            })?;
            Ok(Outcome::from(result).to_json())
        },
    )
}

/// How a run ended: its course and, where it did not end by itself, why.
#[derive(Serialize)]
struct Outcome {
    history: History,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

#[derive(Serialize)]
struct Failure {
    code: &'static str,
    message: String,
}

impl From<std::result::Result<History, FitFailure>> for Outcome {
    fn from(result: std::result::Result<History, FitFailure>) -> Self {
        match result {
            Ok(history) => Outcome { history, error: None },
            Err(FitFailure { error, history }) => {
                let failure = Failure { code: error.code().as_str(), message: error.to_string() };
                Outcome { history: *history, error: Some(failure) }
            }
        }
    }
}

impl Outcome {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an outcome has string keys only")
    }
}

/// The callbacks of a run. Epochs wait for JavaScript's answer, batches do not.
pub(crate) struct Observer {
    signals: Arc<Signals>,
    on_epoch: Option<Each<EpochEvent, String>>,
    on_batch: Option<Latest<BatchEvent, String>>,
}

impl Observer {
    pub(crate) fn new(
        control: &Control,
        on_epoch: Option<Function<'_, String, ()>>,
        on_batch: Option<Function<'_, String, ()>>,
    ) -> errors::Result<Self> {
        Ok(Observer {
            signals: control.signals(),
            on_epoch: on_epoch.map(|function| Each::new(&function, |event| to_json(&event))).transpose()?,
            on_batch: on_batch.map(|function| Latest::new(&function, |event| to_json(&event))).transpose()?,
        })
    }
}

fn to_json(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("an event has string keys only")
}

impl FitObserver for Observer {
    fn on_batch(&mut self, event: &BatchEvent) {
        if let Some(on_batch) = &self.on_batch {
            on_batch.tell(*event);
        }
    }

    fn on_epoch(&mut self, event: &EpochEvent) -> Flow {
        match &self.on_epoch {
            Some(on_epoch) if on_epoch.tell(event.clone()) => self.signals.wait().unwrap_or(Flow::Continue),
            _ => Flow::Continue,
        }
    }
}
