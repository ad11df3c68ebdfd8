//! Which lanes elements have, and how the work is split over threads.

use crate::error::{Code, Error, Result};
use crate::ops::dropout::PARALLEL_FROM;
use crate::parallel;
use crate::stream::Address;

/// Which rows the elements belong to.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// One row: the sample of the recipe itself.
    One,
    /// `ids.len()` rows of `width` elements, one after another; row i is the sample `ids[i]`, so that its noise is the
    /// same in any batch.
    ByIds {
        /// The identity of each row.
        ids: &'a [u32],
        /// Elements in a row.
        width: usize,
    },
}

impl<'a> Rows<'a> {
    /// Elements in a row, of `length` in all.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the rows have another number of elements in all.
    pub(super) fn width(&self, length: usize) -> Result<usize> {
        match *self {
            Rows::One => Ok(length),
            Rows::ByIds { ids, width } if ids.len().checked_mul(width) == Some(length) => Ok(width),
            Rows::ByIds { ids, width } => Err(Error::argument(
                Code::Shape,
                "x",
                format!("{length} elements"),
                format!("{} rows of {width} elements", ids.len()),
            )),
        }
    }
}

/// Lanes of each range that one row is split into: a multiple of the groups of keep bits and of words.
pub(super) const GRAIN: usize = 2048;

/// Some rows of one width, one after another, or a range of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    /// The sample of each row.
    pub(super) ids: &'a [u32],
    /// The lane of each row's first element.
    pub(super) lane: u64,
    /// Elements in a row.
    pub(super) width: usize,
    /// The place of the first element in memory.
    pub(super) at: usize,
}

/// Calls `work` for spans that together make all `length` elements, in parallel where that pays. The first element of
/// each row has lane `lane`. The rows must fit ([`Rows::width`]).
pub(super) fn for_each_span(
    address: &Address,
    rows: Rows<'_>,
    lane: u64,
    length: usize,
    work: impl Fn(Span<'_>) + Send + Sync,
) {
    match rows {
        Rows::One => parallel::for_each_range(length, GRAIN, PARALLEL_FROM, |range| {
            let (ids, lane) = ([address.sample], lane + range.start as u64);
            work(Span { ids: &ids, lane, width: range.len(), at: range.start });
        }),
        Rows::ByIds { ids, width } => {
            let rows_at_least = PARALLEL_FROM.div_ceil(width.max(1));
            parallel::for_each_range(ids.len(), 1, rows_at_least, |range| {
                work(Span { ids: &ids[range.clone()], lane, width, at: range.start * width });
            });
        }
    }
}

/// Refuses rows that are longer than a stream has words.
pub(super) fn check_words(width: usize) -> Result<()> {
    const WORDS: u64 = 1 << 34;
    if width as u64 <= WORDS {
        return Ok(());
    }
    let allowed = format!("at most 2^34 = {WORDS} elements in one row of noise");
    Err(Error::argument(Code::Range, "x", format!("{width} elements"), allowed))
}

/// How a sum over all elements is taken apart: blocks of about [`GRAIN`] elements, the same ones for any number of
/// threads.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a> {
    pub(super) rows: Rows<'a>,
    /// The sample of the only row, where there is but one.
    pub(super) sample: [u32; 1],
    pub(super) length: usize,
}

impl Blocks<'_> {
    /// Elements of a full block: a range of the one row, or whole rows.
    pub(super) fn elements(&self) -> usize {
        match self.rows {
            Rows::One => GRAIN,
            Rows::ByIds { width, .. } => (GRAIN / width.max(1)).max(1) * width,
        }
    }

    pub(super) fn count(&self) -> usize {
        if self.length == 0 { 0 } else { self.length.div_ceil(self.elements()) }
    }

    pub(super) fn span(&self, block: usize) -> Span<'_> {
        let at = block * self.elements();
        let end = self.length.min(at + self.elements());
        match self.rows {
            Rows::One => Span { ids: &self.sample, lane: at as u64, width: end - at, at },
            Rows::ByIds { ids, width } => Span { ids: &ids[at / width..end / width], lane: 0, width, at },
        }
    }
}
