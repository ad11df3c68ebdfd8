//! From a configuration to a program: where the tensors lie, and which layers become one operation.

use std::ops::Range;

use crate::error::Result;
use crate::nn::Scalar;
use crate::nn::config::{Activation, LayerConfig, ModelConfig, Shape};
use crate::nn::epilogue::{Drop, Epilogue};
use crate::nn::initializer::{Fan, initialize};
use crate::nn::layers::{Dense, Elementwise, Layer, Normalize, Softmax};
use crate::nn::parameters::Parameters;
use crate::ops::Scaling;
use crate::stream::Rate;

/// The tensors of each layer of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    layers: Vec<Tensors>,
}

#[derive(Clone, Debug)]
enum Tensors {
    None,
    Dense { weight: Range<usize>, bias: Option<Range<usize>> },
    Moments { mean: Range<usize>, inverse_deviation: Range<usize> },
}

impl Layout {
    /// Places every tensor and draws the initial weights.
    pub(super) fn allocate<T: Scalar>(
        config: &ModelConfig,
        shapes: &[Shape],
    ) -> Result<(Self, Parameters<T>, Parameters<T>)> {
        let count = |of: fn(&LayerConfig, &Shape) -> Option<usize>| -> usize {
            let layers = config.layers.iter().zip(shapes);
            layers.map(|(layer, shape)| of(layer, shape).expect("checked with the configuration")).sum()
        };
        let trained = count(LayerConfig::parameter_count);
        let mut parameters = Parameters::with_room(trained)?;
        let mut buffers = Parameters::with_room(count(LayerConfig::stored_count) - trained)?;
        let mut feeding = Feeding::default();
        let mut layers = Vec::with_capacity(config.layers.len());
        for (index, layer) in config.layers.iter().enumerate() {
            let inputs = width(&shapes[index]);
            let name = |tensor: &str| format!("layers.{index}.{tensor}");
            layers.push(match layer {
                LayerConfig::Dense(dense) => {
                    let fan = Fan {
                        inputs,
                        outputs: dense.units,
                        second_moment: feeding.second_moment(own_activation(&config.layers[index..])),
                    };
                    let (ordinal, weight) = parameters.add(name("weight"), &[dense.units, inputs], T::ZERO);
                    let weights = &mut parameters.values_mut()[weight.clone()];
                    initialize(dense.initializer, fan, config.seed, ordinal as u16, weights);
                    let bias = dense.bias.then(|| parameters.add(name("bias"), &[dense.units], T::ZERO).1);
                    Tensors::Dense { weight, bias }
                }
                LayerConfig::Normalize(_) => Tensors::Moments {
                    mean: buffers.add(name("mean"), shapes[index].extents(), T::ZERO).1,
                    inverse_deviation: buffers
                        .add(name("inverseDeviation"), shapes[index].extents(), T::ONE)
                        .1,
                },
                _ => Tensors::None,
            });
            feeding.pass(layer)?;
        }
        Ok((Layout { layers }, parameters, buffers))
    }
}

/// The activation that a dense layer's output goes through: its own, or that of the layers up to the next dense.
fn own_activation(from: &[LayerConfig]) -> Activation {
    for (distance, layer) in from.iter().enumerate() {
        match layer {
            LayerConfig::Dense(_) if distance > 0 => break,
            LayerConfig::Dense(dense) if dense.activation != Activation::Identity => return dense.activation,
            LayerConfig::Activation(activation) => return activation.activation,
            _ => {}
        }
    }
    Activation::Identity
}

/// The second moment of what feeds the next dense layer.
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

    fn pass(&mut self, layer: &LayerConfig) -> Result<()> {
        match layer {
            LayerConfig::Dense(dense) => {
                *self = Feeding { activation: Some(dense.activation.second_moment()), dropout: 1.0 };
            }
            LayerConfig::Activation(activation) => {
                if let Some(moment) = &mut self.activation {
                    *moment = activation.activation.second_moment();
                }
            }
            LayerConfig::Dropout(dropout) => {
                let keep = Rate::new(dropout.rate)?.keep();
                if keep > 0.0 {
                    self.dropout *= match dropout.scaling {
                        Scaling::Inverted => 1.0 / keep,
                        Scaling::Standard => keep,
                    };
                }
            }
            LayerConfig::Flatten(_) | LayerConfig::Normalize(_) => {}
        }
        Ok(())
    }
}

fn width(shape: &Shape) -> usize {
    shape.extents().iter().product()
}

/// Which layers may become one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fusion {
    /// All that can.
    Full,
    /// All that can, but the first dropout starts an operation.
    BorderAtFirstMask,
    /// None: what fusion is compared with.
    #[cfg(test)]
    Nothing,
}

/// The operations of a network in their order.
#[derive(Debug)]
pub(super) struct Program<T: Scalar> {
    pub(super) layers: Vec<Box<dyn Layer<T>>>,
    /// Operations before the first that draws a mask.
    pub(super) prefix: usize,
    /// The first operation with parameters; the number of operations if there is none.
    pub(super) first_trained: usize,
    /// The normalize operations with their places.
    pub(super) normalizers: Vec<(usize, Normalize)>,
}

