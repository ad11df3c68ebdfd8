//! Where the vectors of queries, keys, values and outputs lie.

use crate::ops::product::Matrix;

/// Vectors by row of the batch, head and place in the sequence, with the strides between them.
#[derive(Clone, Copy)]
pub(super) struct Array<P> {
    pub(super) start: P,
    pub(super) by_row: usize,
    pub(super) by_head: usize,
    pub(super) by_place: usize,
}

impl<P> Array<P> {
    /// `[batch, heads, places, features]`, one after another.
    pub(super) fn apart(start: P, [heads, places, features]: [usize; 3]) -> Self {
        Array { start, by_row: heads * places * features, by_head: places * features, by_place: features }
    }

    /// `[batch, places, heads, features]` within vectors of `width` numbers.
    pub(super) fn together(start: P, [places, width, features]: [usize; 3]) -> Self {
        Array { start, by_row: places * width, by_head: features, by_place: width }
    }

    fn offset(&self, row: usize, head: usize, place: usize) -> usize {
        row * self.by_row + head * self.by_head + place * self.by_place
    }
}

impl Array<*const f32> {
    /// The vectors of a head from a place on.
    ///
    /// # Safety
    /// The place is one of the array.
    pub(super) unsafe fn of(&self, row: usize, head: usize, place: usize) -> Matrix<*const f32> {
        // SAFETY: as the caller guarantees.
        let start = unsafe { self.start.add(self.offset(row, head, place)) };
        Matrix { start, by_row: self.by_place }
    }
}

impl Array<*mut f32> {
    /// As for what is read.
    ///
    /// # Safety
    /// The place is one of the array.
    pub(super) unsafe fn of(&self, row: usize, head: usize, place: usize) -> Matrix<*mut f32> {
        // SAFETY: as the caller guarantees.
        let start = unsafe { self.start.add(self.offset(row, head, place)) };
        Matrix { start, by_row: self.by_place }
    }
}

// SAFETY: tasks read, or write parts of their own: a block of queries, or a head.
unsafe impl<P> Send for Array<P> {}
// SAFETY: as above.
unsafe impl<P> Sync for Array<P> {}

/// Sets `count` vectors of `features` numbers to 0.
///
/// # Safety
/// The vectors are there, and nobody else's.
pub(super) unsafe fn clear(vectors: Matrix<*mut f32>, count: usize, features: usize) {
    for vector in 0..count {
        // SAFETY: as the caller guarantees. All-zero bytes are +0.
        unsafe { vectors.start.add(vector * vectors.by_row).write_bytes(0, features) };
    }
}
