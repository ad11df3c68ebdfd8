//! Kept parts of vectors and matrices to one place, and back to theirs.

use super::Features;
use crate::nn::Scalar;

/// The kept elements of a vector.
pub(super) fn gather_vector<T: Scalar>(from: &[T], features: &Features, to: &mut [T]) {
    if !features.leave_out() {
        return to.copy_from_slice(from);
    }
    assert_eq!((from.len(), to.len()), (features.width(), features.count()));
    let mut to = to.iter_mut();
    features.for_each(|index| {
        if let Some(to) = to.next() {
            *to = from[index];
        }
    });
}

/// The kept elements back to their places, 0 at the others.
pub(super) fn scatter_vector<T: Scalar>(from: &[T], features: &Features, to: &mut [T]) {
    if !features.leave_out() {
        return to.copy_from_slice(from);
    }
    assert_eq!((from.len(), to.len()), (features.count(), features.width()));
    to.fill(T::ZERO);
    let mut from = from.iter();
    features.for_each(|index| {
        if let Some(from) = from.next() {
            to[index] = *from;
        }
    });
}

/// The kept columns of the kept rows of a matrix.
pub(super) fn gather_matrix<T: Scalar>(from: &[T], rows: &Features, columns: &Features, to: &mut [T]) {
    assert_eq!((from.len(), to.len()), (rows.width() * columns.width(), rows.count() * columns.count()));
    let mut to = to.chunks_exact_mut(columns.count());
    rows.for_each(|row| {
        if let Some(to) = to.next() {
            gather_vector(&from[row * columns.width()..][..columns.width()], columns, to);
        }
    });
}

/// Kept columns of kept rows back to their places, 0 at the others.
pub(super) fn scatter_matrix<T: Scalar>(from: &[T], rows: &Features, columns: &Features, to: &mut [T]) {
    assert_eq!((from.len(), to.len()), (rows.count() * columns.count(), rows.width() * columns.width()));
    let width = columns.width();
    let (mut from, mut done) = (from.chunks_exact(columns.count()), 0);
    rows.for_each(|row| {
        to[done * width..row * width].fill(T::ZERO);
        if let Some(from) = from.next() {
            scatter_vector(from, columns, &mut to[row * width..][..width]);
        }
        done = row + 1;
    });
    to[done * width..].fill(T::ZERO);
}
