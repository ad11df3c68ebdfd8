//! Losses on what comes before the model's output function (the logits), with their gradients.
//!
//! Each fits exactly one output, so the output function is part of the loss and neither over- nor underflows:
//!
//! | loss | output | targets of a row |
//! |---|---|---|
//! | `crossEntropy` | `softmax` | a class index, or a probability for each class |
//! | `binaryCrossEntropy` | `sigmoid` | a value in `[0, 1]` for each output; for one output also a class index 0 or 1 |
//! | `meanSquaredError` | `identity` | a value for each output |
//! | `gaussianNegativeLogLikelihood` | `gaussian` | a value for each mean |
//!
//! The value of a batch is a weighted mean, kept as a sum and a total weight in double precision, so that
//! batches add up to exactly the loss of the whole set.

mod binary_cross_entropy;
mod cross_entropy;
mod gaussian;
mod mean_squared_error;

use serde::{Deserialize, Serialize};

use super::config::Output;
use super::scalar::Scalar;
use crate::error::{Code, Error, Result};
use crate::isa::{Isa, Kernel};

/// Which loss, with its options. JSON: `{"type":"crossEntropy","labelSmoothing":0.1}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum LossConfig {
    /// -ln p of the true class.
    CrossEntropy {
        /// A weight for each class, at least 0. The mean divides by the sum of the weights of the rows' classes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_weights: Option<Vec<f64>>,
        /// The part of the target that is spread evenly over all classes, in `[0, 1]` (Szegedy et al. 2016).
        #[serde(default)]
        label_smoothing: f64,
    },
    /// -t ln p - (1 - t) ln(1 - p), mean over all outputs of all rows.
    BinaryCrossEntropy {},
    /// (z - t)^2, mean over all outputs of all rows.
    MeanSquaredError {},
    /// 1/2 (ln 2 pi + s + (t - m)^2 / e^s) for means m and log variances s, mean over all means of all rows.
    GaussianNegativeLogLikelihood {},
}

impl LossConfig {
    /// Cross entropy without options.
    pub fn cross_entropy() -> Self {
        LossConfig::CrossEntropy { class_weights: None, label_smoothing: 0.0 }
    }

    /// The name as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            LossConfig::CrossEntropy { .. } => "crossEntropy",
            LossConfig::BinaryCrossEntropy {} => "binaryCrossEntropy",
            LossConfig::MeanSquaredError {} => "meanSquaredError",
            LossConfig::GaussianNegativeLogLikelihood {} => "gaussianNegativeLogLikelihood",
        }
    }

    /// The loss that is the likelihood of an output.
    pub fn of(output: Output) -> Self {
        match output {
            Output::Softmax => LossConfig::cross_entropy(),
            Output::Sigmoid => LossConfig::BinaryCrossEntropy {},
            Output::Identity => LossConfig::MeanSquaredError {},
            Output::Gaussian => LossConfig::GaussianNegativeLogLikelihood {},
        }
    }

    fn output(&self) -> Output {
        match self {
            LossConfig::CrossEntropy { .. } => Output::Softmax,
            LossConfig::BinaryCrossEntropy {} => Output::Sigmoid,
            LossConfig::MeanSquaredError {} => Output::Identity,
            LossConfig::GaussianNegativeLogLikelihood {} => Output::Gaussian,
        }
    }
}

/// The targets of a batch.
#[derive(Clone, Copy, Debug)]
pub enum BatchTargets<'a, T> {
    /// A class index for each row, or for each step of each row.
    Classes(&'a [u32]),
    /// Values, one row, or step, after another.
    Values(&'a [T]),
}

/// What counts how much in a batch.
#[derive(Clone, Copy, Debug)]
pub struct Weighting<'a, T> {
    /// A weight for each row; `None`: 1.
    pub rows: Option<&'a [T]>,
    /// How many steps of each row count, the rest being padding; `None`: all. Without meaning where a row has one output
    /// vector.
    pub lengths: Option<&'a [u32]>,
}

impl<'a, T> Weighting<'a, T> {
    /// Everything counts the same.
    pub const NONE: Self = Weighting { rows: None, lengths: None };

    /// Rows of different weight.
    pub fn rows(weights: &'a [T]) -> Self {
        Weighting { rows: Some(weights), lengths: None }
    }
}

impl<T: Scalar> Weighting<'_, T> {
    /// The weight of vector `vector` where every row has `steps`.
    #[inline(always)]
    fn of(&self, vector: usize, steps: usize) -> f64 {
        let row = vector / steps;
        match self.lengths {
            Some(lengths) if vector % steps >= lengths[row] as usize && steps > 1 => 0.0,
            _ => self.rows.map_or(1.0, |weights| weights[row].to_f64()),
        }
    }
}

