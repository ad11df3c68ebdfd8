//! Self-attention on the memory of a layer: queries, keys and values side by side in one vector for each step, as one
//! product with all three weights gives them.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use super::arrays::Array;
use super::run::{BackwardArrays, Batch, ForwardArrays};
use super::{Attention, AttentionDropout};
use crate::isa::Isa;
use crate::stream::bernoulli::Steps;

/// Self-attention of `rows` rows of `steps` vectors, each `[3, heads, features]`.
#[derive(Clone, Copy, Debug)]
pub struct PackedAttention<'a> {
    /// Rows of the batch.
    pub rows: usize,
    /// Vectors of a row.
    pub steps: usize,
    /// Heads of a vector.
    pub heads: usize,
    /// Numbers of a head's query, key and value.
    pub features: usize,
    /// Whether step i sees the steps 0 to i only.
    pub causal: bool,
    /// None outside of training.
    pub dropout: Option<AttentionDropout>,
    /// The identity of each row, where something drops.
    pub ids: &'a [u32],
    /// The step of each row in the mask stream.
    pub mask_steps: Steps<'a>,
    /// How many vectors of each row are data: no other vector is seen, or has an output but 0, or gets a gradient.
    pub lengths: Option<&'a [u32]>,
}

impl PackedAttention<'_> {
    /// Elements of the outputs, `[rows, steps, heads, features]`.
    fn elements(&self) -> usize {
        self.rows * self.steps * self.heads * self.features
    }

    /// Logarithms of sums, `[rows, heads, steps]`.
    pub(crate) fn sums(&self) -> usize {
        self.rows * self.heads * self.steps
    }

    fn attention(&self) -> Attention<'_> {
        Attention {
            heads: self.heads,
            queries: self.steps,
            keys: self.steps,
            features: self.features,
            value_features: self.features,
            scale: (1.0 / (self.features as f64).sqrt()) as f32,
            causal: self.causal,
            mask: None,
            dropout: self.dropout,
            ids: self.ids,
        }
    }

    fn batch(&self) -> Batch<'_> {
        Batch { rows: self.rows, steps: Some(self.mask_steps), lengths: self.lengths }
    }

    fn drops_all(&self) -> bool {
        self.dropout.is_some_and(|dropout| dropout.rate.always_drops())
    }

    /// The part of the packed vectors that is queries (0), keys (1) or values (2).
    fn part<P>(&self, start: P) -> Array<P> {
        Array::together(start, [self.steps, 3 * self.heads * self.features, self.features])
    }

    fn outputs<P>(&self, start: P) -> Array<P> {
        Array::together(start, [self.steps, self.heads * self.features, self.features])
    }

    fn check(&self, packed: usize, outputs: usize, sums: usize) {
        assert_eq!((packed, outputs, sums), (3 * self.elements(), self.elements(), self.sums()), "{self:?}");
        assert!(self.dropout.is_none() || self.ids.len() == self.rows, "{self:?}");
        assert!(self.lengths.is_none_or(|lengths| lengths.len() == self.rows), "{self:?}");
    }

    /// Writes the outputs and what the backward pass needs besides.
    pub(crate) fn forward(&self, isa: Isa, packed: &[f32], out: &mut [f32], log_sum_exp: &mut [f32]) {
        self.check(packed.len(), out.len(), log_sum_exp.len());
        if self.drops_all() {
            out.fill(0.0);
            return log_sum_exp.fill(f32::NEG_INFINITY);
        }
        let width = self.heads * self.features;
        // SAFETY: `check` holds the lengths against the sizes; what is written is borrowed exclusively.
        unsafe {
            let arrays = ForwardArrays {
                query: self.part(packed.as_ptr()),
                key: self.part(packed.as_ptr().add(width)),
                value: self.part(packed.as_ptr().add(2 * width)),
                out: self.outputs(out.as_mut_ptr()),
                log_sum_exp: Array::apart(log_sum_exp.as_mut_ptr(), [self.heads, self.steps, 1]),
            };
            self.attention().forward_arrays(isa, &self.batch(), arrays);
        }
    }

    /// Writes the gradient by the packed vectors.
    pub(crate) fn backward(
        &self,
        isa: Isa,
        packed: &[f32],
        y: &[f32],
        log_sum_exp: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
    ) {
        self.check(packed.len(), y.len(), log_sum_exp.len());
        self.check(gradient.len(), dy.len(), log_sum_exp.len());
        if self.drops_all() {
            return gradient.fill(0.0);
        }
        let width = self.heads * self.features;
        // SAFETY: as above; queries, keys and values have parts of their own in the gradient.
        unsafe {
            let arrays = BackwardArrays {
                query: self.part(packed.as_ptr()),
                key: self.part(packed.as_ptr().add(width)),
                value: self.part(packed.as_ptr().add(2 * width)),
                y: self.outputs(y.as_ptr()),
                log_sum_exp: Array::apart(log_sum_exp.as_ptr(), [self.heads, self.steps, 1]),
                dy: self.outputs(dy.as_ptr()),
                dquery: self.part(gradient.as_mut_ptr()),
                dkey: self.part(gradient.as_mut_ptr().add(width)),
                dvalue: self.part(gradient.as_mut_ptr().add(2 * width)),
            };
            self.attention().backward_arrays(isa, &self.batch(), arrays);
        }
    }
}
