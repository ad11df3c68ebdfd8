//! Random small architectures: of vectors, of sequences, of images.

use inverted_dropout::nn::*;
use inverted_dropout::ops::Scaling;
use proptest::prelude::*;

/// Activations without a kink, so that differences converge everywhere.
const SMOOTH: [Activation; 8] = [
    Activation::Identity,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Softplus,
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Softmax,
];

/// A decision: which layer comes next, and of what kind.
#[derive(Clone, Copy, Debug)]
struct Choice {
    layer: u8,
    size: usize,
    rate: f64,
    activation: Activation,
    flag: bool,
}

fn choice() -> impl Strategy<Value = Choice> {
    (any::<u8>(), 1usize..6, 0.0..0.7, prop::sample::select(&SMOOTH[..]), any::<bool>())
        .prop_map(|(layer, size, rate, activation, flag)| Choice { layer, size, rate, activation, flag })
}

impl Choice {
    fn share(&self) -> Share {
        if self.flag { Share::Batch } else { Share::None }
    }

    /// An activation that layers with an activation of their own may have.
    fn elementwise(&self) -> Activation {
        if self.activation == Activation::Softmax { Activation::Tanh } else { self.activation }
    }

    fn dense(&self) -> LayerConfig {
        LayerConfig::Dense(DenseConfig {
            units: self.size,
            activation: self.activation,
            bias: self.flag,
            initializer: Initializer::GlorotUniform,
            max_norm: None,
        })
    }

    fn dropout(&self) -> LayerConfig {
        let scaling = if self.size < 3 { Scaling::Standard } else { Scaling::Inverted };
        LayerConfig::Dropout(DropoutConfig { rate: self.rate, scaling, share: self.share(), site: None })
    }

    fn sequence_dropout(&self) -> Option<SequenceDropout> {
        let mask = if self.flag { MaskPer::Sequence } else { MaskPer::Step };
        (self.size % 2 == 0).then_some(SequenceDropout { rate: self.rate, mask, site: None })
    }

    /// A layer for rows of any shape that keeps it.
    fn anywhere(&self, features: usize) -> LayerConfig {
        match self.layer % 9 {
            0 => self.dropout(),
            1 => LayerConfig::activation(self.activation),
            2 => LayerConfig::LayerNorm(LayerNormConfig { epsilon: 0.1 }),
            3 => LayerConfig::GaussianDropout(GaussianDropoutConfig { rate: self.rate, site: None }),
            4 => LayerConfig::AlphaDropout(AlphaDropoutConfig { rate: self.rate, site: None }),
            5 => LayerConfig::ConcreteDropout(ConcreteDropoutConfig {
                rate: 0.1 + self.rate / 2.0,
                temperature: 0.5,
                regularizer: 0.0,
                site: None,
            }),
            6 => LayerConfig::Residual(ResidualConfig {
                layers: vec![Choice { size: features, ..*self }.dense(), self.dropout()],
                drop_path: self.rate,
                site: None,
            }),
            7 => LayerConfig::parallel(
                if self.flag { Combine::Concatenate } else { Combine::Add },
                vec![vec![self.dense(), self.dropout()], vec![self.dense()]],
            ),
            _ => LayerConfig::batch_norm(),
        }
    }

    fn of_vectors(&self, features: usize) -> LayerConfig {
        match self.layer % 8 {
            0..3 => self.dense(),
            3 => LayerConfig::DropConnect(DropConnectConfig {
                share: self.share(),
                ..DropConnectConfig::new(self.size, self.rate, self.activation)
            }),
            _ => Choice { layer: self.layer / 8, ..*self }.anywhere(features),
        }
    }

