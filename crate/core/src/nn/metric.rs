//! Figures a user judges a model by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::Output;
use super::loss::{BatchTargets, WeightedSum};
use crate::error::{Code, Error, Result};

/// A figure beside the loss. Every row counts once, whatever its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Metric {
    /// The part of the rows whose most probable class is the true one (output `softmax`).
    Accuracy,
    /// The part of the outputs on the right side of 1/2 (output `sigmoid`).
    BinaryAccuracy,
    /// Mean of |prediction - target| (outputs `identity` and `gaussian`).
    MeanAbsoluteError,
    /// Root of the mean of (prediction - target)^2 (outputs `identity` and `gaussian`).
    RootMeanSquaredError,
}

/// Metrics by name.
pub type Metrics = BTreeMap<Metric, f64>;

impl Metric {
    /// All metrics.
    pub const ALL: [Metric; 4] =
        [Metric::Accuracy, Metric::BinaryAccuracy, Metric::MeanAbsoluteError, Metric::RootMeanSquaredError];

    /// The name as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::BinaryAccuracy => "binaryAccuracy",
            Metric::MeanAbsoluteError => "meanAbsoluteError",
            Metric::RootMeanSquaredError => "rootMeanSquaredError",
        }
    }

    /// What is shown where no metrics are asked for.
    pub fn default_of(output: Output) -> Metric {
        match output {
            Output::Softmax => Metric::Accuracy,
            Output::Sigmoid => Metric::BinaryAccuracy,
            Output::Identity | Output::Gaussian => Metric::RootMeanSquaredError,
        }
    }

    /// Whether more is better.
    pub const fn higher_is_better(self) -> bool {
        matches!(self, Metric::Accuracy | Metric::BinaryAccuracy)
    }

    fn fits(self, output: Output) -> bool {
        match self {
            Metric::Accuracy => output == Output::Softmax,
            Metric::BinaryAccuracy => output == Output::Sigmoid,
            Metric::MeanAbsoluteError | Metric::RootMeanSquaredError => {
                matches!(output, Output::Identity | Output::Gaussian)
            }
        }
    }

    /// The sum over a row of `logits` and how many values it has.
    fn row(self, logits: &[f32], target: RowTarget<'_>) -> (f64, usize) {
        match self {
            Metric::Accuracy => {
                let class = match target {
                    RowTarget::Class(class) => class as usize,
                    RowTarget::Values(values) => largest(values),
                };
                (f64::from(u8::from(largest(logits) == class)), 1)
            }
            Metric::BinaryAccuracy => {
                let right = logits.iter().enumerate().filter(|(output, logit)| {
                    let positive = match target {
                        RowTarget::Class(class) => class == 1,
                        RowTarget::Values(values) => values[*output] > 0.5,
                    };
                    (**logit > 0.0) == positive
                });
                (right.count() as f64, logits.len())
            }
            Metric::MeanAbsoluteError => target.differences(logits, f64::abs),
            Metric::RootMeanSquaredError => target.differences(logits, |difference| difference * difference),
        }
    }

    fn finish(self, sum: WeightedSum) -> f64 {
        match self {
            Metric::RootMeanSquaredError => sum.mean().sqrt(),
            _ => sum.mean(),
        }
    }
}

/// The first of the largest values.
fn largest(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best })
}

#[derive(Clone, Copy)]
enum RowTarget<'a> {
    Class(u32),
    Values(&'a [f32]),
}

impl RowTarget<'_> {
    /// The sum of `of(prediction - target)`; the predictions are the first logits (the means of a gaussian output).
    fn differences(self, logits: &[f32], of: impl Fn(f64) -> f64) -> (f64, usize) {
        match self {
            RowTarget::Values(values) => {
                let pairs = values.iter().zip(logits);
                (pairs.map(|(target, mean)| of(f64::from(*mean) - f64::from(*target))).sum(), values.len())
            }
            RowTarget::Class(_) => unreachable!("a regression has values as targets"),
        }
    }
}

/// Metrics in the making.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MetricSums(Vec<(Metric, WeightedSum)>);

impl MetricSums {
    /// The metrics asked for, or the usual one of the output.
    ///
    /// # Errors
    /// `ERR_CONFIG` for a metric that does not fit the output.
    pub(crate) fn new(metrics: Option<&[Metric]>, output: Output) -> Result<Self> {
        let metrics = metrics.map_or_else(|| vec![Metric::default_of(output)], <[Metric]>::to_vec);
        if let Some(metric) = metrics.iter().find(|metric| !metric.fits(output)) {
            let fitting: Vec<_> =
                Metric::ALL.into_iter().filter(|metric| metric.fits(output)).map(Metric::name).collect();
            return Err(Error::argument(
                Code::Config,
                "metrics",
                metric.name(),
                format!("of {} for a model with output {}", fitting.join(", "), output.name()),
            ));
        }
        Ok(MetricSums(metrics.into_iter().map(|metric| (metric, WeightedSum::default())).collect()))
    }

