//! Whole networks: gradients, fusion, masks, rates.

mod attention;
mod batch_norm;
mod blocks;
mod convolution;
mod embedding;
mod noise;
mod pooling;
mod recurrent;
mod structured;
mod tangents;
mod thinned;

use super::plan::{Fusion, Program};
use super::*;
use crate::nn::config::{DropoutConfig, Share};
use crate::nn::{Activation, LayerConfig, Mode, Output, RowKeys};
use crate::ops::Scaling;
use crate::parallel;
use crate::stream::bernoulli::Steps;
use crate::stream::reference::keep_lane;
use crate::stream::{Address, Domain};

const IDS: [u32; 5] = [3, 1, 4, 1_000_000, 5];

/// Reproducible numbers in (-1.5, 1.5) that avoid the kinks at 0.
fn numbers<T: Scalar>(count: usize, salt: f64) -> Vec<T> {
    (0..count)
        .map(|i| {
            let x = ((i as f64 + salt) * 0.754_877_666).fract() * 2.9 - 1.45;
            T::from_f64(if x.abs() < 0.02 { x + 0.05 } else { x })
        })
        .collect()
}

fn network<T: Scalar>(input: usize, layers: Vec<LayerConfig>) -> Network<T> {
    let mut network = Network::new(&ModelConfig::new([input], Output::Identity, 11, layers)).unwrap();
    for bias in network.parameters().entries().to_vec().iter().filter(|entry| entry.name.ends_with("bias")) {
        let values = numbers(bias.range.len(), 0.3);
        network.parameters_mut().values_mut()[bias.range.clone()].copy_from_slice(&values);
    }
    network
}

fn standard_dropout(rate: f64) -> LayerConfig {
    LayerConfig::Dropout(DropoutConfig { rate, scaling: Scaling::Standard, share: Share::None, site: None })
}

/// Output and parameter gradients of the loss sum(output * target).
fn pass<T: Scalar>(network: &Network<T>, x: &[T], keys: RowKeys<'_>, mode: Mode) -> (Vec<T>, Vec<T>) {
    let mut workspace = network.workspace(x.len() / network.input_width(), Purpose::Training).unwrap();
    network.forward(&mut workspace, x, keys, mode).unwrap();
    let output = workspace.output().to_vec();
    workspace.output_gradient_mut().copy_from_slice(&numbers(output.len(), 7.1));
    let mut gradients = vec![T::from_f64(f64::NAN); network.parameters().len()];
    network.backward(&mut workspace, x, keys, mode, &mut gradients).unwrap();
    (output, gradients)
}

