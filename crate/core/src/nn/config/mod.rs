//! What a model is: a plain value that can be written as JSON, checked before anything is built from it.

mod initializer;
mod layer;
mod model;
mod output;
mod seed;
mod shape;
#[cfg(test)]
mod tests;
mod validate;

pub use initializer::Initializer;
pub use layer::{ActivationConfig, DenseConfig, DropoutConfig, FlattenConfig, LayerConfig, NormalizeConfig};
pub use model::{MODEL_VERSION, ModelConfig};
pub use output::Output;
pub use shape::Shape;
pub use validate::MAX_PARAMETERS;

pub use crate::ops::Activation;
