//! Convolutions: y = d(f(x * W + b)) over rows `[height, width, channels]`, the epilogue d(f(. + b)) in a pass of its own.
//!
//! # How
//! A convolution is a product of the inputs that each position looks at with the weights. These inputs are not copied
//! out first (`im2col`): with the channels innermost, the taps of a line lie side by side, so a product can read them
//! as they lie. Where windows overhang, some lines at a time are copied with zeros around them. The gradient of the input
//! is the same product of the gradient of the output with the weights turned round, and the gradient of the weights one
//! of inputs and gradients with the positions as its depth.
//!
//! # Determinism
//! Every output, and every input's gradient, is one chain of multiply-adds in a fixed order. The gradient of the weights
//! is summed in blocks of lines that do not depend on the number of threads, and the blocks in their order.

mod correlate;
mod depthwise;
mod geometry;
mod gradient;
mod kernel;
mod pack;
mod product;

use std::ops::Range;

pub(crate) use geometry::Shape;
pub(crate) use kernel::Convolve;

use super::split::{BLOCKS, for_each_block};
use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::nn::epilogue::{Epilogue, Source};
use crate::ops::fused::add_vectors;
use correlate::Correlate;
use geometry::Correlation;
use gradient::WeightGradient;
use pack::{pack_backward, pack_forward, unpack_gradient};

/// Elements that the partial sums of a weight gradient may take, before there are fewer than [`BLOCKS`] of them.
const PARTIALS: usize = 1 << 22;

/// Blocks of the weight gradient that there are in any case.
const FEW_BLOCKS: usize = 4;

/// Weights [filters, channels / groups, kernel height, kernel width], a bias if any, an epilogue.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    shape: Shape,
    outputs: Correlation,
    input_gradient: Correlation,
    /// Whether the width is time, of which a row may have less than others.
    sequence: bool,
    /// Where the weights lie among the parameters.
    weight: Range<usize>,
    /// Where the bias lies, if there is one.
    bias: Option<Range<usize>>,
    epilogue: Epilogue,
}

impl Convolution {
    /// A convolution over images, or over sequences as images of one line.
    pub(crate) fn new(
        shape: Shape,
        sequence: bool,
        weight: Range<usize>,
        bias: Option<Range<usize>>,
    ) -> Self {
        Convolution {
            shape,
            outputs: Correlation::forward(&shape),
            input_gradient: Correlation::backward(&shape),
            sequence,
            weight,
            bias,
            epilogue: Epilogue::NONE,
        }
    }

    /// Vectors of an output row.
    fn vectors(&self) -> usize {
        self.shape.windows[0].output * self.shape.windows[1].output
    }

