//! The simple recurrent layer (Elman 1990): h = f(W_i x + b_i + W_h h' + b_h). Column: h.

use super::cell::{Backward, Cell, Forward, Part, map};
use crate::ops::Float;

/// The cell of an rnn layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rnn {
    /// Whether f is the rectified linear unit, else tanh.
    pub(crate) relu: bool,
}

impl Cell for Rnn {
    const GATES: usize = 1;
    const COLUMNS: usize = 1;
    const MEMORY: bool = false;
    const HIDDEN: &'static [Part] = &[Part { gate: 0, gates: 1, column: 0, adds: true }];

    #[inline(always)]
    fn forward<T: Float>(&self, step: Forward<'_, T>) {
        let Forward { columns, bias_input, bias_hidden, state, .. } = step;
        map!(columns, [a = bias_input, b = bias_hidden], |z| z + (a + b));
        if self.relu {
            // Written so that NaN passes: a diverged network is to be seen.
            map!(state, [z = columns], |_h| if z <= T::ZERO { T::ZERO } else { z });
        } else {
            map!(state, [z = columns], |_h| z.tanh());
        }
        columns.copy_from_slice(state);
    }

    #[inline(always)]
    fn backward<T: Float>(&self, step: Backward<'_, T>) {
        let Backward { columns, d_state, d_columns, .. } = step;
        if self.relu {
            map!(d_columns, [dh = d_state, h = columns], |_d| if h <= T::ZERO { T::ZERO } else { dh });
        } else {
            map!(d_columns, [dh = d_state, h = columns], |_d| dh * (T::ONE - h * h));
        }
    }
}
