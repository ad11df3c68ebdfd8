//! The backward pass of a block, and the gradients of the weights from all blocks.

use std::ops::Range;

use super::cell::{self, Cell, drop};
use super::forward::{Drop, around};
use super::mask::{Factors, Mask};
use super::memory::{Flowing, KeptDirection};
use super::product::{Operand, product};
use super::{BLOCK, Recurrent, Tensors, length};
use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::nn::layers::Context;
use crate::nn::product::Dense;
use crate::ops::Float;

impl<C: Cell> Recurrent<C> {
    /// The gradients of the products of the rows from `first_row` on, in `scratch`, and those of x in `dx`, if there is
    /// one. `memory` is what the forward pass kept, `packed` are the hidden weights for the way back.
    pub(super) fn backward_rows<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        first_row: usize,
        dy: &[T],
        dx: Option<&mut [T]>,
        memory: &mut [T],
        scratch: &mut [T],
        packed: &[T],
    ) {
        let rows = dy.len() / (self.output_steps() * self.features());
        let kept = self.kept(rows, memory);
        let mut flowing = self.flowing(rows, scratch);
        for direction in 0..self.directions.len() {
            let of = self.kept_direction(rows, direction, kept.directions);
            let each = C::GATES * self.units * self.units;
            let packed = &packed[direction * each..][..each];
            self.backward_direction(context, first_row, direction, dy, of, &mut flowing, packed);
            if dx.is_some() {
                let weights = &context.parameters[self.directions[direction].weight_input.clone()];
                product(
                    [self.inputs, self.time * rows, C::GATES * self.units],
                    flowing.d_inputs,
                    self.inputs,
                    Operand { values: weights, column: self.inputs, row: 1 },
                    Operand {
                        values: self.columns_of(direction, flowing.d_columns),
                        column: self.columns(),
                        row: 1,
                    },
                    direction > 0,
                );
            }
        }
        let Some(dx) = dx else { return };
        let factors = |mask: Mask| mask.drawn_factors(context, rows * self.inputs, &*kept.input_factors);
        let factors = self.masks.input.and_then(factors);
        for (row, dx) in dx.chunks_exact_mut(self.time * self.inputs).enumerate() {
            for (step, dx) in dx.chunks_exact_mut(self.inputs).enumerate() {
                let from = &flowing.d_inputs[(step * rows + row) * self.inputs..][..self.inputs];
                match factors {
                    None => dx.copy_from_slice(from),
                    Some(factors) => {
                        let factors = &factors.at(step)[row * self.inputs..][..self.inputs];
                        for ((dx, from), factor) in dx.iter_mut().zip(from).zip(factors) {
                            *dx = drop(*from, *factor);
                        }
                    }
                }
            }
        }
    }

    /// The gradients of a direction's products among those of all.
    fn columns_of<'a, T>(&self, direction: usize, d_columns: &'a [T]) -> &'a [T] {
        let each = d_columns.len() / self.directions.len();
        &d_columns[direction * each..][..each]
    }

    fn backward_direction<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        first_row: usize,
        direction: usize,
        dy: &[T],
        of: KeptDirection<'_, T>,
        flowing: &mut Flowing<'_, T>,
        packed: &[T],
    ) {
        let Flowing { d_state, d_before, d_product, d_memory, d_passing, sums, d_columns, .. } = flowing;
        let (mut d_state, mut d_before) = (&mut **d_state, &mut **d_before);
        let elements = d_state.len();
        let of_memory = if C::MEMORY { elements } else { 0 };
        let rows = elements / self.units;
        let width = rows * self.columns();
        let sums = &mut sums[direction * self.columns()..][..self.columns()];
        let d_columns = &mut d_columns[direction * self.time * width..][..self.time * width];
        let factors =
            |mask: Option<Mask>, memory| mask.and_then(|mask| mask.drawn_factors(context, elements, memory));
        let (output, state) = (factors(self.masks.output, of.output), factors(self.masks.state, of.state));
        let candidate = factors(self.masks.candidate, of.candidate);
        let zoneout = factors(self.masks.zoneout, of.zoneout);
        let memory_zoneout = factors(self.masks.memory_zoneout, of.memory_zoneout);

        sums.fill(T::ZERO);
        d_state.fill(T::ZERO);
        d_memory.fill(T::ZERO);
        if !self.sequences {
            for row in 0..rows {
                self.add_output_gradient(context, first_row, direction, [row, 0], dy, output, d_state);
            }
        }
        let first = self.steps(direction).next();
        for step in self.steps(direction).rev() {
            if self.sequences {
                for row in 0..rows {
                    self.add_output_gradient(context, first_row, direction, [row, step], dy, output, d_state);
                }
            }
            let d_columns = &mut d_columns[step * width..][..width];
            T::dispatch(
                context.isa,
                BackwardStep {
                    cell: self.cell,
                    units: self.units,
                    columns: &of.columns[step * width..][..width],
                    before: around(of.states, step, direction, elements).0,
                    memory_before: around(of.memories, step, direction, of_memory).0,
                    memory_tanh: &of.memory_tanh[step * of_memory..][..of_memory],
                    candidate: candidate.map(|factors| factors.at(step)),
                    zoneout: zoneout.map(|factors| factors.at(step)),
                    memory_zoneout: memory_zoneout.map(|factors| factors.at(step)),
                    d_state: &mut *d_state,
                    d_memory,
                    d_passing,
                    d_columns,
                    d_before: &mut *d_before,
                    sums: &mut *sums,
                    is_data: |row| step < length(context, first_row + row, self.time),
                },
            );
            if Some(step) == first {
                break; // the state before is a constant
            }
            match state {
                None => self.state_gradient(context.isa, packed, d_columns, d_before, true),
                Some(factors) => {
                    self.state_gradient(context.isa, packed, d_columns, d_product, false);
                    // What has come so far is no longer needed.
                    let dropped = &mut *d_state;
                    T::dispatch(
                        context.isa,
                        Drop { from: d_product, factors: factors.at(step), to: dropped },
                    );
                    for (before, dropped) in d_before.iter_mut().zip(dropped) {
                        *before += *dropped;
                    }
                }
            }
            std::mem::swap(&mut d_state, &mut d_before);
        }
    }

    /// Adds the gradient of a row's output at a step to that of its state; padding has none.
    fn add_output_gradient<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        first_row: usize,
        direction: usize,
        [row, step]: [usize; 2],
        dy: &[T],
        factors: Option<Factors<'_, T>>,
        d_state: &mut [T],
    ) {
        if step >= length(context, first_row + row, self.time) {
            return;
        }
        let from = ((row * self.output_steps() + step) * self.directions.len() + direction) * self.units;
        let of = row * self.units..(row + 1) * self.units;
        let d_state = d_state[of.clone()].iter_mut().zip(&dy[from..][..self.units]);
        match factors {
            None => d_state.for_each(|(d_state, dy)| *d_state += *dy),
            Some(factors) => {
                for ((d_state, dy), factor) in d_state.zip(&factors.at(step)[of]) {
                    *d_state += drop(*dy, *factor);
                }
            }
        }
    }

    /// The gradients of all parameters, from what all blocks left.
    pub(super) fn weight_gradients<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        memory: &mut [T],
        scratch: &mut [T],
        gradients: &mut [T],
    ) {
        let memory = memory.chunks_mut(BLOCK * self.kept_row());
        let scratch = scratch.chunks_mut(BLOCK * self.backward_row() + self.backward_block());
        for (block, (memory, scratch)) in memory.zip(scratch).enumerate() {
            let rows = BLOCK.min(context.rows - block * BLOCK);
            let kept = self.kept(rows, memory);
            let flowing = self.flowing(rows, scratch);
            for (direction, tensors) in self.directions.iter().enumerate() {
                let of = self.kept_direction(rows, direction, kept.directions);
                let d_columns = self.columns_of(direction, flowing.d_columns);
                let sums = &flowing.sums[direction * self.columns()..][..self.columns()];
                let elements = rows * self.units;
                let entering = match self.masks.state {
                    Some(_) if context.mode.domain().is_some() => &*of.dropped,
                    _ => &of.states[if direction == 0 { 0 } else { elements }..][..self.time * elements],
                };
                self.add_weights(tensors, kept.inputs, entering, d_columns, sums, gradients, block > 0);
            }
        }
    }

    /// Adds a block's part of the gradients of a direction, or begins with it.
    fn add_weights<T: Scalar>(
        &self,
        tensors: &Tensors,
        inputs: &[T],
        entering: &[T],
        d_columns: &[T],
        sums: &[T],
        gradients: &mut [T],
        adds: bool,
    ) {
        let (units, columns) = (self.units, self.columns());
        let rows = d_columns.len() / columns;
        let mut add = |range: Range<usize>, inputs: usize, x: &[T], column: usize| {
            let dense = Dense { rows, inputs, units: range.len() / inputs };
            dense.weight_gradient_of_columns(&d_columns[column..], columns, x, &mut gradients[range], adds);
        };
        add(tensors.weight_input.clone(), self.inputs, inputs, 0);
        for part in C::HIDDEN {
            let start = tensors.weight_hidden.start + part.gate * units * units;
            add(start..start + part.gates * units * units, units, entering, part.column * units);
        }
        let mut add = |range: Range<usize>, sums: &[T]| {
            for (gradient, sum) in gradients[range].iter_mut().zip(sums) {
                *gradient = if adds { *gradient + *sum } else { *sum };
            }
        };
        add(tensors.bias_input.clone(), sums);
        for part in C::HIDDEN {
            let start = tensors.bias_hidden.start + part.gate * units;
            add(start..start + part.gates * units, &sums[part.column * units..]);
        }
    }
}

