//! Bits of 64 rows turned into bits of 64 columns.

use crate::isa::Isa;
use crate::simd::{Full, Vector, VectorKernel, run};

/// Bit `c` of word `r` becomes bit `r` of word `c`.
///
/// Runs on the vectors of `isa`, which must be available.
pub(crate) fn transpose(isa: Isa, bits: &mut [u64; 64]) {
    run(isa, Transpose(bits));
}

struct Transpose<'a, const WORDS: usize>(&'a mut [u64; WORDS]);

impl<const WORDS: usize> VectorKernel for Transpose<'_, WORDS> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: as the caller guarantees.
        unsafe { transpose_on::<V, WORDS>(self.0) }
    }
}

/// As [`transpose`], inside a kernel, of 64 rows of `WORDS / 64` words each: bit `c` of word `w` of row `r` becomes bit `r` of
/// word `64 w + c`.
///
/// Squares of half the size change places across the diagonal, then squares of a quarter within each of them, and so on.
/// The rows that face each other are always those half the array apart, and are written one after the other, so
/// that all that is read and written are whole registers. Each step moves the index's highest bit to its lowest place;
/// after six, that of the row is where it was, or below that of the word.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn transpose_on<V: Vector, const WORDS: usize>(bits: &mut [u64; WORDS]) {
    const { assert!(WORDS.is_multiple_of(64)) };
    let mut turned = [0u64; WORDS];
    // SAFETY: as the caller guarantees; both arrays have `WORDS` words.
    unsafe {
        for size in [32, 8, 2] {
            step::<V, WORDS>(size, bits, &mut turned);
            step::<V, WORDS>(size / 2, &turned, bits);
        }
    }
}

/// Exchanges squares of `size` bits and moves the rows on.
///
/// # Safety
/// As for [`transpose_on`].
#[inline(always)]
unsafe fn step<V: Vector, const WORDS: usize>(size: u32, from: &[u64; WORDS], to: &mut [u64; WORDS]) {
    // `size` ones, `size` zeros and so on.
    let lower = u64::MAX / ((1 << size) + 1);
    // SAFETY: as the caller guarantees; the two halves have whole registers.
    unsafe {
        let lower = V::splat(lower);
        for row in (0..WORDS / 2).step_by(V::LANES) {
            let upper_row = V::load(from.as_ptr().add(row));
            let lower_row = V::load(from.as_ptr().add(row + WORDS / 2));
            let swapped = upper_row.shift_right(size).xor(lower_row).and(lower);
            let upper_row = upper_row.xor(swapped.shift_left(size));
            upper_row.store_interleaved(lower_row.xor(swapped), to.as_mut_ptr().add(2 * row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::testing::BackEnd;

    fn words<const WORDS: usize>() -> [u64; WORDS] {
        std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    #[test]
    fn rows_become_columns() {
        let before = words::<64>();
        for back_end in BackEnd::all() {
            let mut bits = before;
            back_end.run(Transpose(&mut bits));
            for (r, row) in before.iter().enumerate() {
                for (c, column) in bits.iter().enumerate() {
                    assert_eq!(row >> c & 1, column >> r & 1, "{back_end:?}, row {r}, column {c}");
                }
            }
        }
    }

    #[test]
    fn rows_of_two_words_become_two_squares() {
        let before = words::<128>();
        for back_end in BackEnd::all() {
            let mut bits = before;
            back_end.run(Transpose(&mut bits));
            for (i, word) in before.iter().enumerate() {
                let (r, w) = (i / 2, i % 2);
                for c in 0..64 {
                    let column = bits[64 * w + c];
                    assert_eq!(word >> c & 1, column >> r & 1, "{back_end:?}, word {i}, column {c}");
                }
            }
        }
    }
}
