//! Products of a block's matrices, with strides.

use std::ops::Range;

use super::cell::{Cell, Part};
use super::{Recurrent, Tensors};
use crate::isa::Isa;
use crate::nn::Scalar;
use crate::nn::layers::Context;
use crate::nn::product::{Strided, at_once};

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
) {
    let last =
        |column: usize, row: usize, columns: usize, rows: usize| (columns - 1) * column + (rows - 1) * row;
    assert!(last(out_column, 1, n, m) < out.len());
    assert!(last(lhs.column, lhs.row, k, m) < lhs.values.len());
    assert!(last(rhs.column, rhs.row, n, k) < rhs.values.len());
    for columns in at_once(0..n) {
        // SAFETY: the strides address no more than the lengths just checked; `out` is borrowed exclusively.
        unsafe {
            let out = out.as_mut_ptr().add(columns.start * out_column);
            let rhs_start = rhs.values.as_ptr().add(columns.start * rhs.column);
            T::gemm(
                [m, columns.len(), k],
                Strided { start: out, column: out_column, row: 1 },
                Strided { start: lhs.values.as_ptr(), column: lhs.column, row: lhs.row },
                Strided { start: rhs_start, column: rhs.column, row: rhs.row },
                accumulate,
            );
        }
    }
}

/// A step's product: as [`product`], for few columns of `out` and a `lhs` that stays in the nearest cache.
pub(super) fn step_product<T: Scalar>(
    isa: Isa,
    [m, n, k]: [usize; 3],
    out: &mut [T],
    out_column: usize,
    panel: &[T],
    rhs: Operand<'_, T>,
    accumulate: bool,
) {
    assert!((n - 1) * out_column + m <= out.len());
    assert_eq!(panel.len(), m * k);
    assert!((n - 1) * rhs.column + (k - 1) * rhs.row < rhs.values.len());
    // SAFETY: as in `product`.
    unsafe {
        T::small_gemm(
            isa,
            [m, n, k],
            Strided { start: out.as_mut_ptr(), column: out_column, row: 1 },
            Strided { start: panel.as_ptr(), column: m, row: 1 },
            Strided { start: rhs.values.as_ptr(), column: rhs.column, row: rhs.row },
            accumulate,
        );
    }
}

/// Outputs of a panel of weights: a multiple of the rows of every kernel of the products, so that they read panels in
/// place, and few enough that a panel of 128 inputs is half of a first-level cache.
const PANEL: usize = 32;

impl<C: Cell> Recurrent<C> {
    /// Elements of the packed hidden weights of all directions.
    pub(super) fn packed_weights(&self) -> usize {
        self.directions.len() * C::GATES * self.units * self.units
    }

    /// Turns the hidden weights, [gates * units, units], into panels of up to [`PANEL`] outputs, each [units, outputs]:
    /// every step multiplies by them, so that it pays to bring them once into the order in which that is fastest.
    pub(super) fn pack_weights<T: Scalar>(&self, context: &Context<'_, T>, packed: &mut [T]) {
        let units = self.units;
        self.each_part(context, packed, |weights, packed| {
            for (weights, panel) in weights.chunks(PANEL * units).zip(packed.chunks_mut(PANEL * units)) {
                let outputs = weights.len() / units;
                for (output, weights) in weights.chunks_exact(units).enumerate() {
                    for (input, weight) in weights.iter().enumerate() {
                        panel[input * outputs + output] = *weight;
                    }
                }
            }
        });
    }

    /// The same for the way back, from gates to states: panels of up to [`PANEL`] states, each [gates * units, states].
    pub(super) fn pack_weights_back<T: Scalar>(&self, context: &Context<'_, T>, packed: &mut [T]) {
        let units = self.units;
        self.each_part(context, packed, |weights, packed| {
            let depth = weights.len() / units;
            for (index, panel) in packed.chunks_mut(PANEL * depth).enumerate() {
                let states = panel.len() / depth;
                for (to, from) in panel.chunks_exact_mut(states).zip(weights.chunks_exact(units)) {
                    to.copy_from_slice(&from[index * PANEL..][..states]);
                }
            }
        });
    }

    /// Calls `work` with the weights of each product of a step, and where they go.
    fn each_part<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        packed: &mut [T],
        work: impl Fn(&[T], &mut [T]),
    ) {
        let each = C::GATES * self.units * self.units;
        for (Tensors { weight_hidden, .. }, packed) in
            self.directions.iter().zip(packed.chunks_exact_mut(each))
        {
            let weights = &context.parameters[weight_hidden.clone()];
            for part in C::HIDDEN {
                let range = self.weights_of(part);
                work(&weights[range.clone()], &mut packed[range]);
            }
        }
    }

    /// Where the weights of a product lie among those of a direction.
    fn weights_of(&self, part: &Part) -> Range<usize> {
        let each = self.units * self.units;
        part.gate * each..(part.gate + part.gates) * each
    }

    /// Adds the products of a step's states with the packed hidden weights of a direction to its columns.
    pub(super) fn hidden_products<T: Scalar>(&self, isa: Isa, packed: &[T], states: &[T], columns: &mut [T]) {
        let units = self.units;
        let rows = states.len() / units;
        for part in C::HIDDEN {
            for (index, panel) in packed[self.weights_of(part)].chunks(PANEL * units).enumerate() {
                step_product(
                    isa,
                    [panel.len() / units, rows, units],
                    &mut columns[part.column * units + index * PANEL..],
                    self.columns(),
                    panel,
                    Operand { values: states, column: units, row: 1 },
                    part.adds,
                );
            }
        }
    }

    /// The gradient of a step's states from that of its columns: `d_states` += or = `d_columns` W_h, with `packed` the
    /// weights of a direction for the way back.
    pub(super) fn state_gradient<T: Scalar>(
        &self,
        isa: Isa,
        packed: &[T],
        d_columns: &[T],
        d_states: &mut [T],
        accumulate: bool,
    ) {
        let units = self.units;
        let rows = d_states.len() / units;
        for (number, part) in C::HIDDEN.iter().enumerate() {
            let depth = part.gates * units;
            for (index, panel) in packed[self.weights_of(part)].chunks(PANEL * depth).enumerate() {
                step_product(
                    isa,
                    [panel.len() / depth, rows, depth],
                    &mut d_states[index * PANEL..],
                    units,
                    panel,
                    Operand { values: &d_columns[part.column * units..], column: self.columns(), row: 1 },
                    accumulate || number > 0,
                );
            }
        }
    }
}
