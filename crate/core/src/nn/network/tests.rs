use super::*;
use crate::nn::{Activation, LayerConfig, Mode, Output, RowKeys};

const IDS: [u32; 5] = [3, 1, 4, 1_000_000, 5];

/// Smooth, reproducible numbers in (-1.5, 1.5) that avoid the kinks at 0.
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

/// The loss sum(output * target) and its gradients.
fn loss_and_gradients<T: Scalar>(
    network: &Network<T>,
    x: &[T],
    keys: RowKeys<'_>,
    mode: Mode,
) -> (f64, Vec<T>) {
    let mut workspace = network.workspace(keys.ids.len(), Purpose::Training);
    network.forward(&mut workspace, x, keys, mode).unwrap();
    let target: Vec<T> = numbers(workspace.output().len(), 7.1);
    let loss = workspace.output().iter().zip(&target).map(|(y, t)| y.to_f64() * t.to_f64()).sum();
    workspace.output_gradient_mut().copy_from_slice(&target);
    let mut gradients = vec![T::from_f64(f64::NAN); network.parameters().len()];
    network.backward(&mut workspace, x, keys, mode, &mut gradients).unwrap();
    (loss, gradients)
}

fn check_by_differences(mut network: Network<f64>, mode: Mode) {
    let x = numbers(IDS.len() * network.input_width(), 0.0);
    let keys = RowKeys::at_step(&IDS, 9);
    let (_, gradients) = loss_and_gradients(&network, &x, keys, mode);
    for index in 0..gradients.len() {
        let value = network.parameters().values()[index];
        let mut at = |delta: f64| {
            network.parameters_mut().values_mut()[index] = value + delta;
            loss_and_gradients(&network, &x, keys, mode).0
        };
        const H: f64 = 1e-5;
        let difference = (at(H) - at(-H)) / (2.0 * H);
        at(0.0);
        let error = (difference - gradients[index]).abs() / difference.abs().max(1.0);
        assert!(
            error < 1e-8,
            "parameter {index}: {} by differences, {} by backward",
            difference,
            gradients[index]
        );
    }
}

#[test]
fn gradients_of_every_activation_under_dropout_agree_with_differences() {
    for activation in Activation::ALL {
        for mode in [Mode::Train, Mode::MonteCarlo, Mode::Inference] {
            let layers = vec![
                LayerConfig::dropout(0.2),
                LayerConfig::dense(7, Activation::Tanh),
                LayerConfig::dense(6, activation),
                LayerConfig::dropout(0.4),
                LayerConfig::dense(3, Activation::Identity),
                LayerConfig::activation(activation),
                LayerConfig::dropout(0.3),
            ];
            check_by_differences(network(4, layers), mode);
        }
    }
}
