//! Small matrix products, single precision, out of memory as it lies.
//!
//! Every element of the result is one chain of fused multiply-adds in the order of the depth, whatever the registers
//! are, so all instruction sets give the same bits.

use crate::simd::{Full, Lines, VectorKernel, multiply};

/// Rows of the result in registers at a time, at most: with two registers of columns, or four where there are 32
/// registers, they leave room for a row of the right side.
const ROWS: usize = 6;

/// The left side: element (row, depth) is `start[row * by_row + depth * by_depth]`, so that it may be transposed.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub(crate) start: *const f32,
    pub(crate) by_row: usize,
    pub(crate) by_depth: usize,
}

/// Rows of memory.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<P> {
    pub(crate) start: P,
    pub(crate) by_row: usize,
}

/// Rows, columns and depth of a product.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) depth: usize,
}

/// `c = a b`, or with `ADD` `c += a b`.
///
/// # Safety
/// The machine must have the instructions of `V`; all elements must be there, and those of `c` nowhere else.
#[inline(always)]
pub(crate) unsafe fn product<V: Full, const ADD: bool>(
    size: Size,
    a: Left,
    b: Matrix<*const f32>,
    c: Matrix<*mut f32>,
) {
    // Rows are the outer loop: the right side, of which the caller makes no more than fits, stays in the first-level
    // cache while the left side and the result pass by once.
    // Bands are as even as can be: few rows would wait for their own sums.
    let bands = size.rows.div_ceil(ROWS);
    // SAFETY: as the caller guarantees.
    unsafe {
        for index in 0..bands {
            let row = index * size.rows / bands;
            let (a, c) = (Left { start: a.start.add(row * a.by_row), ..a }, c.skip(row));
            match (index + 1) * size.rows / bands - row {
                1 => band::<V, 1, ADD>(size, a, b, c),
                2 => band::<V, 2, ADD>(size, a, b, c),
                3 => band::<V, 3, ADD>(size, a, b, c),
                4 => band::<V, 4, ADD>(size, a, b, c),
                5 => band::<V, 5, ADD>(size, a, b, c),
                _ => band::<V, ROWS, ADD>(size, a, b, c),
            }
        }
    }
}

impl Matrix<*const f32> {
    /// The rows from `row` on.
    ///
    /// # Safety
    /// There must be one.
    #[inline(always)]
    pub(crate) unsafe fn skip(self, row: usize) -> Self {
        // SAFETY: as the caller guarantees.
        Matrix { start: unsafe { self.start.add(row * self.by_row) }, ..self }
    }
}

impl Matrix<*mut f32> {
    /// The rows from `row` on.
    ///
    /// # Safety
    /// There must be one.
    #[inline(always)]
    pub(crate) unsafe fn skip(self, row: usize) -> Self {
        // SAFETY: as the caller guarantees.
        Matrix { start: unsafe { self.start.add(row * self.by_row) }, ..self }
    }
}

/// `M` rows of the left side with all columns of the right.
struct Band<const M: usize, const ADD: bool> {
    depth: usize,
    columns: usize,
    a: [*const f32; M],
    a_by_depth: usize,
    b: Matrix<*const f32>,
    c: Matrix<*mut f32>,
}

/// A band in a function of its own, that does not know how its rows lie to each other.
#[inline(always)]
unsafe fn band<V: Full, const M: usize, const ADD: bool>(
    size: Size,
    a: Left,
    b: Matrix<*const f32>,
    c: Matrix<*mut f32>,
) {
    let rows = std::array::from_fn(|row| a.start.wrapping_add(row * a.by_row));
    let band =
        Band::<M, ADD> { depth: size.depth, columns: size.columns, a: rows, a_by_depth: a.by_depth, b, c };
    // SAFETY: as the caller of `product` guarantees.
    unsafe { V::apart(band) }
}

