//! Judging a model after an epoch.

use super::batches::Expectations;
use super::source::{BatchSource, Source};
use crate::error::{Code, Error, Result};
use crate::nn::Network;
use crate::nn::data::Dataset;
use crate::nn::evaluate::{Evaluation, Evaluator};
use crate::nn::loss::{Loss, WeightedSum};
use crate::nn::metric::MetricSums;

/// The data that a model is judged by, never learnt from.
pub(super) enum Validator<'a> {
    /// Data in memory, in blocks that are planned once.
    Memory(Evaluator<'a>),
    /// Batches that are read anew after each epoch.
    Stream { source: &'a mut dyn BatchSource, expectations: Expectations, metrics: MetricSums },
}

impl<'a> Validator<'a> {
    /// # Errors
    /// Those of data in memory.
    pub(super) fn new(
        network: &Network<f32>,
        source: Source<'a>,
        loss: &Loss,
        metrics: &MetricSums,
    ) -> Result<Self> {
        let expectations = Expectations::new(network, loss);
        match source {
            Source::Memory(data) => {
                expectations.check(network, "validation", data)?;
                let all = all_rows(data);
                Ok(Validator::Memory(Evaluator::new(network, data, &all, metrics)?))
            }
            Source::Stream(source) => {
                Ok(Validator::Stream { source, expectations, metrics: metrics.clone() })
            }
        }
    }

    /// Judges `network` as it is after `epoch`.
    ///
    /// # Errors
    /// Those of a source and its batches.
    pub(super) fn run(&mut self, network: &Network<f32>, loss: &Loss, epoch: u64) -> Result<Evaluation> {
        let (source, expectations, metrics) = match self {
            Validator::Memory(evaluator) => return evaluator.run(network, loss),
            Validator::Stream { source, expectations, metrics } => (source, expectations, metrics),
        };
        let (mut sum, mut batches) = (WeightedSum::default(), 0u64);
        metrics.clear();
        source.begin(epoch, 0)?;
        while let Some(batch) = source.next()? {
            expectations.check(network, &format!("validation.batches[{batches}]"), &batch)?;
            let of_batch =
                Evaluator::new(network, &batch, &all_rows(&batch), metrics)?.sums(network, loss)?;
            sum.add(of_batch.0);
            metrics.merge(&of_batch.1);
            batches += 1;
        }
        if batches == 0 {
            return Err(Error::argument(Code::Empty, "validation", "none", "at least one batch"));
        }
        Ok(Evaluation { loss: sum.mean(), metrics: metrics.finish() })
    }
}

fn all_rows(data: &Dataset) -> Vec<u32> {
    (0..data.rows as u32).collect()
}
