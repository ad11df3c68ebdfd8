//! Both passes over arrays, block by block and head by head.

use std::cell::RefCell;
use std::ops::Range;
use std::slice::{from_raw_parts, from_raw_parts_mut};
use std::thread::LocalKey;

use super::arrays::{Array, clear};
use super::backward::{self, Backward};
use super::forward::{self, Forward};
use super::kept::Drawing;
use super::visible::Visible;
use super::{Attention, Block, PARALLEL_FROM, QUERIES};
use crate::isa::Isa;
use crate::parallel::current_threads;
use crate::simd::run;
use crate::stream::bernoulli::Steps;

/// Tasks that each thread gets at least, where there are as many: they take different times where rows do.
const TASKS: usize = 4;

thread_local! {
    /// Kept from call to call, so that passes allocate nothing but at first.
    static FORWARD: RefCell<forward::Scratch> = RefCell::default();
    static BACKWARD: RefCell<backward::Scratch> = RefCell::default();
}

/// The rows of a batch.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) rows: usize,
    /// The step of each row; without one that of the dropout's address.
    pub(super) steps: Option<Steps<'a>>,
    /// Queries and keys of each row that are data; none: all.
    pub(super) lengths: Option<&'a [u32]>,
}

/// What the forward pass reads and writes.
#[derive(Clone, Copy)]
pub(super) struct ForwardArrays {
    pub(super) query: Array<*const f32>,
    pub(super) key: Array<*const f32>,
    pub(super) value: Array<*const f32>,
    pub(super) out: Array<*mut f32>,
    /// `[batch, heads, queries]`.
    pub(super) log_sum_exp: Array<*mut f32>,
}

/// What the backward pass reads and writes.
#[derive(Clone, Copy)]
pub(super) struct BackwardArrays {
    pub(super) query: Array<*const f32>,
    pub(super) key: Array<*const f32>,
    pub(super) value: Array<*const f32>,
    pub(super) y: Array<*const f32>,
    /// `[batch, heads, queries]`.
    pub(super) log_sum_exp: Array<*const f32>,
    pub(super) dy: Array<*const f32>,
    pub(super) dquery: Array<*mut f32>,
    pub(super) dkey: Array<*mut f32>,
    pub(super) dvalue: Array<*mut f32>,
}

