//! How to train, as a plain value.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::nn::loss::LossConfig;
use crate::nn::metric::Metric;
use crate::nn::optimizer::OptimizerConfig;
use crate::nn::schedule::Schedule;

/// The options of a training run. JSON in camelCase; unknown fields are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FitOptions {
    /// What is minimised; must fit the model's output.
    pub loss: LossConfig,
    /// The rule of the steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time. Default: the optimiser's own, constant.
    #[serde(default)]
    pub learning_rate: Option<Schedule>,
    /// How often all rows are seen, at least 1.
    pub epochs: u64,
    /// Batches of an epoch, at least 1, where they come from a source. Needed by learning rates that change, which go
    /// by it; every epoch must have as many then.
    #[serde(default)]
    pub batches_per_epoch: Option<u64>,
    /// Rows in a step, at least 1; the last batch of an epoch may be smaller. A source decides by itself. Default 32.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// A new order of the rows in every epoch. A source has its own. Default true.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// The part of the training rows that is held out for validation, in (0, 1); not with validation data.
    #[serde(default)]
    pub validation_split: Option<f64>,
    /// Gradients with a larger Euclidean norm (over all parameters) are scaled down to it; above 0.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// What is measured beside the loss. Default: the usual metric of the model's output.
    #[serde(default)]
    pub metrics: Option<Vec<Metric>>,
    /// When to stop before the last epoch.
    #[serde(default)]
    pub early_stopping: Option<EarlyStopping>,
    /// Where and how often the state is saved.
    #[serde(default)]
    pub checkpoint: Option<CheckpointOptions>,
    /// A checkpoint to go on from. Its run must have had the same model, data and options; `epochs`, `checkpoint`
    /// and `threads` may differ.
    #[serde(default)]
    pub resume: Option<PathBuf>,
    /// Threads to compute with. Default: `INVERTED_DROPOUT_THREADS`, else what the machine offers. Results do not
    /// depend on it.
    #[serde(default)]
    pub threads: Option<usize>,
}

fn default_batch_size() -> usize {
    32
}

fn yes() -> bool {
    true
}

/// Stops when a figure no longer gets better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EarlyStopping {
    /// The figure: `validationLoss` (default), `loss`, a metric by name, or a metric of the validation data such as
    /// `validationAccuracy`.
    #[serde(default = "default_monitor")]
    pub monitor: String,
    /// Epochs without improvement until training stops, at least 1. Default 10.
    #[serde(default = "default_patience")]
    pub patience: u64,
    /// By how much the figure must get better to count as improved, at least 0. Default 0.
    #[serde(default)]
    pub min_delta: f64,
    /// Whether the model ends with the weights of the best epoch, also where the last epoch was reached. Default
    /// true.
    #[serde(default = "yes")]
    pub restore_best: bool,
}

fn default_monitor() -> String {
    "validationLoss".to_owned()
}

fn default_patience() -> u64 {
    10
}

/// Where and how often the state of a run is saved. It is saved after every epoch in any case, and when the run
/// is aborted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckpointOptions {
    /// The file, replaced as a whole each time.
    pub path: PathBuf,
    /// Also after every so many optimiser steps, at least 1.
    #[serde(default)]
    pub every_steps: Option<u64>,
}

impl FitOptions {
    /// Options with all defaults.
    pub fn new(loss: LossConfig, optimizer: OptimizerConfig, epochs: u64) -> Self {
        FitOptions {
            loss,
            optimizer,
            learning_rate: None,
            epochs,
            batches_per_epoch: None,
            batch_size: default_batch_size(),
            shuffle: true,
            validation_split: None,
            clip_norm: None,
            metrics: None,
            early_stopping: None,
            checkpoint: None,
            resume: None,
            threads: None,
        }
    }

    /// Reads and checks options.
    ///
    /// # Errors
    /// `ERR_OPTION` if the text is not JSON of this form, and those of [`FitOptions::validate`].
    pub fn from_json(text: &str) -> Result<Self> {
        let options: FitOptions = serde_json::from_str(text)
            .map_err(|error| Error::argument(Code::Option, "options", error, "the options of fit"))?;
        options.validate()?;
        Ok(options)
    }

