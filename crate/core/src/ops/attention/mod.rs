//! Scaled dot-product attention with dropout of its weights, forward and backward, without a matrix of scores.
//!
//! A block of 64 queries goes over the keys in tiles of 128 with a running maximum and sum (online softmax: Milakov &
//! Gimelshein 2018; the backward pass: Dao et al. 2022, FlashAttention), so that memory does not grow with queries times keys.
//! The mask of a tile is drawn when it is needed, in both passes, and is that of
//! [`Structure::Attention`](crate::mask::Structure::Attention) on explicit weights.
//!
//! Tiles and the order of sums are the same for all instruction sets and any number of threads, and so are the bits.

mod arrays;
mod backward;
mod forward;
mod kept;
mod packed;
mod run;
#[cfg(test)]
mod tests;
mod tile;
mod visible;

pub(crate) use packed::PackedAttention;
pub use visible::{AttentionMask, MaskValues};

use std::ops::{Deref, DerefMut};

use self::arrays::Array;
use self::kept::Drawing;
use self::run::{BackwardArrays, Batch, ForwardArrays};
use self::visible::Visible;
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::{self, Per};
use crate::stream::{Address, Rate};

/// Queries that stand side by side: the bits of a word.
const QUERIES: usize = 64;
/// Keys of a tile: a group of the stream.
const KEYS: usize = 128;

/// The scores of a key, one for each query of a block, from the start of a cache line: registers that lie across two
/// lines load more slowly.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Scores([f32; QUERIES]);

impl Scores {
    /// The same for all queries.
    #[inline(always)]
    const fn all(value: f32) -> Scores {
        Scores([value; QUERIES])
    }
}

impl Deref for Scores {
    type Target = [f32; QUERIES];

    #[inline(always)]
    fn deref(&self) -> &[f32; QUERIES] {
        &self.0
    }
}

impl DerefMut for Scores {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32; QUERIES] {
        &mut self.0
    }
}

/// Multiply-adds from which threads share the work.
pub const PARALLEL_FROM: usize = 1 << 21;

/// Which weights drop.
#[derive(Clone, Copy, Debug)]
pub struct AttentionDropout {
    /// Where the random bits come from; the sample is that of each row of the batch.
    pub address: Address,
    /// How likely a weight drops.
    pub rate: Rate,
    /// What drops together.
    pub per: Per,
    /// One draw of keys or rows for all heads.
    pub shared_by_heads: bool,
    /// Whether kept weights are divided by their sum, in the place of the factor 1 / (1 - rate).
    pub renormalize: bool,
}

/// Attention of queries `[batch, heads, queries, features]` to keys `[batch, heads, keys, features]` and values
/// `[batch, heads, keys, value_features]`; there is an id for each row of the batch.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Heads of each row.
    pub heads: usize,
    /// Queries of each head.
    pub queries: usize,
    /// Keys and values of each head.
    pub keys: usize,
    /// Numbers of a query and of a key, 1 at least.
    pub features: usize,
    /// Numbers of a value and of an output, 1 at least.
    pub value_features: usize,
    /// What scores are multiplied by; usually 1 / sqrt(features).
    pub scale: f32,
    /// Whether query i sees the keys 0 to i only.
    pub causal: bool,
    /// What is hidden besides, or added to scores.
    pub mask: Option<AttentionMask<'a>>,
    /// None outside of training.
    pub dropout: Option<AttentionDropout>,
    /// The identity of each row of the batch.
    pub ids: &'a [u32],
}

/// The arrays that the backward pass reads: those of the forward pass, and the gradient by its output.
#[derive(Clone, Copy, Debug)]
pub struct AttentionInputs<'a> {
    /// Queries.
    pub query: &'a [f32],
    /// Keys.
    pub key: &'a [f32],
    /// Values.
    pub value: &'a [f32],
    /// The output of the forward pass.
    pub y: &'a [f32],
    /// What the forward pass wrote besides.
    pub log_sum_exp: &'a [f32],
    /// The gradient by the output.
    pub dy: &'a [f32],
}

/// Where the gradients go.
#[derive(Debug)]
pub struct AttentionGradients<'a> {
    /// By the queries.
    pub dquery: &'a mut [f32],
    /// By the keys.
    pub dkey: &'a mut [f32],
    /// By the values.
    pub dvalue: &'a mut [f32],
}

/// A block of queries of a head.
struct Block<'a> {
    features: usize,
    value_features: usize,
    scale: f32,
    renormalize: bool,
    /// What kept weights are multiplied by.
    factor: f32,
    visible: Visible<'a>,
    drawing: Option<Drawing<'a>>,
}