impl Attention<'_> {
    /// # Safety
    /// The arrays have the sizes that these settings and the batch name, and what is written does not overlap anything.
    pub(super) unsafe fn forward_arrays(&self, isa: Isa, batch: &Batch<'_>, arrays: ForwardArrays) {
        let (queries, heads) = (self.queries, self.heads);
        let blocks = queries.div_ceil(QUERIES);
        self.share(batch.rows, batch.rows * heads * blocks, &FORWARD, |scratch, item| {
            let (row, head, first) = (item / blocks / heads, item / blocks % heads, item % blocks * QUERIES);
            let all = QUERIES.min(queries - first);
            let shown = batch.length(row, queries).saturating_sub(first).min(all);
            // SAFETY: the caller guarantees the arrays; each item has queries of its own.
            unsafe {
                let out = arrays.out.of(row, head, first);
                let sums = arrays.log_sum_exp.of(row, head, first).start;
                let (sums, padding) = from_raw_parts_mut(sums, all).split_at_mut(shown);
                if shown > 0 {
                    let forward = Forward {
                        block: self.block(isa, batch, [row, head, first], shown),
                        query: arrays.query.of(row, head, first),
                        key: arrays.key.of(row, head, 0),
                        value: arrays.value.of(row, head, 0),
                        out,
                        log_sum_exp: sums,
                        scratch,
                    };
                    run(isa, forward);
                }
                if shown < all {
                    clear(arrays.out.of(row, head, first + shown), all - shown, self.value_features);
                    padding.fill(f32::NEG_INFINITY);
                }
            }
        });
    }

    /// # Safety
    /// As for [`forward_arrays`](Self::forward_arrays).
    pub(super) unsafe fn backward_arrays(&self, isa: Isa, batch: &Batch<'_>, arrays: BackwardArrays) {
        let (queries, heads) = (self.queries, self.heads);
        self.share(batch.rows, batch.rows * heads, &BACKWARD, |scratch, item| {
            let (row, head) = (item / heads, item % heads);
            let shown = batch.length(row, queries);
            // SAFETY: the caller guarantees the arrays; each item is a head of its own.
            unsafe {
                let (dkey, dvalue) = (arrays.dkey.of(row, head, 0), arrays.dvalue.of(row, head, 0));
                clear(dkey, self.keys, self.features);
                clear(dvalue, self.keys, self.value_features);
                for first in (0..shown).step_by(QUERIES) {
                    let rows = QUERIES.min(shown - first);
                    let backward = Backward {
                        block: self.block(isa, batch, [row, head, first], rows),
                        query: arrays.query.of(row, head, first),
                        key: arrays.key.of(row, head, 0),
                        value: arrays.value.of(row, head, 0),
                        y: arrays.y.of(row, head, first),
                        log_sum_exp: from_raw_parts(arrays.log_sum_exp.of(row, head, first).start, rows),
                        dy: arrays.dy.of(row, head, first),
                        dquery: arrays.dquery.of(row, head, first),
                        dkey,
                        dvalue,
                        scratch,
                    };
                    run(isa, backward);
                }
                if shown < queries {
                    clear(arrays.dquery.of(row, head, shown), queries - shown, self.features);
                }
            }
        });
    }

    /// What a block of queries is to do.
    pub(super) fn block(
        &self,
        isa: Isa,
        batch: &Batch<'_>,
        [row, head, first]: [usize; 3],
        queries: usize,
    ) -> Block<'_> {
        let dropout = self.dropout.as_ref().filter(|dropout| !dropout.rate.never_drops());
        Block {
            features: self.features,
            value_features: self.value_features,
            scale: self.scale,
            renormalize: dropout.is_some_and(|dropout| dropout.renormalize),
            factor: match dropout {
                Some(dropout) if !dropout.renormalize => dropout.rate.inverse_keep() as f32,
                _ => 1.0,
            },
            visible: Visible {
                causal: self.causal,
                mask: self.mask,
                keys: self.keys,
                length: batch.length(row, self.keys),
                row,
                head,
                first,
                queries,
            },
            drawing: dropout.map(|dropout| {
                let step = batch.steps.map_or(dropout.address.step, |steps| steps.of(row));
                let address = dropout.address.with_sample(self.ids[row]).with_step(step);
                Drawing::new(dropout, isa, address, head, first)
            }),
        }
    }

    /// Works off independent items, on all threads of the pool where that pays.
    fn share<S: 'static>(
        &self,
        rows: usize,
        items: usize,
        scratch: &'static LocalKey<RefCell<S>>,
        work: impl Fn(&mut S, usize) + Sync,
    ) {
        let heads = rows * self.heads;
        let multiply_adds = heads * self.queries * self.keys * (self.features + self.value_features);
        let threads = if multiply_adds >= PARALLEL_FROM { current_threads() } else { 1 };
        let each = if threads > 1 { items.div_ceil(TASKS * threads) } else { items };
        halves(0..items, each, &|items| {
            scratch.with_borrow_mut(|scratch| items.for_each(|item| work(scratch, item)));
        });
    }
}

/// Halves the items until there are no more than `each`. `join` allocates nothing, unlike a list of tasks.
fn halves(items: Range<usize>, each: usize, work: &(impl Fn(Range<usize>) + Sync)) {
    if items.len() <= each.max(1) {
        return work(items);
    }
    let middle = items.start + items.len() / 2;
    rayon::join(|| halves(items.start..middle, each, work), || halves(middle..items.end, each, work));
}

impl Batch<'_> {
    /// How many of the `all` queries or keys of a row are data.
    fn length(&self, row: usize, all: usize) -> usize {
        self.lengths.map_or(all, |lengths| all.min(lengths[row] as usize))
    }
}
