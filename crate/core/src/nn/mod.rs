//! Layers, losses, optimisers, the training loop, checkpoints.
//!
//! A [`ModelConfig`] is a plain value; a [`Network`] is built from it and holds the parameters; a [`Workspace`]
//! holds what a pass writes. Layers that follow each other closely (dense, activation, dropout) run as one
//! operation.

mod blocks;
mod config;
mod data;
mod epilogue;
mod evaluate;
mod file;
mod fit;
mod initializer;
mod layers;
mod loss;
mod metric;
mod model;
mod network;
mod optimizer;
mod parameters;
mod pass;
mod predict;
mod product;
mod scalar;
mod schedule;
mod softmax;

pub use config::{
    Activation, ActivationConfig, AlphaDropoutConfig, BatchNormConfig, BlockSize, Combine,
    ConcreteDropoutConfig, Conv1dConfig, Conv2dConfig, DenseConfig, DropBlockConfig, DropConnectConfig,
    DropoutConfig, EmbeddingConfig, FlattenConfig, GaussianDropoutConfig, GlobalAveragePoolConfig, GruConfig,
    ImageLayout, Initializer, Input, LayerConfig, LayerNormConfig, LayerPath, LstmConfig, MAX_PARAMETERS,
    MODEL_VERSION, MaskPer, ModelConfig, NormalizeConfig, Output, Padding, Pair, ParallelConfig,
    Pool2dConfig, PositionalEncodingConfig, ResidualConfig, RnnActivation, RnnConfig, SelectConfig,
    SelfAttentionConfig, SequenceDropout, Shape, Share, SpatialDropoutConfig, TransformerBlockConfig,
    TransformerSites, ZoneoutConfig,
};
pub use data::{Dataset, Targets};
pub use evaluate::Evaluation;
pub use fit::{
    BatchEvent, BatchSource, CheckpointOptions, ClassWeights, Control, EarlyStopping, EmaOptions, EpochEvent,
    FitFailure, FitObserver, FitOptions, Flow, History, Source, StepOptions, StepResult, Trained,
};
pub use loss::{BatchTargets, Loss, LossConfig, WeightedSum, Weighting};
pub use metric::{Metric, Metrics};
pub use model::{EvaluateOptions, Model, PredictOptions};
pub use network::{LayerSummary, Network, Purpose, Summary, Workspace};
pub use optimizer::{Optimizer, OptimizerConfig};
pub use parameters::{Entry, Parameters};
pub use pass::{Mode, RowKeys};
pub use predict::apply_output;
pub use scalar::Scalar;
pub use schedule::Schedule;

pub(crate) use blocks::for_each_block;
pub(crate) use data::{check_lengths, check_values};
