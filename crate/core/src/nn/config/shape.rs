//! The shape of one row of data.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The extents of one row (the batch axis is not part of it), outermost first: `[784]`, `[28, 28, 1]`. A row of several
/// named inputs is one axis on which they lie side by side, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "Input")]
pub struct Shape {
    extents: Vec<usize>,
    /// The named parts of a row.
    fields: Vec<(String, Vec<usize>)>,
}

/// What comes in, as configurations write it: the extents of a row, or those of each of several named inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One input.
    One(Vec<usize>),
    /// Several inputs by name, for branches that begin with a select layer.
    Named(BTreeMap<String, Vec<usize>>),
}

impl<E: Into<Vec<usize>>> From<E> for Input {
    fn from(extents: E) -> Self {
        Input::One(extents.into())
    }
}

impl From<Shape> for Input {
    fn from(shape: Shape) -> Self {
        if shape.fields.is_empty() {
            Input::One(shape.extents)
        } else {
            Input::Named(shape.fields.into_iter().collect())
        }
    }
}

impl Input {
    /// The shape of a row; `None` if there is nothing in it or it cannot be counted.
    pub(crate) fn shape(&self) -> Option<Shape> {
        let possible = |extents: &[usize]| !extents.is_empty() && !extents.contains(&0);
        match self {
            Input::One(extents) => possible(extents).then(|| Shape::new(extents.clone())),
            Input::Named(inputs) => {
                if inputs.is_empty() || !inputs.values().all(|extents| possible(extents)) {
                    return None;
                }
                let widths = inputs.values().map(|extents| Shape::new(extents.clone()).checked_width());
                let width = widths.into_iter().try_fold(0usize, |sum, width| sum.checked_add(width?))?;
                let fields = inputs.iter().map(|(name, extents)| (name.clone(), extents.clone())).collect();
                Some(Shape { extents: vec![width], fields })
            }
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::One(extents) => write!(f, "{extents:?}"),
            Input::Named(inputs) => write!(f, "{inputs:?}"),
        }
    }
}

impl Shape {
    /// A shape of these extents.
    pub fn new(extents: impl Into<Vec<usize>>) -> Self {
        Shape { extents: extents.into(), fields: Vec::new() }
    }

    /// The extents.
    pub fn extents(&self) -> &[usize] {
        &self.extents
    }

    /// Elements of a row, or `None` if they cannot be counted in a `usize`.
    pub fn checked_width(&self) -> Option<usize> {
        self.extents.iter().try_fold(1usize, |width, &extent| width.checked_mul(extent))
    }

    /// Elements of a row whose shape has been checked.
    pub(crate) fn width(&self) -> usize {
        self.extents.iter().product()
    }

    /// The one extent of a flat row.
    pub fn flat(&self) -> Option<usize> {
        match self.extents[..] {
            [width] => Some(width),
            _ => None,
        }
    }

    /// The last extent: features, channels.
    pub(crate) fn last(&self) -> usize {
        self.extents[self.extents.len() - 1]
    }

    /// The same shape with another last extent.
    pub(crate) fn with_last(&self, last: usize) -> Shape {
        let mut extents = self.extents.clone();
        *extents.last_mut().expect("a row has axes") = last;
        Shape::new(extents)
    }

    /// Where a named input begins in a row, and its shape.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, Shape)> {
        let mut start = 0;
        for (field, extents) in &self.fields {
            let shape = Shape::new(extents.clone());
            if field == name {
                return Some((start, shape));
            }
            start += shape.width();
        }
        None
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fields.is_empty() {
            return write!(f, "{:?}", self.extents);
        }
        write!(f, "{}", Input::from(self.clone()))
    }
}
