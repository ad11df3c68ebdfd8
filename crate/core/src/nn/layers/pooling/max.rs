//! The largest number of each window. NaN is larger than all: a diverged network is seen.

use super::Row;
use crate::isa::Kernel;
use crate::nn::Scalar;

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
        let channels = row.channels;
        row.for_each_tap(|output, input, tap| {
            let (x, y) = (&x[input..input + channels], &mut y[output..output + channels]);
            if tap == 0 {
                return y.copy_from_slice(x);
            }
            for (y, x) in y.iter_mut().zip(x) {
                *y = if is_less(*y, *x) { *x } else { *y };
            }
        });
    }
}

/// Whether `b` takes the place of `a`; a NaN keeps its place.
#[inline(always)]
#[allow(clippy::eq_op)] // a number that is not itself is NaN
fn is_less<T: Scalar>(a: T, b: T) -> bool {
    a < b || (b != b && a == a)
}

/// dx: each window's gradient to the first input that is its maximum.
pub(super) struct Backward<'a, T> {
    pub(super) row: Row<'a>,
    pub(super) x: &'a [T],
    pub(super) y: &'a [T],
    /// The gradients of the outputs, which become 0 as they are spent.
    pub(super) dy: &'a mut [T],
    pub(super) dx: &'a mut [T],
}

impl<T: Scalar> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::eq_op)] // as above
    fn run(self) {
        let Backward { row, x, y, dy, dx } = self;
        let channels = row.channels;
        dx.fill(T::ZERO);
        row.for_each_tap(|output, input, _| {
            let (x, y) = (&x[input..][..channels], &y[output..][..channels]);
            let (dx, dy) = (&mut dx[input..][..channels], &mut dy[output..][..channels]);
            for c in 0..channels {
                let hit = x[c] == y[c] || x[c] != x[c];
                let (spent, left) = if hit { (dy[c], T::ZERO) } else { (T::ZERO, dy[c]) };
                dx[c] += spent;
                dy[c] = left;
            }
        });
    }
}
