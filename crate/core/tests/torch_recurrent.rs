//! Recurrent layers and embeddings against PyTorch's figures: values, input gradients, parameter gradients.

use std::collections::HashMap;

use inverted_dropout::nn::{
    Activation, EmbeddingConfig, GruConfig, LayerConfig, LstmConfig, Mode, ModelConfig, Network, Output,
    Purpose, RnnConfig, RowKeys, Scalar,
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
    dx: Option<Tensor>,
    params: HashMap<String, Tensor>,
    grads: HashMap<String, Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Tensor {
    fn numbers<T: Scalar>(&self) -> Vec<T> {
        self.data.iter().map(|value| T::from_f64(*value)).collect()
    }
}

fn case(name: &str) -> Case {
    let figures: Figures = serde_json::from_str(include_str!("data/torch/recurrent.json")).unwrap();
    figures.cases.into_iter().find(|case| case.name == name).unwrap()
}

/// PyTorch's name of a tensor of the layer.
fn pytorch_name(name: &str) -> String {
    let (name, reverse) = match name.strip_suffix("Reverse") {
        Some(name) => (name, "_reverse"),
        None => (name, ""),
    };
    match name {
        "weightInput" => format!("weight_ih_l0{reverse}"),
        "weightHidden" => format!("weight_hh_l0{reverse}"),
        "biasInput" => format!("bias_ih_l0{reverse}"),
        "biasHidden" => format!("bias_hh_l0{reverse}"),
        other => other.to_owned(),
    }
}

fn close<T: Scalar>(got: &[T], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (got, wanted) in got.iter().zip(wanted) {
        let error = (got.to_f64() - wanted).abs() / wanted.abs().max(1.0);
        assert!(error <= tolerance, "{what}: {got} instead of {wanted}");
    }
}

/// A network of the layer, after a dense layer that is the identity if `passing`, with PyTorch's weights.
fn network<T: Scalar>(case: &Case, layer: LayerConfig, passing: bool) -> Network<T> {
    let mut layers = vec![layer];
    let features = *case.x.shape.last().unwrap();
    if passing {
        layers.insert(0, LayerConfig::dense(features, Activation::Identity));
    }
    let config = ModelConfig::new(&case.x.shape[1..], Output::Identity, 1, layers);
    let mut network = Network::<T>::new(&config).unwrap();
    for entry in network.parameters().entries().to_vec() {
        let tensor = &mut network.parameters_mut().values_mut()[entry.range.clone()];
        let name = entry.name.rsplit('.').next().unwrap();
        if passing && entry.name.starts_with("layers.0.") {
            let is_one = |index: usize| name == "weight" && index.is_multiple_of(features + 1);
            for (index, value) in tensor.iter_mut().enumerate() {
                *value = if is_one(index) { T::ONE } else { T::ZERO };
            }
        } else {
            let values = &case.params[&pytorch_name(name)];
            assert_eq!(entry.shape, values.shape, "{name}");
            tensor.copy_from_slice(&values.numbers::<T>());
        }
    }
    network
}

/// Output and gradients of `network` for the gradient `dy` of its output.
fn pass<T: Scalar>(network: &Network<T>, x: &[T], dy: &[T]) -> (Vec<T>, Vec<T>) {
    let mut workspace = network.workspace(x.len() / network.input_width(), Purpose::Training).unwrap();
    network.forward(&mut workspace, x, RowKeys::NONE, Mode::Inference).unwrap();
    let y = workspace.output().to_vec();
    workspace.output_gradient_mut().copy_from_slice(dy);
    let mut gradients = vec![T::from_f64(f64::NAN); network.parameters().len()];
    network.backward(&mut workspace, x, RowKeys::NONE, Mode::Inference, &mut gradients).unwrap();
    (y, gradients)
}

fn check<T: Scalar>(case: &Case, layer: LayerConfig, tolerance: f64) {
    let (x, dy) = (case.x.numbers::<T>(), case.dy.numbers::<T>());
    let alone = network::<T>(case, layer.clone(), false);
    let (y, gradients) = pass(&alone, &x, &dy);
    close(&y, &case.y.data, tolerance, &format!("{} y", case.name));
    let mut checked = 0;
    for entry in alone.parameters().entries() {
        let name = pytorch_name(entry.name.rsplit('.').next().unwrap());
        close(&gradients[entry.range.clone()], &case.grads[&name].data, tolerance, &entry.name);
        checked += 1;
    }
    assert_eq!(checked, case.grads.len());
    // The gradient of the weights of an identity before the layer is dx' x, of each step and all rows together.
    let Some(dx) = &case.dx else { return };
    let passing = network::<T>(case, layer, true);
    let (_, gradients) = pass(&passing, &x, &dy);
    let features = *case.x.shape.last().unwrap();
    for output in 0..features {
        for input in 0..features {
            let pairs = dx.data.chunks(features).zip(case.x.data.chunks(features));
            let wanted: f64 = pairs.map(|(dx, x)| dx[output] * x[input]).sum();
            close(&[gradients[output * features + input]], &[wanted], 4.0 * tolerance, "dx");
        }
    }
    for output in 0..features {
        let wanted: f64 = dx.data.chunks(features).map(|dx| dx[output]).sum();
        close(&[gradients[features * features + output]], &[wanted], 4.0 * tolerance, "dx");
    }
}

fn check_both(name: &str, layer: LayerConfig) {
    let case = case(name);
    check::<f64>(&case, layer.clone(), 1e-10);
    check::<f32>(&case, layer, 4e-6);
}

#[test]
fn rnn_agrees_with_pytorch() {
    check_both("rnn", LayerConfig::Rnn(RnnConfig::new(6)));
}

#[test]
fn lstm_agrees_with_pytorch() {
    check_both("lstm", LayerConfig::Lstm(LstmConfig::new(6)));
}

#[test]
fn gru_agrees_with_pytorch() {
    check_both("gru", LayerConfig::Gru(GruConfig::new(6)));
}

#[test]
fn a_bidirectional_lstm_agrees_with_pytorch() {
    check_both(
        "lstmBidirectional",
        LayerConfig::Lstm(LstmConfig { bidirectional: true, ..LstmConfig::new(6) }),
    );
}

#[test]
fn embedding_agrees_with_pytorch() {
    check_both("embedding", LayerConfig::Embedding(EmbeddingConfig::new(11, 4)));
}