    fn of_sequences(&self, features: usize) -> LayerConfig {
        let (units, dropout) = (self.size, self.sequence_dropout());
        let zoneout = (self.size % 3 == 0).then(|| ZoneoutConfig::new(self.rate));
        // What an option costs is tested elsewhere; here they meet.
        match self.layer % 14 {
            0 => LayerConfig::Lstm(LstmConfig {
                return_sequences: self.size > 1,
                bidirectional: self.flag,
                input_dropout: dropout,
                state_dropout: dropout,
                zoneout,
                ..LstmConfig::new(units)
            }),
            1 => LayerConfig::Gru(GruConfig {
                return_sequences: self.size > 1,
                bidirectional: self.flag,
                output_dropout: dropout,
                candidate_dropout: dropout,
                ..GruConfig::new(units)
            }),
            2 => LayerConfig::Rnn(RnnConfig {
                return_sequences: true,
                state_dropout: dropout,
                zoneout,
                ..RnnConfig::new(units)
            }),
            3 => LayerConfig::Conv1d(Conv1dConfig {
                padding: if self.flag { Padding::Same } else { Padding::Valid },
                dilation: 1 + self.size % 2,
                ..Conv1dConfig::new(units, 2, self.elementwise())
            }),
            4 => LayerConfig::SelfAttention(SelfAttentionConfig {
                causal: self.flag,
                dropout: self.rate,
                ..SelfAttentionConfig::new(if features % 2 == 0 { 2 } else { 1 })
            }),
            5 => LayerConfig::TransformerBlock(TransformerBlockConfig {
                pre_norm: self.flag,
                activation: self.elementwise(),
                dropout: self.rate,
                epsilon: 0.1,
                ..TransformerBlockConfig::new(1, units)
            }),
            6 => LayerConfig::PositionalEncoding(PositionalEncodingConfig { learned: self.flag }),
            7 => LayerConfig::spatial_dropout(self.rate),
            8 => LayerConfig::global_average_pool(),
            9 => self.dense(),
            _ => Choice { layer: self.layer / 14, ..*self }.anywhere(features),
        }
    }

    fn of_images(&self, features: usize) -> LayerConfig {
        match self.layer % 10 {
            0 | 1 => LayerConfig::Conv2d(Conv2dConfig {
                padding: if self.flag { Padding::Same } else { Padding::Valid },
                groups: if features % 2 == 0 && self.size % 2 == 0 { 2 } else { 1 },
                ..Conv2dConfig::new(self.size, 1 + self.size % 3, self.elementwise())
            }),
            2 => LayerConfig::average_pool2d(2),
            3 => LayerConfig::max_pool2d(2),
            4 => LayerConfig::spatial_dropout(self.rate),
            5 => LayerConfig::drop_block(self.rate / 4.0, 2),
            6 => LayerConfig::global_average_pool(),
            _ => Choice { layer: self.layer / 10, ..*self }.anywhere(features),
        }
    }
}

/// A model and rows for it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) config: ModelConfig,
    pub(crate) x: Vec<f64>,
    pub(crate) ids: Vec<u32>,
    /// For sequences.
    pub(crate) lengths: Option<Vec<u32>>,
}

impl Case {
    pub(crate) fn keys(&self, step: u32) -> RowKeys<'_> {
        RowKeys { lengths: self.lengths.as_deref(), ..RowKeys::at_step(&self.ids, step) }
    }
}

/// Layers by some choices: each that fits what comes before it, and at the end two outputs.
fn config(input: &[usize], choices: &[Choice], seed: u64) -> ModelConfig {
    let with =
        |layers: &[LayerConfig]| ModelConfig::new(input.to_vec(), Output::Identity, seed, layers.to_vec());
    let mut layers: Vec<LayerConfig> = Vec::new();
    let mut shape = input.to_vec();
    for choice in choices {
        let features = shape[shape.len() - 1];
        layers.push(match shape.len() {
            1 => choice.of_vectors(features),
            2 => choice.of_sequences(features),
            _ => choice.of_images(features),
        });
        match with(&layers).shapes() {
            Ok(shapes) => shape = shapes[shapes.len() - 1].extents().to_vec(),
            Err(_) => drop(layers.pop()), // a window larger than the image, and the like
        }
    }
    layers.push(LayerConfig::flatten());
    layers.push(LayerConfig::dense(2, Activation::Identity));
    with(&layers)
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let input = prop_oneof![
        (1usize..7).prop_map(|width| vec![width]),
        (1usize..5, 1usize..5).prop_map(|(steps, features)| vec![steps, features]),
        (2usize..6, 2usize..6, 1usize..4).prop_map(|(height, width, channels)| vec![height, width, channels]),
    ];
    let ids = prop::collection::vec(any::<u32>(), 2..20);
    (input, prop::collection::vec(choice(), 1..8), any::<u64>(), ids).prop_flat_map(
        |(input, choices, seed, ids)| {
            let config = config(&input, &choices, seed);
            let x = prop::collection::vec(-2.0..2.0, input.iter().product::<usize>() * ids.len());
            let steps = input[0] as u32;
            let lengths = match input.len() {
                2 => prop::option::of(prop::collection::vec(1..=steps, ids.len())).boxed(),
                _ => Just(None).boxed(),
            };
            (Just(config), x, Just(ids), lengths).prop_map(|(config, x, ids, lengths)| Case {
                config,
                x,
                ids,
                lengths,
            })
        },
    )
}