    fn limits<'a, T>(&self, context: &Context<'a, T>) -> Option<&'a [u32]> {
        context.keys.lengths.filter(|_| self.sequence)
    }

    /// Blocks of lines of the weight gradient.
    fn gradient_blocks(&self, lines: usize) -> usize {
        (PARTIALS / self.shape.weights()).clamp(FEW_BLOCKS, BLOCKS).min(lines)
    }

    /// Multiply-adds of a pass.
    fn amount(&self, rows: usize) -> usize {
        rows * self.shape.outputs() * self.shape.taps() * self.shape.group_channels()
    }

    /// Elements of a copied view, where one may have to be made.
    fn room(&self, correlation: &Correlation) -> usize {
        if correlation.is_direct() && !self.sequence { 0 } else { correlation.room() }
    }

    /// Elements of scratch of a correlation.
    fn scratch<T>(&self, correlation: &Correlation) -> usize {
        pack::packed::<T>(correlation) + BLOCKS * self.room(correlation)
    }

    /// Runs a correlation over all rows.
    fn correlate<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        correlation: &Correlation,
        pack: fn(&Shape, &[T], &mut [T]),
        limits: Option<&[u32]>,
        source: &[T],
        target: &mut [T],
        scratch: &mut [T],
    ) {
        let (packed, rooms) = scratch.split_at_mut(pack::packed::<T>(correlation));
        pack(&self.shape, &context.parameters[self.weight.clone()], packed);
        let (isa, packed) = (context.isa, &*packed);
        let lines = (context.rows * correlation.target[0]).div_ceil(BLOCKS);
        let blocks = (context.rows * correlation.target[0]).div_ceil(lines);
        let parts = (target, lines * correlation.line());
        let rooms = (rooms, self.room(correlation));
        for_each_block(blocks, parts, rooms, self.amount(context.rows), |block, target, room| {
            let first = block * lines;
            T::correlate(isa, Correlate { correlation, source, limits, packed, first, target, room });
        });
    }

    fn weight_gradient<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        dy: &[T],
        gradient: &mut [T],
        scratch: &mut [T],
    ) {
        let (isa, correlation, limits) = (context.isa, &self.outputs, self.limits(context));
        let all = context.rows * correlation.target[0];
        let each = all.div_ceil(self.gradient_blocks(all));
        let (blocks, weights) = (all.div_ceil(each), self.shape.weights());
        let (sums, rooms) = scratch.split_at_mut(blocks * weights);
        let rooms = (rooms, self.room(correlation));
        for_each_block(blocks, (sums, weights), rooms, self.amount(context.rows), |block, sums, room| {
            let (first, lines) = (block * each, each.min(all - block * each));
            T::weight_gradient(isa, WeightGradient { correlation, x, limits, dy, first, lines, sums, room });
        });
        let (total, others) = sums.split_at_mut(weights);
        add_vectors(isa, others, total);
        unpack_gradient(&self.shape, total, gradient);
    }
}

impl<T: Scalar> Layer<T> for Convolution {
    fn input_width(&self) -> usize {
        self.shape.inputs()
    }

    fn output_width(&self) -> usize {
        self.shape.outputs()
    }

    fn memory(&self, rows: usize) -> Memory {
        let lines = rows * self.shape.windows[0].output;
        let partials = self.gradient_blocks(lines) * (self.shape.weights() + self.room(&self.outputs));
        let biases = match self.bias {
            Some(_) => Epilogue::partials(rows, self.vectors()) * self.shape.filters,
            None => 0,
        };
        Memory {
            kept: if self.epilogue.kept(true) { rows * self.shape.outputs() } else { 0 },
            scratch: self
                .scratch::<T>(&self.outputs)
                .max(self.scratch::<T>(&self.input_gradient))
                .max(partials)
                .max(biases),
            flow: 0,
        }
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        self.epilogue.drop.is_some()
    }

    fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        Some(&mut self.epilogue)
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        self.correlate(context, &self.outputs, pack_forward, self.limits(context), x, y, room.scratch);
        let bias = self.bias.clone().map(|bias| &context.parameters[bias]);
        if bias.is_some() || !self.epilogue.is_identity(context) {
            self.epilogue.forward(context, Source::InPlace { bias }, self.shape.filters, y, room.kept);
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        room: Room<'_, T>,
    ) {
        let dz = &mut flow.current[..y.len()];
        if self.bias.is_some() || !self.epilogue.is_identity(context) {
            let bias = self.bias.clone().map(|bias| &mut gradients[bias]);
            self.epilogue.backward(context, None, self.shape.filters, y, room.kept, dz, bias, room.scratch);
        }
        self.weight_gradient(context, x, dz, &mut gradients[self.weight.clone()], room.scratch);
        if flow.wanted {
            let dx = &mut flow.spare[..x.len()];
            self.correlate(context, &self.input_gradient, pack_backward, None, dz, dx, room.scratch);
            if let Some(limits) = self.limits(context) {
                for (dx, &limit) in dx.chunks_exact_mut(self.shape.inputs()).zip(limits) {
                    let end = (limit as usize * self.shape.channels).min(dx.len());
                    dx[end..].fill(T::ZERO);
                }
            }
            flow.swap();
        }
    }
}