/// The target of a vector.
#[derive(Clone, Copy)]
enum Target<'a, T> {
    Class(u32),
    Values(&'a [T]),
}

impl<'a, T> BatchTargets<'a, T> {
    #[inline(always)]
    fn row(self, row: usize, width: usize) -> Target<'a, T> {
        match self {
            BatchTargets::Classes(classes) => Target::Class(classes[row]),
            BatchTargets::Values(values) => Target::Values(&values[row * width..(row + 1) * width]),
        }
    }
}

/// A weighted mean in the making.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeightedSum {
    /// Sum of weight times value.
    pub sum: f64,
    /// Sum of the weights.
    pub weight: f64,
}

impl WeightedSum {
    /// The mean; 0 where nothing has any weight.
    pub fn mean(self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.sum / self.weight }
    }

    /// The same with a mean that is larger by `penalty`.
    pub(crate) fn plus(self, penalty: f64) -> Self {
        WeightedSum { sum: self.sum + penalty * self.weight, ..self }
    }

    /// Takes in the rows of `other`.
    pub fn add(&mut self, other: WeightedSum) {
        self.sum += other.sum;
        self.weight += other.weight;
    }
}

/// A loss that fits a model.
#[derive(Clone, Debug)]
pub struct Loss {
    config: LossConfig,
    width: usize,
    steps: usize,
    /// What the weight of a row is multiplied by, for each class its target may be.
    class_weights: Option<Vec<f64>>,
}

impl Loss {
    /// The loss of a model with the given output and `width` logits a row, or a step of a row: see [`Loss::over`].
    ///
    /// # Errors
    /// `ERR_CONFIG` if the loss does not fit the output; `ERR_SHAPE` or `ERR_RANGE` for bad class weights;
    /// `ERR_RANGE` for label smoothing outside `[0, 1]`.
    pub fn new(config: &LossConfig, output: Output, width: usize) -> Result<Loss> {
        if config.output() != output {
            return Err(Error::argument(
                Code::Config,
                "loss",
                config.name(),
                format!(
                    "{} for a model with output {}, or the model's output {}",
                    LossConfig::of(output).name(),
                    output.name(),
                    config.output().name()
                ),
            ));
        }
        if let LossConfig::CrossEntropy { class_weights, label_smoothing } = config {
            cross_entropy::validate(class_weights.as_deref(), *label_smoothing, width)?;
        }
        Ok(Loss { config: config.clone(), width, steps: 1, class_weights: None })
    }

    /// The same loss of rows that have an output, and a target, at each of some steps: the mean goes over all of them.
    pub fn over(self, steps: usize) -> Loss {
        Loss { steps, ..self }
    }

    /// The same loss where the weight of a row, or of a step of a row, is multiplied by that of its class; where the
    /// target is probabilities, by the mean of the weights under them. The mean divides by the sum of the products.
    ///
    /// # Panics
    /// If there is not a weight for each of [`Loss::classes`].
    pub(crate) fn with_class_weights(self, weights: Vec<f64>) -> Loss {
        assert_eq!(Some(weights.len()), self.classes());
        Loss { class_weights: Some(weights), ..self }
    }

    /// The configuration.
    pub fn config(&self) -> &LossConfig {
        &self.config
    }

    /// Output vectors a row.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Logits of an output vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Target values of an output vector: the logits, or the means of a gaussian output.
    pub fn target_width(&self) -> usize {
        match self.config {
            LossConfig::GaussianNegativeLogLikelihood {} => self.width / 2,
            _ => self.width,
        }
    }

    /// How many classes a target may name; `None` where it must be given as values.
    pub fn classes(&self) -> Option<usize> {
        match self.config {
            LossConfig::CrossEntropy { .. } => Some(self.width),
            LossConfig::BinaryCrossEntropy {} if self.width == 1 => Some(2),
            _ => None,
        }
    }

    /// The loss of a batch and, into `gradient`, the gradient of its mean with respect to the logits.
    ///
    /// A batch without any weight has loss 0 and gradient 0. NaN or
    /// infinite logits show in the value. Allocates nothing.
    ///
    /// # Panics
    /// If lengths do not fit, or a class is out of range: data is checked before it comes here.
    pub fn evaluate<T: Scalar>(
        &self,
        logits: &[T],
        targets: BatchTargets<'_, T>,
        weights: Weighting<'_, T>,
        gradient: Option<&mut [T]>,
    ) -> WeightedSum {
        // The bits are the same on every instruction set, so one that is forced and missing, which the layers
        // report, need not fail here.
        let isa = Isa::active().unwrap_or(Isa::Portable);
        T::dispatch(isa, Evaluate { loss: self, logits, targets, weights, gradient })
    }

