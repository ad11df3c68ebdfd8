//! What a block keeps for the backward pass, and what the backward pass needs beside it.

use std::mem::take;

use super::cell::Cell;
use super::mask::Mask;
use super::{BLOCK, Recurrent};

/// What a block keeps, [step, row, feature].
pub(super) struct Kept<'a, T> {
    /// The input after its dropout.
    pub(super) inputs: &'a mut [T],
    pub(super) input_factors: &'a mut [T],
    /// What each direction keeps; see [`Recurrent::kept_direction`].
    pub(super) directions: &'a mut [T],
}

/// What a direction of a block keeps.
pub(super) struct KeptDirection<'a, T> {
    /// Values of the gates.
    pub(super) columns: &'a mut [T],
    /// States before and after each step: one more than steps, by the time at which they stand.
    pub(super) states: &'a mut [T],
    /// States after their dropout.
    pub(super) dropped: &'a mut [T],
    /// Memories, as the states.
    pub(super) memories: &'a mut [T],
    pub(super) memory_tanh: &'a mut [T],
    pub(super) output: &'a mut [T],
    pub(super) state: &'a mut [T],
    pub(super) candidate: &'a mut [T],
    pub(super) zoneout: &'a mut [T],
    pub(super) memory_zoneout: &'a mut [T],
}

/// What the backward pass of a block writes.
pub(super) struct Flowing<'a, T> {
    /// Gradients of the input after its dropout.
    pub(super) d_inputs: &'a mut [T],
    /// Gradients of state and memory on their way, and what does not go through the hidden weights.
    pub(super) d_state: &'a mut [T],
    pub(super) d_before: &'a mut [T],
    pub(super) d_product: &'a mut [T],
    pub(super) d_memory: &'a mut [T],
    pub(super) d_passing: &'a mut [T],
    /// For each direction the sums of the gradients of the products over steps and rows.
    pub(super) sums: &'a mut [T],
    /// For each direction the gradients of the products.
    pub(super) d_columns: &'a mut [T],
}

fn cut<'a, T>(rest: &mut &'a mut [T], elements: usize) -> &'a mut [T] {
    let (first, after) = take(rest).split_at_mut(elements);
    *rest = after;
    first
}

impl<C: Cell> Recurrent<C> {
    /// Elements that a row keeps.
    pub(super) fn kept_row(&self) -> usize {
        self.time * self.inputs
            + elements(self.masks.input, self.time, self.inputs)
            + self.directions.len() * self.kept_direction_row()
    }

    /// Elements that a row keeps for each direction.
    fn kept_direction_row(&self) -> usize {
        self.kept_direction_parts().iter().sum()
    }

    /// In the order of [`KeptDirection`].
    fn kept_direction_parts(&self) -> [usize; 10] {
        let (time, units, masks) = (self.time, self.units, &self.masks);
        let of = |mask| elements(mask, time, units);
        [
            time * self.columns(),
            (time + 1) * units,
            if masks.state.is_some() { time * units } else { 0 },
            if C::MEMORY { (time + 1) * units } else { 0 },
            if C::MEMORY { time * units } else { 0 },
            elements(masks.output, self.output_steps(), units),
            of(masks.state),
            of(masks.candidate),
            of(masks.zoneout),
            of(masks.memory_zoneout),
        ]
    }

    pub(super) fn kept<'a, T>(&self, rows: usize, memory: &'a mut [T]) -> Kept<'a, T> {
        let mut rest = memory;
        Kept {
            inputs: cut(&mut rest, rows * self.time * self.inputs),
            input_factors: cut(&mut rest, rows * elements(self.masks.input, self.time, self.inputs)),
            directions: rest,
        }
    }

    /// What a direction keeps, by its number, in that of all.
    pub(super) fn kept_direction<'a, T>(
        &self,
        rows: usize,
        direction: usize,
        directions: &'a mut [T],
    ) -> KeptDirection<'a, T> {
        let each = rows * self.kept_direction_row();
        let mut rest = &mut directions[direction * each..][..each];
        let mut parts = self.kept_direction_parts().map(|row| Some(cut(&mut rest, rows * row))).into_iter();
        let mut next = || parts.next().flatten().expect("as many parts as fields");
        KeptDirection {
            columns: next(),
            states: next(),
            dropped: next(),
            memories: next(),
            memory_tanh: next(),
            output: next(),
            state: next(),
            candidate: next(),
            zoneout: next(),
            memory_zoneout: next(),
        }
    }

    /// Elements of scratch that a row needs in the backward pass.
    pub(super) fn backward_row(&self) -> usize {
        self.time * (self.inputs + self.directions.len() * self.columns()) + self.flowing_units() * self.units
    }

    /// Elements of scratch that a block needs in the backward pass beside those of its rows.
    pub(super) fn backward_block(&self) -> usize {
        self.directions.len() * self.columns()
    }

    /// Gradients of a row's units on their way.
    fn flowing_units(&self) -> usize {
        if C::MEMORY { 5 } else { 3 }
    }

    pub(super) fn flowing<'a, T>(&self, rows: usize, memory: &'a mut [T]) -> Flowing<'a, T> {
        let mut rest = memory;
        let (units, of_memory) = (rows * self.units, if C::MEMORY { rows * self.units } else { 0 });
        Flowing {
            d_inputs: cut(&mut rest, rows * self.time * self.inputs),
            d_state: cut(&mut rest, units),
            d_before: cut(&mut rest, units),
            d_product: cut(&mut rest, units),
            d_memory: cut(&mut rest, of_memory),
            d_passing: cut(&mut rest, of_memory),
            sums: cut(&mut rest, self.backward_block()),
            d_columns: rest,
        }
    }

    /// Elements of scratch that all blocks need in the backward pass.
    pub(super) fn backward_scratch(&self, rows: usize) -> usize {
        rows * self.backward_row() + rows.div_ceil(BLOCK) * self.backward_block()
    }
}

fn elements(mask: Option<Mask>, time: usize, features: usize) -> usize {
    mask.map_or(0, |mask| mask.elements(time, features))
}
