//! Initial weights, drawn from the stream.

use super::Scalar;
use super::config::Initializer;
use crate::stream::{Address, Domain, normals_from, uniform_f64, word};

/// Normal numbers that are drawn at a time: whole groups of the stream.
const PIECE: usize = 4096;

/// What an initialiser may know about a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fan {
    /// Inputs of a unit.
    pub(crate) inputs: usize,
    /// Units.
    pub(crate) outputs: usize,
    /// E x^2 of an input for unit variance before the activation that made it: E f^2 of the activation, over q
    /// for inverted dropout after it, times q for standard dropout.
    pub(crate) second_moment: f64,
}

/// Fills the weights of the parameter with ordinal `ordinal`. Every weight is a function of its index in the
/// matrix alone.
pub(crate) fn initialize<T: Scalar>(
    initializer: Initializer,
    fan: Fan,
    seed: u64,
    ordinal: u16,
    weights: &mut [T],
) {
    let (inputs, both) = (fan.inputs as f64, (fan.inputs + fan.outputs) as f64);
    let address = Address { seed, domain: Domain::Init, site: ordinal, ..Address::default() };
    match initializer {
        Initializer::DropoutAware => normal(&address, (1.0 / (inputs * fan.second_moment)).sqrt(), weights),
        Initializer::HeNormal => normal(&address, (2.0 / inputs).sqrt(), weights),
        Initializer::HeUniform => uniform(&address, (6.0 / inputs).sqrt(), weights),
        Initializer::GlorotNormal => normal(&address, (2.0 / both).sqrt(), weights),
        Initializer::GlorotUniform => uniform(&address, (6.0 / both).sqrt(), weights),
        Initializer::Zeros => weights.fill(T::ZERO),
    }
}

/// Fills the weights of the parameter with ordinal `ordinal` with normal numbers.
pub(crate) fn normal_weights<T: Scalar>(seed: u64, ordinal: u16, deviation: f64, weights: &mut [T]) {
    let address = Address { seed, domain: Domain::Init, site: ordinal, ..Address::default() };
    normal(&address, deviation, weights);
}

/// Fills the weights of the parameter with ordinal `ordinal` with uniform numbers in +-`limit`.
pub(crate) fn uniform_weights<T: Scalar>(seed: u64, ordinal: u16, limit: f64, weights: &mut [T]) {
    let address = Address { seed, domain: Domain::Init, site: ordinal, ..Address::default() };
    uniform(&address, limit, weights);
}

fn normal<T: Scalar>(address: &Address, deviation: f64, weights: &mut [T]) {
    let mut standard = [0f32; PIECE];
    for (index, weights) in weights.chunks_mut(PIECE).enumerate() {
        let standard = &mut standard[..weights.len()];
        normals_from(address, (index * PIECE) as u64, standard);
        for (weight, standard) in weights.iter_mut().zip(standard) {
            *weight = T::from_f64(f64::from(*standard) * deviation);
        }
    }
}

