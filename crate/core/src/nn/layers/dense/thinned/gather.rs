//! Kept parts of vectors and matrices to one place, and back to theirs.

use rayon::prelude::*;

use super::features::{Features, Kept};
use crate::nn::Scalar;
use crate::parallel;

/// Elements of a matrix from which on more than one thread pays.
const PARALLEL_FROM: usize = 1 << 15;

/// The kept elements of a vector.
pub(super) fn gather_vector<T: Scalar>(from: &[T], features: &Features, to: &mut [T]) {
    assert_eq!((from.len(), to.len()), (features.width(), features.count()));
    features.listed(|kept| gather(from, kept, to));
}

/// The kept elements back to their places, 0 at the others.
pub(super) fn scatter_vector<T: Scalar>(from: &[T], features: &Features, to: &mut [T]) {
    assert_eq!((from.len(), to.len()), (features.count(), features.width()));
    features.listed(|kept| scatter(from, kept, to));
}

/// The kept columns of the kept rows of a matrix.
pub(super) fn gather_matrix<T: Scalar>(from: &[T], rows: &Features, columns: &Features, to: &mut [T]) {
    let (width, count) = (columns.width(), columns.count());
    assert_eq!((from.len(), to.len()), (rows.width() * width, rows.count() * count));
    lists(rows, columns, |rows, columns| {
        in_parts(to, count, |first, to| {
            for (before, to) in (first..).zip(to.chunks_exact_mut(count)) {
                gather(&from[rows.nth(before) * width..][..width], columns, to);
            }
        });
    });
}

/// Kept columns of kept rows back to their places, 0 at the others.
pub(super) fn scatter_matrix<T: Scalar>(from: &[T], rows: &Features, columns: &Features, to: &mut [T]) {
    let (width, count) = (columns.width(), columns.count());
    assert_eq!((from.len(), to.len()), (rows.count() * count, rows.width() * width));
    lists(rows, columns, |rows, columns| {
        in_parts(to, width, |first, to| {
            let mut before = rows.before(first);
            for (row, to) in (first..).zip(to.chunks_exact_mut(width)) {
                if before < rows.count() && rows.nth(before) == row {
                    scatter(&from[before * count..][..count], columns, to);
                    before += 1;
                } else {
                    to.fill(T::ZERO);
                }
            }
        });
    });
}

fn lists(rows: &Features, columns: &Features, work: impl FnOnce(Kept<'_>, Kept<'_>)) {
    rows.listed(|rows| columns.listed(|columns| work(rows, columns)));
}

fn gather<T: Scalar>(from: &[T], kept: Kept<'_>, to: &mut [T]) {
    match kept {
        Kept::All(_) => to.copy_from_slice(from),
        Kept::Some(list) => {
            for (to, &feature) in to.iter_mut().zip(list) {
                *to = from[usize::from(feature)];
            }
        }
    }
}

fn scatter<T: Scalar>(from: &[T], kept: Kept<'_>, to: &mut [T]) {
    match kept {
        Kept::All(_) => to.copy_from_slice(from),
        Kept::Some(list) => {
            to.fill(T::ZERO);
            for (from, &feature) in from.iter().zip(list) {
                to[usize::from(feature)] = *from;
            }
        }
    }
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
