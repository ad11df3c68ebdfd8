//! Products of a block's matrices, with strides.

use super::cell::Cell;
use super::{Recurrent, Tensors};
use crate::nn::Scalar;
use crate::nn::layers::Context;
use crate::nn::product::Strided;

/// An operand: its elements and its strides.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a, T> {
    pub(super) values: &'a [T],
    pub(super) column: usize,
    pub(super) row: usize,
}

/// out = lhs rhs, or out += lhs rhs to `accumulate`: m x n over k terms, `out` with row stride 1.
pub(super) fn product<T: Scalar>(
    [m, n, k]: [usize; 3],
    out: &mut [T],
    out_column: usize,
    lhs: Operand<'_, T>,
    rhs: Operand<'_, T>,
    accumulate: bool,
    threads: usize,
) {
    let last =
        |column: usize, row: usize, columns: usize, rows: usize| (columns - 1) * column + (rows - 1) * row;
    assert!(last(out_column, 1, n, m) < out.len());
    assert!(last(lhs.column, lhs.row, k, m) < lhs.values.len());
    assert!(last(rhs.column, rhs.row, n, k) < rhs.values.len());
    // SAFETY: the strides address no more than the lengths just checked; `out` is borrowed exclusively; `threads` are
    // those of the pool this runs in.
    unsafe {
        T::gemm(
            [m, n, k],
            Strided { start: out.as_mut_ptr(), column: out_column, row: 1 },
            Strided { start: lhs.values.as_ptr(), column: lhs.column, row: lhs.row },
            Strided { start: rhs.values.as_ptr(), column: rhs.column, row: rhs.row },
            accumulate,
            threads,
        );
    }
}

/// Hidden units of a panel: a multiple of the rows of every kernel of the products, so that they read panels in place.
const PANEL: usize = 96;

impl<C: Cell> Recurrent<C> {
    /// Elements of the packed hidden weights of all directions.
    pub(super) fn packed_weights(&self) -> usize {
        self.directions.len() * C::GATES * self.units * self.units
    }

    /// Turns the hidden weights, [gates * units, units], into panels of up to [`PANEL`] outputs, each [units, outputs]:
    /// every step multiplies by them, so that it pays to bring them once into the order in which that is fastest.
    pub(super) fn pack_weights<T: Scalar>(&self, context: &Context<'_, T>, packed: &mut [T]) {
        let units = self.units;
        let each = C::GATES * units * units;
        for (Tensors { weight_hidden, .. }, packed) in
            self.directions.iter().zip(packed.chunks_exact_mut(each))
        {
            let weights = &context.parameters[weight_hidden.clone()];
            for part in C::HIDDEN {
                let range = part.gate * units * units..(part.gate + part.gates) * units * units;
                let panels = packed[range.clone()].chunks_mut(PANEL * units);
                for (weights, panel) in weights[range].chunks(PANEL * units).zip(panels) {
                    let outputs = weights.len() / units;
                    for (output, weights) in weights.chunks_exact(units).enumerate() {
                        for (input, weight) in weights.iter().enumerate() {
                            panel[input * outputs + output] = *weight;
                        }
                    }
                }
            }
        }
    }

    /// Adds the products of a step's states with the packed hidden weights of a direction to its columns.
    pub(super) fn hidden_products<T: Scalar>(&self, packed: &[T], states: &[T], columns: &mut [T]) {
        let units = self.units;
        let rows = states.len() / units;
        for part in C::HIDDEN {
            let weights = &packed[part.gate * units * units..(part.gate + part.gates) * units * units];
            for (index, panel) in weights.chunks(PANEL * units).enumerate() {
                let outputs = panel.len() / units;
                product(
                    [outputs, rows, units],
                    &mut columns[part.column * units + index * PANEL..],
                    self.columns(),
                    Operand { values: panel, column: outputs, row: 1 },
                    Operand { values: states, column: units, row: 1 },
                    part.adds,
                    1,
                );
            }
        }
    }

    /// The gradient of a step's states from that of its columns: `d_states` += or = `d_columns` W_h.
    pub(super) fn state_gradient<T: Scalar>(
        &self,
        weights: &[T],
        d_columns: &[T],
        d_states: &mut [T],
        accumulate: bool,
    ) {
        let units = self.units;
        let rows = d_states.len() / units;
        for (index, part) in C::HIDDEN.iter().enumerate() {
            product(
                [units, rows, part.gates * units],
                d_states,
                units,
                Operand { values: &weights[part.gate * units * units..], column: units, row: 1 },
                Operand { values: &d_columns[part.column * units..], column: self.columns(), row: 1 },
                accumulate || index > 0,
                1,
            );
        }
    }
}
