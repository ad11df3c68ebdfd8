//! Data sets, copied out of JavaScript's memory.

use inverted_dropout::nn::{Dataset, Targets};
use inverted_dropout::{Code, Error, Result};
use napi::bindgen_prelude::{Float32Array, Uint32Array};
use napi_derive::napi;

/// Rows with targets: `classes`, or `values` of some numbers a row.
#[napi(object, object_to_js = false)]
pub struct NativeData {
    /// Features, row-major.
    pub x: Float32Array,
    /// Rows.
    pub rows: u32,
    /// A class index for each row.
    pub classes: Option<Uint32Array>,
    /// Target values, row-major.
    pub values: Option<Float32Array>,
    /// An id for each row.
    pub ids: Option<Uint32Array>,
    /// How many steps of each row are data.
    pub lengths: Option<Uint32Array>,
    /// A weight for each row.
    pub weights: Option<Float32Array>,
}

impl NativeData {
    /// A copy: JavaScript may change its arrays as soon as the call returns.
    pub(crate) fn copy(&self, name: &str) -> Result<Dataset> {
        let y = match (&self.classes, &self.values) {
            (Some(classes), None) => Targets::Classes(classes.to_vec()),
            (None, Some(values)) => {
                Targets::Values { values: values.to_vec(), width: values.len() / self.rows.max(1) as usize }
            }
            _ => {
                let got = "neither classes nor values, or both";
                return Err(Error::argument(
                    Code::Type,
                    format!("{name}.y"),
                    got,
                    "either classes or values",
                ));
            }
        };
        Ok(Dataset {
            x: self.x.to_vec(),
            rows: self.rows as usize,
            y,
            ids: self.ids.as_ref().map(|ids| ids.to_vec()),
            lengths: self.lengths.as_ref().map(|lengths| lengths.to_vec()),
            weights: self.weights.as_ref().map(|weights| weights.to_vec()),
        })
    }
}
