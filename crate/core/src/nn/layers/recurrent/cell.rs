//! What one step does to one row: the equations of the cells.

use crate::ops::Float;

/// Some gates of the hidden weights and where their products with the state go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// The first gate among those of the weights.
    pub(super) gate: usize,
    /// How many there are.
    pub(super) gates: usize,
    /// The first of their columns, in units.
    pub(super) column: usize,
    /// Whether the products are added to those of the input there.
    pub(super) adds: bool,
}

/// The equations of a recurrent layer. Numbers of a row's step lie in [`Cell::COLUMNS`] times `units` columns, of which
/// the first [`Cell::GATES`] times `units` are the products with the input.
pub(crate) trait Cell: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Gates of the weights.
    const GATES: usize;
    /// Columns that are kept, in units.
    const COLUMNS: usize;
    /// Whether there is a memory beside the state.
    const MEMORY: bool;
    /// The products with the state.
    const HIDDEN: &'static [Part];

    /// The new state from the products.
    fn forward<T: Float>(&self, step: Forward<'_, T>);

    /// The gradient of the products from that of the new state.
    fn backward<T: Float>(&self, step: Backward<'_, T>);
}

/// A row's step. Memory is empty where the cell has none.
pub(crate) struct Forward<'a, T> {
    /// In: the products. Out: the values of the gates.
    pub(super) columns: &'a mut [T],
    pub(super) bias_input: &'a [T],
    pub(super) bias_hidden: &'a [T],
    /// Factors of the candidate's dropout.
    pub(super) candidate: Option<&'a [T]>,
    pub(super) state_before: &'a [T],
    pub(super) memory_before: &'a [T],
    pub(super) state: &'a mut [T],
    pub(super) memory: &'a mut [T],
    /// tanh of the memory.
    pub(super) memory_tanh: &'a mut [T],
}

/// A row's step, backward.
pub(crate) struct Backward<'a, T> {
    /// The values of the gates.
    pub(super) columns: &'a [T],
    pub(super) candidate: Option<&'a [T]>,
    pub(super) state_before: &'a [T],
    pub(super) memory_before: &'a [T],
    pub(super) memory_tanh: &'a [T],
    /// The gradient of the new state.
    pub(super) d_state: &'a [T],
    /// In: the gradient of the new memory. Out: that of the previous one.
    pub(super) d_memory: &'a mut [T],
    /// Out: the gradient of the products.
    pub(super) d_columns: &'a mut [T],
    /// The gradient of the previous state, to which is added what does not go through the hidden weights.
    pub(super) d_before: &'a mut [T],
}

/// 1 / (1 + e^-z).
#[inline(always)]
pub(super) fn sigmoid<T: Float>(z: T) -> T {
    T::ONE / (T::ONE + (-z).exp())
}

/// Dropping selects: what has factor 0 is +0, whatever it was.
#[inline(always)]
pub(super) fn drop<T: Float>(x: T, factor: T) -> T {
    if factor == T::ZERO { T::ZERO } else { x * factor }
}

/// `out[j]` = f(`out[j]`, a[j], ...). A loop writes one array and reads few, so that it is vectorised.
macro_rules! map {
    ($out:expr, [$($name:ident = $from:expr),+], |$own:ident| $value:expr) => {{
        let out = &mut $out[..];
        let length = out.len();
        $(let $name = &$from[..length];)+
        for j in 0..length {
            let $own = out[j];
            $(let $name = $name[j];)+
            out[j] = $value;
        }
    }};
}
pub(super) use map;
