//! The products of convolutions: sums over taps that stay in registers.
//!
//! Each element of a result is one chain of fused multiply-adds in the order of the taps, whatever the registers are,
//! so all instruction sets give the same bits.

use std::marker::PhantomData;

use crate::nn::Scalar;
use crate::simd::{Full, Lines, multiply};

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

/// How sums are made: out of plain numbers, or in registers of an instruction set.
pub(super) trait Sums<T> {
    /// The sums of `P` positions and `N` columns; with `ADD` on top of what the target holds.
    ///
    /// # Safety
    /// The elements of both sides and of the target must be there, and those of the target nowhere else. The machine
    /// must have the instructions.
    unsafe fn sums<const P: usize, const N: usize, const ADD: bool>(
        sides: Sides<T>,
        runs: impl Iterator<Item = Run>,
        target: Target<T>,
    );
}

/// The sums of up to [`POSITIONS`] positions and `N` columns; with `ADD` on top of what the target holds.
///
/// # Safety
/// As for [`Sums::sums`].
#[inline(always)]
pub(super) unsafe fn tile<T: Scalar, S: Sums<T>, const N: usize, const ADD: bool>(
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
                S::sums::<1, N, ADD>(sides, runs.clone(), target);
            }
            return;
        }
        match positions {
            1 => S::sums::<1, N, ADD>(sides, runs, target),
            2 => S::sums::<2, N, ADD>(sides, runs, target),
            3 => S::sums::<3, N, ADD>(sides, runs, target),
            4 => S::sums::<4, N, ADD>(sides, runs, target),
            5 => S::sums::<5, N, ADD>(sides, runs, target),
            _ => S::sums::<POSITIONS, N, ADD>(sides, runs, target),
        }
    }
}

/// Sums out of plain numbers.
pub(super) struct Plain;

impl<T: Scalar> Sums<T> for Plain {
    #[inline(always)]
    unsafe fn sums<const P: usize, const N: usize, const ADD: bool>(
        sides: Sides<T>,
        runs: impl Iterator<Item = Run>,
        target: Target<T>,
    ) {
        let mut sums = [[T::ZERO; N]; P];
        // SAFETY: as the caller guarantees.
        unsafe {
            if ADD {
                for (position, sums) in sums.iter_mut().enumerate() {
                    target.read(position, sums);
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
                target.write(position, sums);
            }
        }
    }
}

/// Sums in registers `V`: left to itself, the compiler keeps arrays of sums in memory.
pub(super) struct Registers<V>(PhantomData<V>);

impl<V: Full> Sums<f32> for Registers<V> {
    #[inline(always)]
    unsafe fn sums<const P: usize, const N: usize, const ADD: bool>(
        sides: Sides<f32>,
        runs: impl Iterator<Item = Run>,
        target: Target<f32>,
    ) {
        // SAFETY: as the caller guarantees.
        unsafe {
            match N / V::FLOATS {
                1 => in_registers::<V, P, 1, N, ADD>(sides, runs, target),
                2 => in_registers::<V, P, 2, N, ADD>(sides, runs, target),
                4 => in_registers::<V, P, 4, N, ADD>(sides, runs, target),
                // Fewer columns than a register has, or more registers than anything real needs.
                _ => Plain::sums::<P, N, ADD>(sides, runs, target),
            }
        }
    }
}

/// As [`Sums::sums`], for `N` columns in `R` registers.
///
/// # Safety
/// As for [`Sums::sums`].
#[inline(always)]
unsafe fn in_registers<V: Full, const P: usize, const R: usize, const N: usize, const ADD: bool>(
    sides: Sides<f32>,
    runs: impl Iterator<Item = Run>,
    target: Target<f32>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        let mut sums = [[V::splat_floats(0.0); R]; P];
        if ADD {
            for (position, sums) in sums.iter_mut().enumerate() {
                if target.columns == N {
                    let from = target.start.add(position * target.by_position);
                    for (register, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load_floats(from.add(register * V::FLOATS));
                    }
                } else {
                    let mut columns = [0.0; N];
                    target.read(position, &mut columns);
                    for (register, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load_floats(columns.as_ptr().add(register * V::FLOATS));
                    }
                }
            }
        }
        for run in runs {
            let lines = Lines {
                left: std::array::from_fn(|position| {
                    sides.left.wrapping_add(run.left + position * sides.by_position)
                }),
                left_by_depth: sides.by_left,
                right: sides.right.add(run.right * sides.by_right),
                right_by_depth: sides.by_right,
            };
            sums = multiply::<V, P, R>(sums, lines, run.length);
        }
        for (position, sums) in sums.iter().enumerate() {
            if target.columns == N {
                let to = target.start.add(position * target.by_position);
                for (register, &sum) in sums.iter().enumerate() {
                    V::store_floats(sum, to.add(register * V::FLOATS));
                }
            } else {
                let mut columns = [0.0; N];
                for (register, &sum) in sums.iter().enumerate() {
                    V::store_floats(sum, columns.as_mut_ptr().add(register * V::FLOATS));
                }
                target.write(position, &columns);
            }
        }
    }
}