    /// Checks what can be checked without a model and data.
    ///
    /// # Errors
    /// `ERR_RANGE` or `ERR_CONFIG` naming the option.
    pub fn validate(&self) -> Result<()> {
        let at_least_one = |name: &str, value: u64| match value {
            0 => Err(Error::argument(Code::Range, name, 0, "a whole number of at least 1")),
            _ => Ok(()),
        };
        self.optimizer.validate()?;
        if let Some(schedule) = &self.learning_rate {
            schedule.validate()?;
        }
        at_least_one("epochs", self.epochs)?;
        at_least_one("batchSize", self.batch_size as u64)?;
        at_least_one("batchesPerEpoch", self.batches_per_epoch.unwrap_or(1))?;
        if let Some(norm) = self.clip_norm
            && !(norm > 0.0 && norm.is_finite())
        {
            return Err(Error::argument(Code::Range, "clipNorm", norm, "a finite number above 0"));
        }
        if let Some(stopping) = &self.early_stopping {
            at_least_one("earlyStopping.patience", stopping.patience)?;
            if !(stopping.min_delta >= 0.0 && stopping.min_delta.is_finite()) {
                return Err(Error::argument(
                    Code::Range,
                    "earlyStopping.minDelta",
                    stopping.min_delta,
                    "a finite number of at least 0",
                ));
            }
        }
        if let Some(CheckpointOptions { every_steps: Some(steps), .. }) = &self.checkpoint {
            at_least_one("checkpoint.everySteps", *steps)?;
        }
        Ok(())
    }

    /// The learning rate over time.
    pub fn schedule(&self) -> Schedule {
        let constant = || Schedule::Constant { value: self.optimizer.learning_rate() };
        self.learning_rate.clone().unwrap_or_else(constant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_as_documented() {
        let options = FitOptions::from_json(
            r#"{"loss":{"type":"crossEntropy"},"optimizer":{"type":"adam"},"epochs":3,"earlyStopping":{}}"#,
        )
        .unwrap();
        assert_eq!(options.batch_size, 32);
        assert!(options.shuffle);
        assert_eq!(options.schedule(), Schedule::Constant { value: 0.001 });
        let stopping = options.early_stopping.as_ref().unwrap();
        assert_eq!((stopping.monitor.as_str(), stopping.patience), ("validationLoss", 10));
        assert!(stopping.restore_best);
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(FitOptions::from_json(&json).unwrap(), options);
    }

    #[test]
    fn bad_options_are_refused_by_name() {
        let with = |more: &str| {
            let json = format!(
                r#"{{"loss":{{"type":"meanSquaredError"}},"optimizer":{{"type":"sgd"}},"epochs":3{more}}}"#
            );
            FitOptions::from_json(&json)
        };
        with("").unwrap();
        for (more, code, name) in [
            (r#","batchSize":0"#, Code::Range, "`batchSize`"),
            (r#","batchSize":-1"#, Code::Option, "`options`"),
            (r#","clipNorm":0"#, Code::Range, "`clipNorm`"),
            (r#","batchesPerEpoch":0"#, Code::Range, "`batchesPerEpoch`"),
            (r#","earlyStopping":{"patience":0}"#, Code::Range, "`earlyStopping.patience`"),
            (r#","earlyStopping":{"minDelta":-1}"#, Code::Range, "`earlyStopping.minDelta`"),
            (r#","checkpoint":{"path":"a","everySteps":0}"#, Code::Range, "`checkpoint.everySteps`"),
            (r#","learningRate":-1"#, Code::Range, "`learningRate`"),
            (r#","bathcSize":8"#, Code::Option, "bathcSize"),
            (r#","metrics":["f1"]"#, Code::Option, "f1"),
        ] {
            let error = with(more).unwrap_err();
            assert_eq!(error.code(), code, "{more}: {error}");
            assert!(error.to_string().contains(name), "{more}: {error}");
        }
    }
}
