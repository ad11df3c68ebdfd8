//! What a training run tells while it runs, and what remains of it.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::nn::LayerPath;
use crate::nn::metric::Metrics;

/// A batch has been learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchEvent {
    /// The epoch, counted from 0.
    pub epoch: u64,
    /// The batch inside the epoch, counted from 0.
    pub batch: u64,
    /// Batches of an epoch; `None` for a source that did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<u64>,
    /// Rows of the epoch that were learnt, this batch included.
    pub rows: u64,
    /// Optimiser steps done in this run, this one included.
    pub step: u64,
    /// The loss of this batch, with dropout on, before the step.
    pub loss: f64,
    /// The mean loss of the epoch's batches so far, this one included.
    pub mean_loss: f64,
}

/// An epoch has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EpochEvent {
    /// The epoch, counted from 0.
    pub epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
    /// Mean loss of the epoch's batches, each before its step and with dropout on.
    pub loss: f64,
    /// Metrics of the epoch's batches, likewise.
    pub metrics: Metrics,
    /// Loss on the validation data after the epoch, with dropout off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Metrics on the validation data, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_metrics: Option<Metrics>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Wall time of the epoch; of its part since the resumption where the run was resumed inside it.
    pub seconds: f64,
}

/// What an observer wants to happen after an epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Flow {
    /// Nothing special.
    #[default]
    Continue,
    /// The run ends here, as after its last epoch.
    Stop,
    /// The dropout layers at these positions get these rates, from the next step on.
    SetRates(Vec<(LayerPath, f64)>),
}

/// Someone who watches a training run. Called on the training thread, which waits for the answer.
pub trait FitObserver: Send {
    /// After every optimiser step.
    fn on_batch(&mut self, event: &BatchEvent) {
        let _ = event;
    }

    /// After every epoch.
    fn on_epoch(&mut self, event: &EpochEvent) -> Flow {
        let _ = event;
        Flow::Continue
    }
}

/// Nobody watches.
impl FitObserver for () {}

/// A switch by which another thread stops a computation; it is looked at before every batch.
#[derive(Debug, Default)]
pub struct Control(AtomicBool);

impl Control {
    /// Nothing is to be stopped.
    pub const fn new() -> Self {
        Control(AtomicBool::new(false))
    }

    /// Stops the computation at its next batch.
    pub fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to stop.
    pub fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The course of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// One entry for every epoch that ended, those before a resumption included.
    pub epochs: Vec<EpochEvent>,
    /// Optimiser steps done.
    pub steps: u64,
    /// The epoch whose monitored figure was best, where early stopping was asked for.
    pub best_epoch: Option<u64>,
    /// Whether the run ended before its last epoch, by early stopping or by its observer.
    pub stopped_early: bool,
    /// Wall time of all parts of the run.
    pub seconds: f64,
}

/// A run that did not end by itself: why, and its course up to there. The model keeps what it learnt.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FitFailure {
    /// The reason; `ERR_ABORTED` where [`Control::abort`] was called.
    #[source]
    pub error: Error,
    /// The course up to there.
    pub history: Box<History>,
}