    /// Starts again at nothing.
    pub(crate) fn clear(&mut self) {
        for (_, sum) in &mut self.0 {
            *sum = WeightedSum::default();
        }
    }

    /// Whether the metric is among them.
    pub(crate) fn has(&self, metric: Metric) -> bool {
        self.0.iter().any(|(own, _)| *own == metric)
    }

    /// Takes in a batch of `rows` rows of `steps` vectors, of which as many as `lengths` says count. Allocates nothing.
    pub(crate) fn add(
        &mut self,
        rows: usize,
        steps: usize,
        lengths: Option<&[u32]>,
        logits: &[f32],
        targets: BatchTargets<'_, f32>,
    ) {
        let vectors = rows * steps;
        let width = logits.len() / vectors;
        let counts = |vector: usize| {
            steps == 1 || lengths.is_none_or(|lengths| vector % steps < lengths[vector / steps] as usize)
        };
        for (metric, sum) in &mut self.0 {
            for (row, logits) in logits.chunks_exact(width).enumerate().filter(|(vector, _)| counts(*vector))
            {
                let target = match targets {
                    BatchTargets::Classes(classes) => RowTarget::Class(classes[row]),
                    BatchTargets::Values(values) => {
                        let width = values.len() / vectors;
                        RowTarget::Values(&values[row * width..(row + 1) * width])
                    }
                };
                let (value, count) = metric.row(logits, target);
                sum.add(WeightedSum { sum: value, weight: count as f64 });
            }
        }
    }

    /// Takes in the rows of `other`, which has the same metrics.
    pub(crate) fn merge(&mut self, other: &MetricSums) {
        for ((_, sum), (_, other)) in self.0.iter_mut().zip(&other.0) {
            sum.add(*other);
        }
    }

    /// Whether `other` measures the same.
    pub(crate) fn is_like(&self, other: &MetricSums) -> bool {
        self.0.iter().map(|(metric, _)| metric).eq(other.0.iter().map(|(metric, _)| metric))
    }

    /// The metrics of all rows so far.
    pub(crate) fn finish(&self) -> Metrics {
        self.0.iter().map(|(metric, sum)| (*metric, metric.finish(*sum))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(metric: Metric, output: Output, logits: &[f32], targets: BatchTargets<'_, f32>) -> f64 {
        let mut sums = MetricSums::new(Some(&[metric]), output).unwrap();
        sums.add(2, 1, None, logits, targets);
        sums.finish()[&metric]
    }

    #[test]
    fn values_worked_by_hand() {
        let logits = [0.1, 0.9, -3.0, -1.0, -2.0, -0.5];
        let accuracy = |targets| metrics(Metric::Accuracy, Output::Softmax, &logits, targets);
        assert_eq!(accuracy(BatchTargets::Classes(&[1, 2])), 1.0);
        assert_eq!(accuracy(BatchTargets::Classes(&[1, 0])), 0.5);
        assert_eq!(accuracy(BatchTargets::Values(&[0.0, 1.0, 0.0, 1.0, 0.0, 0.0])), 0.5);

        let binary =
            |targets| metrics(Metric::BinaryAccuracy, Output::Sigmoid, &[0.2, -0.1, -5.0, 3.0], targets);
        assert_eq!(binary(BatchTargets::Values(&[1.0, 0.0, 1.0, 0.9])), 0.75);
        let binary = |targets| metrics(Metric::BinaryAccuracy, Output::Sigmoid, &[0.2, -0.1], targets);
        assert_eq!(binary(BatchTargets::Classes(&[1, 1])), 0.5);

        let targets = BatchTargets::Values(&[0.0, 1.0]);
        assert_eq!(metrics(Metric::MeanAbsoluteError, Output::Identity, &[3.0, -3.0], targets), 3.5);
        let root = metrics(Metric::RootMeanSquaredError, Output::Identity, &[3.0, -3.0], targets);
        assert_eq!(root, 12.5f64.sqrt());
        // Rows of a mean and a log variance, which must not matter.
        let logits = [3.0, 99.0, -3.0, -99.0];
        assert_eq!(metrics(Metric::MeanAbsoluteError, Output::Gaussian, &logits, targets), 3.5);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_does() {
        let error = MetricSums::new(Some(&[Metric::Accuracy]), Output::Gaussian).unwrap_err();
        assert_eq!(error.code(), Code::Config);
        assert!(error.to_string().contains("meanAbsoluteError, rootMeanSquaredError"), "{error}");
    }

    #[test]
    fn names_are_those_of_json() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_string(&metric).unwrap(), format!("\"{}\"", metric.name()));
        }
    }
}