impl<const M: usize, const ADD: bool> VectorKernel for Band<M, ADD> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let mut column = 0;
        // SAFETY: `band` has the instructions and the memory from its caller; blocks lie inside the result.
        unsafe {
            if V::FLOATS == 16 {
                while column + 4 * V::FLOATS <= self.columns {
                    self.block::<V, 4>(column);
                    column += 4 * V::FLOATS;
                }
            }
            while column + 2 * V::FLOATS <= self.columns {
                self.block::<V, 2>(column);
                column += 2 * V::FLOATS;
            }
            while column + V::FLOATS <= self.columns {
                self.block::<V, 1>(column);
                column += V::FLOATS;
            }
            for column in column..self.columns {
                for (row, a) in self.a.iter().enumerate() {
                    let to = self.c.start.add(row * self.c.by_row + column);
                    let mut sum = if ADD { *to } else { 0.0 };
                    for depth in 0..self.depth {
                        let right = *self.b.start.add(depth * self.b.by_row + column);
                        sum = (*a.add(depth * self.a_by_depth)).mul_add(right, sum);
                    }
                    *to = sum;
                }
            }
        }
    }
}

impl<const M: usize, const ADD: bool> Band<M, ADD> {
    /// The columns of `N` registers, which stay in registers over the whole depth.
    #[inline(always)]
    unsafe fn block<V: Full, const N: usize>(&self, column: usize) {
        // SAFETY: as for `run`.
        unsafe {
            let c = self.c.start.add(column);
            let mut sums = [[V::splat_floats(0.0); N]; M];
            if ADD {
                for (row, sums) in sums.iter_mut().enumerate() {
                    for (register, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load_floats(c.add(row * self.c.by_row + register * V::FLOATS));
                    }
                }
            }
            let lines = Lines {
                left: self.a,
                left_by_depth: self.a_by_depth,
                right: self.b.start.add(column),
                right_by_depth: self.b.by_row,
            };
            let sums = multiply::<V, M, N>(sums, lines, self.depth);
            for (row, sums) in sums.iter().enumerate() {
                for (register, &sum) in sums.iter().enumerate() {
                    V::store_floats(sum, c.add(row * self.c.by_row + register * V::FLOATS));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::VectorKernel;
    use crate::simd::testing::BackEnd;

    struct Product<'a> {
        size: Size,
        transposed: bool,
        add: bool,
        a: &'a [f32],
        b: &'a [f32],
        c: &'a mut [f32],
    }

    impl VectorKernel for Product<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<V: Full>(self) {
            let Product { size, transposed, add, a, b, c } = self;
            let (by_row, by_depth) = if transposed { (1, size.rows) } else { (size.depth, 1) };
            let a = Left { start: a.as_ptr(), by_row, by_depth };
            let b = Matrix { start: b.as_ptr(), by_row: size.columns };
            let c = Matrix { start: c.as_mut_ptr(), by_row: size.columns };
            // SAFETY: the caller guarantees `V`; the slices have the elements.
            unsafe {
                if add { product::<V, true>(size, a, b, c) } else { product::<V, false>(size, a, b, c) }
            }
        }
    }

    #[test]
    fn every_back_end_gives_the_chains_of_multiply_adds() {
        let value = |i: usize| ((i * 2_654_435_761) >> 7 & 0xffff) as f32 / 32_768.0 - 1.0;
        for [rows, columns, depth] in
            [[1, 1, 1], [7, 64, 5], [13, 65, 8], [6, 16, 3], [5, 83, 2], [64, 31, 17], [2, 4, 0]]
        {
            for (transposed, add) in [(false, false), (true, false), (false, true), (true, true)] {
                let a: Vec<f32> = (0..rows * depth).map(value).collect();
                let b: Vec<f32> = (0..depth * columns).map(|i| value(i + 999)).collect();
                let before: Vec<f32> = (0..rows * columns).map(|i| value(i + 77)).collect();
                let mut expected = before.clone();
                for row in 0..rows {
                    for column in 0..columns {
                        let mut sum = if add { before[row * columns + column] } else { 0.0 };
                        for k in 0..depth {
                            let left = if transposed { a[k * rows + row] } else { a[row * depth + k] };
                            sum = left.mul_add(b[k * columns + column], sum);
                        }
                        expected[row * columns + column] = sum;
                    }
                }
                for back_end in BackEnd::all() {
                    let mut c = before.clone();
                    let size = Size { rows, columns, depth };
                    back_end.run(Product { size, transposed, add, a: &a, b: &b, c: &mut c });
                    let bits = |c: &[f32]| c.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    assert!(bits(&c) == bits(&expected), "{back_end:?}, {rows} x {columns} x {depth}");
                }
            }
        }
    }
}
