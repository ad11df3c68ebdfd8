//! Attention with explicit weights in double precision.

use super::super::*;
use crate::mask::{Structure, Structured};

/// Queries, keys and values.
#[derive(Clone)]
pub(super) struct Arrays {
    pub(super) query: Vec<f64>,
    pub(super) key: Vec<f64>,
    pub(super) value: Vec<f64>,
}

/// The keep bits of all weights, `[batch, heads, queries, keys]`, from the mask on explicit weights.
pub(super) fn kept(settings: &Attention<'_>) -> Vec<bool> {
    let Attention { heads, queries, keys, ids, .. } = *settings;
    let elements = heads * queries * keys;
    let Some(dropout) = settings.dropout else { return vec![true; ids.len() * elements] };
    let shape = mask::Attention::new(dropout.per, [heads, queries, keys], dropout.shared_by_heads).unwrap();
    let structure = Structure::Attention { rate: dropout.rate, shape };
    let mut bits = vec![0; (ids.len() * elements).div_ceil(8)];
    Structured { address: dropout.address, structure }.bits(ids, &mut bits).unwrap();
    (0..ids.len() * elements).map(|i| bits[i / 8] >> (i % 8) & 1 == 1).collect()
}

/// What the mask adds to the score of a query and a key.
fn bias(settings: &Attention<'_>, row: usize, head: usize, query: usize, key: usize) -> f64 {
    if settings.causal && key > query {
        return f64::NEG_INFINITY;
    }
    let Some(AttentionMask { values, shape: [batch, heads, queries] }) = settings.mask else { return 0.0 };
    let of = |size: usize, index: usize| if size == 1 { 0 } else { index };
    let at =
        ((of(batch, row) * heads + of(heads, head)) * queries + of(queries, query)) * settings.keys + key;
    match values {
        MaskValues::Boolean(values) if values[at] == 0 => f64::NEG_INFINITY,
        MaskValues::Boolean(_) => 0.0,
        MaskValues::Additive(values) => f64::from(values[at]),
    }
}

/// A query's weights after dropout, and before where they are not normalised again.
struct Weights {
    softmax: Vec<f64>,
    dropped: Vec<f64>,
}

fn weights(settings: &Attention<'_>, kept: &[bool], arrays: &Arrays, at: [usize; 3]) -> Weights {
    let Attention { heads, queries, keys, features, scale, .. } = *settings;
    let [row, head, query] = at;
    let pair = row * heads + head;
    let kept = &kept[(pair * queries + query) * keys..][..keys];
    let own = &arrays.query[(pair * queries + query) * features..][..features];
    let renormalize = settings.dropout.is_some_and(|dropout| dropout.renormalize);
    let mut scores: Vec<f64> = (0..keys)
        .map(|key| {
            let other = &arrays.key[(pair * keys + key) * features..][..features];
            let product: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
            product * f64::from(scale) + bias(settings, row, head, query, key)
        })
        .collect();
    if renormalize {
        scores.iter_mut().zip(kept).filter(|(_, kept)| !**kept).for_each(|(s, _)| *s = f64::NEG_INFINITY);
    }
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let most = if most == f64::NEG_INFINITY { 0.0 } else { most };
    let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    let softmax: Vec<f64> =
        scores.iter().map(|score| if sum == 0.0 { 0.0 } else { (score - most).exp() / sum }).collect();
    let factor = match settings.dropout {
        Some(dropout) if !renormalize => dropout.rate.inverse_keep(),
        _ => 1.0,
    };
    let dropped =
        softmax.iter().zip(kept).map(|(weight, &kept)| if kept { weight * factor } else { 0.0 }).collect();
    Weights { softmax, dropped }
}

fn each(settings: &Attention<'_>, mut visit: impl FnMut([usize; 3])) {
    for row in 0..settings.ids.len() {
        for head in 0..settings.heads {
            (0..settings.queries).for_each(|query| visit([row, head, query]));
        }
    }
}

/// The outputs.
pub(super) fn forward(settings: &Attention<'_>, arrays: &Arrays) -> Vec<f64> {
    let kept = kept(settings);
    let Attention { heads, keys, value_features, .. } = *settings;
    let mut out = Vec::new();
    each(settings, |at| {
        let Weights { dropped, .. } = weights(settings, &kept, arrays, at);
        let pair = at[0] * heads + at[1];
        for feature in 0..value_features {
            let value = |key: usize| arrays.value[(pair * keys + key) * value_features + feature];
            out.push((0..keys).map(|key| dropped[key] * value(key)).sum());
        }
    });
    out
}

/// The gradients of the sum of `dy` times the outputs.
pub(super) fn backward(settings: &Attention<'_>, arrays: &Arrays, dy: &[f64]) -> Arrays {
    let kept = kept(settings);
    let Attention { heads, queries, keys, features, value_features, scale, .. } = *settings;
    let mut gradients = Arrays {
        query: vec![0.0; arrays.query.len()],
        key: vec![0.0; arrays.key.len()],
        value: vec![0.0; arrays.value.len()],
    };
    each(settings, |at| {
        let Weights { softmax, dropped } = weights(settings, &kept, arrays, at);
        let pair = at[0] * heads + at[1];
        let query = pair * queries + at[2];
        let dy = &dy[query * value_features..][..value_features];
        // By the dropped weights, and by the softmax, which they are a multiple of.
        let dsoftmax: Vec<f64> = (0..keys)
            .map(|key| {
                let value = &arrays.value[(pair * keys + key) * value_features..][..value_features];
                let product: f64 = dy.iter().zip(value).map(|(a, b)| a * b).sum();
                if softmax[key] == 0.0 { 0.0 } else { product * dropped[key] / softmax[key] }
            })
            .collect();
        let mean: f64 = softmax.iter().zip(&dsoftmax).map(|(a, b)| a * b).sum();
        for key in 0..keys {
            for feature in 0..value_features {
                gradients.value[(pair * keys + key) * value_features + feature] += dropped[key] * dy[feature];
            }
            let dscore = softmax[key] * (dsoftmax[key] - mean) * f64::from(scale);
            for feature in 0..features {
                let (q, k) = (query * features + feature, (pair * keys + key) * features + feature);
                gradients.query[q] += dscore * arrays.key[k];
                gradients.key[k] += dscore * arrays.query[q];
            }
        }
    });
    gradients
}
