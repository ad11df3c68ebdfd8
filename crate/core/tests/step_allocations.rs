//! A training step allocates nothing after the first, packing inside the matrix products aside.
//!
//! What the products pack is measured by a bare forward and backward pass; a whole step, with its batch, loss,
//! metrics, clipping and optimiser, must not allocate once more.

mod common;
mod counting;

use common::{circle, noise};
use counting::allocations;
use inverted_dropout::nn::*;
use inverted_dropout::ops::Scaling;
use inverted_dropout::parallel;

/// Allocations between the batches of each epoch.
struct Watch {
    last: Option<usize>,
    between: Vec<usize>,
}

impl FitObserver for Watch {
    fn on_batch(&mut self, event: &BatchEvent) {
        let now = allocations();
        if let Some(last) = self.last.filter(|_| event.batch > 0) {
            self.between.push(now - last);
        }
        self.last = Some(allocations());
    }
}

/// The allocations of each step but the first of an epoch.
fn steps(config: &ModelConfig, data: &Dataset, options: &FitOptions) -> Vec<usize> {
    let mut watch = Watch { last: None, between: Vec::with_capacity(1000) };
    Model::new(config).unwrap().fit(data, None, options, &Control::new(), &mut watch).unwrap();
    watch.between
}

/// The allocations of a bare forward and backward pass over `rows` rows.
fn passes(config: &ModelConfig, x: &[f32], rows: usize) -> usize {
    passes_at(config, x, rows, 0)
}