fn uniform<T: Scalar>(address: &Address, limit: f64, weights: &mut [T]) {
    for (index, weight) in weights.iter_mut().enumerate() {
        *weight = T::from_f64((2.0 * uniform_f64(word(address, index as u64)) - 1.0) * limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{
        Activation, DenseConfig, LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys,
    };
    use crate::stream::normals;

    const WIDTH: usize = 256;

    /// The mean square of the output after `depth` layers, each an activation and a dropout, over that of the
    /// first, in training mode on normal inputs.
    fn growth(initializer: Initializer, activation: Activation, rate: f64, depth: usize) -> f64 {
        let mut layers = Vec::new();
        for _ in 0..depth {
            let units = WIDTH;
            layers.push(LayerConfig::Dense(DenseConfig {
                units,
                activation,
                bias: false,
                initializer,
                max_norm: None,
            }));
            layers.push(LayerConfig::dropout(rate));
        }
        let config = ModelConfig::new([WIDTH], Output::Identity, 5, layers.clone());
        let square = |layers: Vec<LayerConfig>| {
            let network = Network::<f32>::new(&ModelConfig { layers, ..config.clone() }).unwrap();
            let rows = 64;
            let mut x = vec![0.0; rows * WIDTH];
            normals(&Address { seed: 77, ..Address::default() }, &mut x);
            let ids: Vec<u32> = (0..rows as u32).collect();
            let mut workspace = network.workspace(rows, Purpose::Inference).unwrap();
            network.forward(&mut workspace, &x, RowKeys::at_step(&ids, 0), Mode::Train).unwrap();
            workspace.output().iter().map(|y| f64::from(*y).powi(2)).sum::<f64>()
        };
        square(layers.clone()) / square(layers[..2].to_vec())
    }

    /// math.md's oracle: (1 / 0.6)^20 = 2.7e4, of which the first layer has its part already.
    #[test]
    fn twenty_layers_keep_their_scale_only_if_dropout_is_taken_into_account() {
        let aware = growth(Initializer::DropoutAware, Activation::Relu, 0.4, 20);
        assert!((0.3..3.0).contains(&aware), "{aware}");
        let he = growth(Initializer::HeNormal, Activation::Relu, 0.4, 20);
        let expected = (1.0f64 / 0.6).powi(19);
        assert!((expected / 3.0..expected * 3.0).contains(&he), "{he} instead of about {expected}");
    }

    #[test]
    fn other_activations_keep_their_scale_too() {
        for activation in
            [Activation::LeakyRelu, Activation::Elu, Activation::Selu, Activation::Gelu, Activation::Tanh]
        {
            let growth = growth(Initializer::DropoutAware, activation, 0.3, 10);
            assert!((0.3..3.0).contains(&growth), "{activation:?} {growth}");
        }
    }

    #[test]
    fn second_moments_are_the_integrals() {
        const STEP: f64 = 1e-3;
        for activation in Activation::ALL.into_iter().filter(|activation| *activation != Activation::Softmax)
        {
            let config =
                ModelConfig::new([1], Output::Identity, 0, vec![LayerConfig::activation(activation)]);
            let network = Network::<f64>::new(&config).unwrap();
            let z: Vec<f64> = (-12_000..=12_000).map(|i| f64::from(i) * STEP).collect();
            let mut workspace = network.workspace(z.len(), Purpose::Inference).unwrap();
            network.forward(&mut workspace, &z, RowKeys::NONE, Mode::Inference).unwrap();
            let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
            let pairs = z.iter().zip(workspace.output());
            let moment = pairs.map(|(z, f)| f * f * density(*z) * STEP).sum::<f64>();
            let stated = activation.second_moment();
            assert!((moment - stated).abs() < 1e-6, "{activation:?}: {moment}, not {stated}");
        }
    }

    fn drawn(initializer: Initializer) -> Vec<f64> {
        let fan = Fan { inputs: 300, outputs: 100, second_moment: 0.8 };
        let mut weights = vec![f64::NAN; 300 * 100];
        initialize(initializer, fan, 9, 4, &mut weights);
        weights
    }

    #[test]
    fn a_weight_is_a_function_of_its_index_alone() {
        let fan = Fan { inputs: 1, outputs: 1, second_moment: 1.0 };
        let address = Address { seed: 9, domain: Domain::Init, site: 4, ..Address::default() };
        let mut expected = vec![0f32; 2 * PIECE + 3];
        normals(&address, &mut expected);
        let mut weights = vec![0f32; expected.len()];
        initialize(Initializer::DropoutAware, fan, 9, 4, &mut weights);
        assert_eq!(weights, expected);
    }

    #[test]
    fn variances_are_those_of_the_definitions() {
        for (initializer, variance) in [
            (Initializer::DropoutAware, 1.0 / (300.0 * 0.8)),
            (Initializer::HeNormal, 2.0 / 300.0),
            (Initializer::HeUniform, 2.0 / 300.0),
            (Initializer::GlorotNormal, 2.0 / 400.0),
            (Initializer::GlorotUniform, 2.0 / 400.0),
            (Initializer::Zeros, 0.0),
        ] {
            let weights = drawn(initializer);
            let got = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
            // Four standard errors of a variance from 30000 normal draws.
            assert!(
                (got - variance).abs() <= variance * 4.0 * (2.0f64 / 3e4).sqrt(),
                "{initializer:?} {got}"
            );
            assert!(weights.iter().sum::<f64>().abs() <= 4.0 * (variance * 3e4).sqrt(), "{initializer:?}");
        }
        let limit = drawn(Initializer::HeUniform).into_iter().fold(0.0, |limit: f64, w| limit.max(w.abs()));
        assert!(limit <= (6.0f64 / 300.0).sqrt());
    }

    /// Weights of layer `index` by the rule 2 q / n, from their mean square.
    #[test]
    fn relu_layers_follow_two_q_over_n() {
        let config = ModelConfig::new(
            [400],
            Output::Identity,
            1,
            vec![
                LayerConfig::dropout(0.2),
                LayerConfig::dense(400, Activation::Relu),
                LayerConfig::dropout(0.5),
                LayerConfig::dense(400, Activation::Relu),
                LayerConfig::dense(400, Activation::Identity),
            ],
        );
        let network = Network::<f32>::new(&config).unwrap();
        for (layer, keep) in [(1, 0.8), (3, 0.5), (4, 1.0)] {
            let weights = network.parameters().get(&format!("layers.{layer}.weight")).unwrap();
            let variance = weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / weights.len() as f64;
            assert!((variance / (2.0 * keep / 400.0) - 1.0).abs() < 0.02, "layer {layer}: {variance}");
        }
    }
}
