//! Outputs of very few units, where a kernel made for square tiles idles.

use crate::isa::Kernel;
use crate::nn::Scalar;

/// Units up to which this is faster.
pub(super) const MAX_UNITS: usize = 4;

/// Partial sums of one dot product.
const LANES: usize = 16;

/// y [rows, units] = x [rows, inputs] w' by dot products: x is read once, w stays in the nearest cache. A row's
/// bits do not depend on the other rows.
pub(super) struct ThinOutputs<'a, T> {
    pub(super) inputs: usize,
    pub(super) units: usize,
    pub(super) x: &'a [T],
    /// [units, inputs].
    pub(super) w: &'a [T],
    pub(super) y: &'a mut [T],
}

impl<T: Scalar> Kernel for ThinOutputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.units {
            1 => self.dot::<1>(),
            2 => self.dot::<2>(),
            3 => self.dot::<3>(),
            _ => self.dot::<4>(),
        }
    }
}

impl<T: Scalar> ThinOutputs<'_, T> {
    #[inline(always)]
    fn dot<const UNITS: usize>(self) {
        let whole = self.inputs / LANES * LANES;
        let w: [&[T]; UNITS] = std::array::from_fn(|unit| &self.w[unit * self.inputs..][..self.inputs]);
        for (x, y) in self.x.chunks_exact(self.inputs).zip(self.y.chunks_exact_mut(UNITS)) {
            let mut sums = [[T::ZERO; LANES]; UNITS];
            for at in (0..whole).step_by(LANES) {
                let x: &[T; LANES] = x[at..at + LANES].try_into().expect("a whole chunk");
                for unit in 0..UNITS {
                    let w: &[T; LANES] = w[unit][at..at + LANES].try_into().expect("a whole chunk");
                    for j in 0..LANES {
                        sums[unit][j] += x[j] * w[j];
                    }
                }
            }
            for unit in 0..UNITS {
                let mut sum = fold(sums[unit]);
                for at in whole..self.inputs {
                    sum += x[at] * w[unit][at];
                }
                y[unit] = sum;
            }
        }
    }
}

/// The sum of the lanes, pairwise.
#[inline(always)]
fn fold<T: Scalar>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for j in 0..half {
            lanes[j] += lanes[j + half];
        }
        half /= 2;
    }
    lanes[0]
}
