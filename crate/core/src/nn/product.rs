//! The three matrix products of a dense layer, row-major, on the pool the call runs in.

use gemm_common::Parallelism;

use super::Scalar;
use crate::parallel;

/// Multiply-adds from which on more than one thread pays.
const PARALLEL_FROM: usize = 1 << 21;

fn parallelism(work: usize) -> Parallelism {
    match parallel::current_threads() {
        threads if threads > 1 && work >= PARALLEL_FROM => Parallelism::Rayon(threads),
        _ => Parallelism::None,
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
        // SAFETY: `check` holds the lengths against the shapes; `y` is borrowed exclusively.
        unsafe {
            T::gemm(
                units,
                rows,
                inputs,
                (y.as_mut_ptr(), units as isize, 1),
                false,
                (w.as_ptr(), 1, inputs as isize),
                (x.as_ptr(), inputs as isize, 1),
                self.parallelism(),
            );
        }
    }

    /// dx [rows, inputs] = dy [rows, units] w.
    pub(crate) fn input_gradient<T: Scalar>(self, dy: &[T], w: &[T], dx: &mut [T]) {
        let Dense { rows, inputs, units } = self;
        self.check(dx, w, dy);
        // SAFETY: as in `outputs`.
        unsafe {
            T::gemm(
                inputs,
                rows,
                units,
                (dx.as_mut_ptr(), inputs as isize, 1),
                false,
                (w.as_ptr(), inputs as isize, 1),
                (dy.as_ptr(), units as isize, 1),
                self.parallelism(),
            );
        }
    }

    /// dw [units, inputs] = dy' x.
    pub(crate) fn weight_gradient<T: Scalar>(self, dy: &[T], x: &[T], dw: &mut [T]) {
        let Dense { rows, inputs, units } = self;
        self.check(x, dw, dy);
        // SAFETY: as in `outputs`.
        unsafe {
            T::gemm(
                inputs,
                units,
                rows,
                (dw.as_mut_ptr(), inputs as isize, 1),
                false,
                (x.as_ptr(), inputs as isize, 1),
                (dy.as_ptr(), 1, units as isize),
                self.parallelism(),
            );
        }
    }

    fn check<T>(self, x: &[T], w: &[T], y: &[T]) {
        let Dense { rows, inputs, units } = self;
        assert_eq!((x.len(), w.len(), y.len()), (rows * inputs, units * inputs, rows * units), "{self:?}");
    }

    fn parallelism(self) -> Parallelism {
        parallelism(self.rows * self.inputs * self.units)
    }
}
