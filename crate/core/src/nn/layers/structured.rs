//! Dropout whose elements do not drop each on its own: whole channels, blocks of a map.
//!
//! The keep bits of some rows are drawn into memory that each thread keeps, then the rows are selected by them. The
//! backward pass draws them again: nothing is stored.

use std::cell::RefCell;

use super::split::{BLOCKS, for_each_block};
use super::{Context, Flow, Layer, Memory, Room};
use crate::mask::{Scratch, Structure, Structured};
use crate::nn::Scalar;
use crate::nn::config::Share;
use crate::ops::select::{Factors, SelectRows};
use crate::simd::run;
use crate::stream::Address;
use crate::stream::bernoulli::{Steps, words_per_row};

/// A mask with a structure over rows.
#[derive(Debug)]
pub(crate) struct StructuredDropout<T> {
    /// The recipe, of which the address is that of each pass.
    mask: Structured,
    site: u16,
    share: Share,
    /// The factors of a row's elements, where they differ from one to the other.
    factors: Option<Vec<T>>,
}

thread_local! {
    /// The bits of a row, and what drawing them needs. Grown once on each thread.
    static BITS: RefCell<(Vec<u64>, Scratch)> = RefCell::default();
}

impl<T: Scalar> StructuredDropout<T> {
    /// The masks of a site.
    pub(crate) fn new(structure: Structure, site: u16, share: Share) -> Self {
        let mask = Structured { address: Address::default(), structure };
        let factors = mask.position_factors();
        let factors = factors.map(|factors| factors.into_iter().map(T::from_f64).collect());
        StructuredDropout { mask, site, share, factors }
    }

    /// Drops and scales elements, in place; nothing in inference.
    fn apply(&self, context: &Context<'_, T>, values: &mut [T]) {
        let Some(domain) = context.mode.domain() else { return };
        let (width, rows) = (self.mask.elements(), context.rows.div_ceil(BLOCKS));
        let (blocks, amount) = (context.rows.div_ceil(rows), values.len());
        let shared = context.is_shared(self.share);
        let address = Address { seed: context.seed, domain, shared, site: self.site, ..Address::default() };
        for_each_block(blocks, (values, rows * width), (&mut [(); 0], 0), amount, |block, values, _| {
            BITS.with_borrow_mut(|(bits, scratch)| {
                // A spare word at the end, for what a register reads past the row's bits.
                bits.resize(bits.len().max(words_per_row(width) + 1), 0);
                let bits = &mut bits[..=words_per_row(width)];
                let mut drawn = None;
                for (row, values) in (block * rows..).zip(values.chunks_exact_mut(width)) {
                    let (sample, step) = (context.keys.ids[row], context.keys.steps.of(row));
                    if !(shared && drawn == Some(step)) {
                        let (bits, ids) = (&mut bits[..words_per_row(width)], [sample]);
                        let structure = &self.mask.structure;
                        structure.draw(context.isa, &address, &ids, Steps::One(step), scratch, bits);
                        drawn = Some(step);
                    }
                    self.select(context, bits, values);
                }
            });
        });
    }

    /// Selects the elements of a row by its bits.
    fn select(&self, context: &Context<'_, T>, bits: &[u64], values: &mut [T]) {
        let factors = match &self.factors {
            Some(factors) => Factors::PerElement(factors),
            None => Factors::One(T::from_f64(self.mask.row_factor(&bits[..bits.len() - 1]))),
        };
        let (from, to) = (values.as_ptr(), values.as_mut_ptr());
        // The same elements are read and written, and all are there.
        run(context.isa, SelectRows { bits, factors, rows: 1, width: values.len(), from, to });
    }
}

impl<T: Scalar> Layer<T> for StructuredDropout<T> {
    fn input_width(&self) -> usize {
        self.mask.elements()
    }

    fn output_width(&self) -> usize {
        self.mask.elements()
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn draws(&self) -> bool {
        true
    }

    fn is_identity(&self, context: &Context<'_, T>) -> bool {
        context.mode.domain().is_none()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        y.copy_from_slice(x);
        self.apply(context, y);
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        _x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        self.apply(context, &mut flow.current[..y.len()]);
    }
}
