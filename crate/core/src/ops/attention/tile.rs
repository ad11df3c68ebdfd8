//! Steps on a tile of scores that both passes take.

use std::slice::{from_raw_parts, from_raw_parts_mut};

use super::{QUERIES, Scores};
use crate::math::exp_not_positive;
use crate::ops::product::{Left, Matrix, Size, product};
use crate::simd::{Full, Select};

/// `count` rows of `features` numbers as columns, times `scale`; zeros where there are fewer than [`QUERIES`].
///
/// # Safety
/// The rows must be there.
#[inline(always)]
pub(super) unsafe fn transpose(
    rows: Matrix<*const f32>,
    count: usize,
    features: usize,
    scale: f32,
    out: &mut Vec<Scores>,
) {
    out.clear();
    out.resize(features, Scores::all(0.0));
    // SAFETY: as the caller guarantees.
    let row = |query: usize| unsafe { from_raw_parts(rows.start.add(query * rows.by_row), features) };
    // Squares of 4 by 4, which compilers turn in registers; the rest one by one.
    for (feature, out) in (0..).step_by(4).zip(out.chunks_exact_mut(4)) {
        for query in (0..count / 4 * 4).step_by(4) {
            let mut square = [[0.0f32; 4]; 4];
            for (i, square) in square.iter_mut().enumerate() {
                square.copy_from_slice(&row(query + i)[feature..][..4]);
            }
            for (j, out) in out.iter_mut().enumerate() {
                let column = [square[0][j], square[1][j], square[2][j], square[3][j]];
                for (out, value) in out[query..query + 4].iter_mut().zip(column) {
                    *out = value * scale;
                }
            }
        }
    }
    let whole = features / 4 * 4;
    for (feature, out) in out.iter_mut().enumerate() {
        let from = if feature < whole { count / 4 * 4 } else { 0 };
        for (query, out) in out.iter_mut().enumerate().take(count).skip(from) {
            *out = row(query)[feature] * scale;
        }
    }
}

/// Columns as `count` rows, each column times its factor.
///
/// # Safety
/// The rows must be there, and nobody else's.
#[inline(always)]
pub(super) unsafe fn transpose_back(
    columns: &[Scores],
    factors: &Scores,
    rows: Matrix<*mut f32>,
    count: usize,
) {
    let features = columns.len();
    // SAFETY: as the caller guarantees; one row is borrowed at a time.
    let row = |query: usize| unsafe { from_raw_parts_mut(rows.start.add(query * rows.by_row), features) };
    for (feature, columns) in (0..).step_by(4).zip(columns.chunks_exact(4)) {
        for query in (0..count / 4 * 4).step_by(4) {
            let mut square = [[0.0f32; 4]; 4];
            for (row, column) in square.iter_mut().zip(columns) {
                for i in 0..4 {
                    row[i] = column[query + i] * factors[query + i];
                }
            }
            for i in 0..4 {
                let turned = [square[0][i], square[1][i], square[2][i], square[3][i]];
                row(query + i)[feature..][..4].copy_from_slice(&turned);
            }
        }
    }
    let whole = features / 4 * 4;
    for (feature, column) in columns.iter().enumerate() {
        let from = if feature < whole { count / 4 * 4 } else { 0 };
        for query in from..count {
            row(query)[feature] = column[query] * factors[query];
        }
    }
}

/// Products of rows of `key`, as many as the tile has, with the transposed queries.
///
/// # Safety
/// The machine must have the instructions of `V`, and the rows must be there.
#[inline(always)]
pub(super) unsafe fn scores<V: Full>(
    key: Matrix<*const f32>,
    features: usize,
    query: &[Scores],
    tile: &mut [Scores],
) {
    let size = Size { rows: tile.len(), columns: QUERIES, depth: features };
    assert_eq!(query.len(), features);
    // SAFETY: as the caller guarantees; the slices have the elements.
    unsafe {
        product::<V, false>(
            size,
            Left { start: key.start, by_row: key.by_row, by_depth: 1 },
            Matrix { start: query.as_ptr().cast(), by_row: QUERIES },
            Matrix { start: tile.as_mut_ptr().cast(), by_row: QUERIES },
        );
    }
}

/// Raises `most` to the largest of each column.
///
/// In registers by name: compilers keep `most` in memory, and each row then waits for the stores of the one before.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn raise<V: Full>(most: &mut Scores, tile: &[Scores]) {
    const { assert!(QUERIES.is_multiple_of(4 * V::FLOATS)) };
    for column in (0..QUERIES).step_by(4 * V::FLOATS) {
        let most = most[column..].as_mut_ptr();
        // SAFETY: the caller guarantees `V`; rows have four registers from `column` on.
        unsafe {
            let mut high = [V::splat_floats(0.0); 4];
            for (i, high) in high.iter_mut().enumerate() {
                *high = V::load_floats(most.add(i * V::FLOATS));
            }
            for row in tile {
                let row = row[column..].as_ptr();
                for (i, high) in high.iter_mut().enumerate() {
                    *high = V::larger(V::load_floats(row.add(i * V::FLOATS)), *high);
                }
            }
            for (i, &high) in high.iter().enumerate() {
                V::store_floats(high, most.add(i * V::FLOATS));
            }
        }
    }
}

/// What is subtracted from scores: 0 in the place of negative infinity, so that hidden scores stay hidden.
#[inline(always)]
pub(super) fn shifts(most: &Scores) -> Scores {
    let mut shift = *most;
    for shift in shift.iter_mut() {
        *shift = if *shift == f32::NEG_INFINITY { 0.0 } else { *shift };
    }
    shift
}

/// e^(score - shift), where no score is above its shift but by rounding.
#[inline(always)]
pub(super) fn weights(row: &mut Scores, shift: &Scores) {
    for i in 0..QUERIES {
        row[i] = exp_not_positive(row[i] - shift[i]);
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
