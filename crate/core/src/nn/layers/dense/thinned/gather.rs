//! Kept parts of vectors and matrices to one place, and back to theirs.

use rayon::prelude::*;

use super::Features;
use crate::nn::Scalar;
use crate::parallel;

/// Elements of a matrix from which on more than one thread pays.
const PARALLEL_FROM: usize = 1 << 15;

/// The kept elements of a vector.
pub(super) fn gather_vector<T: Scalar>(from: &[T], features: &Features, to: &mut [T]) {
    assert_eq!((from.len(), to.len()), (features.width(), features.count()));
    let Some(kept) = features.list() else { return to.copy_from_slice(from) };
    for (to, &feature) in to.iter_mut().zip(kept) {
        *to = from[usize::from(feature)];
    }
}

/// The kept elements back to their places, 0 at the others.
pub(super) fn scatter_vector<T: Scalar>(from: &[T], features: &Features, to: &mut [T]) {
    assert_eq!((from.len(), to.len()), (features.count(), features.width()));
    let Some(kept) = features.list() else { return to.copy_from_slice(from) };
    to.fill(T::ZERO);
    for (from, &feature) in from.iter().zip(kept) {
        to[usize::from(feature)] = *from;
    }
}

/// The kept columns of the kept rows of a matrix.
pub(super) fn gather_matrix<T: Scalar>(from: &[T], rows: &Features, columns: &Features, to: &mut [T]) {
    let (width, kept) = (columns.width(), columns.count());
    assert_eq!((from.len(), to.len()), (rows.width() * width, rows.count() * kept));
    in_parts(to, kept, |first, to| {
        for (before, to) in (first..).zip(to.chunks_exact_mut(kept)) {
            gather_vector(&from[rows.nth(before) * width..][..width], columns, to);
        }
    });
}

/// Kept columns of kept rows back to their places, 0 at the others.
pub(super) fn scatter_matrix<T: Scalar>(from: &[T], rows: &Features, columns: &Features, to: &mut [T]) {
    let (width, kept) = (columns.width(), columns.count());
    assert_eq!((from.len(), to.len()), (rows.count() * kept, rows.width() * width));
    in_parts(to, width, |first, to| {
        let mut before = rows.before(first);
        for (row, to) in (first..).zip(to.chunks_exact_mut(width)) {
            if before < rows.count() && rows.nth(before) == row {
                scatter_vector(&from[before * kept..][..kept], columns, to);
                before += 1;
            } else {
                to.fill(T::ZERO);
            }
        }
    });
}

/// Calls `work` for parts of the rows of a matrix, one for each thread where that pays, with the number of the first.
fn in_parts<T: Scalar>(matrix: &mut [T], width: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let threads = if matrix.len() < PARALLEL_FROM { 1 } else { parallel::current_threads() };
    if threads == 1 {
        return work(0, matrix);
    }
    let rows = (matrix.len() / width).div_ceil(threads);
    let parts = matrix.par_chunks_mut(rows * width).enumerate();
    parts.for_each(|(part, matrix)| work(part * rows, matrix));
}
