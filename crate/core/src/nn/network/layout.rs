//! Where the tensors of a configuration lie, and how they start.

use std::marker::PhantomData;
use std::ops::Range;
use std::slice::Iter;

use crate::error::Result;
use crate::nn::Scalar;
use crate::nn::config::{Activation, Effect, LayerConfig, ModelConfig, Shape, Start, Tensor};
use crate::nn::initializer::{Fan, initialize, normal_weights, uniform_weights};
use crate::nn::parameters::{Entry, Parameters};

/// The trained tensors and the others of a configuration, with their initial values.
pub(super) fn allocate<T: Scalar>(
    config: &ModelConfig,
    shapes: &[Shape],
) -> Result<(Parameters<T>, Parameters<T>)> {
    let count = |of: fn(&LayerConfig, &Shape) -> Option<usize>| -> usize {
        let layers = config.layers.iter().zip(shapes);
        layers.map(|(layer, shape)| of(layer, shape).expect("checked with the configuration")).sum()
    };
    let trained = count(LayerConfig::parameter_count);
    let mut allocation = Allocation {
        seed: config.seed,
        parameters: Parameters::with_room(trained)?,
        buffers: Parameters::with_room(count(LayerConfig::stored_count) - trained)?,
    };
    allocation.layers("layers", &config.layers, &shapes[0], &mut Feeding::default());
    Ok((allocation.parameters, allocation.buffers))
}

struct Allocation<T: Scalar> {
    seed: u64,
    parameters: Parameters<T>,
    buffers: Parameters<T>,
}

impl<T: Scalar> Allocation<T> {
    /// Depth first: the order in which [`Places`] gives the tensors out.
    fn layers(&mut self, path: &str, layers: &[LayerConfig], input: &Shape, feeding: &mut Feeding) {
        let mut shape = input.clone();
        for (index, layer) in layers.iter().enumerate() {
            let path = format!("{path}.{index}");
            self.tensors(&path, layer, own_activation(&layers[index..]), &shape, feeding);
            let inner = layer.describe().inner();
            let single = inner.len() == 1;
            for (list, layers) in inner.into_iter().enumerate() {
                let name = if single { format!("{path}.layers") } else { format!("{path}.branches.{list}") };
                self.layers(&name, layers, &shape, &mut feeding.clone());
            }
            feeding.pass(layer.describe().effect());
            shape = layer.output_shape(&shape).expect("checked with the configuration");
        }
    }

    fn tensors(
        &mut self,
        path: &str,
        layer: &LayerConfig,
        own: Activation,
        input: &Shape,
        feeding: &Feeding,
    ) {
        for tensor in layer.describe().tensors(input) {
            let into = if tensor.trained { &mut self.parameters } else { &mut self.buffers };
            let first = match tensor.start {
                Start::Constant(value) => T::from_f64(value),
                Start::Weights { .. } | Start::Normal(_) | Start::Uniform(_) => T::ZERO,
            };
            let (ordinal, range) = into.add(format!("{path}.{}", tensor.name), &tensor.shape, first);
            let values = &mut into.values_mut()[range];
            match tensor.start {
                Start::Constant(_) => {}
                Start::Weights { initializer, inputs, outputs } => {
                    let fan = Fan { inputs, outputs, second_moment: feeding.second_moment(own) };
                    initialize(initializer, fan, self.seed, ordinal as u16, values);
                }
                Start::Normal(deviation) => {
                    normal_weights(self.seed, ordinal as u16, deviation, values);
                }
                Start::Uniform(limit) => uniform_weights(self.seed, ordinal as u16, limit, values),
            }
        }
    }
}

/// Gives out the places of tensors in the order in which they were allocated.
pub(super) struct Places<'a, T> {
    parameters: Iter<'a, Entry>,
    buffers: Iter<'a, Entry>,
    number: PhantomData<T>,
}

impl<'a, T: Copy> Places<'a, T> {
    pub(super) fn new(parameters: &'a Parameters<T>, buffers: &'a Parameters<T>) -> Self {
        Places {
            parameters: parameters.entries().iter(),
            buffers: buffers.entries().iter(),
            number: PhantomData,
        }
    }

    /// The places of a layer's own tensors, in the order in which it names them.
    pub(super) fn of(&mut self, layer: &LayerConfig, input: &Shape) -> Vec<Range<usize>> {
        let tensors = layer.describe().tensors(input);
        let place = |tensor: &Tensor| {
            let entries = if tensor.trained { &mut self.parameters } else { &mut self.buffers };
            entries.next().expect("allocated from the same configuration").range.clone()
        };
        tensors.iter().map(place).collect()
    }
}

/// The activation that the output of a layer with weights goes through: its own, or that of the layers up to the next
/// one with weights.
fn own_activation(from: &[LayerConfig]) -> Activation {
    for (distance, layer) in from.iter().enumerate() {
        match layer.describe().effect() {
            Effect::Activates(_) if distance > 0 => break,
            Effect::Activates(own) if own != Activation::Identity => return own,
            Effect::ActivatesOver(own) => return own,
            _ => {}
        }
    }
    Activation::Identity
}

/// The second moment of what feeds the next layer with weights.
#[derive(Clone)]
struct Feeding {
    /// E f^2 of the activation; `None` before the first layer with weights.
    activation: Option<f64>,
    /// The factor of the dropout since then.
    dropout: f64,
}

impl Default for Feeding {
    fn default() -> Self {
        Feeding { activation: None, dropout: 1.0 }
    }
}

impl Feeding {
    /// A first layer is treated as if its own activation fed it, as He et al. 2015 do: a factor in one layer
    /// alone changes nothing about growth.
    fn second_moment(&self, own: Activation) -> f64 {
        self.activation.unwrap_or(own.second_moment()) * self.dropout
    }

    fn pass(&mut self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Activates(activation) => {
                *self = Feeding { activation: Some(activation.second_moment()), dropout: 1.0 };
            }
            Effect::ActivatesOver(activation) => {
                if let Some(moment) = &mut self.activation {
                    *moment = activation.second_moment();
                }
            }
            Effect::Scales(factor) => self.dropout *= factor,
        }
    }
}
