//! The shape of one row of data.

use std::fmt;

use serde::Serialize;

/// The extents of one row (the batch axis is not part of it), outermost first: `[784]`, `[28, 28, 1]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// A shape of these extents.
    pub fn new(extents: impl Into<Vec<usize>>) -> Self {
        Shape(extents.into())
    }

    /// The extents.
    pub fn extents(&self) -> &[usize] {
        &self.0
    }

    /// Elements of a row, or `None` if they cannot be counted in a `usize`.
    pub fn checked_width(&self) -> Option<usize> {
        self.0.iter().try_fold(1usize, |width, &extent| width.checked_mul(extent))
    }

    /// The one extent of a flat row.
    pub fn flat(&self) -> Option<usize> {
        match self.0[..] {
            [width] => Some(width),
            _ => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
