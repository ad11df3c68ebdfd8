//! What a model is: a plain value that can be written as JSON, checked before anything is built from it.

mod ids;
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

pub(crate) use ids::IdColumns;
pub use initializer::Initializer;
pub use layer::{
    ActivationConfig, AlphaDropoutConfig, BatchNormConfig, BlockSize, Combine, ConcreteDropoutConfig,
    Conv1dConfig, Conv2dConfig, DenseConfig, DropBlockConfig, DropConnectConfig, DropoutConfig,
    EmbeddingConfig, FlattenConfig, GaussianDropoutConfig, GlobalAveragePoolConfig, GruConfig, ImageLayout,
    LayerConfig, LayerNormConfig, LstmConfig, MaskPer, NormalizeConfig, Padding, Pair, ParallelConfig,
    Pool2dConfig, PositionalEncodingConfig, ResidualConfig, RnnActivation, RnnConfig, SelectConfig,
    SelfAttentionConfig, SequenceDropout, Share, SpatialDropoutConfig, TransformerBlockConfig,
    TransformerSites, ZoneoutConfig,
};
pub(crate) use layer::{Effect, RecurrentOptions, Start, Tensor, Window};
pub use model::{MODEL_VERSION, ModelConfig};
pub use output::Output;
pub use path::LayerPath;
pub use shape::{Input, Shape};
pub use validate::MAX_PARAMETERS;

pub use crate::ops::Activation;
