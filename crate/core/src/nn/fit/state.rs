//! Where a run stands: all that a checkpoint holds beside tensors.

use serde::{Deserialize, Serialize};

use super::History;
use super::early_stopping::Patience;
use crate::nn::LayerPath;
use crate::nn::loss::WeightedSum;
use crate::nn::metric::MetricSums;

/// What a model has learnt from so far, over all runs.
///
/// Steps go on counting from run to run, so that a second `fit` draws new masks and orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trained {
    /// Epochs begun.
    pub epochs: u64,
    /// Optimiser steps done.
    pub steps: u64,
}

impl Trained {
    /// Whether a model can have learnt so much: every epoch that was begun has a step, and steps key masks by 32-bit
    /// words.
    pub(crate) fn is_possible(self) -> bool {
        self.epochs <= self.steps && self.steps <= u64::from(u32::MAX)
    }
}

/// The position of a run, and what it has gathered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    /// What the model had learnt from before this run.
    pub(super) before: Trained,
    /// Epochs done.
    pub(super) epoch: u64,
    /// Batches done of the epoch under way.
    pub(super) batch: u64,
    /// Their rows.
    pub(super) rows: u64,
    /// The loss of those batches.
    pub(super) loss: WeightedSum,
    /// Their metrics.
    pub(super) metrics: MetricSums,
    /// Dropout rates that the observer changed, in the order of the changes.
    pub(super) rates: Vec<(LayerPath, f64)>,
    pub(super) patience: Patience,
    pub(super) history: History,
    /// Whether the run ended before its last epoch.
    pub(super) stopped: bool,
    /// The steps whose checkpoints lie beside the newest as numbered files, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) kept: Vec<u64>,
}

impl State {
    pub(super) fn new(before: Trained, metrics: MetricSums) -> Self {
        State {
            before,
            epoch: 0,
            batch: 0,
            rows: 0,
            loss: WeightedSum::default(),
            metrics,
            rates: Vec::new(),
            patience: Patience::default(),
            history: History::default(),
            stopped: false,
            kept: Vec::new(),
        }
    }

    /// Optimiser steps done in this run.
    pub(super) fn steps(&self) -> u64 {
        self.history.steps
    }

    /// What the model has learnt from, this run included.
    pub(super) fn trained(&self) -> Trained {
        let begun = self.epoch + u64::from(self.batch > 0);
        Trained { epochs: self.before.epochs + begun, steps: self.before.steps + self.steps() }
    }
}
