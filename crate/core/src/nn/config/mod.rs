//! What a model is: a plain value that can be written as JSON, checked before anything is built from it.

mod initializer;
mod layer;
mod model;
mod output;
mod path;
mod seed;
mod shape;
#[cfg(test)]
mod tests;
mod validate;

pub use initializer::Initializer;
pub use layer::{
    ActivationConfig, BatchNormConfig, BlockSize, Combine, Conv1dConfig, Conv2dConfig, DenseConfig,
    DropBlockConfig, DropoutConfig, FlattenConfig, GlobalAveragePoolConfig, ImageLayout, LayerConfig,
    NormalizeConfig, Padding, Pair, ParallelConfig, Pool2dConfig, ResidualConfig, SelectConfig, Share,
    SpatialDropoutConfig,
};
pub(crate) use layer::{Effect, Start, Tensor, Window};
pub use model::{MODEL_VERSION, ModelConfig};
pub use output::Output;
pub use path::LayerPath;
pub use shape::{Input, Shape};
pub use validate::MAX_PARAMETERS;

pub use crate::ops::Activation;
