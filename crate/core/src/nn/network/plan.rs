//! From a configuration to a program: which layers become one operation.

mod transformer;

use super::layout::Places;
use crate::error::Result;
use crate::mask::{Rates, Structure};
use crate::nn::Scalar;
use crate::nn::config::{
    Activation, ImageLayout, LayerConfig, Pool2dConfig, RnnActivation, Shape, Share, Window,
};
use crate::nn::epilogue::{Drop, Epilogue};
use crate::nn::layers::{
    BatchNorm, ConcreteDropout, Convolution, ConvolutionShape, Dense, DropConnect, DropPath, Elementwise,
    Embedding, GlobalAveragePool, Gru, Layer, LayerNorm, Lstm, NoiseKind, Noisy, Normalize, Parallel, Pool,
    Pool2d, Positional, Recurrent, Residual, Rnn, Select, SelfAttention, Sequence, Softmax,
    StructuredDropout, Thinning, Transpose, thin,
};
use crate::stream::Rate;

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
        layers: &[LayerConfig],
        input: &Shape,
        places: Places<'_, T>,
        fusion: Fusion,
    ) -> Result<Self> {
        let mut stages = Stages { stages: Vec::new(), normalizers: Vec::new(), turned: None, fusion, places };
        stages.layers(layers, input)?;
        if stages.stages.is_empty() {
            stages.elementwise(Epilogue::NONE, input);
        }
        let Stages { mut stages, normalizers, .. } = stages;
        thin(&mut stages);
        let count = stages.len();
        let prefix = stages.iter().position(|stage| stage.draws()).unwrap_or(count);
        let first_trained = stages.iter().position(|stage| stage.trains()).unwrap_or(count);
        Ok(Program { layers: stages, prefix, first_trained, normalizers })
    }

    pub(super) fn input_width(&self) -> usize {
        self.layers[0].input_width()
    }

    pub(super) fn output_width(&self) -> usize {
        self.layers[self.layers.len() - 1].output_width()
    }
}

/// Operations in the making.
struct Stages<'a, T: Scalar> {
    stages: Vec<Box<dyn Layer<T>>>,
    normalizers: Vec<(usize, Normalize)>,
    /// The last operation, by its number, if it does nothing but put channels before the positions.
    turned: Option<(usize, Transpose)>,
    fusion: Fusion,
    places: Places<'a, T>,
}