impl<T: Copy> Target<T> {
    /// Reads the columns of a position that there are.
    ///
    /// # Safety
    /// They must be there.
    #[inline(always)]
    unsafe fn read<const N: usize>(self, position: usize, columns: &mut [T; N]) {
        // SAFETY: as the caller guarantees.
        unsafe {
            let from = self.start.add(position * self.by_position);
            if self.columns == N {
                *columns = from.cast::<[T; N]>().read();
            } else {
                for (column, value) in columns.iter_mut().enumerate().take(self.columns) {
                    *value = *from.add(column);
                }
            }
        }
    }

    /// Writes the columns of a position that there are.
    ///
    /// # Safety
    /// They must be there, and nowhere else.
    #[inline(always)]
    unsafe fn write<const N: usize>(self, position: usize, columns: &[T; N]) {
        // SAFETY: as the caller guarantees.
        unsafe {
            let to = self.start.add(position * self.by_position);
            if self.columns == N {
                to.cast::<[T; N]>().write(*columns);
            } else {
                for (column, value) in columns.iter().enumerate().take(self.columns) {
                    *to.add(column) = *value;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::VectorKernel;
    use crate::simd::testing::BackEnd;

    const DEPTH: usize = 7;
    const BY_TARGET: usize = 19;
    const RUNS: [Run; 2] = [Run { left: 1, right: 0, length: 3 }, Run { left: 9, right: 3, length: 4 }];

    struct Tile<'a> {
        positions: usize,
        wide: bool,
        columns: usize,
        add: bool,
        left: &'a [f32],
        right: &'a [f32],
        target: &'a mut [f32],
    }

    impl VectorKernel for Tile<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<V: Full>(self) {
            let Tile { positions, wide, columns, add, left, right, target } = self;
            let by_right = if wide { full::<f32>() } else { half::<f32>() };
            let sides =
                Sides { left: left.as_ptr(), by_position: 5, by_left: 1, right: right.as_ptr(), by_right };
            let target = Target { start: target.as_mut_ptr(), by_position: BY_TARGET, columns };
            let runs = RUNS.into_iter();
            // SAFETY: the caller guarantees `V`; the slices have the elements.
            unsafe {
                match (wide, add) {
                    (true, true) => tile::<f32, Registers<V>, 16, true>(positions, sides, runs, target),
                    (true, false) => tile::<f32, Registers<V>, 16, false>(positions, sides, runs, target),
                    (false, true) => tile::<f32, Registers<V>, 8, true>(positions, sides, runs, target),
                    (false, false) => tile::<f32, Registers<V>, 8, false>(positions, sides, runs, target),
                }
            }
        }
    }

    #[test]
    fn every_back_end_gives_the_chains_of_multiply_adds() {
        let value = |i: usize| ((i * 2_654_435_761) >> 7 & 0xffff) as f32 / 32_768.0 - 1.0;
        let left: Vec<f32> = (0..5 * POSITIONS + 13).map(value).collect();
        for (wide, columns) in [(true, 16), (true, 13), (false, 8), (false, 3)] {
            let width = if wide { full::<f32>() } else { half::<f32>() };
            let right: Vec<f32> = (0..DEPTH * width).map(|i| value(i + 999)).collect();
            for (positions, add) in (1..=POSITIONS).flat_map(|count| [(count, false), (count, true)]) {
                let before: Vec<f32> = (0..POSITIONS * BY_TARGET).map(|i| value(i + 77)).collect();
                let mut expected = before.clone();
                for position in 0..positions {
                    for column in 0..columns {
                        let to = &mut expected[position * BY_TARGET + column];
                        let mut sum = if add { *to } else { 0.0 };
                        for run in RUNS {
                            for k in 0..run.length {
                                let left = left[position * 5 + run.left + k];
                                sum = left.mul_add(right[(run.right + k) * width + column], sum);
                            }
                        }
                        *to = sum;
                    }
                }
                for back_end in BackEnd::all() {
                    let mut target = before.clone();
                    let (left, right) = (&left, &right);
                    back_end.run(Tile { positions, wide, columns, add, left, right, target: &mut target });
                    // Also what lies beside the target.
                    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    assert!(
                        bits(&target) == bits(&expected),
                        "{back_end:?}, {positions} x {columns}, {wide} {add}"
                    );
                }
            }
        }
    }
}
