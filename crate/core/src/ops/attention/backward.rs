//! The backward pass of a block of queries: its gradients by the queries, and its share in those by keys and values.
//!
//! With weights P, keep bits M, the factor c and the gradient dy of the output y = (c M P) v,
//!
//! ```text
//! dv = (c M P)' dy      dP = c M (dy v')      dS = P (dP - sum(dy y))      dq = scale dS k      dk = scale dS' q
//! ```
//!
//! since the sum of P dP over keys is that of dy y over features (Dao et al. 2022, appendix B). Weights and bits are
//! computed again. Where kept weights were normalised, P is M P over its sum and c is 1.

use std::slice::from_raw_parts;

use super::kept::{Kept, Tiles};
use super::tile::{kept_only, scores, shifts, transpose, transpose_back, weights};
use super::{Block, KEYS, QUERIES, Scores};
use crate::ops::product::{Left, Matrix, Size, product};
use crate::simd::{Full, VectorKernel};

/// Memory that blocks use one after another.
#[derive(Default)]
pub(super) struct Scratch {
    query: Vec<Scores>,
    scaled: Vec<f32>,
    dy: Vec<Scores>,
    weights: Vec<Scores>,
    gradients: Vec<Scores>,
    dquery: Vec<Scores>,
}

/// Writes the gradients by a block's queries and adds to those by keys and values. Whoever makes one guarantees the memory.
pub(super) struct Backward<'a> {
    pub(super) block: Block<'a>,
    /// The block's queries.
    pub(super) query: Matrix<*const f32>,
    /// The keys of its head.
    pub(super) key: Matrix<*const f32>,
    pub(super) value: Matrix<*const f32>,
    pub(super) y: Matrix<*const f32>,
    pub(super) log_sum_exp: &'a [f32],
    pub(super) dy: Matrix<*const f32>,
    pub(super) dquery: Matrix<*mut f32>,
    pub(super) dkey: Matrix<*mut f32>,
    pub(super) dvalue: Matrix<*mut f32>,
    pub(super) scratch: &'a mut Scratch,
}

impl VectorKernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let Backward { block, query, key, value, y, log_sum_exp, dy, dquery, dkey, dvalue, scratch } = self;
        let Block { features, value_features, scale, renormalize, factor, .. } = block;
        let queries = log_sum_exp.len();
        scratch.scaled.clear();
        // SAFETY: whoever made this guarantees the memory.
        unsafe {
            transpose(query, queries, features, scale, &mut scratch.query);
            transpose(dy, queries, value_features, 1.0, &mut scratch.dy);
            for row in 0..queries {
                let query = from_raw_parts(query.skip(row).start, features);
                scratch.scaled.extend(query.iter().map(|x| x * scale));
            }
        }
        scratch.weights.resize(KEYS, Scores::all(0.0));
        scratch.gradients.resize(KEYS, Scores::all(0.0));
        scratch.dquery.clear();
        scratch.dquery.resize(features, Scores::all(0.0));

        // Columns without a query get weight 0.
        let mut shift = Scores::all(f32::INFINITY);
        shift[..queries].copy_from_slice(log_sum_exp);
        let shift = shifts(&shift);
        let mut delta = Scores::all(0.0);
        for (row, delta) in delta.iter_mut().enumerate().take(queries) {
            // SAFETY: whoever made this guarantees the memory.
            let [y, dy] = [y, dy].map(|rows| unsafe { from_raw_parts(rows.skip(row).start, value_features) });
            for (&y, &dy) in y.iter().zip(dy) {
                *delta = y.mul_add(dy, *delta);
            }
        }

        #[allow(clippy::manual_map)] // a closure would be compiled without the instructions of `V`
        let tiles: Option<Tiles<'_, V>> = match &block.drawing {
            // SAFETY: the caller guarantees `V`.
            Some(drawing) => Some(unsafe { Tiles::new(drawing) }),
            None => None,
        };
        let mut kept: Kept = [u64::MAX; KEYS];
        let end = block.visible.end();
        for first in (0..end).step_by(KEYS) {
            let keys = KEYS.min(end - first);
            let (tile, gradients) = (&mut scratch.weights[..keys], &mut scratch.gradients[..keys]);
            // SAFETY: the caller guarantees `V`, and whoever made this the memory.
            unsafe {
                let key = key.skip(first);
                scores::<V>(key, features, &scratch.query, tile);
                block.visible.apply(first, tile);
                scores::<V>(value.skip(first), value_features, &scratch.dy, gradients);
                if let Some(tiles) = &tiles {
                    tiles.draw(first, &mut kept);
                }
                for ((row, gradient), &kept) in tile.iter_mut().zip(&mut *gradients).zip(&kept) {
                    weights(row, &shift);
                    if renormalize && tiles.is_some() {
                        kept_only::<V>(row, kept, 1.0);
                    } else if tiles.is_some() {
                        kept_only::<V>(gradient, kept, factor);
                    }
                    // dS takes the place of dP.
                    for i in 0..QUERIES {
                        let difference = gradient[i] - delta[i];
                        gradient[i] = if row[i] == 0.0 { 0.0 } else { row[i] * difference };
                    }
                    if !renormalize && tiles.is_some() {
                        kept_only::<V>(row, kept, factor);
                    }
                }
                let tile = Left { start: tile.as_ptr().cast(), by_row: QUERIES, by_depth: 1 };
                let dscores: *const f32 = gradients.as_ptr().cast();
                product::<V, true>(
                    Size { rows: keys, columns: value_features, depth: queries },
                    tile,
                    dy,
                    dvalue.skip(first),
                );
                product::<V, true>(
                    Size { rows: keys, columns: features, depth: queries },
                    Left { start: dscores, by_row: QUERIES, by_depth: 1 },
                    Matrix { start: scratch.scaled.as_ptr(), by_row: features },
                    dkey.skip(first),
                );
                product::<V, true>(
                    Size { rows: features, columns: QUERIES, depth: keys },
                    Left { start: key.start, by_row: 1, by_depth: key.by_row },
                    Matrix { start: dscores, by_row: QUERIES },
                    Matrix { start: scratch.dquery.as_mut_ptr().cast(), by_row: QUERIES },
                );
            }
        }
        // SAFETY: whoever made this guarantees the memory.
        unsafe { transpose_back(&scratch.dquery, &Scores::all(scale), dquery, queries) };
    }
}
