//! Random small networks on random data: gradients agree with differences, and what a row gets does not depend
//! on its company.

use inverted_dropout::nn::{
    Activation, DenseConfig, DropoutConfig, Initializer, LayerConfig, Mode, ModelConfig, Network, Output,
    Purpose, RowKeys,
};
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

fn layer() -> impl Strategy<Value = LayerConfig> {
    let activation = prop::sample::select(&SMOOTH[..]);
    prop_oneof![
        3 => (1usize..9, activation.clone(), any::<bool>()).prop_map(|(units, activation, bias)| {
            let initializer = Initializer::GlorotUniform;
            LayerConfig::Dense(DenseConfig { units, activation, bias, initializer, max_norm: None })
        }),
        1 => activation.prop_map(LayerConfig::activation),
        2 => (0.0..0.8, any::<bool>()).prop_map(|(rate, inverted)| {
            let scaling = if inverted { Scaling::Inverted } else { Scaling::Standard };
            LayerConfig::Dropout(DropoutConfig { rate, scaling, share: inverted_dropout::nn::Share::None, site: None })
        }),
        1 => Just(LayerConfig::flatten()),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    config: ModelConfig,
    x: Vec<f64>,
    ids: Vec<u32>,
}

fn case() -> impl Strategy<Value = Case> {
    (
        1usize..7,
        prop::collection::vec(layer(), 1..8),
        any::<u64>(),
        prop::collection::vec(any::<u32>(), 1..40),
    )
        .prop_flat_map(|(width, layers, seed, ids)| {
            let config = ModelConfig::new([width], Output::Identity, seed, layers);
            let x = prop::collection::vec(-2.0..2.0, width * ids.len());
            (Just(config), x, Just(ids)).prop_map(|(config, x, ids)| Case { config, x, ids })
        })
}

/// The loss sum(y_i cos(i)) and its gradients.
fn loss(network: &Network<f64>, case: &Case) -> (f64, Vec<f64>) {
    let mut workspace = network.workspace(case.ids.len(), Purpose::Training).unwrap();
    let keys = RowKeys::at_step(&case.ids, 7);
    network.forward(&mut workspace, &case.x, keys, Mode::Train).unwrap();
    let (output, gradient) = workspace.output_and_gradient();
    let mut loss = 0.0;
    for (i, (y, gradient)) in output.iter().zip(gradient).enumerate() {
        *gradient = (i as f64).cos();
        loss += y * *gradient;
    }
    let mut gradients = vec![f64::NAN; network.parameters().len()];
    network.backward(&mut workspace, &case.x, keys, Mode::Train, &mut gradients).unwrap();
    (loss, gradients)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gradients_agree_with_differences(case in case()) {
        let mut network = Network::<f64>::new(&case.config).unwrap();
        let (_, gradients) = loss(&network, &case);
        for index in 0..gradients.len() {
            const H: f64 = 1e-5;
            let value = network.parameters().values()[index];
            let mut at = |delta: f64| {
                network.parameters_mut().values_mut()[index] = value + delta;
                loss(&network, &case).0
            };
            let difference = (at(H) - at(-H)) / (2.0 * H);
            at(0.0);
            let error = (difference - gradients[index]).abs() / difference.abs().max(1.0);
            prop_assert!(error < 1e-6, "parameter {}: {} by differences, {} by backward", index, difference, gradients[index]);
        }
    }

    #[test]
    fn a_row_gets_the_same_in_any_company(case in case()) {
        let network = Network::<f64>::new(&case.config).unwrap();
        let mut workspace = network.workspace(case.ids.len(), Purpose::Inference).unwrap();
        network.forward(&mut workspace, &case.x, RowKeys::at_step(&case.ids, 3), Mode::MonteCarlo).unwrap();
        let together = workspace.output().to_vec();
        for (row, x) in case.x.chunks(network.input_width()).enumerate() {
            network.forward(&mut workspace, x, RowKeys::at_step(&case.ids[row..=row], 3), Mode::MonteCarlo).unwrap();
            let width = network.output_width();
            for (alone, together) in workspace.output().iter().zip(&together[row * width..]) {
                prop_assert!((alone - together).abs() <= 1e-12 * together.abs().max(1.0));
            }
        }
    }
}