impl<T: Scalar> Stages<'_, T> {
    /// Adds the operations of some layers that get rows of `input`; returns the shape after them.
    fn layers(&mut self, layers: &[LayerConfig], input: &Shape) -> Result<Shape> {
        let mut shape = input.clone();
        for layer in layers {
            self.layer(layer, &shape)?;
            shape = layer.output_shape(&shape).expect("checked with the configuration");
        }
        Ok(shape)
    }

    fn layer(&mut self, layer: &LayerConfig, input: &Shape) -> Result<()> {
        let tensors = self.places.of(layer, input);
        match layer {
            LayerConfig::Dense(dense) => {
                self.push(Dense {
                    inputs: input.last(),
                    units: dense.units,
                    vectors: input.width() / input.last(),
                    weight: tensors[0].clone(),
                    bias: tensors.get(1).cloned(),
                    epilogue: Epilogue::NONE,
                    max_norm: dense.max_norm,
                    thinning: Thinning::default(),
                });
                self.activation(dense.activation, &input.with_last(dense.units));
            }
            LayerConfig::Conv2d(conv) => {
                let (windows, channels) = conv.windows(input).expect("checked with the configuration");
                let (filters, groups) = (conv.filters, conv.groups);
                let shape = ConvolutionShape { windows, channels, filters, groups };
                let output = layer.output_shape(input).expect("checked with the configuration");
                self.channels_last(conv.layout, input);
                self.push(Convolution::new(shape, false, tensors[0].clone(), tensors.get(1).cloned()));
                let (positions, channels) = conv.layout.split(&output).expect("an image");
                self.activation(conv.activation, &ImageLayout::ChannelsLast.join(positions, channels));
                self.channels_back(conv.layout, &output);
            }
            LayerConfig::Conv1d(conv) => {
                let (window, channels) = conv.window(input).expect("checked with the configuration");
                let (filters, groups) = (conv.filters, conv.groups);
                let windows = [Window::ONE, window];
                let shape = ConvolutionShape { windows, channels, filters, groups };
                self.push(Convolution::new(shape, true, tensors[0].clone(), tensors.get(1).cloned()));
                self.activation(conv.activation, &Shape::new([window.output, filters]));
            }
            LayerConfig::MaxPool2d(pool) => self.pool(Pool::Max, pool, input),
            LayerConfig::AveragePool2d(pool) => self.pool(Pool::Average, pool, input),
            LayerConfig::GlobalAveragePool(pool) => {
                let (positions, channels) = pool.layout.split(input).expect("checked with the configuration");
                self.channels_last(pool.layout, input);
                let sequence = positions.len() == 1 && pool.layout == ImageLayout::ChannelsLast;
                self.push(GlobalAveragePool { positions: positions.iter().product(), channels, sequence });
            }
            LayerConfig::BatchNorm(norm) => {
                let (vectors, channels) = norm.split(input);
                self.channels_last(norm.layout, input);
                self.push(BatchNorm {
                    vectors,
                    channels,
                    sequence: input.extents().len() == 2 && norm.layout == ImageLayout::ChannelsLast,
                    momentum: norm.momentum,
                    epsilon: norm.epsilon,
                    gamma: tensors[0].clone(),
                    beta: tensors[1].clone(),
                    running_mean: tensors[2].clone(),
                    running_variance: tensors[3].clone(),
                });
                self.channels_back(norm.layout, input);
            }
            LayerConfig::Normalize(normalize) => {
                let normalize = Normalize {
                    width: input.width(),
                    epsilon: normalize.epsilon,
                    mean: tensors[0].clone(),
                    inverse_deviation: tensors[1].clone(),
                };
                self.normalizers.push((self.stages.len(), normalize.clone()));
                self.push(normalize);
            }
            LayerConfig::Activation(activation) => self.activation(activation.activation, input),
            LayerConfig::Dropout(dropout) => {
                let rate = Rate::new(dropout.rate)?;
                let site = site(dropout.site);
                self.drop(Drop { rate, scaling: dropout.scaling, site, share: dropout.share }, input);
            }
            LayerConfig::SpatialDropout(spatial) => {
                let shape = spatial.broadcast(input).expect("checked with the configuration");
                let structure = Structure::Broadcast { rates: Rates::One(Rate::new(spatial.rate)?), shape };
                self.structured(structure, spatial.rate, spatial.site, spatial.share);
            }
            LayerConfig::DropBlock(config) => {
                let block = config.block(input).expect("checked with the configuration");
                self.structured(Structure::Block(block), config.rate, config.site, config.share);
            }
            LayerConfig::Flatten(_) => {} // rows are row-major already
            LayerConfig::Residual(residual) => {
                let branch = self.sequence(&residual.layers, input)?;
                let rate = Rate::new(residual.drop_path)?;
                let drop = (!rate.never_drops()).then(|| DropPath { rate, site: site(residual.site) });
                self.push(Residual { branch, drop });
            }
            LayerConfig::Parallel(parallel) => {
                let mut branches = Vec::new();
                for branch in &parallel.branches {
                    let mut shape = input.clone();
                    for layer in branch {
                        shape = layer.output_shape(&shape).expect("checked with the configuration");
                    }
                    branches.push((self.sequence(branch, input)?, shape.last()));
                }
                self.push(Parallel { input: input.width(), branches, combine: parallel.combine });
            }
            LayerConfig::Select(select) => {
                let (start, shape) = input.field(&select.input).expect("checked with the configuration");
                self.push(Select { input: input.width(), start, width: shape.width() });
            }
            LayerConfig::LayerNorm(norm) => self.push(LayerNorm::new(norm.epsilon, &tensors, input)),
            LayerConfig::SelfAttention(attention) => {
                self.push(SelfAttention::new(attention, &tensors, input)?);
            }
            LayerConfig::TransformerBlock(block) => self.transformer_block(block, &tensors, input)?,
            LayerConfig::DropConnect(dense) => {
                self.push(DropConnect {
                    inputs: input.last(),
                    units: dense.units,
                    vectors: input.width() / input.last(),
                    weight: tensors[0].clone(),
                    bias: tensors.get(1).cloned(),
                    rate: Rate::new(dense.rate)?,
                    share: dense.share,
                    site: site(dense.site),
                    epilogue: Epilogue::NONE,
                });
                self.activation(dense.activation, &input.with_last(dense.units));
            }
            LayerConfig::GaussianDropout(noise) => {
                self.noise(NoiseKind::Gaussian, Rate::new(noise.rate)?, site(noise.site), input);
            }
            LayerConfig::AlphaDropout(noise) => {
                self.noise(NoiseKind::Alpha, Rate::new(noise.rate)?, site(noise.site), input);
            }
            LayerConfig::ConcreteDropout(noise) => self.push(ConcreteDropout {
                width: input.width(),
                features: input.last(),
                logit: tensors[0].start,
                temperature: noise.temperature,
                regularizer: noise.regularizer,
                site: site(noise.site),
            }),
            LayerConfig::Rnn(rnn) => {
                let cell = Rnn { relu: rnn.activation == RnnActivation::Relu };
                self.push(Recurrent::new(cell, rnn.options(), input.extents(), &tensors));
            }
            LayerConfig::Lstm(lstm) => {
                self.push(Recurrent::new(Lstm, lstm.options(), input.extents(), &tensors));
            }
            LayerConfig::Gru(gru) => {
                self.push(Recurrent::new(Gru, gru.options(), input.extents(), &tensors));
            }
            LayerConfig::Embedding(embedding) => {
                let rate = Rate::new(embedding.dropout)?;
                self.push(Embedding {
                    time: input.width(),
                    vocabulary: embedding.vocabulary,
                    units: embedding.units,
                    weight: tensors[0].clone(),
                    drop: (!rate.never_drops()).then(|| (rate, site(embedding.site))),
                });
            }
            LayerConfig::PositionalEncoding(_) => self.push(match tensors.first() {
                Some(learned) => Positional::Learned(learned.clone()),
                None => Positional::sinusoids(input.width() / input.last(), input.last()),
            }),
        }
        Ok(())
    }

    /// The operations of layers within a block.
    fn sequence(&mut self, layers: &[LayerConfig], input: &Shape) -> Result<Sequence<T>> {
        self.inside(input, |stages| stages.layers(layers, input).map(|_| ()))
    }

    /// The operations that `add` adds.
    fn inside(&mut self, input: &Shape, add: impl FnOnce(&mut Self) -> Result<()>) -> Result<Sequence<T>> {
        let outside = (std::mem::take(&mut self.stages), self.turned.take());
        let added = add(self);
        let stages = std::mem::take(&mut self.stages);
        (self.stages, self.turned) = outside;
        added?;
        Ok(Sequence::new(stages, input.width()))
    }

    fn push(&mut self, stage: impl Layer<T> + 'static) {
        self.stages.push(Box::new(stage));
    }

    fn structured(&mut self, structure: Structure, rate: f64, at: Option<u16>, share: Share) {
        if rate > 0.0 {
            self.push(StructuredDropout::<T>::new(structure, site(at), share));
        }
    }

    fn pool(&mut self, pool: Pool, config: &Pool2dConfig, input: &Shape) {
        let (windows, channels) = config.windows(input).expect("checked with the configuration");
        self.channels_last(config.layout, input);
        self.push(Pool2d { pool, windows, channels });
        let positions = windows.map(|window| window.output);
        self.channels_back(config.layout, &config.layout.join(&positions, channels));
    }

    /// Puts the channels of a row of `shape` after the positions, where a layer has them before.
    fn channels_last(&mut self, layout: ImageLayout, shape: &Shape) {
        let Some(turn) = turn(layout, shape) else { return };
        match self.turned.take() {
            // Between two layers of this layout the channels may stay where they are.
            Some((stage, back)) if stage + 1 == self.stages.len() && back == turn.inverse() => {
                self.stages.pop();
            }
            _ => self.push(turn),
        }
    }

    /// Puts them before the positions again.
    fn channels_back(&mut self, layout: ImageLayout, shape: &Shape) {
        if let Some(turn) = turn(layout, shape) {
            self.turned = Some((self.stages.len(), turn.inverse()));
            self.push(turn.inverse());
        }
    }

    fn activation(&mut self, activation: Activation, shape: &Shape) {
        match activation {
            Activation::Identity => {}
            Activation::Softmax => self.push(Softmax { width: shape.width(), features: shape.last() }),
            _ => match self.open() {
                Some(epilogue) if epilogue.activation == Activation::Identity => {
                    epilogue.activation = activation
                }
                _ => self.elementwise(Epilogue { activation, drop: None }, shape),
            },
        }
    }

    fn drop(&mut self, drop: Drop, shape: &Shape) {
        if drop.rate.never_drops() {
            return;
        }
        let first = !self.stages.iter().any(|stage| stage.draws());
        let border = first && self.fusion == Fusion::BorderAtFirstMask;
        match self.open() {
            Some(epilogue) if !border => epilogue.drop = Some(drop),
            _ => self.elementwise(Epilogue { activation: Activation::Identity, drop: Some(drop) }, shape),
        }
    }

    fn noise(&mut self, kind: NoiseKind, rate: Rate, site: u16, shape: &Shape) {
        if !rate.never_drops() {
            self.push(Noisy { width: shape.width(), kind, rate, site });
        }
    }

    /// The epilogue of the last operation, if something may still be added to it.
    fn open(&mut self) -> Option<&mut Epilogue> {
        #[cfg(test)]
        if self.fusion == Fusion::Nothing {
            return None;
        }
        self.stages.last_mut()?.epilogue_mut().filter(|epilogue| epilogue.drop.is_none())
    }

    fn elementwise(&mut self, epilogue: Epilogue, shape: &Shape) {
        self.push(Elementwise { width: shape.width(), epilogue });
    }
}

/// How channels before the positions get after them; `None` where they are.
fn turn(layout: ImageLayout, shape: &Shape) -> Option<Transpose> {
    match (layout, layout.split(shape)) {
        (ImageLayout::ChannelsFirst, Some((positions, channels))) => {
            Some(Transpose { rows: channels, columns: positions.iter().product() })
        }
        _ => None,
    }
}

fn site(site: Option<u16>) -> u16 {
    site.expect("`with_sites` gave every mask one")
}
