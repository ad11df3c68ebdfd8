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

impl<E: Element> VectorKernel for SelectRows<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let SelectRows { bits, factors, rows, width, from, to } = self;
        assert!(bits.len() > rows * words_per_row(width));
        let step = E::step::<V>();
        let whole = width / step * step;
        for row in 0..rows {
            let factor = match factors {
                Factors::One(factor) => factor,
                Factors::PerRow(factors) => factors[row],
            };
            // SAFETY: whoever made this guarantees the elements, and the bits are there; the caller guarantees `V`.
            unsafe {
                let bits = bits.as_ptr().add(row * words_per_row(width)).cast::<u8>();
                let (from, to) = (from.add(row * width), to.add(row * width));
                let factors = factor.factor::<V>();
                for at in (0..whole).step_by(step) {
                    E::select::<V, false>(bits.add(at / 8), from.add(at), to.add(at), factors);
                }
                if whole < width {
                    let (bits, rest) = (bits.add(whole / 8), width - whole);
                    E::select_some::<V>(bits, from.add(whole), to.add(whole), factor, rest);
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
        for width in [1, 7, 8, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300] {
            let (rows, each) = (5, words_per_row(width));
            let bits: Vec<u64> =
                (0..rows * each + 1).map(|i| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
            let x: Vec<f32> =
                (0..rows * width).map(|i| if i % 11 == 3 { f32::NAN } else { i as f32 + 0.5 }).collect();
            let own: Vec<f32> = (0..rows).map(|row| row as f32 + 0.5).collect();
            for factors in [Factors::One(1.25), Factors::PerRow(&own)] {
                for back_end in BackEnd::all() {
                    let mut out = vec![7.0f32; rows * width];
                    let (from, to) = (x.as_ptr(), out.as_mut_ptr());
                    back_end.run(SelectRows { bits: &bits, factors, rows, width, from, to });
                    for (i, (x, out)) in x.iter().zip(&out).enumerate() {
                        let (row, lane) = (i / width, i % width);
                        let kept = bits[row * each + lane / 64] >> (lane % 64) & 1 == 1;
                        let factor = match factors {
                            Factors::One(factor) => factor,
                            Factors::PerRow(factors) => factors[row],
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
