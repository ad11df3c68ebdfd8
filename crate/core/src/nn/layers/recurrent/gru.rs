//! Gated recurrent units (Cho et al. 2014), in PyTorch's form:
//!
//! ```text
//! r, z = sigmoid(W_i x + b_i + W_h h' + b_h)
//! a = W_hn h' + b_hn,  n = tanh(W_in x + b_in + r a)
//! h = (1 - z) d(n) + z h'
//! ```
//!
//! with d the dropout of the candidate alone (Semeniuta et al. 2016). Columns: r, z, n, a.

use super::cell::{Backward, Cell, Forward, Part, drop, map, sigmoid};
use crate::ops::Float;

/// The cell of a gru layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gru;

impl Cell for Gru {
    const GATES: usize = 3;
    const COLUMNS: usize = 4;
    const MEMORY: bool = false;
    const HIDDEN: &'static [Part] = &[
        Part { gate: 0, gates: 2, column: 0, adds: true },
        Part { gate: 2, gates: 1, column: 3, adds: false },
    ];

    #[inline(always)]
    fn forward<T: Float>(&self, step: Forward<'_, T>) {
        let Forward { columns, bias_input, bias_hidden, candidate, state_before, state, .. } = step;
        let units = state.len();
        let (gates, rest) = columns.split_at_mut(2 * units);
        let (n, a) = rest.split_at_mut(units);
        map!(gates, [a = bias_input, b = bias_hidden], |z| sigmoid(z + (a + b)));
        let (r, z) = gates.split_at(units);
        map!(a, [b = bias_hidden[2 * units..]], |a| a + b);
        map!(n, [b = bias_input[2 * units..], r = r, a = a], |n| (n + b + r * a).tanh());
        match candidate {
            None => map!(state, [n = n, z = z], |_h| (T::ONE - z) * n),
            Some(factor) => map!(state, [n = n, z = z, m = factor], |_h| (T::ONE - z) * drop(n, m)),
        }
        map!(state, [z = z, before = state_before], |h| h + z * before);
    }

    #[inline(always)]
    fn backward<T: Float>(&self, step: Backward<'_, T>) {
        let Backward { columns, candidate, state_before, d_state, d_columns, d_before, .. } = step;
        let units = d_state.len();
        let (r, rest) = columns.split_at(units);
        let (z, rest) = rest.split_at(units);
        let (n, a) = rest.split_at(units);
        let (d_r, rest) = d_columns.split_at_mut(units);
        let (d_z, rest) = rest.split_at_mut(units);
        let (d_n, d_a) = rest.split_at_mut(units);
        match candidate {
            None => {
                map!(d_z, [dh = d_state, z = z, n = n, before = state_before], |_d| dh
                    * (before - n)
                    * (z * (T::ONE - z)));
                map!(d_n, [dh = d_state, z = z, n = n], |_d| dh * (T::ONE - z) * (T::ONE - n * n));
            }
            Some(factor) => {
                map!(d_z, [dh = d_state, z = z, n = n, m = factor, before = state_before], |_d| dh
                    * (before - drop(n, m))
                    * (z * (T::ONE - z)));
                map!(d_n, [dh = d_state, z = z, n = n, m = factor], |_d| drop(dh * (T::ONE - z), m)
                    * (T::ONE - n * n));
            }
        }
        map!(d_a, [d = d_n, r = r], |_d| d * r);
        map!(d_r, [d = d_n, r = r, a = a], |_d| d * a * (r * (T::ONE - r)));
        map!(d_before, [dh = d_state, z = z], |d| d + dh * z);
    }
}
