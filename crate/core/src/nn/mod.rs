//! Layers, losses, optimisers, the training loop, checkpoints.
//!
//! A [`ModelConfig`] is a plain value; a [`Network`] is built from it and holds the parameters; a [`Workspace`]
//! holds what a pass writes. Layers that follow each other closely (dense, activation, dropout) run as one
//! operation.

mod config;
mod epilogue;
mod initializer;
mod layers;
mod network;
mod parameters;
mod pass;
mod product;
mod scalar;

pub use config::{
    Activation, ActivationConfig, DenseConfig, DropoutConfig, FlattenConfig, Initializer, LayerConfig,
    MAX_PARAMETERS, MODEL_VERSION, ModelConfig, NormalizeConfig, Output, Shape,
};
pub use network::{Network, Purpose, Workspace};
pub use parameters::{Entry, Parameters};
pub use pass::{Mode, RowKeys};
pub use scalar::Scalar;
