//! Products of the Hessian with a vector, by dual numbers, against differences of gradients.

use super::*;
use crate::nn::{BatchTargets, Loss, LossConfig, Weighting};
use crate::ops::Dual;

/// Gradients of a loss at the network's parameters.
fn gradients<T: Scalar>(
    network: &Network<T>,
    x: &[T],
    keys: RowKeys<'_>,
    loss: &Loss,
    targets: &[T],
    mode: Mode,
) -> Vec<T> {
    let mut workspace = network.workspace(IDS.len(), Purpose::Training).unwrap();
    network.forward(&mut workspace, x, keys, mode).unwrap();
    let (output, gradient) = workspace.output_and_gradient();
    loss.evaluate(output, BatchTargets::Values(targets), Weighting::NONE, Some(gradient));
    let mut gradients = vec![T::from_f64(f64::NAN); network.parameters().len()];
    network.backward(&mut workspace, x, keys, mode, &mut gradients).unwrap();
    gradients
}

/// Compares the product of the Hessian and a vector with the difference of two gradients along it.
pub(super) fn check_hessian_product(network: Network<f64>, loss: &LossConfig, mode: Mode) {
    let x = numbers(IDS.len() * network.input_width(), 0.0);
    check_hessian_product_at(network, &x, RowKeys::at_step(&IDS, 9), loss, mode);
}

/// The same for the rows of `x`, as many as there are [`IDS`].
pub(super) fn check_hessian_product_at(
    mut network: Network<f64>,
    x: &[f64],
    keys: RowKeys<'_>,
    loss: &LossConfig,
    mode: Mode,
) {
    let output = network.config().output;
    let loss = Loss::new(loss, output, network.output_width()).unwrap();
    let mut targets: Vec<f64> = numbers(IDS.len() * loss.target_width(), 5.0);
    if matches!(output, Output::Softmax | Output::Sigmoid) {
        targets.iter_mut().for_each(|target| *target = (*target / 3.0 + 0.5).abs());
    }
    let direction: Vec<f64> = numbers(network.parameters().len(), 2.0);

    let constants = |values: &[f64]| values.iter().map(|value| Dual::constant(*value)).collect::<Vec<_>>();
    let dual = network.with_tangents(&direction).unwrap();
    let product = gradients(&dual, &constants(x), keys, &loss, &constants(&targets), mode);

    const H: f64 = 1e-5;
    let at = network.parameters().values().to_vec();
    let mut along = |h: f64| {
        let moved = network.parameters_mut().values_mut().iter_mut().zip(at.iter().zip(&direction));
        moved.for_each(|(value, (at, direction))| *value = at + h * direction);
        gradients(&network, x, keys, &loss, &targets, mode)
    };
    let (plus, minus, here) = (along(H), along(-H), along(0.0));
    let (plus2, minus2) = (along(2.0 * H), along(-2.0 * H));
    for (index, product) in product.iter().enumerate() {
        assert!((product.value - here[index]).abs() < 1e-13, "{index}: {} {}", product.value, here[index]);
        // Of fourth order: norms are steep.
        let (near, far) = (plus[index] - minus[index], plus2[index] - minus2[index]);
        let difference = (8.0 * near - far) / (12.0 * H);
        let error = (difference - product.tangent).abs() / difference.abs().max(1.0);
        assert!(error < 1e-7, "parameter {index}: {difference} by differences, {} exactly", product.tangent);
    }
    assert!(product.iter().any(|product| product.tangent.abs() > 1e-3), "the loss is curved");
}

#[test]
fn hessian_products_of_smooth_networks_are_exact() {
    for activation in [Activation::Tanh, Activation::Silu, Activation::Softplus, Activation::Gelu] {
        for mode in [Mode::Train, Mode::Inference] {
            let network = network(4, layers_around(activation));
            check_hessian_product(network, &LossConfig::MeanSquaredError {}, mode);
        }
    }
}

#[test]
fn hessian_products_go_through_every_loss_and_softmax() {
    let layers = vec![
        LayerConfig::dense(5, Activation::Tanh),
        LayerConfig::activation(Activation::Softmax),
        LayerConfig::residual(vec![LayerConfig::dense(5, Activation::Sigmoid), LayerConfig::dropout(0.3)]),
        LayerConfig::dense(4, Activation::Identity),
    ];
    for output in [Output::Softmax, Output::Sigmoid, Output::Identity, Output::Gaussian] {
        let config = ModelConfig::new([4], output, 3, layers.clone());
        let network = Network::new(&config).unwrap();
        check_hessian_product(network, &LossConfig::of(output), Mode::Train);
    }
}
