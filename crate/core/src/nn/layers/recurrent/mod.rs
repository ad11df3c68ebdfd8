//! Recurrent layers: a cell that goes through the steps of a row, in one direction or in both.
//!
//! Rows are worked off in blocks of [`BLOCK`], whatever the number of threads: blocks do not know of each other. Inside
//! of a block numbers lie [step, row, feature]. The products of all steps with the input are one matrix product; then
//! each step adds the product of the previous state with the hidden weights and does the rest while it is in the nearest
//! cache. The backward pass goes through the steps the other way and leaves the gradients of all products, of which the
//! gradients of the weights are matrix products over all steps.
//!
//! Steps past a row's length leave state and memory as they are, so that the last state is that of the last valid step,
//! and the backward direction begins there.

mod backward;
mod blocks;
mod cell;
mod forward;
mod gru;
mod lstm;
mod mask;
mod memory;
mod product;
mod rnn;

use std::fmt::Debug;
use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::nn::config::RecurrentOptions;
use crate::parallel;
use blocks::{Blocks, for_each_block};
use cell::Cell;
pub(crate) use gru::Gru;
pub(crate) use lstm::Lstm;
use mask::{Features, Mask};
pub(crate) use rnn::Rnn;

/// Rows of a block.
const BLOCK: usize = 16;

/// Multiply-adds of a pass from which on blocks are shared out over threads.
const PARALLEL_FROM: usize = 1 << 20;

/// Where the tensors of one direction lie among the parameters.
#[derive(Clone, Debug)]
struct Tensors {
    weight_input: Range<usize>,
    weight_hidden: Range<usize>,
    bias_input: Range<usize>,
    bias_hidden: Range<usize>,
}

/// The masks of a layer; what never drops has none.
#[derive(Clone, Copy, Debug)]
struct Masks {
    input: Option<Mask>,
    output: Option<Mask>,
    state: Option<Mask>,
    candidate: Option<Mask>,
    zoneout: Option<Mask>,
    memory_zoneout: Option<Mask>,
}

/// A recurrent layer.
#[derive(Clone, Debug)]
pub(crate) struct Recurrent<C> {
    cell: C,
    /// Steps of a row.
    time: usize,
    /// Features of a step of the input.
    inputs: usize,
    units: usize,
    /// Whether the state after each step is the output, else the last one.
    sequences: bool,
    /// Forward, then perhaps backward.
    directions: Vec<Tensors>,
    masks: Masks,
}

impl<C: Cell> Recurrent<C> {
    /// A layer for rows of [time, inputs] with its tensors in the order of the configuration.
    pub(crate) fn new(cell: C, options: RecurrentOptions, input: &[usize], tensors: &[Range<usize>]) -> Self {
        let directions = tensors.chunks_exact(4).map(|of| Tensors {
            weight_input: of[0].clone(),
            weight_hidden: of[1].clone(),
            bias_input: of[2].clone(),
            bias_hidden: of[3].clone(),
        });
        Recurrent {
            cell,
            time: input[0],
            inputs: input[1],
            units: options.units,
            sequences: options.return_sequences,
            directions: directions.collect(),
            masks: Masks {
                input: Mask::dropout(options.input_dropout),
                output: Mask::dropout(options.output_dropout),
                state: Mask::dropout(options.state_dropout),
                candidate: Mask::dropout(options.candidate_dropout),
                zoneout: Mask::zoneout(options.zoneout),
                memory_zoneout: Mask::zoneout(options.cell_zoneout),
            },
        }
    }

    /// Features of the output.
    fn features(&self) -> usize {
        self.units * self.directions.len()
    }

    /// Steps of the output.
    fn output_steps(&self) -> usize {
        if self.sequences { self.time } else { 1 }
    }

    /// Columns of a row's step, in elements.
    fn columns(&self) -> usize {
        C::COLUMNS * self.units
    }

    /// The features of a direction among those of both.
    fn features_of(&self, direction: usize) -> Features {
        Features { first: direction * self.units, count: self.units, all: self.features() }
    }

    /// The steps in the order of a direction.
    fn steps(&self, direction: usize) -> impl DoubleEndedIterator<Item = usize> + use<C> {
        let time = self.time;
        (0..time).map(move |step| if direction == 0 { step } else { time - 1 - step })
    }

    /// Whether blocks are worked off on several threads.
    fn parallel(&self, rows: usize) -> bool {
        let each = C::GATES * self.units * (self.inputs + self.units) * self.directions.len();
        rows * self.time * each >= PARALLEL_FROM && parallel::current_threads() > 1
    }
}

/// How many steps of each row from `first_row` on are data.
fn length<T>(context: &Context<'_, T>, row: usize, time: usize) -> usize {
    context.keys.lengths.map_or(time, |lengths| time.min(lengths[row] as usize))
}

impl<T: Scalar, C: Cell> Layer<T> for Recurrent<C> {
    fn input_width(&self) -> usize {
        self.time * self.inputs
    }

    fn output_width(&self) -> usize {
        self.output_steps() * self.features()
    }

    fn memory(&self, rows: usize) -> Memory {
        let kept = rows * self.kept_row();
        let forward = self.packed_weights() + kept; // without a backward pass nothing is kept, but all is needed
        Memory {
            kept,
            scratch: forward.max(self.packed_weights() + self.backward_scratch(rows)),
            flow: rows * self.time * self.inputs,
        }
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        let Masks { input, output, state, candidate, zoneout, memory_zoneout } = self.masks;
        [input, output, state, candidate, zoneout, memory_zoneout].iter().any(Option::is_some)
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let (weights, scratch) = room.scratch.split_at_mut(self.packed_weights());
        self.pack_weights(context, weights);
        let (weights, memory) = (&*weights, if context.keeps { room.kept } else { scratch });
        let memory = &mut memory[..context.rows * self.kept_row()];
        let width = <Self as Layer<T>>::output_width(self);
        for_each_block(
            self.parallel(context.rows),
            0..context.rows.div_ceil(BLOCK),
            [Blocks::new(x, BLOCK * self.time * self.inputs)],
            [Blocks::new(y, BLOCK * width), Blocks::new(memory, BLOCK * self.kept_row())],
            &|block, [x], [y, memory]| self.forward_block(context, block * BLOCK, x, y, memory, weights),
        );
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
        let rows = context.rows;
        let memory = &mut room.kept[..rows * self.kept_row()];
        let (packed, scratch) = room.scratch.split_at_mut(self.packed_weights());
        self.pack_weights_back(context, packed);
        let (packed, scratch) = (&*packed, &mut scratch[..self.backward_scratch(rows)]);
        let width = <Self as Layer<T>>::output_width(self);
        let wanted = flow.wanted;
        for_each_block(
            self.parallel(rows),
            0..rows.div_ceil(BLOCK),
            [Blocks::new(&flow.current[..y.len()], BLOCK * width)],
            [
                Blocks::new(&mut flow.spare[..x.len()], BLOCK * self.time * self.inputs),
                Blocks::new(&mut *memory, BLOCK * self.kept_row()),
                Blocks::new(&mut *scratch, BLOCK * self.backward_row() + self.backward_block()),
            ],
            &|block, [dy], [dx, memory, scratch]| {
                let dx = wanted.then_some(dx);
                self.backward_rows(context, block * BLOCK, dy, dx, memory, scratch, packed);
            },
        );
        self.weight_gradients(context, memory, scratch, gradients);
        if wanted {
            flow.swap();
        }
    }
}
