//! Steps on a tile of scores that both passes take.

use super::product::{Left, Matrix, Size, product};
use super::{QUERIES, Scores};
use crate::math::exp;
use crate::simd::{Full, Select};

/// Rows of `features` numbers as columns, times `scale`; zeros where there are fewer than [`QUERIES`].
#[inline(always)]
pub(super) fn transpose(rows: &[f32], features: usize, scale: f32, out: &mut Vec<Scores>) {
    out.clear();
    out.resize(features, [0.0; QUERIES]);
    for (i, row) in rows.chunks_exact(features.max(1)).enumerate() {
        for (out, &value) in out.iter_mut().zip(row) {
            out[i] = value * scale;
        }
    }
}

/// Products of the rows of `key` with the transposed queries.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn scores<V: Full>(key: &[f32], features: usize, query: &[Scores], tile: &mut [Scores]) {
    let size = Size { rows: tile.len(), columns: QUERIES, depth: features };
    assert!(key.len() >= tile.len() * features && query.len() == features);
    // SAFETY: as the caller guarantees; the slices have the elements.
    unsafe {
        product::<V, false>(
            size,
            Left { start: key.as_ptr(), by_row: features, by_depth: 1 },
            Matrix { start: query.as_ptr().cast(), by_row: QUERIES },
            Matrix { start: tile.as_mut_ptr().cast(), by_row: QUERIES },
        );
    }
}

/// What is subtracted from scores: 0 in the place of negative infinity, so that hidden scores stay hidden.
#[inline(always)]
pub(super) fn shifts(most: &Scores) -> Scores {
    let mut shift = *most;
    for shift in &mut shift {
        *shift = if *shift == f32::NEG_INFINITY { 0.0 } else { *shift };
    }
    shift
}

/// e^(score - shift).
#[inline(always)]
pub(super) fn weights(row: &mut Scores, shift: &Scores) {
    for i in 0..QUERIES {
        row[i] = exp(row[i] - shift[i]);
    }
}

/// Kept weights times `factor`, +0 elsewhere.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn kept_only<V: Full>(row: &mut Scores, kept: u64, factor: f32) {
    let bits = [kept, 0];
    let bits: *const u8 = bits.as_ptr().cast();
    // SAFETY: as the caller guarantees; a step reads at most 4 bytes, which are there.
    unsafe {
        let factor = <V as Select<f32>>::factor(factor);
        for at in (0..QUERIES).step_by(<V as Select<f32>>::STEP) {
            let place = row.as_mut_ptr().add(at);
            <V as Select<f32>>::select::<false>(bits.add(at / 8), place, place, factor);
        }
    }
}
