//! How to train, as a plain value.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ClassWeights, EmaOptions};
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
    /// Parts that a batch is worked off in, from 1 to `batch_size` where the rows are in memory: each of a batch's rows /
    /// `accumulate`, rounded up.
    /// A step then takes the memory of a part, and an array of gradients. Its gradient, clipping, loss and masks are
    /// those of the undivided batch, up to rounding; batch normalisation alone sees the parts: it takes its moments from
    /// each, and its running ones take in each part. Default 1.
    #[serde(default = "default_accumulate")]
    pub accumulate: usize,
    /// A new order of the rows in every epoch. A source has its own. Default true.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// The part of the training rows that is held out for validation, in (0, 1); not with validation data.
    #[serde(default)]
    pub validation_split: Option<f64>,
    /// Gradients with a larger Euclidean norm (over all parameters) are scaled down to it; above 0.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// What rows of each class count in training. Default: all the same.
    #[serde(default)]
    pub class_weights: Option<ClassWeights>,
    /// A moving average of the weights, for validation, early stopping, checkpoints as models and the end of the run.
    /// Running statistics of batch normalisation are moving averages by themselves and stay what they are. Default:
    /// none.
    #[serde(default)]
    pub ema: Option<EmaOptions>,
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

fn default_accumulate() -> usize {
    1
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
    /// Whether the model ends with the weights and running statistics of the best epoch, also where the last epoch was
    /// reached. Default true.
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
    /// How many of the last checkpoints also stay as files of their own, at least 1: `<path>.000120` after 120 steps
    /// of the run. Older ones are removed once a new one is safe, if this run has written them. A resumed run goes on
    /// with those of its checkpoint, and can start from any of them. Default: none stay.
    #[serde(default)]
    pub keep: Option<u64>,
}

impl CheckpointOptions {
    /// Only what is saved in any case.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        CheckpointOptions { path: path.into(), every_steps: None, keep: None }
    }
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
            accumulate: default_accumulate(),
            shuffle: true,
            validation_split: None,
            clip_norm: None,
            class_weights: None,
            ema: None,
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
        at_least_one("accumulate", self.accumulate as u64)?;
        self.class_weights.as_ref().map_or(Ok(()), ClassWeights::validate)?;
        self.ema.as_ref().map_or(Ok(()), EmaOptions::validate)?;
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
        if let Some(CheckpointOptions { every_steps, keep, .. }) = &self.checkpoint {
            at_least_one("checkpoint.everySteps", every_steps.unwrap_or(1))?;
            at_least_one("checkpoint.keep", keep.unwrap_or(1))?;
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
        assert_eq!(
            (options.accumulate, options.ema.is_none(), options.class_weights.is_none()),
            (1, true, true)
        );
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
            (r#","checkpoint":{"path":"a","keep":0}"#, Code::Range, "`checkpoint.keep`"),
            (r#","accumulate":0"#, Code::Range, "`accumulate`"),
            (r#","ema":{"decay":1}"#, Code::Range, "`ema.decay`"),
            (r#","ema":{"rate":0.9}"#, Code::Option, "rate"),
            (r#","classWeights":[1,-1]"#, Code::Range, "`classWeights[1]`"),
            (r#","classWeights":"even""#, Code::Option, "`options`"),
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
