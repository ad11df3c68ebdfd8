//! What a data set must be before anything is computed from it.

use super::{Dataset, Targets};
use crate::error::{Code, Error, Result};
use crate::nn::Shape;
use crate::nn::loss::{Loss, LossConfig};

/// How far the probabilities of a row may be from adding up to 1: what single precision and decimal files leave.
const SUM_TOLERANCE: f64 = 1e-3;

impl Dataset {
    /// Checks lengths and values for a model of rows of `input` under `loss`; `name` is how the caller knows the
    /// data, for instance `train`.
    ///
    /// # Errors
    /// `ERR_EMPTY` without rows; `ERR_RANGE` for too many; `ERR_SHAPE` if lengths do not fit; `ERR_NOT_FINITE`
    /// for NaN or an infinity, with row and column; `ERR_LABEL` for targets the loss has no meaning for;
    /// `ERR_RANGE` for a negative weight or weights that are all 0.
    pub fn check(&self, name: &str, input: &Shape, loss: &Loss) -> Result<()> {
        let rows = self.rows;
        if rows == 0 {
            return Err(Error::argument(Code::Empty, name, "0 rows", "data of at least one row"));
        }
        if rows > u32::MAX as usize {
            return Err(Error::argument(Code::Range, name, format!("{rows} rows"), "at most 2^32 - 1 rows"));
        }
        check_values(&format!("{name}.x"), &self.x, rows, input.width())?;
        self.check_targets(name, loss)?;
        if let Some(ids) = &self.ids {
            check_length(&format!("{name}.ids"), ids.len(), rows, 1)?;
        }
        if let Some(lengths) = &self.lengths {
            check_lengths(&format!("{name}.lengths"), lengths, rows, input)?;
        }
        self.weights.as_deref().map_or(Ok(()), |weights| check_weights(name, weights, rows))
    }

    fn check_targets(&self, name: &str, loss: &Loss) -> Result<()> {
        let argument = format!("{name}.y");
        match &self.y {
            Targets::Classes(classes) => {
                check_length(&argument, classes.len(), self.rows, loss.steps())?;
                let Some(count) = loss.classes() else {
                    return Err(Error::argument(
                        Code::Label,
                        argument,
                        "class indices",
                        format!("{} values a row for {}", loss.target_width(), loss.config().name()),
                    ));
                };
                match classes.iter().position(|class| *class as usize >= count) {
                    None => Ok(()),
                    Some(row) => Err(Error::argument(
                        Code::Label,
                        match loss.steps() {
                            1 => format!("{argument}[{row}]"),
                            steps => format!("{argument}[{}][{}]", row / steps, row % steps),
                        },
                        classes[row],
                        format!("a class index in [0, {}]", count - 1),
                    )),
                }
            }
            Targets::Values { values, width } => {
                let wanted = loss.steps() * loss.target_width();
                if *width != wanted {
                    return Err(Error::argument(
                        Code::Shape,
                        argument,
                        format!("{width} values a row"),
                        format!("{wanted} values a row for this model and loss"),
                    ));
                }
                check_values(&argument, values, self.rows, *width)?;
                check_probabilities(&argument, values, loss.target_width(), loss.config())
            }
        }
    }
}

/// A length for each row, from 1 to the steps of `input`.
pub(crate) fn check_lengths(argument: &str, lengths: &[u32], rows: usize, input: &Shape) -> Result<()> {
    let [steps, _, ..] = *input.extents() else {
        let allowed = format!("left out for rows of {input}, which have no steps");
        return Err(Error::argument(Code::Shape, argument, format!("{} lengths", lengths.len()), allowed));
    };
    check_length(argument, lengths.len(), rows, 1)?;
    match lengths.iter().position(|length| *length == 0 || *length as usize > steps) {
        None => Ok(()),
        Some(row) => Err(Error::argument(
            Code::Range,
            format!("{argument}[{row}]"),
            lengths[row],
            format!("the number of steps that are data, in [1, {steps}]"),
        )),
    }
}

/// `rows * width` values, all finite.
pub(crate) fn check_values(argument: &str, values: &[f32], rows: usize, width: usize) -> Result<()> {
    check_length(argument, values.len(), rows, width)?;
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::argument(
            Code::NotFinite,
            argument,
            format!("{} in row {}, column {}", values[at], at / width, at % width),
            "finite numbers only",
        )),
    }
}

pub(crate) fn check_length(argument: &str, got: usize, rows: usize, width: usize) -> Result<()> {
    if rows.checked_mul(width) == Some(got) {
        return Ok(());
    }
    let allowed = match width {
        1 => format!("{rows} values, one for each row"),
        _ => format!("{rows} rows of {width} values"),
    };
    Err(Error::argument(Code::Shape, argument, format!("{got} values"), allowed))
}

fn check_weights(name: &str, weights: &[f32], rows: usize) -> Result<()> {
    let argument = format!("{name}.weights");
    check_values(&argument, weights, rows, 1)?;
    if let Some(row) = weights.iter().position(|weight| *weight < 0.0) {
        return Err(Error::argument(
            Code::Range,
            format!("{argument}[{row}]"),
            weights[row],
            "a number of at least 0",
        ));
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(Error::argument(Code::Range, argument, "only zeros", "above 0 for at least one row"));
    }
    Ok(())
}

