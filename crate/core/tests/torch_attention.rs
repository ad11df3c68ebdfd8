//! Layer norm, self-attention and transformer blocks against PyTorch's figures: values, input gradients, parameter
//! gradients.

use std::collections::HashMap;

use inverted_dropout::nn::{
    Activation, LayerConfig, LayerNormConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys, Scalar,
    SelfAttentionConfig, TransformerBlockConfig,
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
    fn of<T: Scalar>(&self) -> Vec<T> {
        self.data.iter().map(|value| T::from_f64(*value)).collect()
    }
}

/// PyTorch's name of a tensor.
fn pytorch(name: &str) -> String {
    let replaced = [
        ("norm1.gamma", "norm1.weight"),
        ("norm1.beta", "norm1.bias"),
        ("norm2.gamma", "norm2.weight"),
        ("norm2.beta", "norm2.bias"),
        ("feedForward", "linear"),
        ("attention.", "self_attn."),
        ("inputWeight", "in_proj_weight"),
        ("inputBias", "in_proj_bias"),
        ("outputWeight", "out_proj.weight"),
        ("outputBias", "out_proj.bias"),
        ("gamma", "weight"),
        ("beta", "bias"),
    ];
    replaced.into_iter().fold(name.to_owned(), |name, (own, theirs)| name.replace(own, theirs))
}

fn close<T: Scalar>(got: &[T], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (got, wanted) in got.iter().zip(wanted) {
        let error = (got.to_f64() - wanted).abs() / wanted.abs().max(1.0);
        assert!(error <= tolerance, "{what}: {got} instead of {wanted}");
    }
}

/// Behind a dense layer that passes its input on, the gradient of whose bias is, one step at a time, the gradient of the
/// input summed over steps.
fn check<T: Scalar>(case: &Case, layer: LayerConfig, tolerance: f64) {
    let &[rows, steps, features] = &case.x.shape[..] else { panic!("{:?}", case.x.shape) };
    let layers = vec![LayerConfig::dense(features, Activation::Identity), layer];
    let config = ModelConfig::new([steps, features], Output::Identity, 1, layers);
    let mut network = Network::<T>::new(&config).unwrap();
    let identity = network.parameters_mut().get_mut("layers.0.weight").unwrap();
    for (index, weight) in identity.iter_mut().enumerate() {
        *weight = if index % (features + 1) == 0 { T::ONE } else { T::ZERO };
    }
    let entries: Vec<_> = network.parameters().entries()[2..].to_vec();
    assert_eq!(entries.len(), case.params.len());
    let find = |tensors: &HashMap<String, Tensor>, name: &str| -> (Vec<usize>, Vec<f64>) {
        let name = pytorch(name.strip_prefix("layers.1.").unwrap());
        let tensor = tensors.get(&name).or_else(|| tensors.get(&format!("m.{name}")));
        let tensor = tensor.unwrap_or_else(|| panic!("{name} among {:?}", tensors.keys()));
        (tensor.shape.clone(), tensor.data.clone())
    };
    for entry in &entries {
        let (shape, values) = find(&case.params, &entry.name);
        assert_eq!(entry.shape, shape, "{}", entry.name);
        let into = &mut network.parameters_mut().values_mut()[entry.range.clone()];
        into.iter_mut().zip(values).for_each(|(into, value)| *into = T::from_f64(value));
    }
    let mut workspace = network.workspace(rows, Purpose::Training).unwrap();
    let mut gradients = vec![T::ZERO; network.parameters().len()];
    let x = case.x.of::<T>();
    let dy = case.dy.of::<T>();
    network.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference).unwrap();
    close(workspace.output(), &case.y.data, tolerance, &format!("{} y", case.name));
    workspace.output_gradient_mut().copy_from_slice(&dy);
    network.backward(&mut workspace, &x, RowKeys::NONE, Mode::Inference, &mut gradients).unwrap();
    for entry in &entries {
        let (_, values) = find(&case.grads, &entry.name);
        close(&gradients[entry.range.clone()], &values, tolerance, &format!("{} {}", case.name, entry.name));
    }
    // dx x' and the sums of dx are the gradients of the first layer; with as many features as steps or more, and x of
    // full rank, they determine the gradient of each row.
    let width = steps * features;
    for row in 0..rows {
        let x = &x[row * width..][..width];
        network.forward(&mut workspace, x, RowKeys::NONE, Mode::Inference).unwrap();
        workspace.output_gradient_mut().copy_from_slice(&dy[row * width..][..width]);
        network.backward(&mut workspace, x, RowKeys::NONE, Mode::Inference, &mut gradients).unwrap();
        let dx = &case.dx.data[row * width..][..width];
        let mut wanted = vec![0.0; features * features];
        let mut sums = vec![0.0; features];
        for (x, dx) in case.x.data[row * width..][..width].chunks(features).zip(dx.chunks(features)) {
            for unit in 0..features {
                sums[unit] += dx[unit];
                for input in 0..features {
                    wanted[unit * features + input] += dx[unit] * x[input];
                }
            }
        }
        let first = &gradients[..features * features];
        close(first, &wanted, 3.0 * tolerance, &format!("{} dx, row {row}", case.name));
        let bias = &gradients[features * features..][..features];
        close(bias, &sums, 3.0 * tolerance, &format!("{} sums of dx, row {row}", case.name));
    }
}

fn check_both(name: &str, layer: LayerConfig) {
    let figures = serde_json::from_str::<Figures>(include_str!("data/torch/attention.json")).unwrap();
    let case = figures.cases.iter().find(|case| case.name == name).unwrap();
    check::<f64>(case, layer.clone(), 1e-9);
    check::<f32>(case, layer, 1e-5);
}

#[test]
fn layer_norm_agrees_with_pytorch() {
    check_both("layerNorm", LayerConfig::LayerNorm(LayerNormConfig::default()));
}

#[test]
fn self_attention_agrees_with_pytorch() {
    for (name, causal) in [("selfAttention", false), ("selfAttentionCausal", true)] {
        let config = SelfAttentionConfig { causal, ..SelfAttentionConfig::new(2) };
        check_both(name, LayerConfig::SelfAttention(config));
    }
}

#[test]
fn transformer_blocks_agree_with_pytorch() {
    for (name, activation, pre_norm) in [
        ("transformerBlockPostNorm", Activation::Relu, false),
        ("transformerBlockPreNormGelu", Activation::Gelu, true),
    ] {
        let config = TransformerBlockConfig { activation, pre_norm, ..TransformerBlockConfig::new(2, 16) };
        check_both(name, LayerConfig::TransformerBlock(config));
    }
}
