//! Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), in PyTorch's form:
//!
//! ```text
//! i, f, o = sigmoid(W_i x + b_i + W_h h' + b_h),  g = tanh(...)
//! c = f c' + i d(g),  h = o tanh(c)
//! ```
//!
//! with d the dropout of the candidate alone (Semeniuta et al. 2016). Columns: i, f, g, o.

use super::cell::{Backward, Cell, Forward, Part, drop, map, sigmoid};
use crate::ops::Float;

/// The cell of an lstm layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lstm;

impl Cell for Lstm {
    const GATES: usize = 4;
    const COLUMNS: usize = 4;
    const MEMORY: bool = true;
    const HIDDEN: &'static [Part] = &[Part { gate: 0, gates: 4, column: 0, adds: true }];

    #[inline(always)]
    fn forward<T: Float>(&self, step: Forward<'_, T>) {
        let Forward { columns, bias_input, bias_hidden, candidate, memory_before, .. } = step;
        let Forward { state, memory, memory_tanh, .. } = step;
        let units = state.len();
        for gate in 0..4 {
            let range = gate * units..(gate + 1) * units;
            let (a, b) = (&bias_input[range.clone()], &bias_hidden[range.clone()]);
            if gate == 2 {
                map!(columns[range], [a = a, b = b], |z| (z + (a + b)).tanh());
            } else {
                map!(columns[range], [a = a, b = b], |z| sigmoid(z + (a + b)));
            }
        }
        let (i, f, g, o) = gates(columns, units);
        map!(memory, [f = f, before = memory_before], |_c| f * before);
        match candidate {
            None => map!(memory, [i = i, g = g], |c| c + i * g),
            Some(factor) => map!(memory, [i = i, g = g, m = factor], |c| c + i * drop(g, m)),
        }
        map!(memory_tanh, [c = memory], |_t| c.tanh());
        map!(state, [o = o, t = memory_tanh], |_h| o * t);
    }

    #[inline(always)]
    fn backward<T: Float>(&self, step: Backward<'_, T>) {
        let Backward { columns, candidate, memory_before, memory_tanh, d_state, .. } = step;
        let Backward { d_memory, d_columns, .. } = step;
        let units = d_state.len();
        let (i, f, g, o) = gates(columns, units);
        let (d_i, rest) = d_columns.split_at_mut(units);
        let (d_f, rest) = rest.split_at_mut(units);
        let (d_g, d_o) = rest.split_at_mut(units);
        map!(d_memory, [dh = d_state, o = o, t = memory_tanh], |dc| dc + dh * o * (T::ONE - t * t));
        map!(d_o, [dh = d_state, o = o, t = memory_tanh], |_dz| dh * t * (o * (T::ONE - o)));
        map!(d_f, [dc = d_memory, f = f, c = memory_before], |_dz| dc * c * (f * (T::ONE - f)));
        match candidate {
            None => {
                map!(d_i, [dc = d_memory, i = i, g = g], |_dz| dc * g * (i * (T::ONE - i)));
                map!(d_g, [dc = d_memory, i = i, g = g], |_dz| dc * i * (T::ONE - g * g));
            }
            Some(factor) => {
                map!(d_i, [dc = d_memory, i = i, g = g, m = factor], |_dz| dc
                    * drop(g, m)
                    * (i * (T::ONE - i)));
                map!(d_g, [dc = d_memory, i = i, g = g, m = factor], |_dz| drop(dc * i, m)
                    * (T::ONE - g * g));
            }
        }
        map!(d_memory, [f = f], |dc| dc * f);
    }
}

#[inline(always)]
fn gates<T>(columns: &[T], units: usize) -> (&[T], &[T], &[T], &[T]) {
    let (i, rest) = columns.split_at(units);
    let (f, rest) = rest.split_at(units);
    let (g, o) = rest.split_at(units);
    (i, f, g, o)
}