fn check_probabilities(argument: &str, values: &[f32], width: usize, loss: &LossConfig) -> Result<()> {
    if !matches!(loss, LossConfig::CrossEntropy { .. } | LossConfig::BinaryCrossEntropy {}) {
        return Ok(());
    }
    if let Some(at) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(Error::argument(
            Code::Label,
            argument,
            format!("{} in row {}, column {}", values[at], at / width, at % width),
            format!("probabilities in [0, 1] for {}", loss.name()),
        ));
    }
    if let LossConfig::CrossEntropy { .. } = loss {
        for (row, values) in values.chunks_exact(width).enumerate() {
            let sum = values.iter().copied().map(f64::from).sum::<f64>();
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                return Err(Error::argument(
                    Code::Label,
                    format!("{argument}[{row}]"),
                    format!("a row that adds up to {sum}"),
                    "probabilities of classes that add up to 1, or a class index",
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::config::Output;

    fn loss(output: Output, width: usize) -> Loss {
        Loss::new(&LossConfig::of(output), output, width).unwrap()
    }

    fn values(values: &[f32], width: usize) -> Targets {
        Targets::Values { values: values.to_vec(), width }
    }

    fn refused(data: &Dataset, loss: &Loss, code: Code, words: &[&str]) {
        let error = data.check("train", &Shape::new([2]), loss).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "no `{word}` in: {error}");
        }
    }

    #[test]
    fn good_data_passes() {
        let softmax = loss(Output::Softmax, 3);
        let data = Dataset::new(vec![0.0; 4], 2, Targets::Classes(vec![0, 2]));
        data.check("train", &Shape::new([2]), &softmax).unwrap();
        Dataset { y: values(&[0.2, 0.3, 0.5, 0.0, 1.0, 0.0], 3), ..data.clone() }
            .check("train", &Shape::new([2]), &softmax)
            .unwrap();
        Dataset { weights: Some(vec![0.0, 1.0]), ids: Some(vec![7, 7]), ..data }
            .check("train", &Shape::new([2]), &softmax)
            .unwrap();
        let gaussian = loss(Output::Gaussian, 4);
        Dataset::new(vec![0.0; 2], 1, values(&[-5.0, 5.0], 2))
            .check("train", &Shape::new([2]), &gaussian)
            .unwrap();
    }

    #[test]
    fn each_fault_is_named() {
        let (softmax, sigmoid, identity) =
            (loss(Output::Softmax, 3), loss(Output::Sigmoid, 1), loss(Output::Identity, 1));
        let good = Dataset::new(vec![0.0; 4], 2, Targets::Classes(vec![0, 1]));
        let with = |change: &dyn Fn(&mut Dataset)| {
            let mut data = good.clone();
            change(&mut data);
            data
        };
        refused(&with(&|d| d.rows = 0), &softmax, Code::Empty, &["`train`"]);
        refused(&with(&|d| d.rows = 3), &softmax, Code::Shape, &["`train.x`", "4 values", "3 rows of 2"]);
        refused(&with(&|d| d.x[3] = f32::NAN), &softmax, Code::NotFinite, &["`train.x`", "row 1, column 1"]);
        refused(&with(&|d| d.x[2] = f32::INFINITY), &softmax, Code::NotFinite, &["inf", "row 1, column 0"]);
        refused(&with(&|d| d.y = Targets::Classes(vec![0])), &softmax, Code::Shape, &["`train.y`"]);
        refused(
            &with(&|d| d.y = Targets::Classes(vec![0, 3])),
            &softmax,
            Code::Label,
            &["train.y[1]", "[0, 2]"],
        );
        refused(&with(&|d| d.y = Targets::Classes(vec![0, 2])), &sigmoid, Code::Label, &["[0, 1]"]);
        refused(&good, &identity, Code::Label, &["meanSquaredError"]);
        refused(
            &with(&|d| d.y = values(&[0.0; 4], 2)),
            &softmax,
            Code::Shape,
            &["2 values a row", "3 values"],
        );
        refused(&with(&|d| d.y = values(&[f32::NAN, 0.0], 1)), &identity, Code::NotFinite, &["`train.y`"]);
        refused(&with(&|d| d.y = values(&[0.5, 1.5], 1)), &sigmoid, Code::Label, &["1.5", "row 1"]);
        let rows = [0.5, 0.5, 0.0, 0.5, 0.5, 0.5];
        refused(&with(&|d| d.y = values(&rows, 3)), &softmax, Code::Label, &["train.y[1]", "1.5"]);
        refused(&with(&|d| d.ids = Some(vec![1])), &softmax, Code::Shape, &["`train.ids`"]);
        refused(&with(&|d| d.weights = Some(vec![1.0])), &softmax, Code::Shape, &["`train.weights`"]);
        refused(&with(&|d| d.weights = Some(vec![1.0, -1.0])), &softmax, Code::Range, &["train.weights[1]"]);
        refused(&with(&|d| d.weights = Some(vec![0.0, 0.0])), &softmax, Code::Range, &["only zeros"]);
        refused(&with(&|d| d.weights = Some(vec![f32::NAN, 0.0])), &softmax, Code::NotFinite, &["weights"]);
    }
}
