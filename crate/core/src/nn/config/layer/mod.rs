//! The layers of a configuration: one file for each family, one table of all.

mod attention;
mod batch_norm;
mod blocks;
mod convolution;
mod dense;
mod describe;
mod drop_connect;
mod dropout;
mod elementwise;
mod embedding;
mod noise;
mod pooling;
mod recurrent;
mod structured;
mod window;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

pub use attention::{LayerNormConfig, SelfAttentionConfig, TransformerBlockConfig, TransformerSites};
pub use batch_norm::BatchNormConfig;
pub use blocks::{Combine, ParallelConfig, ResidualConfig, SelectConfig};
pub use convolution::{Conv1dConfig, Conv2dConfig};
pub use dense::DenseConfig;
pub(crate) use describe::{Describe, Effect, Start, Tensor};
pub use drop_connect::DropConnectConfig;
pub use dropout::{DropoutConfig, Share};
pub use elementwise::{ActivationConfig, FlattenConfig, NormalizeConfig};
pub use embedding::{EmbeddingConfig, PositionalEncodingConfig};
pub use noise::{AlphaDropoutConfig, ConcreteDropoutConfig, GaussianDropoutConfig};
pub use pooling::{GlobalAveragePoolConfig, Pool2dConfig};
pub(crate) use recurrent::RecurrentOptions;
pub use recurrent::{
    GruConfig, LstmConfig, MaskPer, RnnActivation, RnnConfig, SequenceDropout, ZoneoutConfig,
};
pub use structured::{BlockSize, DropBlockConfig, SpatialDropoutConfig};
pub(crate) use window::Window;
pub use window::{ImageLayout, Padding, Pair};

use super::{Activation, Initializer, Shape};
use crate::ops::Scaling;

