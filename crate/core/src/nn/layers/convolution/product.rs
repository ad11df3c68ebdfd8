//! The products of convolutions: sums over taps that stay in registers.
//!
//! Each element of a result is one chain of fused multiply-adds in the order of the taps, whatever the registers are,
//! so all instruction sets give the same bits.

use crate::nn::Scalar;

/// Positions whose sums are in registers at a time: with two registers of columns they leave room for a row of the
/// right side where there are 16 registers.
pub(super) const POSITIONS: usize = 6;

/// Whether a type is one for work, and not for reference: what is made for it is made for each instruction set.
pub(super) const fn is_fast<T>() -> bool {
    size_of::<T>() == 4
}

/// Columns in registers at a time: two registers of 32 bytes.
pub(super) const fn full<T>() -> usize {
    if is_fast::<T>() { 16 } else { 4 }
}

/// Columns where half as many do.
pub(super) const fn half<T>() -> usize {
    if is_fast::<T>() { 8 } else { 4 }
}

/// Elements of the left side that meet rows of the right side one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where they begin on the left side, seen from a position.
    pub(super) left: usize,
    /// The first row of the right side.
    pub(super) right: usize,
    /// How many there are.
    pub(super) length: usize,
}

/// The two sides of a product.
///
/// Whoever makes one guarantees that the elements which strides and runs name are there.
#[derive(Clone, Copy)]
pub(super) struct Sides<T> {
    pub(super) left: *const T,
    /// From one position to the next.
    pub(super) by_position: usize,
    /// From one element of a run to the next.
    pub(super) by_left: usize,
    pub(super) right: *const T,
    /// From one row to the next.
    pub(super) by_right: usize,
}

/// Where sums go.
#[derive(Clone, Copy)]
pub(super) struct Target<T> {
    pub(super) start: *mut T,
    /// From one position to the next.
    pub(super) by_position: usize,
    /// Columns that there are; those past them are left alone.
    pub(super) columns: usize,
}

/// The sums of up to [`POSITIONS`] positions and `N` columns; with `ADD` on top of what the target holds.
///
/// # Safety
/// The elements of both sides and of the target must be there, and those of the target nowhere else.
#[inline(always)]
pub(super) unsafe fn tile<T: Scalar, const N: usize, const ADD: bool>(
    positions: usize,
    sides: Sides<T>,
    runs: impl Iterator<Item = Run> + Clone,
    target: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        if !is_fast::<T>() {
            for position in 0..positions {
                let left = sides.left.add(position * sides.by_position);
                let start = target.start.add(position * target.by_position);
                let (sides, target) = (Sides { left, ..sides }, Target { start, ..target });
                sums::<T, 1, N, ADD>(sides, runs.clone(), target);
            }
            return;
        }
        match positions {
            1 => sums::<T, 1, N, ADD>(sides, runs, target),
            2 => sums::<T, 2, N, ADD>(sides, runs, target),
            3 => sums::<T, 3, N, ADD>(sides, runs, target),
            4 => sums::<T, 4, N, ADD>(sides, runs, target),
            5 => sums::<T, 5, N, ADD>(sides, runs, target),
            _ => sums::<T, POSITIONS, N, ADD>(sides, runs, target),
        }
    }
}

#[inline(always)]
unsafe fn sums<T: Scalar, const P: usize, const N: usize, const ADD: bool>(
    sides: Sides<T>,
    runs: impl Iterator<Item = Run>,
    target: Target<T>,
) {
    let mut sums = [[T::ZERO; N]; P];
    // SAFETY: as the caller guarantees.
    unsafe {
        if ADD {
            for (position, sums) in sums.iter_mut().enumerate() {
                let from = target.start.add(position * target.by_position);
                if target.columns == N {
                    *sums = from.cast::<[T; N]>().read();
                } else {
                    for (column, sum) in sums.iter_mut().enumerate().take(target.columns) {
                        *sum = *from.add(column);
                    }
                }
            }
        }
        for run in runs {
            let mut left = sides.left.add(run.left);
            let mut right = sides.right.add(run.right * sides.by_right);
            for _ in 0..run.length {
                let row = right.cast::<[T; N]>().read();
                for (position, sums) in sums.iter_mut().enumerate() {
                    let left = *left.add(position * sides.by_position);
                    for (sum, right) in sums.iter_mut().zip(row) {
                        *sum = left.mul_add(right, *sum);
                    }
                }
                left = left.wrapping_add(sides.by_left);
                right = right.wrapping_add(sides.by_right);
            }
        }
        for (position, sums) in sums.iter().enumerate() {
            let to = target.start.add(position * target.by_position);
            if target.columns == N {
                to.cast::<[T; N]>().write(*sums);
            } else {
                for (column, sum) in sums.iter().enumerate().take(target.columns) {
                    *to.add(column) = *sum;
                }
            }
        }
    }
}

/// Cuts `count` positions into as few tiles as possible, as even as possible: few positions in a tile would wait for
/// their own sums.
pub(super) fn tiles(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let tiles = count.div_ceil(POSITIONS).max(1);
    (0..tiles).map(move |tile| {
        let start = tile * count / tiles;
        (start, (tile + 1) * count / tiles - start)
    })
}

/// Cuts columns into panels: where each begins, and whether it is a full one. The last may be wider than what is left.
pub(super) fn panels<T>(columns: usize) -> impl Iterator<Item = (usize, bool)> {
    (0..columns).step_by(full::<T>()).map(move |start| (start, columns - start > half::<T>()))
}

/// Columns of all panels.
pub(super) fn panel_columns<T>(columns: usize) -> usize {
    columns.next_multiple_of(half::<T>())
}
