//! Kernels that do several things in one pass over memory: bias, activation, dropout, residual, layer norm; softmax
//! and dropout. Forward and backward.
//!
//! # Rows
//! Arrays are samples of `features`-long vectors: `[samples, ..., features]`. A sample has an id and with it a mask of
//! its own, the same as that of [`dropout_rows`](super::dropout_rows); biases, norms and softmax are the vectors'.
//!
//! # Backward
//! Nothing is stored for the backward pass but what its arguments say: masks and activations are computed again. Sums
//! over vectors have a fixed order, so gradients do not depend on the number of threads.
//!
//! # Precision
//! The elementary functions are those of [`crate::math`] for `f32`: the same bits on every machine. `f64` is for
//! reference: `libm`, slower.

mod activation_dropout;
mod backward;
mod bits;
pub(crate) mod curve;
mod forward;
mod gate;
mod input;
mod layer_norm;
mod layout;
pub(crate) mod reduce;
mod softmax;
#[cfg(test)]
mod tests;

pub(crate) use backward::{BackwardBlocks, Kept, add_vectors};
pub(crate) use bits::Keys;
pub(crate) use curve::{Curve, Keeps, with_curve};
pub(crate) use forward::{ForwardBlocks, Pass};
pub(crate) use gate::{Gate, Gated};
pub(crate) use layout::Layout;

pub use activation_dropout::BiasActivationDropout;
pub use input::{Input, RowDropout};
pub use layer_norm::{BiasActivationDropoutLayerNorm, EPSILON, LayerNormGradients, LayerNormInputs};
pub use layout::PARALLEL_FROM;
pub use softmax::SoftmaxDropout;
