//! Shapes, values and comparisons for the tests of this folder.

use proptest::prelude::*;

use super::element::NoiseElement;
use super::span::{GRAIN, Span};

/// The values kernels are run on: ordinary ones, both zeros, infinities and NaN.
pub(super) fn value(i: usize) -> f64 {
    match i % 97 {
        13 => f64::NAN,
        29 => f64::INFINITY,
        43 => f64::NEG_INFINITY,
        61 => -0.0,
        _ => (i as f64 * 0.37).sin() * 3.0,
    }
}

/// Ids and the width of their rows: none, single elements, odd tails, one to a few batches.
pub(super) fn shapes() -> impl Strategy<Value = (Vec<u32>, usize)> {
    let narrow =
        (prop::collection::vec(any::<u32>(), 0..40), prop_oneof![Just(1usize), 2..20usize, 60..140usize]);
    let wide = (prop::collection::vec(any::<u32>(), 1..3), prop_oneof![Just(1024usize), 1000..5000usize]);
    prop_oneof![narrow, wide]
}

/// Rows as threads would share them: all but the last together, the last one, split where it is long.
pub(super) fn spans(ids: &[u32], width: usize) -> Vec<Span<'_>> {
    let Some(last) = ids.len().checked_sub(1) else { return Vec::new() };
    let at = last * width;
    let mut spans = vec![Span { ids: &ids[..last], lane: 0, width, at: 0 }];
    for start in (0..width).step_by(GRAIN) {
        let width = GRAIN.min(width - start);
        spans.push(Span { ids: &ids[last..], lane: start as u64, width, at: at + start });
    }
    spans
}

/// Comparison bit for bit, but for what NaN it is.
pub(super) trait Bits: NoiseElement {
    fn same(a: &[Self], b: &[Self]) -> bool {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a.to_f64(), b.to_f64()))
    }
}

impl Bits for f32 {}
impl Bits for f64 {}