impl<T: Scalar> Program<T> {
    pub(super) fn compile(
        config: &ModelConfig,
        shapes: &[Shape],
        layout: &Layout,
        fusion: Fusion,
    ) -> Result<Self> {
        let mut stages = Stages { stages: Vec::new(), fusion };
        for (index, layer) in config.layers.iter().enumerate() {
            let inputs = width(&shapes[index]);
            match (layer, &layout.layers[index]) {
                (LayerConfig::Dense(dense), Tensors::Dense { weight, bias }) => {
                    stages.stages.push(Stage::Dense(Dense {
                        inputs,
                        units: dense.units,
                        weight: weight.clone(),
                        bias: bias.clone(),
                        epilogue: Epilogue::NONE,
                    }));
                    stages.activation(dense.activation, dense.units);
                }
                (LayerConfig::Normalize(normalize), Tensors::Moments { mean, inverse_deviation }) => {
                    stages.stages.push(Stage::Normalize(Normalize {
                        width: inputs,
                        epsilon: normalize.epsilon,
                        mean: mean.clone(),
                        inverse_deviation: inverse_deviation.clone(),
                    }));
                }
                (LayerConfig::Activation(activation), _) => stages.activation(activation.activation, inputs),
                (LayerConfig::Dropout(dropout), _) => {
                    let rate = Rate::new(dropout.rate)?;
                    let site = dropout.site.expect("`with_sites` gave every mask one");
                    stages.drop(Drop { rate, scaling: dropout.scaling, site }, inputs);
                }
                _ => {} // flatten: rows are row-major already
            }
        }
        if stages.stages.is_empty() {
            let (width, epilogue) = (width(&shapes[0]), Epilogue::NONE);
            stages.stages.push(Stage::Elementwise(Elementwise { width, epilogue }));
        }
        Ok(stages.finish())
    }

    pub(super) fn input_width(&self) -> usize {
        self.layers[0].input_width()
    }

    pub(super) fn output_width(&self) -> usize {
        self.layers[self.layers.len() - 1].output_width()
    }
}

enum Stage {
    Dense(Dense),
    Elementwise(Elementwise),
    Normalize(Normalize),
    Softmax(Softmax),
}

impl Stage {
    fn epilogue(&mut self) -> Option<&mut Epilogue> {
        match self {
            Stage::Dense(dense) => Some(&mut dense.epilogue),
            Stage::Elementwise(elementwise) => Some(&mut elementwise.epilogue),
            Stage::Normalize(_) | Stage::Softmax(_) => None,
        }
    }

    fn has_mask(&mut self) -> bool {
        self.epilogue().is_some_and(|epilogue| epilogue.drop.is_some())
    }
}

struct Stages {
    stages: Vec<Stage>,
    fusion: Fusion,
}

impl Stages {
    fn activation(&mut self, activation: Activation, width: usize) {
        match activation {
            Activation::Identity => {}
            Activation::Softmax => self.stages.push(Stage::Softmax(Softmax { width })),
            _ => match self.open() {
                Some(epilogue) if epilogue.activation == Activation::Identity => {
                    epilogue.activation = activation
                }
                _ => self.elementwise(Epilogue { activation, drop: None }, width),
            },
        }
    }

    fn drop(&mut self, drop: Drop, width: usize) {
        if drop.rate.never_drops() {
            return;
        }
        let first = !self.stages.iter_mut().any(Stage::has_mask);
        let border = first && self.fusion == Fusion::BorderAtFirstMask;
        match self.open() {
            Some(epilogue) if !border => epilogue.drop = Some(drop),
            _ => self.elementwise(Epilogue { activation: Activation::Identity, drop: Some(drop) }, width),
        }
    }

    /// The epilogue of the last operation, if something may still be added to it.
    fn open(&mut self) -> Option<&mut Epilogue> {
        #[cfg(test)]
        if self.fusion == Fusion::Nothing {
            return None;
        }
        self.stages.last_mut()?.epilogue().filter(|epilogue| epilogue.drop.is_none())
    }

    fn elementwise(&mut self, epilogue: Epilogue, width: usize) {
        self.stages.push(Stage::Elementwise(Elementwise { width, epilogue }));
    }

    fn finish<T: Scalar>(mut self) -> Program<T> {
        let count = self.stages.len();
        let prefix = self.stages.iter_mut().position(Stage::has_mask).unwrap_or(count);
        let first_trained =
            self.stages.iter().position(|stage| matches!(stage, Stage::Dense(_))).unwrap_or(count);
        let mut normalizers = Vec::new();
        let layers = self.stages.into_iter().enumerate().map(|(index, stage)| -> Box<dyn Layer<T>> {
            match stage {
                Stage::Dense(dense) => Box::new(dense),
                Stage::Elementwise(elementwise) => Box::new(elementwise),
                Stage::Softmax(softmax) => Box::new(softmax),
                Stage::Normalize(normalize) => {
                    normalizers.push((index, normalize.clone()));
                    Box::new(normalize)
                }
            }
        });
        Program { layers: layers.collect(), prefix, first_trained, normalizers }
    }
}
