//! What embeddings read must be ids.

use super::Network;
use crate::error::{Code, Error, Result};
use crate::nn::Scalar;
use crate::nn::config::{IdColumns, Shape};

impl<T: Scalar> Network<T> {
    /// The shape of a row as data come in: the steps of a row of ids have one element each.
    pub(crate) fn data_shape(&self) -> Shape {
        let all = 0..self.input_width();
        match self.ids.iter().find(|ids| ids.columns == all) {
            Some(_) => Shape::new([all.end, 1]),
            None => self.shapes[0].clone(),
        }
    }

    /// Checks what embeddings read in whole rows of `x`, which the caller calls `argument`.
    ///
    /// # Errors
    /// `ERR_RANGE` with row and column of the first value that is not a whole number in 0..vocabulary.
    pub(crate) fn check_ids(&self, argument: &str, x: &[T]) -> Result<()> {
        let width = self.input_width();
        for IdColumns { columns, vocabulary } in &self.ids {
            let is_id = |value: f64| value >= 0.0 && value < *vocabulary as f64 && value.fract() == 0.0;
            for (row, values) in x.chunks_exact(width).enumerate() {
                let of_embedding = &values[columns.clone()];
                if let Some(at) = of_embedding.iter().position(|value| !is_id(value.to_f64())) {
                    return Err(Error::argument(
                        Code::Range,
                        argument,
                        format!("{} in row {row}, column {}", of_embedding[at], columns.start + at),
                        format!("ids of an embedding there, whole numbers in [0, {}]", vocabulary - 1),
                    ));
                }
            }
        }
        Ok(())
    }
}
