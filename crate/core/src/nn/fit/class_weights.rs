//! Class balance: rows of rare classes count more in training.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::nn::data::{Dataset, Targets};
use crate::nn::loss::{Loss, LossConfig};

/// What the weight of a training row (or of a step of a row) is multiplied by, according to its class. A row of
/// probabilities has the mean of the weights under them. Validation and metrics know nothing of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClassWeights {
    /// rows / (classes * rows of the class), counted over the training rows, each once whatever its weight: all
    /// classes count the same in all (`compute_class_weight('balanced')` of scikit-learn, after King & Zeng 2001). A
    /// class without rows has weight 0: nothing asks for it.
    Balanced,
    /// A weight for each class, at least 0.
    #[serde(untagged)]
    Given(Vec<f64>),
}

const ARGUMENT: &str = "classWeights";

impl ClassWeights {
    /// Checks what can be checked without a model and data.
    ///
    /// # Errors
    /// `ERR_RANGE` naming the weight.
    pub(super) fn validate(&self) -> Result<()> {
        let ClassWeights::Given(weights) = self else { return Ok(()) };
        match weights.iter().position(|weight| !(*weight >= 0.0 && weight.is_finite())) {
            None => Ok(()),
            Some(class) => Err(Error::argument(
                Code::Range,
                format!("{ARGUMENT}[{class}]"),
                weights[class],
                "a finite number of at least 0",
            )),
        }
    }

    /// The loss of a training whose rows count by their classes; `counted` are the training rows, where they are in memory.
    ///
    /// # Errors
    /// `ERR_CONFIG` for a loss without classes or with class weights of its own, and where rows that are not in memory
    /// would have to be counted; `ERR_SHAPE` for another number of
    /// weights than classes; `ERR_RANGE` if no training row has any weight.
    pub(super) fn apply(&self, loss: Loss, counted: Option<(&Dataset, &[u32])>) -> Result<Loss> {
        let name = loss.config().name();
        let Some(classes) = loss.classes() else {
            let (got, allowed) =
                (format!("weights of classes for {name}"), "left out where targets are not a single class");
            return Err(Error::argument(Code::Config, ARGUMENT, got, allowed));
        };
        if let LossConfig::CrossEntropy { class_weights: Some(_), .. } = loss.config() {
            let got = "weights beside `loss.classWeights`";
            return Err(Error::argument(Code::Config, ARGUMENT, got, "left out where the loss has its own"));
        }
        let counts = counted.map(|(data, rows)| count(&loss, data, rows, classes));
        let weights = match (self, &counts) {
            (ClassWeights::Given(weights), _) => weights.clone(),
            (ClassWeights::Balanced, Some(counts)) => balanced(counts),
            (ClassWeights::Balanced, None) => {
                let allowed = "a weight for each class, since batches of a source are not read to be counted";
                return Err(Error::argument(Code::Config, ARGUMENT, "'balanced'", allowed));
            }
        };
        if weights.len() != classes {
            let allowed = format!("one weight for each of the model's {classes} classes");
            return Err(Error::argument(
                Code::Shape,
                ARGUMENT,
                format!("{} weights", weights.len()),
                allowed,
            ));
        }
        let counts = counts.unwrap_or_else(|| vec![1.0; classes]);
        if !weights.iter().zip(&counts).any(|(weight, count)| weight * count > 0.0) {
            return Err(Error::argument(
                Code::Range,
                ARGUMENT,
                "only zeros for the classes of the training rows",
                "above 0 for at least one of them, or nothing would be learnt",
            ));
        }
        Ok(loss.with_class_weights(weights))
    }
}

/// rows / (classes * rows of the class); 0 for a class without rows.
fn balanced(counts: &[f64]) -> Vec<f64> {
    let share = counts.iter().sum::<f64>() / counts.len() as f64;
    counts.iter().map(|&count| if count > 0.0 { share / count } else { 0.0 }).collect()
}