fn output<T: Scalar>(network: &Network<T>, x: &[T], keys: RowKeys<'_>, mode: Mode) -> Vec<T> {
    let mut workspace = network.workspace(x.len() / network.input_width(), Purpose::Inference).unwrap();
    network.forward(&mut workspace, x, keys, mode).unwrap();
    workspace.output().to_vec()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn check_by_differences(network: Network<f64>, mode: Mode) {
    let x = numbers(IDS.len() * network.input_width(), 0.0);
    check_by_differences_at(network, &x, RowKeys::at_step(&IDS, 9), mode);
}

fn check_by_differences_at(mut network: Network<f64>, x: &[f64], keys: RowKeys<'_>, mode: Mode) {
    let (_, gradients) = pass(&network, x, keys, mode);
    for index in 0..gradients.len() {
        let value = network.parameters().values()[index];
        let mut at = |delta: f64| -> f64 {
            network.parameters_mut().values_mut()[index] = value + delta;
            let (output, _) = pass(&network, x, keys, mode);
            output.iter().zip(numbers::<f64>(output.len(), 7.1)).map(|(y, target)| y * target).sum()
        };
        const H: f64 = 1e-5;
        let difference = (at(H) - at(-H)) / (2.0 * H);
        at(0.0);
        let error = (difference - gradients[index]).abs() / difference.abs().max(1.0);
        assert!(
            error < 1e-8,
            "parameter {index}: {difference} by differences, {} by backward",
            gradients[index]
        );
    }
}

/// Each fusion: after a product, after another mask, under a mask of a smooth layer, standard dropout.
fn layers_around(activation: Activation) -> Vec<LayerConfig> {
    vec![
        LayerConfig::dropout(0.2),
        LayerConfig::dense(7, Activation::Tanh),
        LayerConfig::dense(6, activation),
        LayerConfig::dropout(0.4),
        standard_dropout(0.25),
        LayerConfig::dense(3, Activation::Identity),
        LayerConfig::activation(activation),
        standard_dropout(0.3),
        LayerConfig::activation(activation),
        LayerConfig::dropout(0.3),
    ]
}

#[test]
fn gradients_of_every_activation_under_dropout_agree_with_differences() {
    for activation in Activation::ALL {
        for mode in [Mode::Train, Mode::MonteCarlo, Mode::Inference] {
            check_by_differences(network(4, layers_around(activation)), mode);
        }
    }
}

#[test]
fn a_layer_without_bias_and_a_normalize_layer_have_right_gradients() {
    let mut layers = vec![LayerConfig::normalize(), LayerConfig::flatten()];
    layers.extend(layers_around(Activation::Silu));
    for layer in &mut layers {
        if let LayerConfig::Dense(dense) = layer {
            dense.bias = false;
        }
    }
    let mut network = network(4, layers);
    network.fit_normalization(&numbers(40, 3.3)).unwrap();
    check_by_differences(network, Mode::Train);
}

#[test]
fn fused_layers_equal_layers_run_one_by_one() {
    for activation in Activation::ALL {
        let fused = network::<f32>(4, layers_around(activation));
        let mut single = fused.clone();
        let program = {
            let places = Places::new(&single.parameters, &single.buffers);
            Program::compile(&single.config.layers, &single.shapes[0], places, Fusion::Nothing).unwrap()
        };
        assert!(program.layers.len() > fused.training.layers.len());
        single.training = Arc::new(program);
        for mode in [Mode::Train, Mode::Inference] {
            let x = numbers(70 * 4, 0.0);
            let ids: Vec<u32> = (0..70).collect();
            let keys = RowKeys::at_step(&ids, 2);
            let ((y, gradients), (y2, gradients2)) =
                (pass(&fused, &x, keys, mode), pass(&single, &x, keys, mode));
            assert_eq!(bits(&y), bits(&y2), "{activation:?} {mode:?}");
            assert_eq!(bits(&gradients), bits(&gradients2), "{activation:?} {mode:?}");
            assert_eq!(bits(&y), bits(&output(&fused, &x, keys, mode)), "{activation:?} {mode:?}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let mut layers = layers_around(Activation::Gelu);
    layers.insert(1, LayerConfig::dense(300, Activation::Relu));
    layers.insert(2, LayerConfig::dropout(0.5));
    let network = network::<f32>(40, layers);
    let rows = 700; // enough for products and epilogues to be split
    let x = numbers(rows * 40, 0.0);
    let ids: Vec<u32> = (0..rows as u32).map(|id| id * 7).collect();
    let run = |threads| {
        let work = || pass(&network, &x, RowKeys::at_step(&ids, 3), Mode::Train);
        let (y, gradients) = parallel::install(threads, work).unwrap();
        (bits(&y), bits(&gradients))
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
}

#[test]
fn masks_are_those_of_the_stream_whatever_the_batch() {
    let network = network::<f32>(200, vec![LayerConfig::dropout(0.3)]);
    let steps: Vec<u32> = (0..IDS.len() as u32).map(|row| row / 2).collect();
    let keys = RowKeys { ids: &IDS, steps: Steps::PerRow(&steps), seed: None, lengths: None, shared: false };
    let y = output(&network, &[f32::NAN; 5 * 200], keys, Mode::MonteCarlo);
    for (row, (&sample, &step)) in IDS.iter().zip(&steps).enumerate() {
        let address = Address { seed: 11, domain: Domain::MonteCarlo, step, sample, ..Address::default() };
        for lane in 0..200 {
            let (y, kept) = (y[row * 200 + lane], keep_lane(&address, lane as u64, Rate::new(0.3).unwrap()));
            assert!(if kept { y.is_nan() } else { y.to_bits() == 0 }, "row {row}, lane {lane}");
        }
    }
}

#[test]
fn inference_does_not_drop() {
    let with = |rate| {
        let layers = vec![
            LayerConfig::dropout(rate),
            LayerConfig::dense(20, Activation::Relu),
            LayerConfig::dropout(rate),
            LayerConfig::dense(3, Activation::Identity),
        ];
        let mut network = network::<f32>(4, layers);
        let weights = numbers(network.parameters().len(), 1.7);
        network.parameters_mut().values_mut().copy_from_slice(&weights);
        network
    };
    let x = numbers(5 * 4, 0.0);
    let (dropping, without) = (with(0.999), with(0.0));
    let expected = output(&without, &x, RowKeys::NONE, Mode::Inference);
    assert_eq!(bits(&output(&dropping, &x, RowKeys::NONE, Mode::Inference)), bits(&expected));
    assert_eq!(bits(&output(&without, &x, RowKeys::at_step(&IDS, 0), Mode::Train)), bits(&expected));
    assert_ne!(bits(&output(&dropping, &x, RowKeys::at_step(&IDS, 0), Mode::Train)), bits(&expected));
}

#[test]
fn standard_dropout_scales_in_inference() {
    let network = network::<f64>(3, vec![standard_dropout(0.2)]);
    assert_eq!(output(&network, &[1.0, 2.0, 3.0], RowKeys::NONE, Mode::Inference), [0.8, 1.6, 0.8 * 3.0]);
    let y = output(&network, &[1.0, 2.0, 3.0], RowKeys::at_step(&[0], 0), Mode::Train);
    assert!(y.iter().zip([1.0, 2.0, 3.0]).all(|(y, x)| *y == x || *y == 0.0), "{y:?}");
}

#[test]
fn dropping_everything_gives_zeros_and_zero_gradients() {
    for activation in Activation::ALL {
        let layers = vec![
            LayerConfig::dense(6, Activation::Identity),
            LayerConfig::activation(activation),
            LayerConfig::dropout(1.0),
        ];
        let (y, gradients) =
            pass(&network::<f32>(4, layers), &[f32::INFINITY; 20], RowKeys::at_step(&IDS, 0), Mode::Train);
        assert!(y.iter().all(|y| y.to_bits() == 0), "{activation:?} {y:?}");
        let bias = &gradients[24..];
        if activation != Activation::Softmax {
            assert!(bias.iter().all(|gradient| *gradient == 0.0), "{activation:?} {bias:?}");
        }
    }
}

#[test]
fn a_diverged_relu_network_is_seen() {
    let network = network::<f32>(1, vec![LayerConfig::dense(4, Activation::Relu)]);
    let (y, gradients) = pass(&network, &[f32::NAN], RowKeys::NONE, Mode::Inference);
    assert!(y.iter().chain(&gradients[..4]).all(|value| value.is_nan()));
}

#[test]
fn the_prefix_runs_once_for_all_passes() {
    let network = network::<f32>(
        4,
        vec![
            LayerConfig::dense(9, Activation::Relu),
            LayerConfig::dropout(0.5),
            LayerConfig::dense(3, Activation::Identity),
        ],
    );
    assert_eq!(network.prefix_width(), 9);
    let x = numbers(4, 0.0);
    let mut workspace = network.workspace(8, Purpose::Inference).unwrap();
    network.forward_prefix(&mut workspace, &x, None).unwrap();
    let hidden = workspace.output().repeat(8);
    let passes: Vec<u32> = (0..8).collect();
    let keys =
        RowKeys { ids: &[42; 8], steps: Steps::PerRow(&passes), seed: None, lengths: None, shared: false };
    network.forward_suffix(&mut workspace, &hidden, keys, Mode::MonteCarlo).unwrap();
    let together = workspace.output().to_vec();
    network.forward(&mut workspace, &x.repeat(8), keys, Mode::MonteCarlo).unwrap();
    for (a, b) in together.iter().zip(workspace.output()) {
        assert!((a - b).abs() < 1e-6);
    }
    assert_ne!(together[..3], together[3..6]);
}

#[test]
fn a_prefix_without_layers_is_the_input() {
    let network = network::<f32>(4, vec![LayerConfig::dropout(0.5), LayerConfig::dense(3, Activation::Relu)]);
    let mut workspace = network.workspace(1, Purpose::Inference).unwrap();
    network.forward_prefix(&mut workspace, &[1.0, 2.0, 3.0, 4.0], None).unwrap();
    assert_eq!(workspace.output(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_changed_rate_drops_at_once() {
    let layers = vec![LayerConfig::dropout(0.0), LayerConfig::flatten()];
    let mut network = network::<f32>(4, layers);
    assert_eq!(output(&network, &[1.0; 4], RowKeys::at_step(&[0], 0), Mode::Train), [1.0; 4]);
    network.set_rates(&[(0.into(), 1.0)]).unwrap();
    assert_eq!(output(&network, &[1.0; 4], RowKeys::at_step(&[0], 0), Mode::Train), [0.0; 4]);
    let before = network.config().to_json();
    assert_eq!(network.set_rates(&[(0.into(), 1.5)]).unwrap_err().code(), Code::Rate);
    for rates in [[(0, 0.5), (1, 0.5)], [(1, 0.5), (0, 0.5)]] {
        assert_eq!(
            network.set_rates(&rates.map(|(at, rate)| (at.into(), rate))).unwrap_err().code(),
            Code::Option
        );
        assert_eq!(network.config().to_json(), before, "all rates or none");
    }
}

#[test]
fn normalization_is_sound_far_from_zero_and_for_constants() {
    let offset = 1e9;
    let x: Vec<f64> = (0..1000).flat_map(|i| [offset + (i % 2) as f64, 0.1, (i % 4) as f64]).collect();
    assert!(!network::<f64>(3, vec![LayerConfig::dense(3, Activation::Identity)]).has_normalization());
    let mut network = network::<f64>(3, vec![LayerConfig::normalize()]);
    assert!(network.has_normalization());
    network.fit_normalization(&x).unwrap();
    let mean = network.buffers().get("layers.0.mean").unwrap();
    let inverse = network.buffers().get("layers.0.inverseDeviation").unwrap();
    let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-12;
    assert!(near(mean[0], offset + 0.5) && near(mean[1], 0.1) && near(mean[2], 1.5), "{mean:?}");
    assert!(inverse[1] == 1.0 && near(inverse[2], 1.0 / 1.25f64.sqrt()), "{inverse:?}");
    // A deviation of 0.5 at an offset of 1e9 is below the resolution of single precision: constant by default.
    assert_eq!(inverse[0], 1.0);
}

#[test]
fn a_feature_too_small_to_be_scaled_in_single_precision_counts_as_constant() {
    let tiny = f32::from_bits(1);
    let mut network = network::<f32>(1, vec![LayerConfig::normalize()]);
    network.fit_normalization(&[tiny, -tiny]).unwrap();
    assert_eq!(network.buffers().get("layers.0.inverseDeviation").unwrap(), [1.0]);
    assert_eq!(output(&network, &[0.0, 1.0], RowKeys::NONE, Mode::Inference), [0.0, 1.0]);
}

#[test]
fn a_pass_back_belongs_to_the_rates_of_the_pass_forward() {
    let mut network =
        network::<f32>(4, vec![LayerConfig::dense(2, Activation::Tanh), LayerConfig::dropout(0.5)]);
    let mut workspace = network.workspace(1, Purpose::Training).unwrap();
    let keys = RowKeys::at_step(&[1], 0);
    network.forward(&mut workspace, &[0.5; 4], keys, Mode::Train).unwrap();
    network.set_rates(&[(1.into(), 0.0)]).unwrap();
    let mut gradients = [0.0; 10];
    let error = network.backward(&mut workspace, &[0.5; 4], keys, Mode::Train, &mut gradients).unwrap_err();
    assert_eq!(error.code(), Code::Option);
    network.forward(&mut workspace, &[0.5; 4], keys, Mode::Train).unwrap();
    network.backward(&mut workspace, &[0.5; 4], keys, Mode::Train, &mut gradients).unwrap();
}

#[test]
fn misuse_is_refused() {
    let network = network::<f32>(4, vec![LayerConfig::dropout(0.5), LayerConfig::dense(2, Activation::Relu)]);
    let mut training = network.workspace(2, Purpose::Training).unwrap();
    let mut inference = network.workspace(2, Purpose::Inference).unwrap();
    let code = |result: Result<()>| result.unwrap_err().code();
    let keys = RowKeys::at_step(&[1], 0);
    assert_eq!(code(network.forward(&mut training, &[], keys, Mode::Train)), Code::Empty);
    assert_eq!(code(network.forward(&mut training, &[0.0; 5], keys, Mode::Train)), Code::Shape);
    assert_eq!(code(network.forward(&mut training, &[0.0; 12], keys, Mode::Train)), Code::Shape);
    assert_eq!(code(network.forward(&mut training, &[0.0; 8], keys, Mode::Train)), Code::Shape);
    let few_steps =
        RowKeys { ids: &[1, 2], steps: Steps::PerRow(&[1]), seed: None, lengths: None, shared: false };
    assert_eq!(code(network.forward(&mut training, &[0.0; 8], few_steps, Mode::Train)), Code::Shape);
    assert_eq!(code(network.forward_prefix(&mut training, &[0.0; 4], None)), Code::Option);
    network.forward(&mut training, &[0.0; 4], keys, Mode::Train).unwrap();
    let mut gradients = [0.0; 10];
    assert_eq!(
        code(network.backward(&mut training, &[0.0; 8], keys, Mode::Train, &mut gradients)),
        Code::Shape
    );
    assert_eq!(
        code(network.backward(&mut training, &[0.0; 4], keys, Mode::Train, &mut gradients[1..])),
        Code::Shape
    );
    network.forward(&mut inference, &[0.0; 4], keys, Mode::Train).unwrap();
    assert_eq!(
        code(network.backward(&mut inference, &[0.0; 4], keys, Mode::Train, &mut gradients)),
        Code::Option
    );
}
