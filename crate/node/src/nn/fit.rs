//! Training on a thread of its own.

use std::sync::Arc;

use inverted_dropout::nn::{
    BatchEvent, Dataset, EpochEvent, FitFailure, FitObserver, FitOptions, Flow, History, Source,
};
use inverted_dropout::{Code, Error, Result};
use napi::Env;
use napi::bindgen_prelude::{Function, Object};
use serde::Serialize;

use super::callbacks::{Each, Latest};
use super::control::{Control, Signals};
use super::data::NativeData;
use super::feed::{Asking, Feed};
use super::shared::Writer;
use crate::errors;
use crate::jobs;

/// What a call of `fit` passes.
pub(crate) struct Call {
    options: FitOptions,
    train: Rows,
    validation: Option<Rows>,
}

/// Data in memory, or what asks JavaScript for it batch by batch.
enum Rows {
    Memory(Dataset),
    Stream(Feed),
}

impl Rows {
    fn source(&mut self) -> Source<'_> {
        match self {
            Rows::Memory(data) => Source::Memory(data),
            Rows::Stream(feed) => Source::Stream(feed),
        }
    }
}

impl Call {
    /// `asking` tells JavaScript what a source is to give: without `train` the data to learn from, and that to judge by
    /// where `streams_validation` says so.
    pub(crate) fn new(
        options: &str,
        train: Option<&NativeData>,
        validation: Option<&NativeData>,
        streams_validation: bool,
        control: &Control,
        asking: Option<Asking>,
    ) -> Result<Self> {
        let signals = control.signals();
        let rows = |of, data: Option<&NativeData>| match (data, &asking) {
            (Some(data), _) => data.copy(of).map(Rows::Memory),
            (None, Some(asking)) => Ok(Rows::Stream(Feed::new(of, asking, &signals))),
            (None, None) => Err(Error::argument(Code::Internal, of, "nothing", "data or a source")),
        };
        let judges = validation.is_some() || streams_validation;
        Ok(Call {
            options: FitOptions::from_json(options)?,
            train: rows("train", train)?,
            validation: judges.then(|| rows("validation", validation)).transpose()?,
        })
    }
}

/// How to ask JavaScript for batches.
pub(crate) fn asking(function: Option<Function<'_, String, ()>>) -> errors::Result<Option<Asking>> {
    let asking = |function| Each::new(&function, |ask| to_json(&ask)).map(Arc::new);
    function.map(asking).transpose()
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
            let Call { options, mut train, mut validation } = call;
            let result = model.with(|model| {
                let validation = validation.as_mut().map(Rows::source);
                Ok(model.fit_from(train.source(), validation, &options, signals.control(), &mut observer))
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
            Some(on_epoch) if on_epoch.tell(event.clone()) => self.signals.answer().unwrap_or(Flow::Continue),
            _ => Flow::Continue,
        }
    }
}
