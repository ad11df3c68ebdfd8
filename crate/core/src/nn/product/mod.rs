//! The three matrix products of a dense layer, row-major, on the pool the call runs in.

mod gemm;

pub(crate) use gemm::{Gemm, Strided};

use std::ops::Range;

use rayon::prelude::*;

use super::Scalar;
use crate::parallel;

/// Multiply-adds from which on more than one thread pays: some 50 microseconds of one.
const PARALLEL_FROM: usize = 1 << 22;

/// Outputs up to which the `gemm` crate has a fast path for operands like those of [`Dense::outputs`].
const FEW_OUTPUTS: usize = 256;

/// Units up to which many rows are best worked off in blocks of [`FEW_OUTPUTS`]: measured, 1000 x 64 x 2 takes
/// 6 microseconds instead of 21, 128 x 512 x 10 takes 14 instead of 22, and 1000 x 64 x 16 would take longer.
const FEW_UNITS: usize = 10;

/// Columns or rows of a part that a thread works off, at least, where the result is wide the other way.
const LEAST_PART: usize = 32;

/// The same where it is not: more than [`SMALL`] after rounding, see [`Dense::parts`], and few enough that half of a layer
/// of 512 units is shared by two threads.
const LEAST_PART_OF_NARROW: usize = 96;

/// The `gemm` crate has another order of terms for results of up to so many rows and columns.
const SMALL: usize = 64;

/// And yet another one for results of up to so many elements.
const TINY: usize = 256;

/// Rows of one call of the `gemm` crate, at most: it brings an operand into another order for all rows or terms of a call
/// at once, and works from the second-level cache only if that is small. Measured, products of 2048 rows with 128 inputs
/// and 128 to 512 units are up to a tenth faster. It bounds the memory for it, too.
const AT_ONCE: usize = 256;

/// Columns of one call, at most, for the same reason: more than twice [`SMALL`] with two times [`PART_MULTIPLE`], so that no
/// run of them is small. The crate works off up to 512 terms at once, so that it makes room for 320 KB.
const WIDTH: usize = 160;

/// Parts begin at whole registers.
const PART_MULTIPLE: usize = 16;

/// An output that threads write parts of.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

// SAFETY: whoever makes one sees to it that threads write disjoint parts.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The element at an index.
    ///
    /// # Safety
    /// There must be one.
    unsafe fn at(&self, index: usize) -> *mut T {
        // SAFETY: as the caller guarantees.
        unsafe { self.0.add(index) }
    }
}

/// Cuts rows into runs of up to [`AT_ONCE`], as even as can be: none is [`SMALL`] unless all of them together are.
pub(crate) fn at_once(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let count = rows.len().div_ceil(AT_ONCE).max(1);
    let border = move |index: usize| rows.start + index * rows.len() / count;
    (0..count).map(move |index| border(index)..border(index + 1))
}

/// Cuts columns of `rows` rows into runs of up to [`WIDTH`]: none is [`SMALL`] or [`TINY`] unless all of them together are.
fn widths(columns: Range<usize>, rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = if rows * SMALL < TINY { 1 } else { columns.len().div_ceil(WIDTH).max(1) };
    let at = move |index: usize| columns.start + border(columns.len(), count, index);
    (0..count).map(move |index| at(index)..at(index + 1))
}

/// Cuts rows and columns of a result into what is worked off at once.
fn blocks(rows: Range<usize>, columns: Range<usize>) -> impl Iterator<Item = [Range<usize>; 2]> {
    at_once(rows)
        .flat_map(move |rows| widths(columns.clone(), rows.len()).map(move |columns| [rows.clone(), columns]))
}

/// Where part `index` of `parts` begins, or the last one ends: at a whole register.
fn border(extent: usize, parts: usize, index: usize) -> usize {
    match index {
        _ if index == parts => extent,
        index => index * extent / parts / PART_MULTIPLE * PART_MULTIPLE,
    }
}

/// The shape of a dense layer's products.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    pub(crate) units: usize,
}