/// A step of all rows of a block, backward, up to the gradients of its products.
struct BackwardStep<'a, T, C, D> {
    cell: C,
    units: usize,
    columns: &'a [T],
    before: &'a [T],
    memory_before: &'a [T],
    memory_tanh: &'a [T],
    candidate: Option<&'a [T]>,
    zoneout: Option<&'a [T]>,
    memory_zoneout: Option<&'a [T]>,
    d_state: &'a mut [T],
    d_memory: &'a mut [T],
    /// Memory for what zoneout lets past.
    d_passing: &'a mut [T],
    d_columns: &'a mut [T],
    d_before: &'a mut [T],
    sums: &'a mut [T],
    is_data: D,
}

impl<T: Float, C: Cell, D: Fn(usize) -> bool> Kernel for BackwardStep<'_, T, C, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let units = self.units;
        let width = C::COLUMNS * units;
        for row in 0..self.d_state.len() / units {
            let of = row * units..(row + 1) * units;
            let of_memory = if C::MEMORY { of.clone() } else { 0..0 };
            let d_state = &mut self.d_state[of.clone()];
            let d_before = &mut self.d_before[of.clone()];
            let d_columns = &mut self.d_columns[row * width..(row + 1) * width];
            if !(self.is_data)(row) {
                d_columns.fill(T::ZERO);
                d_before.copy_from_slice(d_state);
                continue;
            }
            let d_memory = &mut self.d_memory[of_memory.clone()];
            let d_passing = &mut self.d_passing[of_memory.clone()];
            match self.zoneout {
                None => d_before.fill(T::ZERO),
                Some(factors) => part(d_state, d_before, &factors[of.clone()]),
            }
            if let Some(factors) = self.memory_zoneout {
                part(d_memory, d_passing, &factors[of.clone()]);
            }
            self.cell.backward(cell::Backward {
                columns: &self.columns[row * width..(row + 1) * width],
                candidate: self.candidate.map(|factors| &factors[of.clone()]),
                state_before: &self.before[of],
                memory_before: &self.memory_before[of_memory.clone()],
                memory_tanh: &self.memory_tanh[of_memory],
                d_state,
                d_memory: &mut *d_memory,
                d_columns: &mut *d_columns,
                d_before,
            });
            if self.memory_zoneout.is_some() {
                for (d_memory, passing) in d_memory.iter_mut().zip(d_passing) {
                    *d_memory += *passing;
                }
            }
            for (sum, d_column) in self.sums.iter_mut().zip(d_columns) {
                *sum += *d_column;
            }
        }
    }
}

/// Parts a gradient in that of the new value, k, and that of the previous one, 1 - k.
#[inline(always)]
fn part<T: Float>(gradient: &mut [T], previous: &mut [T], factors: &[T]) {
    for ((gradient, previous), factor) in gradient.iter_mut().zip(previous).zip(factors) {
        *previous = drop(*gradient, T::ONE - *factor);
        *gradient = drop(*gradient, *factor);
    }
}
