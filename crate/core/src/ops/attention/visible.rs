//! What a query may attend to.

use super::{QUERIES, Scores};

/// Which keys a query sees, or what is added to its scores.
#[derive(Clone, Copy, Debug)]
pub enum MaskValues<'a> {
    /// 0 hides a key, anything else shows it.
    Boolean(&'a [u8]),
    /// Added to the scaled scores; negative infinity hides a key.
    Additive(&'a [f32]),
}

impl MaskValues<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            MaskValues::Boolean(values) => values.len(),
            MaskValues::Additive(values) => values.len(),
        }
    }
}

/// A mask of the shape `[batch or 1, heads or 1, queries or 1, keys]`.
#[derive(Clone, Copy, Debug)]
pub struct AttentionMask<'a> {
    /// The values, row-major.
    pub values: MaskValues<'a>,
    /// Batch, heads and queries: each 1 where one mask serves all.
    pub shape: [usize; 3],
}

/// What the queries of a block, from `first` on, see of the keys.
pub(super) struct Visible<'a> {
    pub(super) causal: bool,
    pub(super) mask: Option<AttentionMask<'a>>,
    pub(super) keys: usize,
    /// Keys that are data; the rest is padding.
    pub(super) length: usize,
    pub(super) row: usize,
    pub(super) head: usize,
    pub(super) first: usize,
    pub(super) queries: usize,
}

impl Visible<'_> {
    /// Keys that any of the queries may see are before this one.
    pub(super) fn end(&self) -> usize {
        if self.causal { self.length.min(self.first + self.queries) } else { self.length }
    }

    /// Makes hidden scores negative infinity: those of the keys from `first_key` on.
    #[inline(always)]
    pub(super) fn apply(&self, first_key: usize, scores: &mut [Scores]) {
        if let Some(mask) = &self.mask {
            match mask.values {
                MaskValues::Boolean(values) => self.each(mask.shape, values, first_key, scores, hide),
                MaskValues::Additive(values) => self.each(mask.shape, values, first_key, scores, add),
            }
        }
        if self.causal {
            for (key, scores) in (first_key..).zip(scores) {
                let hidden = key.saturating_sub(self.first).min(QUERIES);
                for score in &mut scores[..hidden] {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
    }

    #[inline(always)]
    fn each<T: Copy>(
        &self,
        [batch, heads, queries]: [usize; 3],
        values: &[T],
        first_key: usize,
        scores: &mut [Scores],
        apply: impl Fn(&mut f32, T),
    ) {
        let row = if batch == 1 { 0 } else { self.row };
        let head = if heads == 1 { 0 } else { self.head };
        let start = (row * heads + head) * queries;
        let keys =
            |query: usize| &values[(start + query) * self.keys + first_key..][..scores_of(self, first_key)];
        if queries == 1 {
            for (&value, scores) in keys(0).iter().zip(scores) {
                for score in scores.iter_mut() {
                    apply(score, value);
                }
            }
        } else {
            for query in 0..self.queries {
                for (&value, scores) in keys(self.first + query).iter().zip(&mut *scores) {
                    apply(&mut scores[query], value);
                }
            }
        }
    }
}

#[inline(always)]
fn scores_of(visible: &Visible<'_>, first_key: usize) -> usize {
    (visible.keys - first_key).min(super::KEYS)
}

#[inline(always)]
fn hide(score: &mut f32, shown: u8) {
    *score = if shown == 0 { f32::NEG_INFINITY } else { *score };
}

#[inline(always)]
fn add(score: &mut f32, value: f32) {
    *score += value;
}