/// The table of layers: makes the enum, the names and the way to what each says of itself.
macro_rules! layers {
    ($($(#[$doc:meta])* $variant:ident($config:ty) = $kind:literal,)*) => {
        /// One layer, written in JSON as an object with a `type`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        pub enum LayerConfig {
            $($(#[$doc])* #[serde(rename = $kind)] $variant($config),)*
        }

        impl LayerConfig {
            /// The `type` of every layer there is.
            pub const KINDS: &[&str] = &[$($kind),*];

            /// The `type` in JSON.
            pub const fn kind(&self) -> &'static str {
                match self { $(LayerConfig::$variant(_) => $kind,)* }
            }

            pub(crate) fn describe(&self) -> &dyn Describe {
                match self { $(LayerConfig::$variant(layer) => layer,)* }
            }

            pub(crate) fn describe_mut(&mut self) -> &mut dyn Describe {
                match self { $(LayerConfig::$variant(layer) => layer,)* }
            }
        }
    };
}

layers! {
    /// Every unit sees every input.
    Dense(DenseConfig) = "dense",
    /// An activation function by itself.
    Activation(ActivationConfig) = "activation",
    /// Dropout of single elements.
    Dropout(DropoutConfig) = "dropout",
    /// Any shape to one axis.
    Flatten(FlattenConfig) = "flatten",
    /// Features to mean 0 and standard deviation 1.
    Normalize(NormalizeConfig) = "normalize",
    /// The input and what layers make of it, added.
    Residual(ResidualConfig) = "residual",
    /// Branches with one input, put together.
    Parallel(ParallelConfig) = "parallel",
    /// One of the named inputs.
    Select(SelectConfig) = "select",
    /// Vectors of mean 0 and variance 1, scaled and shifted.
    LayerNorm(LayerNormConfig) = "layerNorm",
    /// Each step of a row attends to the steps of the row.
    SelfAttention(SelfAttentionConfig) = "selfAttention",
    /// Self-attention and a feed-forward part, each with a residual and a norm.
    TransformerBlock(TransformerBlockConfig) = "transformerBlock",
    /// A dense layer whose weights drop.
    DropConnect(DropConnectConfig) = "dropConnect",
    /// Multiplicative normal noise.
    GaussianDropout(GaussianDropoutConfig) = "gaussianDropout",
    /// Dropout for layers with SELU.
    AlphaDropout(AlphaDropoutConfig) = "alphaDropout",
    /// Dropout whose rate is learnt.
    ConcreteDropout(ConcreteDropoutConfig) = "concreteDropout",
    /// A convolution over images.
    Conv2d(Conv2dConfig) = "conv2d",
    /// A convolution over sequences.
    Conv1d(Conv1dConfig) = "conv1d",
    /// The largest number of each window of an image.
    MaxPool2d(Pool2dConfig) = "maxPool2d",
    /// The mean of each window of an image.
    AveragePool2d(Pool2dConfig) = "averagePool2d",
    /// The mean of each channel.
    GlobalAveragePool(GlobalAveragePoolConfig) = "globalAveragePool",
    /// Channels to the mean 0 and the variance 1 of their batch.
    BatchNorm(BatchNormConfig) = "batchNorm",
    /// Dropout of whole channels.
    SpatialDropout(SpatialDropoutConfig) = "spatialDropout",
    /// Dropout of contiguous blocks of a map.
    DropBlock(DropBlockConfig) = "dropBlock",
    /// A simple recurrent layer.
    Rnn(RnnConfig) = "rnn",
    /// Long short-term memory.
    Lstm(LstmConfig) = "lstm",
    /// Gated recurrent units.
    Gru(GruConfig) = "gru",
    /// A vector for each id.
    Embedding(EmbeddingConfig) = "embedding",
    /// A vector for each position, added.
    PositionalEncoding(PositionalEncodingConfig) = "positionalEncoding",
}

fn yes() -> bool {
    true
}

impl LayerConfig {
    /// A dense layer with bias and dropout-aware weights.
    pub fn dense(units: usize, activation: Activation) -> Self {
        let initializer = Initializer::DropoutAware;
        LayerConfig::Dense(DenseConfig { units, activation, bias: true, initializer, max_norm: None })
    }

    /// A convolution over images, of stride 1 and without padding.
    pub fn conv2d(filters: usize, kernel_size: impl Into<Pair>, activation: Activation) -> Self {
        LayerConfig::Conv2d(Conv2dConfig::new(filters, kernel_size, activation))
    }

    /// A convolution over sequences, of stride 1 and without padding.
    pub fn conv1d(filters: usize, kernel_size: usize, activation: Activation) -> Self {
        LayerConfig::Conv1d(Conv1dConfig::new(filters, kernel_size, activation))
    }

    /// A max pool whose windows touch.
    pub fn max_pool2d(size: impl Into<Pair>) -> Self {
        LayerConfig::MaxPool2d(Pool2dConfig::new(size))
    }

    /// An average pool whose windows touch.
    pub fn average_pool2d(size: impl Into<Pair>) -> Self {
        LayerConfig::AveragePool2d(Pool2dConfig::new(size))
    }

    /// The mean of each channel.
    pub fn global_average_pool() -> Self {
        LayerConfig::GlobalAveragePool(GlobalAveragePoolConfig::default())
    }

    /// Batch normalisation with PyTorch's momentum and epsilon.
    pub fn batch_norm() -> Self {
        LayerConfig::BatchNorm(BatchNormConfig::default())
    }

    /// An activation layer.
    pub fn activation(activation: Activation) -> Self {
        LayerConfig::Activation(ActivationConfig { activation })
    }

    /// A dropout layer, inverted, at the next free site.
    pub fn dropout(rate: f64) -> Self {
        LayerConfig::Dropout(DropoutConfig {
            rate,
            scaling: Scaling::Inverted,
            share: Share::None,
            site: None,
        })
    }

    /// Dropout of whole channels, the last axis, at the next free site.
    pub fn spatial_dropout(rate: f64) -> Self {
        LayerConfig::SpatialDropout(SpatialDropoutConfig::new(rate))
    }

    /// DropBlock with its defaults, at the next free site.
    pub fn drop_block(rate: f64, block_size: usize) -> Self {
        LayerConfig::DropBlock(DropBlockConfig::new(rate, block_size))
    }

    /// A flatten layer.
    pub fn flatten() -> Self {
        LayerConfig::Flatten(FlattenConfig {})
    }

    /// A normalize layer with the default threshold for constant features.
    pub fn normalize() -> Self {
        LayerConfig::Normalize(NormalizeConfig::default())
    }

    /// A residual block that never drops.
    pub fn residual(layers: Vec<LayerConfig>) -> Self {
        LayerConfig::Residual(ResidualConfig { layers, drop_path: 0.0, site: None })
    }

    /// Parallel branches.
    pub fn parallel(combine: Combine, branches: Vec<Vec<LayerConfig>>) -> Self {
        LayerConfig::Parallel(ParallelConfig { branches, combine })
    }

    /// The choice of a named input.
    pub fn select(input: &str) -> Self {
        LayerConfig::Select(SelectConfig { input: input.to_owned() })
    }

    /// The shape of a row after the layer, or what is wrong with the shape before it.
    pub(crate) fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        self.describe().output_shape(input)
    }

    /// Parameters of the layer, with those of the layers in it, when it gets rows of `input`; `None` if they cannot be
    /// counted.
    pub(crate) fn parameter_count(&self, input: &Shape) -> Option<usize> {
        self.count(input, &|tensor| tensor.trained)
    }

    /// Values that a file holds for the layer: its parameters and what it saves besides.
    pub(crate) fn stored_count(&self, input: &Shape) -> Option<usize> {
        self.count(input, &|_| true)
    }

    fn count(&self, input: &Shape, counts: &dyn Fn(&Tensor) -> bool) -> Option<usize> {
        let own = self.describe().tensors(input);
        let mut total = own
            .iter()
            .filter(|tensor| counts(tensor))
            .try_fold(0usize, |sum, tensor| sum.checked_add(tensor.count()?))?;
        for layers in self.describe().inner() {
            let mut shape = input.clone();
            for layer in layers {
                total = total.checked_add(layer.count(&shape, counts)?)?;
                shape = layer.output_shape(&shape).ok()?;
            }
        }
        Some(total)
    }

    /// Calls `each` for every mask of the layer and of the layers in it, depth first.
    pub(crate) fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        self.describe_mut().for_each_site(each);
        for layers in self.describe_mut().inner_mut() {
            layers.iter_mut().for_each(|layer| layer.for_each_site(each));
        }
    }

    /// Reads a layer.
    ///
    /// # Errors
    /// [`Misread::Kind`] where there is no layer of its type, else what is wrong with its fields.
    pub(crate) fn parse(layer: Value) -> Result<Self, Misread> {
        let kind = layer.get("type").and_then(Value::as_str);
        let Some(&kind) = LayerConfig::KINDS.iter().find(|known| Some(**known) == kind) else {
            return Err(Misread::Kind(layer.get("type").map_or_else(|| layer.to_string(), Value::to_string)));
        };
        serde_json::from_value(layer).map_err(|error| Misread::Fields { kind, problem: error.to_string() })
    }
}

/// Why a layer could not be read.
pub(crate) enum Misread {
    /// What stands for its type.
    Kind(String),
    /// Its type, and what is wrong.
    Fields { kind: &'static str, problem: String },
}

/// Reads a list of layers inside of a layer, with messages that say which is at fault.
fn parse_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<LayerConfig>, D::Error> {
    let layers = Vec::<Value>::deserialize(from)?;
    let parse = |(index, layer)| {
        LayerConfig::parse(layer).map_err(|misread| {
            D::Error::custom(match misread {
                Misread::Kind(got) => {
                    let kinds = LayerConfig::KINDS.join(", ");
                    format!("layers[{index}].type must be one of {kinds}; got {got}")
                }
                Misread::Fields { kind, problem } => format!("layers[{index}] ({kind}): {problem}"),
            })
        })
    };
    layers.into_iter().enumerate().map(parse).collect()
}
