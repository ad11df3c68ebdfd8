//! Convolutions, pools and batch normalisation against PyTorch's figures: values, input gradients, parameter gradients.

use std::collections::HashMap;

use inverted_dropout::nn::{
    Activation, BatchNormConfig, Conv1dConfig, Conv2dConfig, ImageLayout, LayerConfig, Mode, ModelConfig,
    Network, Output, Padding, Pool2dConfig, Purpose, RowKeys, Scalar,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    options: HashMap<String, usize>,
    x: Tensor,
    y: Tensor,
    dy: Tensor,
    dx: Tensor,
    params: HashMap<String, Tensor>,
    grads: HashMap<String, Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Tensor {
    fn values<T: Scalar>(&self) -> Vec<T> {
        self.data.iter().map(|value| T::from_f64(*value)).collect()
    }

    /// Positions and channels of a row `[channels, ...]`.
    fn extents(&self) -> (usize, usize) {
        (self.shape[2..].iter().product(), self.shape[1])
    }

    /// `[rows, channels, positions]` with the channels last.
    fn channels_last(&self) -> Vec<f64> {
        let (positions, channels) = self.extents();
        let mut turned = Vec::with_capacity(self.data.len());
        for row in self.data.chunks(positions * channels) {
            for position in 0..positions {
                turned.extend((0..channels).map(|channel| row[channel * positions + position]));
            }
        }
        turned
    }
}

fn cases(name: &str) -> Vec<Case> {
    let figures: Figures = serde_json::from_str(include_str!("data/torch/convolution.json")).unwrap();
    figures.cases.into_iter().filter(|case| case.name == name).collect()
}

fn close<T: Scalar>(got: &[T], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (got, wanted) in got.iter().zip(wanted) {
        let error = (got.to_f64() - wanted).abs() / wanted.abs().max(1.0);
        assert!(error <= tolerance, "{what}: {got} instead of {wanted}");
    }
}

/// The network with PyTorch's parameters in the layer at `index`; `names` are theirs and ours.
fn build<T: Scalar>(
    case: &Case,
    input: &[usize],
    layers: Vec<LayerConfig>,
    index: usize,
    names: &[(&str, &str)],
) -> Network<T> {
    let mut network = Network::<T>::new(&ModelConfig::new(input, Output::Identity, 1, layers)).unwrap();
    for (theirs, ours) in names {
        let parameter = network.parameters_mut().get_mut(&format!("layers.{index}.{ours}")).unwrap();
        parameter.copy_from_slice(&case.params[*theirs].values::<T>());
    }
    network
}

/// Values, and the gradients of parameters.
fn pass<T: Scalar>(network: &Network<T>, x: &[T], dy: &[T]) -> (Vec<T>, Vec<T>) {
    let ids: Vec<u32> = (0..(x.len() / network.input_width()) as u32).collect();
    let keys = RowKeys::at_step(&ids, 0);
    let mut workspace = network.workspace(ids.len(), Purpose::Training).unwrap();
    let mut gradients = vec![T::ZERO; network.parameters().len()];
    network.forward(&mut workspace, x, keys, Mode::Train).unwrap();
    let y = workspace.output().to_vec();
    if gradients.is_empty() {
        return (y, gradients); // nothing flows back where nothing is trained
    }
    workspace.output_gradient_mut().copy_from_slice(dy);
    network.backward(&mut workspace, x, keys, Mode::Train, &mut gradients).unwrap();
    (y, gradients)
}

/// The layer alone, in PyTorch's layout.
fn check_layer<T: Scalar>(case: &Case, layer: LayerConfig, names: &[(&str, &str)], tolerance: f64) {
    let layers = vec![layer, LayerConfig::flatten()];
    let network = build::<T>(case, &case.x.shape[1..], layers, 0, names);
    let (y, gradients) = pass(&network, &case.x.values(), &case.dy.values());
    close(&y, &case.y.data, tolerance, &format!("{} y", case.name));
    check_gradients(case, &network, &gradients, 0, names, tolerance);
}

fn check_gradients<T: Scalar>(
    case: &Case,
    network: &Network<T>,
    gradients: &[T],
    index: usize,
    names: &[(&str, &str)],
    tolerance: f64,
) {
    for (theirs, ours) in names {
        let (name, wanted) = (format!("layers.{index}.{ours}"), &case.grads[*theirs]);
        let entry = network.parameters().entries().iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(entry.shape, wanted.shape, "{name}");
        close(&gradients[entry.range.clone()], &wanted.data, tolerance, &format!("{} {name}", case.name));
    }
}

/// The gradient of the input, channels last. Each vector of channels gets a unit vector of its own beside it, and a dense
/// layer before passes the channels on and the others not: the gradients of its weights are those of the channels.
fn check_input_gradient<T: Scalar>(case: &Case, layer: LayerConfig, names: &[(&str, &str)], tolerance: f64) {
    let (positions, channels) = case.x.extents();
    let vectors = case.x.shape[0] * positions;
    let width = channels + vectors;
    let mut x = Vec::new();
    for (vector, values) in case.x.channels_last().chunks(channels).enumerate() {
        x.extend(values.iter().map(|value| T::from_f64(*value)));
        x.extend((0..vectors).map(|other| if other == vector { T::ONE } else { T::ZERO }));
    }
    let input = [&case.x.shape[2..], &[width]].concat();
    let mut dense = LayerConfig::dense(channels, Activation::Identity);
    let LayerConfig::Dense(config) = &mut dense else { unreachable!() };
    config.bias = false;
    let mut network = build::<T>(case, &input, vec![dense, layer, LayerConfig::flatten()], 1, names);
    let weight = network.parameters_mut().get_mut("layers.0.weight").unwrap();
    for (index, weight) in weight.iter_mut().enumerate() {
        *weight = if index / width == index % width { T::ONE } else { T::ZERO };
    }
    let dy: Vec<T> = case.dy.channels_last().into_iter().map(T::from_f64).collect();
    let (y, gradients) = pass(&network, &x, &dy);
    close(&y, &case.y.channels_last(), tolerance, &format!("{} y, channels last", case.name));
    check_gradients(case, &network, &gradients, 1, names, tolerance);
    let dx = (0..vectors * channels).map(|i| gradients[i % channels * width + channels + i / channels]);
    let dx: Vec<T> = dx.collect();
    close(&dx, &case.dx.channels_last(), tolerance, &format!("{} dx", case.name));
}

fn check(case: &Case, layer: impl Fn(ImageLayout) -> LayerConfig, names: &[(&str, &str)]) {
    check_layer::<f64>(case, layer(ImageLayout::ChannelsFirst), names, 1e-9);
    check_layer::<f32>(case, layer(ImageLayout::ChannelsFirst), names, 5e-6);
    check_input_gradient::<f64>(case, layer(ImageLayout::ChannelsLast), names, 1e-9);
    check_input_gradient::<f32>(case, layer(ImageLayout::ChannelsLast), names, 5e-6);
}

const WEIGHTS: [(&str, &str); 2] = [("weight", "weight"), ("bias", "bias")];

#[test]
fn conv2d_agrees_with_pytorch() {
    let cases = cases("conv2d");
    assert_eq!(cases.len(), 5);
    for case in cases {
        let option = |name: &str, default| case.options.get(name).copied().unwrap_or(default);
        let layer = |layout| {
            let weight = &case.params["weight"].shape;
            LayerConfig::Conv2d(Conv2dConfig {
                stride: option("stride", 1).into(),
                padding: Padding::Amount(option("padding", 0).into()),
                dilation: option("dilation", 1).into(),
                groups: option("groups", 1),
                layout,
                ..Conv2dConfig::new(weight[0], [weight[2], weight[3]], Activation::Identity)
            })
        };
        check(&case, layer, &WEIGHTS);
    }
}

#[test]
fn conv1d_agrees_with_pytorch() {
    let case = &cases("conv1d")[0];
    let weight = &case.params["weight"].shape;
    let layer = LayerConfig::Conv1d(Conv1dConfig {
        stride: case.options["stride"],
        padding: Padding::Amount(case.options["padding"]),
        ..Conv1dConfig::new(weight[0], weight[2], Activation::Identity)
    });
    check_input_gradient::<f64>(case, layer.clone(), &WEIGHTS, 1e-9);
    check_input_gradient::<f32>(case, layer, &WEIGHTS, 5e-6);
}

#[test]
fn pools_agree_with_pytorch() {
    for (name, kind) in [
        ("maxPool2d", LayerConfig::MaxPool2d as fn(Pool2dConfig) -> LayerConfig),
        ("avgPool2d", LayerConfig::AveragePool2d),
    ] {
        check(&cases(name)[0], |layout| kind(Pool2dConfig { layout, ..Pool2dConfig::new(2) }), &[]);
    }
}

#[test]
fn batch_norm_agrees_with_pytorch() {
    let names = [("weight", "gamma"), ("bias", "beta")];
    for name in ["batchNorm1d", "batchNorm2d"] {
        let layer = |layout| LayerConfig::BatchNorm(BatchNormConfig { layout, ..BatchNormConfig::default() });
        check(&cases(name)[0], layer, &names);
    }
}
