//! Layers against PyTorch's figures: values, input gradients, parameter gradients.

use std::collections::HashMap;

use inverted_dropout::nn::{
    Activation, LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys, Scalar,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
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
    fn rows<T: Scalar>(&self) -> Vec<Vec<T>> {
        let width = self.shape[1];
        self.data.chunks(width).map(|row| row.iter().map(|value| T::from_f64(*value)).collect()).collect()
    }
}

fn figures() -> Vec<Case> {
    serde_json::from_str::<Figures>(include_str!("data/torch-layers.json")).unwrap().cases
}

fn close<T: Scalar>(got: &[T], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (got, wanted) in got.iter().zip(wanted) {
        let error = (got.to_f64() - wanted).abs() / wanted.abs().max(1.0);
        assert!(error <= tolerance, "{what}: {got} instead of {wanted}");
    }
}

/// Values and input gradients of the layers after a first one that passes its input on: with one row at a time
/// the gradient of that layer's bias is the gradient of the input.
fn check<T: Scalar>(case: &Case, layers: Vec<LayerConfig>, tolerance: f64) {
    let width = case.x.shape[1];
    let mut all = vec![LayerConfig::dense(width, Activation::Identity)];
    all.extend(layers);
    let config = ModelConfig::new([width], Output::Identity, 1, all);
    let mut network = Network::<T>::new(&config).unwrap();
    let identity = network.parameters_mut().get_mut("layers.0.weight").unwrap();
    for (index, weight) in identity.iter_mut().enumerate() {
        *weight = if index % (width + 1) == 0 { T::ONE } else { T::ZERO };
    }
    for (name, values) in &case.params {
        let parameter = network.parameters_mut().get_mut(&format!("layers.1.{name}")).unwrap();
        parameter.copy_from_slice(&values.data.iter().map(|value| T::from_f64(*value)).collect::<Vec<_>>());
    }
    let mut workspace = network.workspace(case.x.shape[0], Purpose::Training).unwrap();
    let mut gradients = vec![T::ZERO; network.parameters().len()];
    let bias = network.parameters().entries()[1].range.clone();
    let wanted = case.y.data.chunks(case.y.shape[1]).zip(case.dx.data.chunks(width));
    for ((x, dy), (y, dx)) in case.x.rows::<T>().iter().zip(case.dy.rows::<T>()).zip(wanted) {
        network.forward(&mut workspace, x, RowKeys::NONE, Mode::Inference).unwrap();
        close(workspace.output(), y, tolerance, &format!("{} y", case.name));
        workspace.output_gradient_mut().copy_from_slice(&dy);
        network.backward(&mut workspace, x, RowKeys::NONE, Mode::Inference, &mut gradients).unwrap();
        close(&gradients[bias.clone()], dx, tolerance, &format!("{} dx", case.name));
    }
    let (x, dy) = (case.x.rows::<T>().concat(), case.dy.rows::<T>().concat());
    network.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference).unwrap();
    workspace.output_gradient_mut().copy_from_slice(&dy);
    network.backward(&mut workspace, &x, RowKeys::NONE, Mode::Inference, &mut gradients).unwrap();
    for entry in network.parameters().entries() {
        if let Some(wanted) = entry.name.strip_prefix("layers.1.").and_then(|name| case.grads.get(name)) {
            assert_eq!(entry.shape, wanted.shape);
            close(&gradients[entry.range.clone()], &wanted.data, tolerance, &entry.name);
        }
    }
}

fn check_both(case: &Case, layers: Vec<LayerConfig>) {
    check::<f64>(case, layers.clone(), 1e-10);
    check::<f32>(case, layers, 3e-6);
}

#[test]
fn linear_agrees_with_pytorch() {
    let figures = figures();
    let linear = figures.iter().find(|case| case.name == "linear").unwrap();
    check_both(linear, vec![LayerConfig::dense(linear.y.shape[1], Activation::Identity)]);
}

#[test]
fn activations_agree_with_pytorch() {
    let mut checked = 0;
    for case in figures() {
        if let Some(activation) =
            Activation::ALL.into_iter().find(|activation| activation.name() == case.name)
        {
            check_both(&case, vec![LayerConfig::activation(activation)]); // in one pass with the dense layer
            check_both(
                &case,
                vec![LayerConfig::activation(Activation::Identity), LayerConfig::activation(activation)],
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 9);
}
