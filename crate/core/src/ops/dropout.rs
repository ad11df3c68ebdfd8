//! Element dropout, forward and backward.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::mask::Mask;
use crate::stream::{Rate, reference};

/// What keeps the expected value right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scaling {
    /// Kept elements are divided by the keep probability in training; inference is the identity.
    #[default]
    Inverted,
    /// Kept elements stay as they are in training; inference multiplies by the keep probability
    /// (Srivastava et al. 2014).
    Standard,
}

impl Scaling {
    /// The factor of kept elements in training, in double precision.
    pub fn training_factor(self, rate: Rate) -> f64 {
        match self {
            Scaling::Inverted => rate.inverse_keep(),
            Scaling::Standard => 1.0,
        }
    }

    /// The factor of all elements in inference.
    pub fn inference_factor(self, rate: Rate) -> f64 {
        match self {
            Scaling::Inverted => 1.0,
            Scaling::Standard => rate.keep(),
        }
    }
}

/// An element type: `f32` or `f64`.
pub trait Element: Copy + Send + Sync + Default + 'static + std::ops::Mul<Output = Self> {
    /// The nearest value to a double.
    fn from_f64(value: f64) -> Self;
}

impl Element for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Element for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// `out[i]` = `x[i]` times the training factor where lane i is kept, +0 where it is dropped.
///
/// # Errors
/// `ERR_SHAPE` if the lengths differ.
pub fn dropout<E: Element>(mask: &Mask, scaling: Scaling, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    out.copy_from_slice(x);
    dropout_in_place(mask, scaling, out)
}

/// As [`dropout`], in place.
///
/// # Errors
/// None yet.
pub fn dropout_in_place<E: Element>(mask: &Mask, scaling: Scaling, x: &mut [E]) -> Result<()> {
    let factor = E::from_f64(scaling.training_factor(mask.rate));
    for (lane, x) in x.iter_mut().enumerate() {
        let keep = mask.rate.never_drops() || reference::keep_lane(&mask.address, lane as u64, mask.rate);
        *x = if keep { *x * factor } else { E::default() };
    }
    Ok(())
}

/// Rows with identity: row i is the stream at sample `ids[i]`.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit.
pub fn dropout_rows<E: Element>(
    mask: &Mask,
    scaling: Scaling,
    ids: &[u32],
    width: usize,
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    same_length(x, out)?;
    out.copy_from_slice(x);
    dropout_rows_in_place(mask, scaling, ids, width, out)
}

/// As [`dropout_rows`], in place.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit.
pub fn dropout_rows_in_place<E: Element>(
    mask: &Mask,
    scaling: Scaling,
    ids: &[u32],
    width: usize,
    x: &mut [E],
) -> Result<()> {
    if ids.len() * width != x.len() {
        return Err(Error::argument(
            Code::Shape,
            "x",
            format!("{} elements", x.len()),
            format!("{} rows of {width}", ids.len()),
        ));
    }
    for (id, row) in ids.iter().zip(x.chunks_exact_mut(width.max(1))) {
        dropout_in_place(&Mask { address: mask.address.with_sample(*id), ..*mask }, scaling, row)?;
    }
    Ok(())
}

pub use dropout as dropout_backward;
pub use dropout_in_place as dropout_backward_in_place;
pub use dropout_rows as dropout_backward_rows;
pub use dropout_rows_in_place as dropout_backward_rows_in_place;

pub(super) fn same_length<E>(x: &[E], out: &[E]) -> Result<()> {
    if x.len() == out.len() {
        return Ok(());
    }
    Err(Error::argument(
        Code::Shape,
        "out",
        format!("{} elements", out.len()),
        format!("as long as the input, {} elements", x.len()),
    ))
}
