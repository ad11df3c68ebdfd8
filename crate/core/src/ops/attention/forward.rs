//! The forward pass of a block of queries.
//!
//! Scores stand with the keys as rows and 64 queries side by side, so that nothing of the keys and values is packed, and
//! maxima and sums over keys go down the rows.

use super::kept::{Kept, Tiles};
use super::tile::{kept_only, raise, scores, shifts, transpose, transpose_back, weights};
use super::visible::Visible;
use super::{Block, KEYS, QUERIES, Scores};
use crate::math::{exp, ln};
use crate::ops::product::{Left, Matrix, Size, product};
use crate::simd::{Full, VectorKernel};

/// Keys whose weights a product takes at a time: 16 KiB, half of a first-level cache.
const PRODUCT_KEYS: usize = 64;

/// Memory that blocks use one after another.
#[derive(Default)]
pub(super) struct Scratch {
    query: Vec<Scores>,
    scores: Vec<Scores>,
    sums: Vec<Scores>,
}

/// Writes the outputs and the log-sum-exps of a block's queries. Whoever makes one guarantees the memory.
pub(super) struct Forward<'a> {
    pub(super) block: Block<'a>,
    /// The block's queries.
    pub(super) query: Matrix<*const f32>,
    /// The keys of its head.
    pub(super) key: Matrix<*const f32>,
    pub(super) value: Matrix<*const f32>,
    pub(super) out: Matrix<*mut f32>,
    pub(super) log_sum_exp: &'a mut [f32],
    pub(super) scratch: &'a mut Scratch,
}

impl VectorKernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let Forward { block, query, key, value, out, log_sum_exp, scratch } = self;
        let Block { features, value_features, scale, renormalize, .. } = block;
        let Scratch { query: transposed, scores: tile, sums } = scratch;
        let queries = log_sum_exp.len();
        // SAFETY: whoever made this guarantees the memory.
        unsafe { transpose(query, queries, features, scale, transposed) };
        tile.resize(KEYS, Scores::all(0.0));
        sums.clear();
        sums.resize(value_features, Scores::all(0.0));

        let visible: &Visible<'_> = &block.visible;
        #[allow(clippy::manual_map)] // a closure would be compiled without the instructions of `V`
        let tiles: Option<Tiles<'_, V>> = match &block.drawing {
            // SAFETY: the caller guarantees `V`.
            Some(drawing) => Some(unsafe { Tiles::new(drawing) }),
            None => None,
        };
        let mut kept: Kept = [0; KEYS];
        let mut most = Scores::all(f32::NEG_INFINITY);
        let mut total = Scores::all(0.0);
        let end = visible.end();
        for first in (0..end).step_by(KEYS) {
            let keys = KEYS.min(end - first);
            let tile = &mut tile[..keys];
            // SAFETY: the caller guarantees `V`, and whoever made this the memory.
            unsafe { scores::<V>(key.skip(first), features, transposed, tile) };
            visible.apply(first, tile);

            let before = most;
            // SAFETY: the caller guarantees `V`.
            unsafe { raise::<V>(&mut most, tile) };
            let shift = shifts(&most);
            if *most != *before {
                let mut smaller = Scores::all(0.0);
                for i in 0..QUERIES {
                    smaller[i] = exp(before[i] - shift[i]);
                    total[i] *= smaller[i];
                }
                for row in sums.iter_mut() {
                    for i in 0..QUERIES {
                        row[i] *= smaller[i];
                    }
                }
            }

            if let Some(tiles) = &tiles {
                // SAFETY: the caller guarantees `V`.
                unsafe { tiles.draw(first, &mut kept) };
            }
            let mut own = Scores::all(0.0);
            for (row, kept) in tile.iter_mut().zip(&kept) {
                weights(row, &shift);
                // SAFETY: the caller guarantees `V`.
                unsafe {
                    if renormalize && tiles.is_some() {
                        kept_only::<V>(row, *kept, 1.0);
                    }
                    for i in 0..QUERIES {
                        own[i] += row[i];
                    }
                    if !renormalize && tiles.is_some() {
                        kept_only::<V>(row, *kept, 1.0);
                    }
                }
            }
            for i in 0..QUERIES {
                total[i] += own[i];
            }
            for part in (0..keys).step_by(PRODUCT_KEYS) {
                let depth = PRODUCT_KEYS.min(keys - part);
                // SAFETY: as above.
                unsafe {
                    product::<V, true>(
                        Size { rows: value_features, columns: QUERIES, depth },
                        Left { start: value.skip(first + part).start, by_row: 1, by_depth: value.by_row },
                        Matrix { start: tile[part..].as_ptr().cast(), by_row: QUERIES },
                        Matrix { start: sums.as_mut_ptr().cast(), by_row: QUERIES },
                    );
                }
            }
        }

        // A query that sees nothing, or keeps nothing, has zeros.
        let mut factors = Scores::all(0.0);
        for (factor, &total) in factors.iter_mut().zip(total.iter()) {
            *factor = if total == 0.0 { 0.0 } else { block.factor / total };
        }
        // SAFETY: whoever made this guarantees the memory.
        unsafe { transpose_back(sums, &factors, out, queries) };
        for ((log_sum_exp, &total), &most) in log_sum_exp.iter_mut().zip(total.iter()).zip(most.iter()) {
            *log_sum_exp = if total == 0.0 { f32::NEG_INFINITY } else { most + ln(total) };
        }
    }
}
