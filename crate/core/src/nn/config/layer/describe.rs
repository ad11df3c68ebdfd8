//! What a kind of layer says of itself before anything is built.

use crate::error::Result;
use crate::nn::config::{Activation, Initializer, LayerConfig, Shape};
use crate::stream::Rate;

/// How a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// Every value the same.
    Constant(f64),
    /// Drawn, each unit from `inputs` values and each input for `outputs` units.
    Weights {
        /// How.
        initializer: Initializer,
        /// Inputs of a unit.
        inputs: usize,
        /// Units that an input feeds.
        outputs: usize,
    },
    /// Normal numbers of this standard deviation.
    Normal(f64),
    /// Uniform numbers between this limit and its negative.
    Uniform(f64),
}

/// A tensor of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    /// Its name within the layer.
    pub(crate) name: String,
    /// Extents, outermost first.
    pub(crate) shape: Vec<usize>,
    /// How it starts.
    pub(crate) start: Start,
    /// Whether the optimiser changes it. What it does not change is a buffer: the moments of a normalisation.
    pub(crate) trained: bool,
}

impl Tensor {
    /// A trained tensor.
    pub(crate) fn trained(name: impl Into<String>, shape: impl Into<Vec<usize>>, start: Start) -> Self {
        Tensor { name: name.into(), shape: shape.into(), start, trained: true }
    }

    /// A tensor that is saved but not trained.
    pub(crate) fn buffer(name: impl Into<String>, shape: impl Into<Vec<usize>>, value: f64) -> Self {
        Tensor { name: name.into(), shape: shape.into(), start: Start::Constant(value), trained: false }
    }

    /// How many values it has; `None` if they cannot be counted.
    pub(crate) fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |count, &extent| count.checked_mul(extent))
    }
}

/// What a layer does to the size of numbers, for the initial weights after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Leaves them as they are.
    None,
    /// Makes numbers of its own: those of an activation on numbers of unit variance.
    Activates(Activation),
    /// Multiplies their second moment.
    Scales(f64),
    /// Puts an activation over those that are there, if weights have made them.
    ActivatesOver(Activation),
}

/// A kind of layer, by its options.
pub(crate) trait Describe {
    /// The shape of a row after the layer, or what is wrong with the shape before it.
    fn output_shape(&self, input: &Shape) -> Result<Shape, String>;

    /// The tensors of the layer in the order in which they lie in memory, those of the layers in it aside.
    fn tensors(&self, _input: &Shape) -> Vec<Tensor> {
        Vec::new()
    }

    /// Whether the options are possible by themselves; `path` is the layer's place, for messages about rates.
    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(Ok(()))
    }

    /// Calls `each` for every mask of the layer, in the order in which they take their sites; those of the layers in
    /// it aside.
    fn for_each_site(&mut self, _each: &mut dyn FnMut(&mut Option<u16>)) {}

    /// The drop rate, where the layer has one.
    fn rate(&self) -> Option<f64> {
        None
    }

    /// Changes the drop rate; false where there is none.
    fn set_rate(&mut self, _rate: Rate) -> bool {
        false
    }

    /// The activation of the layer itself, where it has one.
    fn activation(&self) -> Option<Activation> {
        None
    }

    /// What it does to the size of numbers.
    fn effect(&self) -> Effect {
        Effect::None
    }

    /// The lists of layers in it.
    fn inner(&self) -> Vec<&[LayerConfig]> {
        Vec::new()
    }

    /// The lists of layers in it, to be changed.
    fn inner_mut(&mut self) -> Vec<&mut [LayerConfig]> {
        Vec::new()
    }
}

/// Refuses a count of 0.
pub(crate) fn at_least_one(name: &str, value: usize) -> Result<(), String> {
    if value >= 1 { Ok(()) } else { Err(format!("`{name}` must be at least 1; got 0")) }
}