impl Dense {
    /// y [rows, units] = x [rows, inputs] w' with w [units, inputs].
    pub(crate) fn outputs<T: Scalar>(self, x: &[T], w: &[T], y: &mut [T]) {
        let Dense { rows, inputs, units } = self;
        self.check(x, w, y);
        if units <= FEW_UNITS {
            let block = FEW_OUTPUTS / units;
            for (x, y) in x.chunks(block * inputs).zip(y.chunks_mut(block * units)) {
                // SAFETY: `check` holds the lengths against the shapes; `y` is borrowed exclusively.
                unsafe {
                    T::gemm(
                        [units, y.len() / units, inputs],
                        Strided { start: y.as_mut_ptr(), column: units, row: 1 },
                        Strided { start: w.as_ptr(), column: 1, row: inputs },
                        Strided { start: x.as_ptr(), column: inputs, row: 1 },
                        false,
                    );
                }
            }
            return;
        }
        let y = Shared(y.as_mut_ptr());
        self.split([rows, units], |[rows, columns]| {
            for [rows, columns] in blocks(rows, columns) {
                // SAFETY: as above; each part writes rows and columns of its own.
                unsafe {
                    T::gemm(
                        [columns.len(), rows.len(), inputs],
                        Strided { start: y.at(rows.start * units + columns.start), column: units, row: 1 },
                        Strided { start: w.as_ptr().add(columns.start * inputs), column: 1, row: inputs },
                        Strided { start: x.as_ptr().add(rows.start * inputs), column: inputs, row: 1 },
                        false,
                    );
                }
            }
        });
    }

    /// dx [rows, inputs] = dy [rows, units] w.
    pub(crate) fn input_gradient<T: Scalar>(self, dy: &[T], w: &[T], dx: &mut [T]) {
        let Dense { rows, inputs, units } = self;
        self.check(dx, w, dy);
        let dx = Shared(dx.as_mut_ptr());
        self.split([rows, inputs], |[rows, columns]| {
            for [rows, columns] in blocks(rows, columns) {
                // SAFETY: as in `outputs`.
                unsafe {
                    T::gemm(
                        [columns.len(), rows.len(), units],
                        Strided { start: dx.at(rows.start * inputs + columns.start), column: inputs, row: 1 },
                        Strided { start: w.as_ptr().add(columns.start), column: inputs, row: 1 },
                        Strided { start: dy.as_ptr().add(rows.start * units), column: units, row: 1 },
                        false,
                    );
                }
            }
        });
    }

    /// dw [units, inputs] = dy' x.
    pub(crate) fn weight_gradient<T: Scalar>(self, dy: &[T], x: &[T], dw: &mut [T]) {
        self.weight_gradient_of_columns(dy, self.units, x, dw, false);
    }

    /// The same where dy is the first `units` of `columns` columns; added to dw if `adds`.
    pub(crate) fn weight_gradient_of_columns<T: Scalar>(
        self,
        dy: &[T],
        columns: usize,
        x: &[T],
        dw: &mut [T],
        adds: bool,
    ) {
        let Dense { rows, inputs, units } = self;
        assert!(units <= columns && dy.len() + columns >= rows * columns + units, "{self:?} of {columns}");
        assert_eq!((x.len(), dw.len()), (rows * inputs, units * inputs), "{self:?}");
        let dw = Shared(dw.as_mut_ptr());
        self.split([units, inputs], |[part, wide]| {
            for terms in at_once(0..rows) {
                for part in widths(part.clone(), wide.len()) {
                    // SAFETY: the lengths were just held against the shapes; `dw` is borrowed exclusively and each part
                    // writes rows and columns of its own.
                    unsafe {
                        let (x, dy) =
                            (x.as_ptr().add(terms.start * inputs), dy.as_ptr().add(terms.start * columns));
                        T::gemm(
                            [wide.len(), part.len(), terms.len()],
                            Strided {
                                start: dw.at(part.start * inputs + wide.start),
                                column: inputs,
                                row: 1,
                            },
                            Strided { start: x.add(wide.start), column: inputs, row: 1 },
                            Strided { start: dy.add(part.start), column: 1, row: columns },
                            adds || terms.start > 0,
                        );
                    }
                }
            }
        });
    }

    /// Calls `work` for parts of the rows and columns of a result, one for each thread where that pays. Splitting here and
    /// not within a product lets each thread pack its own part of one operand; the longer side is split, so that what all
    /// threads pack is the smaller operand.
    fn split(self, [rows, columns]: [usize; 2], work: impl Fn([Range<usize>; 2]) + Sync) {
        let extent = rows.max(columns);
        let parts = self.parts(extent, rows.min(columns));
        let work = |part: usize| {
            let part = border(extent, parts, part)..border(extent, parts, part + 1);
            if rows > columns { work([part, 0..columns]) } else { work([0..rows, part]) }
        };
        if parts == 1 { work(0) } else { (0..parts).into_par_iter().for_each(work) }
    }