/// The same with the masks of some step.
fn passes_at(config: &ModelConfig, x: &[f32], rows: usize, step: u32) -> usize {
    let network = Network::<f32>::new(config).unwrap();
    let mut workspace = network.workspace(rows, Purpose::Training).unwrap();
    let mut gradients = vec![0.0; network.parameters().len()];
    let ids: Vec<u32> = (0..rows as u32).collect();
    let keys = RowKeys::at_step(&ids, step);
    let x = &x[..rows * network.input_width()];
    let mut run = || {
        let before = allocations();
        network.forward(&mut workspace, x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().fill(1.0);
        network.backward(&mut workspace, x, keys, Mode::Train, &mut gradients).unwrap();
        allocations() - before
    };
    run();
    run()
}

#[test]
fn a_step_allocates_what_its_products_pack_and_nothing_else() {
    on_one_thread();
    on_two_threads();
    with_attention_and_noise();
    with_recurrent_and_thinned_layers();
}

fn on_one_thread() {
    let rows = 96;
    let data = Dataset { weights: Some(vec![0.5; rows]), ..circle(1, rows) };
    for optimizer in [OptimizerConfig::sgd(0.1), OptimizerConfig::adam(0.01)] {
        for (activation, units) in [(Activation::Relu, 24), (Activation::Gelu, 160), (Activation::Tanh, 24)] {
            let config = ModelConfig::new(
                [2],
                Output::Softmax,
                1,
                vec![
                    LayerConfig::normalize(),
                    LayerConfig::dense(units, activation),
                    LayerConfig::dropout(0.3),
                    LayerConfig::dense(units, activation),
                    LayerConfig::dropout(0.5),
                    LayerConfig::dense(2, Activation::Identity),
                ],
            );
            let options = FitOptions {
                batch_size: 8,
                clip_norm: Some(0.1),
                threads: Some(1),
                ..FitOptions::new(LossConfig::cross_entropy(), optimizer.clone(), 3)
            };
            let packing = passes(&config, &data.x, 8);
            // Three layers forward, three gradients of weights, two of inputs: each product packs two operands at most.
            assert!(packing <= 2 * 8, "{activation:?}: {packing}");
            let steps = steps(&config, &data, &options);
            assert_eq!(steps, vec![packing; 3 * 11], "{activation:?}");
            let in_parts = FitOptions {
                accumulate: 2,
                ema: Some(EmaOptions { decay: 0.9 }),
                class_weights: Some(ClassWeights::Balanced),
                ..options
            };
            let packing = 2 * passes(&config, &data.x, 4);
            assert_eq!(
                self::steps(&config, &data, &in_parts),
                vec![packing; 3 * 11],
                "{activation:?} in parts"
            );
        }
    }
}

/// Large enough that the optimiser and the norm of the gradient are shared out; the products are too small for that.
fn on_two_threads() {
    let (rows, width, units) = (48, 64, 2100);
    let x = noise(1, rows * width);
    let data = Dataset::new(x, rows, Targets::Classes((0..rows as u32).map(|row| row % 2).collect()));
    let layers = vec![
        LayerConfig::dense(units, Activation::Tanh),
        LayerConfig::dropout(0.3),
        LayerConfig::dense(2, Activation::Identity),
    ];
    let config = ModelConfig::new([width], Output::Softmax, 1, layers);
    let options = FitOptions {
        batch_size: 8,
        clip_norm: Some(0.1),
        threads: Some(2),
        ..FitOptions::new(LossConfig::cross_entropy(), OptimizerConfig::adam(0.01), 3)
    };
    let packing = parallel::install(2, || passes(&config, &data.x, 8)).unwrap();
    let steps = steps(&config, &data, &options);
    assert_eq!(steps, vec![packing; 3 * 5]);
}

/// Attention keeps its memory from step to step, and norms, noise and masks of weights need none of their own.
fn with_attention_and_noise() {
    let rows = 32;
    let x = noise(2, rows * 24);
    let data = Dataset::new(x, rows, Targets::Classes((0..rows as u32).map(|row| row % 2).collect()));
    let block = TransformerBlockConfig { dropout: 0.1, ..TransformerBlockConfig::new(2, 12) };
    let layers = vec![
        LayerConfig::TransformerBlock(block),
        LayerConfig::LayerNorm(LayerNormConfig::default()),
        LayerConfig::DropConnect(DropConnectConfig::new(6, 0.5, Activation::Selu)),
        LayerConfig::AlphaDropout(AlphaDropoutConfig { rate: 0.1, site: None }),
        LayerConfig::GaussianDropout(GaussianDropoutConfig { rate: 0.1, site: None }),
        LayerConfig::ConcreteDropout(ConcreteDropoutConfig::default()),
        LayerConfig::flatten(),
        LayerConfig::Dense(DenseConfig {
            units: 2,
            activation: Activation::Identity,
            bias: true,
            initializer: Initializer::HeNormal,
            max_norm: Some(1.0),
        }),
    ];
    let config = ModelConfig::new([4, 6], Output::Softmax, 1, layers);
    let options = FitOptions {
        batch_size: 8,
        threads: Some(1),
        ..FitOptions::new(LossConfig::cross_entropy(), OptimizerConfig::adam(0.01), 3)
    };
    let packing = passes(&config, &data.x, 8);
    // Five products forward, five gradients of weights and of inputs, each with two operands; 8 rows of masked weights.
    assert!(packing <= 2 * (3 * 5 + 3 * 8), "{packing}");
    let steps = steps(&config, &data, &options);
    assert_eq!(steps, vec![packing; 3 * 3]);
}

/// Recurrent layers have all their memory planned, and thinned layers keep their bits on the stack.
fn with_recurrent_and_thinned_layers() {
    let rows = 32;
    let x = noise(3, rows * 5 * 6);
    let data = Dataset::new(x, rows, Targets::Classes((0..rows as u32).map(|row| row % 2).collect()));
    let sequence = Some(SequenceDropout { rate: 0.2, mask: MaskPer::Sequence, site: None });
    let step = Some(SequenceDropout { rate: 0.2, mask: MaskPer::Step, site: None });
    let shared = |rate| {
        let (scaling, share) = (Scaling::Inverted, Share::Batch);
        LayerConfig::Dropout(DropoutConfig { rate, scaling, share, site: None })
    };
    let layers = vec![
        LayerConfig::Lstm(LstmConfig {
            return_sequences: true,
            bidirectional: true,
            input_dropout: sequence,
            state_dropout: step,
            zoneout: Some(ZoneoutConfig::new(0.1)),
            ..LstmConfig::new(7)
        }),
        LayerConfig::Gru(GruConfig {
            return_sequences: false,
            candidate_dropout: step,
            output_dropout: sequence,
            ..GruConfig::new(9)
        }),
        LayerConfig::dense(200, Activation::Relu),
        shared(0.5),
        LayerConfig::dense(150, Activation::Gelu),
        shared(0.4),
        LayerConfig::dense(2, Activation::Identity),
    ];
    let config = ModelConfig::new([5, 6], Output::Softmax, 1, layers);
    let options = FitOptions {
        batch_size: 8,
        threads: Some(1),
        ..FitOptions::new(LossConfig::cross_entropy(), OptimizerConfig::adam(0.01), 3)
    };
    // How many units are left, and so what is packed, depends on the step; the first of each epoch is not watched.
    let watched = (0..12).filter(|step| step % 4 != 0);
    let packing: Vec<usize> = watched.map(|step| passes_at(&config, &data.x, 8, step)).collect();
    assert_eq!(steps(&config, &data, &options), packing);
    // For every product of a step of a sequence, and of a layer: two operands at most.
    assert!(packing.iter().all(|&packing| packing <= 2 * (3 * 5 * (2 + 3) + 20)), "{packing:?}");
}