    #[inline(always)]
    fn evaluate_here<T: Scalar>(
        &self,
        logits: &[T],
        targets: BatchTargets<'_, T>,
        weights: Weighting<'_, T>,
        mut gradient: Option<&mut [T]>,
    ) -> WeightedSum {
        let (width, target_width) = (self.width, self.target_width());
        let rows = logits.len() / width;
        let weight_of = |vector: usize| {
            let weight = weights.of(vector, self.steps);
            match &self.class_weights {
                Some(classes) => weight * mean_under(classes, targets.row(vector, target_width)),
                None => weight,
            }
        };
        let weight = (0..rows)
            .map(|row| weight_of(row) * self.target_weight(targets.row(row, target_width)))
            .sum::<f64>();
        let mut sum = 0.0;
        for (row, logits) in logits.chunks_exact(width).enumerate() {
            let scale = if weight == 0.0 { 0.0 } else { weight_of(row) / weight };
            let gradient = gradient.as_deref_mut().map(|all| &mut all[row * width..(row + 1) * width]);
            let value = self.row(logits, targets.row(row, target_width), scale, gradient);
            // A row without weight counts for nothing, even where its loss overflows.
            if weight_of(row) != 0.0 {
                sum += weight_of(row) * value;
            }
        }
        WeightedSum { sum, weight }
    }

    /// What a row adds to the divisor of the mean.
    #[inline(always)]
    fn target_weight<T: Scalar>(&self, target: Target<'_, T>) -> f64 {
        match &self.config {
            LossConfig::CrossEntropy { class_weights, .. } => {
                class_weights.as_deref().map_or(1.0, |weights| cross_entropy::target_weight(weights, target))
            }
            _ => self.target_width() as f64,
        }
    }

    /// The loss of a row, summed over its outputs, and its gradient times `scale`.
    #[inline(always)]
    fn row<T: Scalar>(
        &self,
        logits: &[T],
        target: Target<'_, T>,
        scale: f64,
        gradient: Option<&mut [T]>,
    ) -> f64 {
        match &self.config {
            LossConfig::CrossEntropy { class_weights, label_smoothing } => {
                let options = cross_entropy::Options {
                    class_weights: class_weights.as_deref(),
                    label_smoothing: *label_smoothing,
                };
                cross_entropy::row(logits, target, options, scale, gradient)
            }
            LossConfig::BinaryCrossEntropy {} => binary_cross_entropy::row(logits, target, scale, gradient),
            LossConfig::MeanSquaredError {} => mean_squared_error::row(logits, target, scale, gradient),
            LossConfig::GaussianNegativeLogLikelihood {} => gaussian::row(logits, target, scale, gradient),
        }
    }
}

/// The mean of some numbers, one for each class, under a target.
#[inline(always)]
fn mean_under<T: Scalar>(numbers: &[f64], target: Target<'_, T>) -> f64 {
    match (target, numbers) {
        (Target::Class(class), _) => numbers[class as usize],
        // A single value is the probability of class 1.
        (Target::Values([second]), [zero, one]) => (1.0 - second.to_f64()) * zero + second.to_f64() * one,
        (Target::Values(values), _) => {
            numbers.iter().zip(values).map(|(number, value)| number * value.to_f64()).sum()
        }
    }
}

/// [`Loss::evaluate`], compiled for each instruction set.
struct Evaluate<'a, T> {
    loss: &'a Loss,
    logits: &'a [T],
    targets: BatchTargets<'a, T>,
    weights: Weighting<'a, T>,
    gradient: Option<&'a mut [T]>,
}

impl<T: Scalar> Kernel for Evaluate<'_, T> {
    type Output = WeightedSum;

    #[inline(always)]
    fn run(self) -> WeightedSum {
        self.loss.evaluate_here(self.logits, self.targets, self.weights, self.gradient)
    }
}

/// The values of a target that cannot be a class.
#[inline(always)]
fn values<'a, T>(target: Target<'a, T>) -> &'a [T] {
    match target {
        Target::Values(values) => values,
        Target::Class(_) => panic!("a regression has values as targets"),
    }
}

#[cfg(test)]
mod tests;
