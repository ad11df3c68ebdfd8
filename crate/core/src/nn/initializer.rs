//! Initial weights, drawn from the stream.

use super::Scalar;
use super::config::Initializer;
use crate::stream::{Address, Domain, normals, uniform_f64, word};

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

fn normal<T: Scalar>(address: &Address, deviation: f64, weights: &mut [T]) {
    let mut standard = vec![0f32; weights.len()];
    normals(address, &mut standard);
    for (weight, standard) in weights.iter_mut().zip(standard) {
        *weight = T::from_f64(f64::from(standard) * deviation);
    }
}

fn uniform<T: Scalar>(address: &Address, limit: f64, weights: &mut [T]) {
    for (index, weight) in weights.iter_mut().enumerate() {
        *weight = T::from_f64((2.0 * uniform_f64(word(address, index as u64)) - 1.0) * limit);
    }
}