    /// Into how many parts the longer side of a result is split. A term's place in its sum depends on the number of terms
    /// alone where a result is neither small nor tiny, and no part of another one is, so the bits do not depend on the
    /// parts.
    fn parts(self, extent: usize, other: usize) -> usize {
        let least = if other > SMALL { LEAST_PART } else { LEAST_PART_OF_NARROW };
        self.threads().min(extent / least.max(TINY / other.max(1) + PART_MULTIPLE + 1)).max(1)
    }

    fn check<T>(self, x: &[T], w: &[T], y: &[T]) {
        let Dense { rows, inputs, units } = self;
        assert_eq!((x.len(), w.len(), y.len()), (rows * inputs, units * inputs, rows * units), "{self:?}");
    }

    fn threads(self) -> usize {
        if self.rows * self.inputs * self.units >= PARALLEL_FROM { parallel::current_threads() } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<T: Scalar>(count: usize, salt: f64) -> Vec<T> {
        (0..count).map(|i| T::from_f64(((i as f64 + salt) * 0.618_033_988_75).fract() - 0.5)).collect()
    }

    fn naive(shape: Dense, x: &[f64], w: &[f64], y: &[f64]) -> [Vec<f64>; 3] {
        let Dense { rows, inputs, units } = shape;
        let mut outputs = [vec![0.0; rows * units], vec![0.0; rows * inputs], vec![0.0; units * inputs]];
        for r in 0..rows {
            for u in 0..units {
                for i in 0..inputs {
                    outputs[0][r * units + u] += x[r * inputs + i] * w[u * inputs + i];
                    outputs[1][r * inputs + i] += y[r * units + u] * w[u * inputs + i];
                    outputs[2][u * inputs + i] += y[r * units + u] * x[r * inputs + i];
                }
            }
        }
        outputs
    }

    fn all<T: Scalar>(shape: Dense, x: &[T], w: &[T], y: &[T]) -> [Vec<T>; 3] {
        let Dense { rows, inputs, units } = shape;
        let nan = |count| vec![T::from_f64(f64::NAN); count];
        let mut outputs = [nan(rows * units), nan(rows * inputs), nan(units * inputs)];
        shape.outputs(x, w, &mut outputs[0]);
        shape.input_gradient(y, w, &mut outputs[1]);
        shape.weight_gradient(y, x, &mut outputs[2]);
        outputs
    }

    #[test]
    fn products_agree_with_their_definition() {
        let extents = [1, 2, 3, 4, 5, 17, 70, 300, 515];
        for rows in extents {
            for inputs in extents {
                let wide = if rows * inputs < 2000 { 330 } else { 33 };
                for units in [1, 2, 3, 4, 5, wide] {
                    let shape = Dense { rows, inputs, units };
                    let (x, w, y) = (
                        numbers(rows * inputs, 0.1),
                        numbers(units * inputs, 0.2),
                        numbers(rows * units, 0.3),
                    );
                    let (got, wanted) = (all::<f64>(shape, &x, &w, &y), naive(shape, &x, &w, &y));
                    for (got, wanted) in got.iter().flatten().zip(wanted.iter().flatten()) {
                        assert!((got - wanted).abs() < 1e-12, "{shape:?}: {got} instead of {wanted}");
                    }
                }
            }
        }
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        for (rows, inputs, units) in [
            (128, 784, 512),
            (128, 512, 10),
            (1000, 700, 3),
            (130, 333, 77),
            (2, 3000, 1000),
            (128, 291, 195),
            (2048, 128, 128),
            (700, 65, 130),
            (66, 600, 290),
            (2, 11_000, 260),
            (520, 70, 160),
            (1100, 140, 65),
            (3, 9000, 500),
            (4, 9000, 500),
            (4, 161, 2000),
            (50, 175, 330),
        ] {
            let shape = Dense { rows, inputs, units };
            let (x, w, y) =
                (numbers(rows * inputs, 0.1), numbers(units * inputs, 0.2), numbers(rows * units, 0.3));
            let results = [1, 2, 3].map(|threads| {
                parallel::install(threads, || all::<f32>(shape, &x, &w, &y).map(bits)).unwrap()
            });
            assert!(results.iter().all(|result| *result == results[0]), "{shape:?}");
        }
    }

    fn bits(values: Vec<f32>) -> Vec<u32> {
        values.into_iter().map(f32::to_bits).collect()
    }
}
