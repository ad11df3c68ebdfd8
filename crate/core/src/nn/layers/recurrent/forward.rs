//! The forward pass of a block.

use super::cell::{self, Cell, drop};
use super::mask::{Factors, Features, Mask};
use super::memory::KeptDirection;
use super::product::{Operand, product};
use super::{Recurrent, Tensors, length};
use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::nn::layers::Context;
use crate::ops::Float;

impl<C: Cell> Recurrent<C> {
    /// y from x for the rows from `first_row` on. `weights` are packed.
    pub(super) fn forward_block<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        first_row: usize,
        x: &[T],
        y: &mut [T],
        memory: &mut [T],
        weights: &[T],
    ) {
        let rows = x.len() / (self.time * self.inputs);
        let kept = self.kept(rows, memory);
        let features = Features { first: 0, count: self.inputs, all: self.inputs };
        let factors = match self.masks.input {
            None => None,
            Some(mask) => mask.factors(context, first_row, rows, features, kept.input_factors),
        };
        for row in 0..rows {
            let length = length(context, first_row + row, self.time);
            for step in 0..self.time {
                let to = (step * rows + row) * self.inputs;
                let to = &mut kept.inputs[to..][..self.inputs];
                let from = &x[(row * self.time + step) * self.inputs..][..self.inputs];
                match factors {
                    _ if step >= length => to.fill(T::ZERO),
                    None => to.copy_from_slice(from),
                    Some(factors) => {
                        let factors = &factors.at(step)[row * self.inputs..][..self.inputs];
                        for ((to, from), factor) in to.iter_mut().zip(from).zip(factors) {
                            *to = drop(*from, *factor);
                        }
                    }
                }
            }
        }
        for direction in 0..self.directions.len() {
            let of = self.kept_direction(rows, direction, kept.directions);
            let each = C::GATES * self.units * self.units;
            let weights = &weights[direction * each..][..each];
            self.forward_direction(context, first_row, direction, kept.inputs, y, of, weights);
        }
    }

    fn forward_direction<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        first_row: usize,
        direction: usize,
        inputs: &[T],
        y: &mut [T],
        of: KeptDirection<'_, T>,
        weights: &[T],
    ) {
        let Tensors { weight_input, bias_input, bias_hidden, .. } = &self.directions[direction];
        let rows = inputs.len() / (self.time * self.inputs);
        let KeptDirection { columns, states, dropped, memories, memory_tanh, .. } = of;
        let masks = &self.masks;
        let factors = |mask: Option<Mask>, memory| {
            mask.and_then(|mask| mask.factors(context, first_row, rows, self.features_of(direction), memory))
        };
        let (output, state) = (factors(masks.output, of.output), factors(masks.state, of.state));
        let candidate = factors(masks.candidate, of.candidate);
        let zoneout = factors(masks.zoneout, of.zoneout);
        let memory_zoneout = factors(masks.memory_zoneout, of.memory_zoneout);
        product(
            [C::GATES * self.units, self.time * rows, self.inputs],
            columns,
            self.columns(),
            Operand { values: &context.parameters[weight_input.clone()], column: 1, row: self.inputs },
            Operand { values: inputs, column: self.inputs, row: 1 },
            false,
        );

        let elements = rows * self.units;
        let of_memory = if C::MEMORY { elements } else { 0 };
        let start = if direction == 0 { 0 } else { self.time };
        states[start * elements..][..elements].fill(T::ZERO);
        memories[start * of_memory..][..of_memory].fill(T::ZERO);
        let width = rows * self.columns();
        for step in self.steps(direction) {
            let columns = &mut columns[step * width..][..width];
            let (before, after) = around(states, step, direction, elements);
            let (memory_before, memory) = around(memories, step, direction, of_memory);
            let entering = match state {
                None => before,
                Some(factors) => {
                    let dropped = &mut dropped[step * elements..][..elements];
                    T::dispatch(context.isa, Drop { from: before, factors: factors.at(step), to: dropped });
                    dropped
                }
            };
            self.hidden_products(context.isa, weights, entering, columns);
            T::dispatch(
                context.isa,
                ForwardStep {
                    cell: self.cell,
                    units: self.units,
                    bias_input: &context.parameters[bias_input.clone()],
                    bias_hidden: &context.parameters[bias_hidden.clone()],
                    columns,
                    before,
                    after: &mut *after,
                    memory_before,
                    memory,
                    memory_tanh: &mut memory_tanh[step * of_memory..][..of_memory],
                    candidate: candidate.map(|factors| factors.at(step)),
                    zoneout: zoneout.map(|factors| factors.at(step)),
                    memory_zoneout: memory_zoneout.map(|factors| factors.at(step)),
                    is_data: |row| step < length(context, first_row + row, self.time),
                },
            );
            if self.sequences {
                self.write(context, first_row, direction, step, after, output, y);
            }
        }
        if !self.sequences {
            let end = self.time - start;
            self.write(context, first_row, direction, 0, &states[end * elements..][..elements], output, y);
        }
    }

    /// Writes the states of a step of the output, zeros in padding.
    fn write<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        first_row: usize,
        direction: usize,
        step: usize,
        states: &[T],
        factors: Option<Factors<'_, T>>,
        y: &mut [T],
    ) {
        let factors = factors.map(|factors| factors.at(step));
        for (row, states) in states.chunks_exact(self.units).enumerate() {
            let to = ((row * self.output_steps() + step) * self.directions.len() + direction) * self.units;
            let to = &mut y[to..][..self.units];
            match factors {
                _ if step >= length(context, first_row + row, self.time) => to.fill(T::ZERO),
                None => to.copy_from_slice(states),
                Some(factors) => {
                    let factors = &factors[row * self.units..][..self.units];
                    for ((to, state), factor) in to.iter_mut().zip(states).zip(factors) {
                        *to = drop(*state, *factor);
                    }
                }
            }
        }
    }
}

