//! The loops of batch normalisation, over vectors of channels.

use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::ops::Float;

/// Adds the sums over vectors of `of` two values and a mean.
pub(super) struct Sums<'a, T, F> {
    pub(super) values: [&'a [T]; 2],
    pub(super) mean: Option<&'a [T]>,
    pub(super) sums: &'a mut [T],
    pub(super) of: F,
}

/// Channels whose sums are in registers at a time.
const LANES: usize = 16;

impl<T: Scalar, F: Fn(T, T, T) -> T + Copy> Kernel for Sums<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sums { values: [a, b], mean, sums, of } = self;
        let channels = sums.len();
        for (start, sums) in (0..).step_by(LANES).zip(sums.chunks_mut(LANES)) {
            let count = sums.len();
            let mut local = [T::ZERO; LANES];
            if let Some(mean) = mean {
                local[..count].copy_from_slice(&mean[start..start + count]);
            }
            let mut wide = [T::Wide::ZERO; LANES];
            for (a, b) in a.chunks_exact(channels).zip(b.chunks_exact(channels)) {
                let (a, b) = (&a[start..start + count], &b[start..start + count]);
                match (<&[T; LANES]>::try_from(a), <&[T; LANES]>::try_from(b)) {
                    (Ok(a), Ok(b)) => {
                        for i in 0..LANES {
                            wide[i] += of(a[i], b[i], local[i]).widen();
                        }
                    }
                    _ => {
                        for i in 0..count {
                            wide[i] += of(a[i], b[i], local[i]).widen();
                        }
                    }
                }
            }
            for (sum, wide) in sums.iter_mut().zip(wide) {
                *sum = T::narrow(sum.widen() + wide);
            }
        }
    }
}

/// y = scale (x - mean) + beta.
pub(super) struct Standardize<'a, T> {
    pub(super) x: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) scale: &'a [T],
    pub(super) beta: &'a [T],
    pub(super) y: &'a mut [T],
}

impl<T: Scalar> Kernel for Standardize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Standardize { x, mean, scale, beta, y } = self;
        let channels = mean.len();
        let (scale, beta) = (&scale[..channels], &beta[..channels]);
        for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
            for c in 0..channels {
                y[c] = (x[c] - mean[c]) * scale[c] + beta[c];
            }
        }
    }
}

/// dx = scale dy - slope (x - mean) - shift, in the place of dy.
pub(super) struct Gradient<'a, T> {
    pub(super) x: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) scale: &'a [T],
    pub(super) slope: &'a [T],
    pub(super) shift: &'a [T],
    pub(super) dy: &'a mut [T],
}

impl<T: Scalar> Kernel for Gradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Gradient { x, mean, scale, slope, shift, dy } = self;
        let channels = mean.len();
        let (scale, slope, shift) = (&scale[..channels], &slope[..channels], &shift[..channels]);
        for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact_mut(channels)) {
            for c in 0..channels {
                dy[c] = dy[c] * scale[c] - (x[c] - mean[c]) * slope[c] - shift[c];
            }
        }
    }
}