impl Attention<'_> {
    /// Writes the outputs `[batch, heads, queries, value_features]`, and the logarithm of the sum of the exponentials of
    /// each query's scores, `[batch, heads, queries]`, for the backward pass.
    ///
    /// A query that sees no key, or keeps none where kept weights are normalised, has zeros and negative infinity.
    ///
    /// # Errors
    /// `ERR_SHAPE`, `ERR_RANGE`, `ERR_ISA`.
    pub fn forward(
        &self,
        query: &[f32],
        key: &[f32],
        value: &[f32],
        out: &mut [f32],
        log_sum_exp: &mut [f32],
    ) -> Result<()> {
        self.check()?;
        let [queries, keys] = [self.queries, self.keys];
        self.check_length("q", query.len(), queries, self.features)?;
        self.check_length("k", key.len(), keys, self.features)?;
        self.check_length("v", value.len(), keys, self.value_features)?;
        self.check_length("out", out.len(), queries, self.value_features)?;
        self.check_length("logSumExp", log_sum_exp.len(), queries, 1)?;
        if self.drops_all() {
            out.fill(0.0);
            log_sum_exp.fill(f32::NEG_INFINITY);
            return Ok(());
        }
        if queries == 0 {
            return Ok(());
        }
        let [heads, features, value_features] = [self.heads, self.features, self.value_features];
        let arrays = ForwardArrays {
            query: Array::apart(query.as_ptr(), [heads, queries, features]),
            key: Array::apart(key.as_ptr(), [heads, keys, features]),
            value: Array::apart(value.as_ptr(), [heads, keys, value_features]),
            out: Array::apart(out.as_mut_ptr(), [heads, queries, value_features]),
            log_sum_exp: Array::apart(log_sum_exp.as_mut_ptr(), [heads, queries, 1]),
        };
        // SAFETY: the lengths were checked; what is written is borrowed exclusively.
        unsafe { self.forward_arrays(Isa::active()?, &self.batch(), arrays) };
        Ok(())
    }

    /// Writes the gradients of [`forward`](Self::forward), with the same settings.
    ///
    /// # Errors
    /// As for [`forward`](Self::forward).
    pub fn backward(&self, inputs: AttentionInputs<'_>, gradients: AttentionGradients<'_>) -> Result<()> {
        self.check()?;
        let AttentionInputs { query, key, value, y, log_sum_exp, dy } = inputs;
        let AttentionGradients { dquery, dkey, dvalue } = gradients;
        let [queries, keys] = [self.queries, self.keys];
        let [features, value_features] = [self.features, self.value_features];
        for (name, length, rows, width) in [
            ("q", query.len(), queries, features),
            ("k", key.len(), keys, features),
            ("v", value.len(), keys, value_features),
            ("y", y.len(), queries, value_features),
            ("logSumExp", log_sum_exp.len(), queries, 1),
            ("dy", dy.len(), queries, value_features),
            ("dq", dquery.len(), queries, features),
            ("dk", dkey.len(), keys, features),
            ("dv", dvalue.len(), keys, value_features),
        ] {
            self.check_length(name, length, rows, width)?;
        }
        if self.drops_all() || queries == 0 || keys == 0 {
            dquery.fill(0.0);
            dkey.fill(0.0);
            dvalue.fill(0.0);
            return Ok(());
        }
        let heads = self.heads;
        let arrays = BackwardArrays {
            query: Array::apart(query.as_ptr(), [heads, queries, features]),
            key: Array::apart(key.as_ptr(), [heads, keys, features]),
            value: Array::apart(value.as_ptr(), [heads, keys, value_features]),
            y: Array::apart(y.as_ptr(), [heads, queries, value_features]),
            log_sum_exp: Array::apart(log_sum_exp.as_ptr(), [heads, queries, 1]),
            dy: Array::apart(dy.as_ptr(), [heads, queries, value_features]),
            dquery: Array::apart(dquery.as_mut_ptr(), [heads, queries, features]),
            dkey: Array::apart(dkey.as_mut_ptr(), [heads, keys, features]),
            dvalue: Array::apart(dvalue.as_mut_ptr(), [heads, keys, value_features]),
        };
        // SAFETY: the lengths were checked; what is written is borrowed exclusively.
        unsafe { self.backward_arrays(Isa::active()?, &self.batch(), arrays) };
        Ok(())
    }

    fn batch(&self) -> Batch<'static> {
        Batch { rows: self.ids.len(), steps: None, lengths: None }
    }

    fn drops_all(&self) -> bool {
        self.dropout.is_some_and(|dropout| dropout.rate.get() == 1.0)
    }

    fn check(&self) -> Result<()> {
        for (name, width) in [("features", self.features), ("valueFeatures", self.value_features)] {
            if width == 0 {
                return Err(Error::argument(Code::Shape, name, 0, "1 at least"));
            }
        }
        if !self.scale.is_finite() {
            return Err(Error::argument(Code::Range, "scale", self.scale, "a finite number"));
        }
        if let Some(dropout) = &self.dropout {
            // Whether the stream can tell the weights apart.
            let shape = [self.heads, self.queries, self.keys];
            mask::Attention::new(dropout.per, shape, dropout.shared_by_heads)?;
        }
        let Some(AttentionMask { values, shape }) = self.mask else { return Ok(()) };
        let full = [self.ids.len(), self.heads, self.queries];
        if shape.iter().zip(full).any(|(&size, full)| size != 1 && size != full) {
            let [batch, heads, queries] = full;
            let allowed = format!("[{batch} or 1, {heads} or 1, {queries} or 1, {}]", self.keys);
            return Err(Error::argument(Code::Shape, "mask", format!("{shape:?} and keys"), allowed));
        }
        let length = shape.iter().product::<usize>() * self.keys;
        if values.len() != length {
            let allowed = format!("{length} values, as its shape says");
            return Err(Error::argument(Code::Shape, "mask", format!("{} values", values.len()), allowed));
        }
        Ok(())
    }

    fn check_length(&self, name: &str, length: usize, rows: usize, width: usize) -> Result<()> {
        let sizes = [self.ids.len(), self.heads, rows, width];
        let expected = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        if expected == Some(length) {
            return Ok(());
        }
        let allowed = format!("the elements of {sizes:?}");
        Err(Error::argument(Code::Shape, name, format!("{length} elements"), allowed))
    }
}