/// What lies before and after a step in the order of a direction.
pub(super) fn around<T>(
    values: &mut [T],
    step: usize,
    direction: usize,
    elements: usize,
) -> (&[T], &mut [T]) {
    let (lower, upper) = values[step * elements..][..2 * elements].split_at_mut(elements);
    if direction == 0 { (lower, upper) } else { (upper, lower) }
}

/// The dropout of all elements of a step.
pub(super) struct Drop<'a, T> {
    pub(super) from: &'a [T],
    pub(super) factors: &'a [T],
    pub(super) to: &'a mut [T],
}

impl<T: Float> Kernel for Drop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((to, from), factor) in self.to.iter_mut().zip(self.from).zip(self.factors) {
            *to = drop(*from, *factor);
        }
    }
}

/// A step of all rows of a block, once its products are there.
struct ForwardStep<'a, T, C, D> {
    cell: C,
    units: usize,
    bias_input: &'a [T],
    bias_hidden: &'a [T],
    columns: &'a mut [T],
    before: &'a [T],
    after: &'a mut [T],
    memory_before: &'a [T],
    memory: &'a mut [T],
    memory_tanh: &'a mut [T],
    candidate: Option<&'a [T]>,
    zoneout: Option<&'a [T]>,
    memory_zoneout: Option<&'a [T]>,
    is_data: D,
}

impl<T: Float, C: Cell, D: Fn(usize) -> bool> Kernel for ForwardStep<'_, T, C, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let units = self.units;
        let width = C::COLUMNS * units;
        for row in 0..self.after.len() / units {
            let of = row * units..(row + 1) * units;
            let of_memory = if C::MEMORY { of.clone() } else { 0..0 };
            let before = &self.before[of.clone()];
            let memory_before = &self.memory_before[of_memory.clone()];
            let state = &mut self.after[of.clone()];
            let memory = &mut self.memory[of_memory.clone()];
            if !(self.is_data)(row) {
                state.copy_from_slice(before);
                memory.copy_from_slice(memory_before);
                continue;
            }
            self.cell.forward(cell::Forward {
                columns: &mut self.columns[row * width..(row + 1) * width],
                bias_input: self.bias_input,
                bias_hidden: self.bias_hidden,
                candidate: self.candidate.map(|factors| &factors[of.clone()]),
                state_before: before,
                memory_before,
                state: &mut *state,
                memory: &mut *memory,
                memory_tanh: &mut self.memory_tanh[of_memory],
            });
            if let Some(factors) = self.zoneout {
                zone(state, before, &factors[of.clone()]);
            }
            if let Some(factors) = self.memory_zoneout {
                zone(memory, memory_before, &factors[of]);
            }
        }
    }
}

/// k new + (1 - k) previous.
#[inline(always)]
fn zone<T: Float>(new: &mut [T], previous: &[T], factors: &[T]) {
    for ((new, previous), factor) in new.iter_mut().zip(previous).zip(factors) {
        *new = drop(*new, *factor) + drop(*previous, T::ONE - *factor);
    }
}
