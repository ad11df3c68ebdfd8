//! Rows selected by packed keep bits that have been drawn.

use super::Element;
use crate::simd::{Full, VectorKernel};
use crate::stream::bernoulli::words_per_row;

/// What kept elements are multiplied by.
#[derive(Clone, Copy)]
pub(crate) enum Factors<'a, E> {
    /// The same factor everywhere.
    One(E),
    /// Each row's own.
    PerRow(&'a [E]),
    /// Each element's own, the same in all rows.
    PerElement(&'a [E]),
}

/// Rows, one after another, and their keep bits. Dropped elements become +0 whatever they were.
///
/// Whoever makes one guarantees that `from` and `to` are valid for `rows * width` elements and are equal or do not
/// overlap.
pub(crate) struct SelectRows<'a, E> {
    /// [`words_per_row`] of each row, and at least one spare word, since a step may read past the last row's bits.
    pub(crate) bits: &'a [u64],
    pub(crate) factors: Factors<'a, E>,
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) from: *const E,
    pub(crate) to: *mut E,
}

/// Elements multiplied at a time, a multiple of every step.
const PIECE: usize = 1024;

impl<E: Element> VectorKernel for SelectRows<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let SelectRows { bits, factors, rows, width, from, to } = self;
        assert!(bits.len() > rows * words_per_row(width));
        let step = E::step::<V>();
        for row in 0..rows {
            let (factor, own) = match factors {
                Factors::One(factor) => (factor, None),
                Factors::PerRow(factors) => (factors[row], None),
                Factors::PerElement(factors) => (E::from_f64(1.0), Some(&factors[..width])),
            };
            // A row in one piece, or in pieces that are still in the nearest cache when they are multiplied.
            let piece = if own.is_some() { PIECE } else { width.max(1) };
            // SAFETY: whoever made this guarantees the elements, and the bits are there; the caller guarantees `V`.
            unsafe {
                let bits = bits.as_ptr().add(row * words_per_row(width)).cast::<u8>();
                let (from, to) = (from.add(row * width), to.add(row * width));
                let splatted = factor.factor::<V>();
                for start in (0..width).step_by(piece) {
                    let end = width.min(start + piece);
                    let whole = end - (end - start) % step;
                    for at in (start..whole).step_by(step) {
                        E::select::<V, false>(bits.add(at / 8), from.add(at), to.add(at), splatted);
                    }
                    if whole < end {
                        let bits = bits.add(whole / 8);
                        E::select_some::<V>(bits, from.add(whole), to.add(whole), factor, end - whole);
                    }
                    if let Some(own) = own {
                        let selected = std::slice::from_raw_parts_mut(to.add(start), end - start);
                        for (x, factor) in selected.iter_mut().zip(&own[start..end]) {
                            *x = *x * *factor;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::testing::BackEnd;

    #[test]
    fn every_back_end_selects_by_the_bits() {
        for width in [1, 7, 8, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300, 1024, 1025, 2051] {
            let (rows, words) = (5, words_per_row(width));
            let bits: Vec<u64> =
                (0..rows * words + 1).map(|i| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
            let x: Vec<f32> =
                (0..rows * width).map(|i| if i % 11 == 3 { f32::NAN } else { i as f32 + 0.5 }).collect();
            let own: Vec<f32> = (0..rows).map(|row| row as f32 + 0.5).collect();
            let each: Vec<f32> = (0..width).map(|i| i as f32 * 0.25).collect();
            for factors in [Factors::One(1.25), Factors::PerRow(&own), Factors::PerElement(&each)] {
                for back_end in BackEnd::all() {
                    let mut out = vec![7.0f32; rows * width];
                    let (from, to) = (x.as_ptr(), out.as_mut_ptr());
                    back_end.run(SelectRows { bits: &bits, factors, rows, width, from, to });
                    for (i, (x, out)) in x.iter().zip(&out).enumerate() {
                        let (row, lane) = (i / width, i % width);
                        let kept = bits[row * words + lane / 64] >> (lane % 64) & 1 == 1;
                        let factor = match factors {
                            Factors::One(factor) => factor,
                            Factors::PerRow(factors) => factors[row],
                            Factors::PerElement(factors) => factors[lane],
                        };
                        let expected = if kept { x * factor } else { 0.0 };
                        let same = out.to_bits() == expected.to_bits() || out.is_nan() && expected.is_nan();
                        assert!(same, "{back_end:?}, width {width}, element {i}: {out} for {expected}");
                    }
                }
            }
        }
    }
}