/// How many of the rows, or of their steps that are data, are of each class; probabilities count as parts.
fn count(loss: &Loss, data: &Dataset, rows: &[u32], classes: usize) -> Vec<f64> {
    let (steps, mut counts) = (loss.steps(), vec![0.0; classes]);
    for &row in rows {
        let row = row as usize;
        let counted = match &data.lengths {
            Some(lengths) if steps > 1 => lengths[row] as usize,
            _ => steps,
        };
        for vector in row * steps..row * steps + counted {
            match &data.y {
                Targets::Classes(of) => counts[of[vector] as usize] += 1.0,
                Targets::Values { values, .. } => {
                    let width = loss.target_width();
                    match &values[vector * width..(vector + 1) * width] {
                        // A single value is the probability of class 1.
                        [second] => {
                            counts[0] += 1.0 - f64::from(*second);
                            counts[1] += f64::from(*second);
                        }
                        values => counts.iter_mut().zip(values).for_each(|(n, part)| *n += f64::from(*part)),
                    }
                }
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Output;

    fn loss(output: Output, width: usize) -> Loss {
        Loss::new(&LossConfig::of(output), output, width).unwrap()
    }

    fn counts(loss: &Loss, y: Targets, lengths: Option<Vec<u32>>, rows: &[u32]) -> Vec<f64> {
        let data = Dataset { lengths, ..Dataset::new(vec![], 4, y) };
        count(loss, &data, rows, loss.classes().unwrap())
    }

    #[test]
    fn classes_are_counted_over_the_training_rows_and_the_steps_that_are_data() {
        let softmax = loss(Output::Softmax, 3);
        let of = |y, rows: &[u32]| counts(&softmax, y, None, rows);
        assert_eq!(of(Targets::Classes(vec![0, 2, 2, 0]), &[0, 1, 2]), [1.0, 0.0, 2.0]);
        let values = vec![0.5, 0.25, 0.25, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(of(Targets::Values { values, width: 3 }, &[0, 1, 2]), [0.5, 1.25, 1.25]);
        let values = Targets::Values { values: vec![0.25, 1.0, 0.0, 1.0], width: 1 };
        assert_eq!(counts(&loss(Output::Sigmoid, 1), values, None, &[0, 1, 2]), [1.75, 1.25]);
        let steps = Targets::Classes(vec![0, 1, 0, 0, 2, 2, 1, 1]);
        let lengths = Some(vec![1, 2, 2, 1]);
        assert_eq!(counts(&softmax.over(2), steps, lengths, &[0, 1, 3]), [3.0, 1.0, 0.0]);
    }

    #[test]
    fn balanced_weights_are_those_of_the_formula() {
        // 8 rows of 4 classes, one of them without rows.
        assert_eq!(balanced(&[4.0, 1.0, 3.0, 0.0]), [0.5, 2.0, 2.0 / 3.0, 0.0]);
    }

    #[test]
    fn what_cannot_be_balanced_is_refused() {
        let data = Dataset::new(vec![], 4, Targets::Classes(vec![0, 1, 1, 1]));
        let rows = [0, 1, 2, 3];
        let refused = |weights: &[f64], loss: Loss, code: Code| {
            let error = ClassWeights::Given(weights.to_vec()).apply(loss, Some((&data, &rows))).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains("`classWeights`"), "{error}");
        };
        refused(&[1.0], loss(Output::Softmax, 3), Code::Shape);
        refused(&[0.0, 0.0, 5.0], loss(Output::Softmax, 3), Code::Range);
        refused(&[1.0, 1.0], loss(Output::Identity, 2), Code::Config);
        refused(&[1.0, 1.0], loss(Output::Sigmoid, 2), Code::Config);
        let own = LossConfig::CrossEntropy { class_weights: Some(vec![1.0, 2.0]), label_smoothing: 0.0 };
        refused(&[1.0, 1.0], Loss::new(&own, Output::Softmax, 2).unwrap(), Code::Config);
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            let error = ClassWeights::Given(vec![1.0, weight]).validate().unwrap_err();
            assert!(
                error.code() == Code::Range && error.to_string().contains("`classWeights[1]`"),
                "{error}"
            );
        }
    }

    #[test]
    fn written_as_a_word_or_a_list() {
        for (json, weights) in
            [(r#""balanced""#, ClassWeights::Balanced), ("[1.0,2.5]", ClassWeights::Given(vec![1.0, 2.5]))]
        {
            assert_eq!(serde_json::from_str::<ClassWeights>(json).unwrap(), weights);
            assert_eq!(serde_json::to_string(&weights).unwrap(), json);
        }
        serde_json::from_str::<ClassWeights>(r#""even""#).unwrap_err();
    }
}
