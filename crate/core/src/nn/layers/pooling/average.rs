//! The sum of each window over its size, padding counted as zeros.

use super::Row;
use crate::isa::Kernel;
use crate::nn::Scalar;

impl Row<'_> {
    /// One over the size of a window.
    #[inline(always)]
    fn share<T: Scalar>(&self) -> T {
        T::ONE / T::from_f64((self.windows[0].kernel * self.windows[1].kernel) as f64)
    }
}

pub(super) struct Forward<'a, T> {
    pub(super) row: Row<'a>,
    pub(super) x: &'a [T],
    pub(super) y: &'a mut [T],
}

impl<T: Scalar> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Forward { row, x, y } = self;
        let (channels, share) = (row.channels, row.share::<T>());
        y.fill(T::ZERO);
        row.for_each_tap(|output, input, _| {
            for (y, x) in y[output..][..channels].iter_mut().zip(&x[input..][..channels]) {
                *y += *x;
            }
        });
        y.iter_mut().for_each(|y| *y = *y * share);
    }
}

/// dx: each input's part of the gradients of the windows it is in.
pub(super) struct Backward<'a, T> {
    pub(super) row: Row<'a>,
    pub(super) dy: &'a [T],
    pub(super) dx: &'a mut [T],
}

impl<T: Scalar> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Backward { row, dy, dx } = self;
        let (channels, share) = (row.channels, row.share::<T>());
        dx.fill(T::ZERO);
        row.for_each_tap(|output, input, _| {
            for (dx, dy) in dx[input..][..channels].iter_mut().zip(&dy[output..][..channels]) {
                *dx += *dy * share;
            }
        });
    }
}
