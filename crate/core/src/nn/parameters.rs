//! Named tensors in one flat arena.

use std::ops::Range;

use crate::error::Result;
use crate::memory;

/// A named tensor inside the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `layers.<index>.<name>`, for instance `layers.0.weight`.
    pub name: String,
    /// Extents, outermost first; dense weights are [units, inputs].
    pub shape: Vec<usize>,
    /// Where its values lie in the arena, row-major.
    pub range: Range<usize>,
}

/// The tensors of a network in one flat arena, so that an optimiser is one pass over memory.
///
/// Gradients and optimiser state have the same layout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters<T> {
    values: Vec<T>,
    entries: Vec<Entry>,
}

impl<T: Copy> Parameters<T> {
    /// No tensors yet, and room for those of `values` values in all, so that none is ever moved.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(crate) fn with_room(values: usize) -> Result<Self> {
        let values = memory::room("layers", format_args!("layers of {values} values"), &[values])?;
        Ok(Parameters { values, entries: Vec::new() })
    }

    /// Adds a tensor filled with `value`; returns its ordinal and its place.
    pub(crate) fn add(&mut self, name: String, shape: &[usize], value: T) -> (usize, Range<usize>) {
        let start = self.values.len();
        let range = start..start + shape.iter().product::<usize>();
        self.values.resize(range.end, value);
        self.entries.push(Entry { name, shape: shape.to_vec(), range: range.clone() });
        (self.entries.len() - 1, range)
    }

    /// The tensors in the order of the layers.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All values.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Changes places with another arena of the same length.
    pub(super) fn change_places(&mut self, values: &mut Vec<T>) {
        assert_eq!(self.values.len(), values.len());
        std::mem::swap(&mut self.values, values);
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values of a tensor by name.
    pub fn get(&self, name: &str) -> Option<&[T]> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(&self.values[entry.range.clone()])
    }

    /// The values of a tensor by name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [T]> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(&mut self.values[entry.range.clone()])
    }
}
