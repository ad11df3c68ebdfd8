//! Attention query by query, in any number type: the reference of the fused kernels, and the way of dual numbers.
//!
//! With weights P, keep bits M, the factor c and the gradient dy of y = (c M P) v: dP = c M (dy v'),
//! dS = P (dP - sum(P dP)), dq = scale dS k, dk = scale dS' q, dv = (c M P)' dy.

use crate::isa::Isa;
use crate::mask::{Per, element_group, index_group};
use crate::ops::Float;
use crate::ops::attention::{AttentionDropout, PackedAttention};
use crate::stream::bernoulli::keep_groups;
use crate::stream::{Address, GROUP};

/// Elements of scratch: weights, and their gradients.
pub(super) fn room(steps: usize) -> usize {
    2 * steps
}

/// One query of a head.
struct Query<'a> {
    attention: &'a PackedAttention<'a>,
    isa: Isa,
    row: usize,
    head: usize,
    step: usize,
}

/// Calls `visit` for every query that is data.
fn each_query<'a>(isa: Isa, attention: &'a PackedAttention<'a>, mut visit: impl FnMut(&Query<'a>)) {
    for row in 0..attention.rows {
        for head in 0..attention.heads {
            for step in 0..length(attention, row) {
                visit(&Query { attention, isa, row, head, step });
            }
        }
    }
}

/// Steps of a row that are data.
fn length(attention: &PackedAttention<'_>, row: usize) -> usize {
    attention.lengths.map_or(attention.steps, |lengths| attention.steps.min(lengths[row] as usize))
}

impl Query<'_> {
    /// Keys that it sees.
    fn keys(&self) -> usize {
        let length = length(self.attention, self.row);
        if self.attention.causal { length.min(self.step + 1) } else { length }
    }

    /// Where the query (0), key (1) or value (2) of a step lies.
    fn part(&self, part: usize, step: usize) -> std::ops::Range<usize> {
        let PackedAttention { heads, steps, features, .. } = *self.attention;
        let start = (((self.row * steps + step) * 3 + part) * heads + self.head) * features;
        start..start + features
    }

    /// Where its output lies.
    fn output(&self) -> std::ops::Range<usize> {
        let PackedAttention { heads, steps, features, .. } = *self.attention;
        let start = ((self.row * steps + self.step) * heads + self.head) * features;
        start..start + features
    }

    /// Where the logarithm of its sum lies.
    fn sum(&self) -> usize {
        (self.row * self.attention.heads + self.head) * self.attention.steps + self.step
    }

    fn scale<T: Float>(&self) -> T {
        T::from_f64(1.0 / (self.attention.features as f64).sqrt())
    }

    /// Its scores of the keys that it sees.
    fn scores<T: Float>(&self, packed: &[T], scores: &mut [T]) {
        let query = &packed[self.part(0, self.step)];
        for (key, score) in scores.iter_mut().enumerate() {
            *score = dot(query, &packed[self.part(1, key)]) * self.scale();
        }
    }

    /// Kept weights, or gradients by them, times the factor; 0 in the place of the others.
    fn drop<T: Float>(&self, values: &mut [T]) {
        let Some(dropout) = self.attention.dropout else { return };
        let factor = T::from_f64(dropout.rate.inverse_keep());
        let address = dropout.address.with_sample(self.attention.ids[self.row]);
        let address = address.with_step(self.attention.mask_steps.of(self.row));
        for (group, values) in values.chunks_mut(GROUP).enumerate() {
            let kept = self.kept(&dropout, &address, group as u32);
            for (key, value) in values.iter_mut().enumerate() {
                *value = if kept[key / 64] >> (key % 64) & 1 == 1 { *value * factor } else { T::ZERO };
            }
        }
    }

    /// The keep bits of a group of keys.
    fn kept(&self, dropout: &AttentionDropout, address: &Address, group: u32) -> [u64; 2] {
        let (head, step) = (self.head as u32, self.step);
        let draw = |group| {
            let mut bits = [0; 2];
            keep_groups(self.isa, address, dropout.rate, group, &mut bits);
            bits
        };
        let all_or_none = |bits: [u64; 2], lane: usize| {
            if bits[lane % GROUP / 64] >> (lane % 64) & 1 == 1 { [u64::MAX; 2] } else { [0; 2] }
        };
        match dropout.per {
            Per::Element => draw(element_group(head, step as u32, group)),
            Per::Key => draw(index_group(head, group)),
            Per::Row => all_or_none(draw(index_group(head, (step / GROUP) as u32)), step),
            Per::Head => all_or_none(draw((self.head / GROUP) as u32), self.head),
        }
    }
}

pub(super) fn forward<T: Float>(
    isa: Isa,
    attention: &PackedAttention<'_>,
    packed: &[T],
    out: &mut [T],
    log_sum_exp: &mut [T],
    scratch: &mut [T],
) {
    out.fill(T::ZERO);
    log_sum_exp.fill(T::from_f64(f64::NEG_INFINITY));
    each_query(isa, attention, |query| {
        let weights = &mut scratch[..query.keys()];
        query.scores(packed, weights);
        let mut most = weights[0];
        let mut total = T::ZERO;
        for weight in &*weights {
            most = most.at_least(*weight);
        }
        for weight in &mut *weights {
            *weight = (*weight - most).exp();
            total += *weight;
        }
        log_sum_exp[query.sum()] = most + total.ln();
        query.drop(weights);
        let out = &mut out[query.output()];
        for (key, weight) in weights.iter().enumerate() {
            for (out, value) in out.iter_mut().zip(&packed[query.part(2, key)]) {
                *out += *weight / total * *value;
            }
        }
    });
}

pub(super) fn backward<T: Float>(
    isa: Isa,
    attention: &PackedAttention<'_>,
    packed: &[T],
    out: &[T],
    log_sum_exp: &[T],
    dout: &[T],
    gradient: &mut [T],
    scratch: &mut [T],
) {
    gradient.fill(T::ZERO);
    each_query(isa, attention, |query| {
        let (weights, slopes) = scratch.split_at_mut(attention.steps);
        let (weights, slopes) = (&mut weights[..query.keys()], &mut slopes[..query.keys()]);
        let dout = &dout[query.output()];
        // The sum of P dP over keys is that of dy y over features (Dao et al. 2022, appendix B).
        let mean = dot(dout, &out[query.output()]);
        query.scores(packed, weights);
        for weight in &mut *weights {
            *weight = (*weight - log_sum_exp[query.sum()]).exp();
        }
        for (key, slope) in slopes.iter_mut().enumerate() {
            *slope = dot(dout, &packed[query.part(2, key)]);
        }
        query.drop(slopes);
        for (slope, weight) in slopes.iter_mut().zip(&*weights) {
            *slope = *weight * (*slope - mean) * query.scale();
        }
        query.drop(weights);
        for key in 0..query.keys() {
            let (own, other) = (query.part(0, query.step), query.part(1, key));
            for i in 0..own.len() {
                let (q, k, v) = (own.start + i, other.start + i, query.part(2, key).start + i);
                gradient[q] += slopes[key] * packed[k];
                gradient[k] += slopes[key] * packed[q];
                gradient[v] += weights[key] * dout[i];
            }
        }
    });
}

fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    let mut sum = T::ZERO;
    for (a, b) in a.iter().zip(b) {
        sum += *a * *b;
    }
    sum
}
