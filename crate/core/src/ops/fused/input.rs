//! What all fused kernels are told.

use std::ops::Range;

use super::bits::Keys;
use super::gate::{Gate, Gated};
use super::layout::Layout;
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::{Mask, check_lanes};
use crate::ops::{Float, Scaling};
use crate::stream::bernoulli::Steps;

/// Where an input lies.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, T> {
    /// In the memory of the output.
    InPlace,
    /// Elsewhere.
    From(&'a [T]),
}

impl<'a, T> Input<'a, T> {
    /// The memory, unless it is the output's.
    pub(super) fn elsewhere(self) -> Option<&'a [T]> {
        match self {
            Input::InPlace => None,
            Input::From(values) => Some(values),
        }
    }

    /// The memory, with `output` where it is the output's.
    pub(super) fn or<'b>(self, output: &'b [T]) -> &'b [T]
    where
        'a: 'b,
    {
        self.elsewhere().unwrap_or(output)
    }

    /// Some of the elements.
    pub(super) fn part(self, range: Range<usize>) -> Self {
        match self {
            Input::InPlace => Input::InPlace,
            Input::From(values) => Input::From(&values[range]),
        }
    }

    pub(super) fn split_at(self, middle: usize) -> (Self, Self) {
        match self {
            Input::InPlace => (Input::InPlace, Input::InPlace),
            Input::From(values) => {
                let (first, second) = values.split_at(middle);
                (Input::From(first), Input::From(second))
            }
        }
    }

    /// Refuses another number of elements.
    pub(super) fn check(self, argument: &str, elements: usize) -> Result<()> {
        self.elsewhere()
            .map_or(Ok(()), |values| check_length(argument, values, elements, "as the output has"))
    }
}

/// An element mask applied to rows: sample i is the stream at `ids[i]`, as in [`dropout_rows`](crate::ops::dropout_rows).
#[derive(Clone, Copy, Debug)]
pub struct RowDropout<'a> {
    /// The recipe; its own sample is not used.
    pub mask: Mask,
    /// What keeps the expected value right.
    pub scaling: Scaling,
    /// False for inference: nothing drops.
    pub training: bool,
    /// The identity of each sample.
    pub ids: &'a [u32],
}

impl<'a> RowDropout<'a> {
    /// How `elements` are arranged in vectors of `features`; `None` if there are none.
    ///
    /// # Errors
    /// `ERR_SHAPE` if they are not whole vectors of as many samples as there are ids, `ERR_RANGE` if a sample has more
    /// than 2^39 lanes.
    pub(super) fn layout(&self, elements: usize, features: usize) -> Result<Option<Layout>> {
        let samples = self.ids.len();
        if elements == 0 && (samples == 0 || features == 0) {
            return Ok(None);
        }
        let width = elements.checked_div(samples).unwrap_or(0);
        if width * samples != elements || features == 0 || !width.is_multiple_of(features) {
            let (got, allowed) =
                (format!("{elements} elements"), format!("{samples} rows of vectors of {features} elements"));
            return Err(Error::argument(Code::Shape, "x", got, allowed));
        }
        check_lanes(0, width)?;
        Ok((width > 0).then(|| Layout::new(samples, width, features)))
    }

    /// The gate of these rows.
    pub(super) fn gated<T: Float>(&self, isa: Isa, layout: &Layout) -> Gated<'a, T> {
        let Mask { address, rate } = self.mask;
        let gate = Gate::new(rate, self.scaling, self.training.then_some(address));
        let keys = Keys { ids: self.ids, steps: Steps::One(address.step) };
        Gated { isa, gate, keys, width: layout.width }
    }
}

/// Refuses another number of elements.
pub(super) fn check_length<T>(argument: &str, values: &[T], elements: usize, why: &str) -> Result<()> {
    if values.len() == elements {
        return Ok(());
    }
    let (got, allowed) = (format!("{} elements", values.len()), format!("{elements} elements, {why}"));
    Err(Error::argument(Code::Shape, argument, got, allowed))
}
