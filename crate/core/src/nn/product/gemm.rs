//! Matrix products of the `gemm` crates.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use gemm_common::Parallelism;

use crate::ops::Dual;

/// A matrix in memory with its strides, in elements.
#[derive(Clone, Copy, Debug)]
pub struct Strided<P> {
    /// The first element.
    pub start: P,
    /// From one column to the next.
    pub column: usize,
    /// From one row to the next.
    pub row: usize,
}

/// The sealed half of [`Scalar`](crate::nn::Scalar): products of matrices of this type.
pub trait Gemm: Sized {
    /// `out = lhs * rhs`, or `out += lhs * rhs` to `accumulate`, with `out` m x n, over k terms, on `threads` threads of the
    /// current pool. Fastest where
    /// the row stride of `out` is 1. The bits depend on the shapes, not on the number of threads.
    ///
    /// # Safety
    /// Every element that the shapes and strides name must be valid, `out` must not overlap the operands, and
    /// with more than one thread the call must run inside a pool.
    unsafe fn gemm(
        shape: [usize; 3],
        out: Strided<*mut Self>,
        lhs: Strided<*const Self>,
        rhs: Strided<*const Self>,
        accumulate: bool,
        threads: usize,
    );
}

macro_rules! gemm {
    ($number:ty, $kernel:path) => {
        impl Gemm for $number {
            #[inline]
            unsafe fn gemm(
                [m, n, k]: [usize; 3],
                out: Strided<*mut Self>,
                lhs: Strided<*const Self>,
                rhs: Strided<*const Self>,
                accumulate: bool,
                threads: usize,
            ) {
                let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
                let kernel = $kernel();
                let (alpha, beta) = (if accumulate { 1.0 } else { 0.0 }, 1.0); // out = alpha * out + beta * lhs * rhs
                let [conjugate_out, conjugate_lhs, conjugate_rhs] = [false; 3];
                // SAFETY: as the caller guarantees.
                unsafe {
                    kernel(
                        m,
                        n,
                        k,
                        out.start,
                        out.column as isize,
                        out.row as isize,
                        accumulate,
                        lhs.start,
                        lhs.column as isize,
                        lhs.row as isize,
                        rhs.start,
                        rhs.column as isize,
                        rhs.row as isize,
                        alpha,
                        beta,
                        conjugate_out,
                        conjugate_lhs,
                        conjugate_rhs,
                        parallelism,
                    );
                }
            }
        }
    };
}

gemm!(f32, gemm_f32::gemm::f32::get_gemm_fn);
gemm!(f64, gemm_f64::gemm::f64::get_gemm_fn);

/// (A + e A') (B + e B') = A B + e (A' B + A B'): three products of every second number.
impl<T: Gemm> Gemm for Dual<T> {
    unsafe fn gemm(
        shape: [usize; 3],
        out: Strided<*mut Self>,
        lhs: Strided<*const Self>,
        rhs: Strided<*const Self>,
        accumulate: bool,
        threads: usize,
    ) {
        let [value, tangent] = [0, 1].map(|part| {
            out.every_second(|start| {
                // SAFETY: a dual is two numbers.
                unsafe { start.cast::<T>().add(part) }
            })
        });
        let parts = |of: Strided<*const Self>| {
            // SAFETY: as above.
            [0, 1].map(|part| of.every_second(|start| unsafe { start.cast::<T>().add(part) }))
        };
        let ([a, a_tangent], [b, b_tangent]) = (parts(lhs), parts(rhs));
        // SAFETY: as the caller guarantees; values and tangents do not overlap.
        unsafe {
            T::gemm(shape, value, a, b, accumulate, threads);
            T::gemm(shape, tangent, a_tangent, b, accumulate, threads);
            T::gemm(shape, tangent, a, b_tangent, true, threads);
        }
    }
}

impl<P> Strided<P> {
    /// The same matrix of which every element is two numbers, by one of the two.
    fn every_second<Q>(self, start: impl FnOnce(P) -> Q) -> Strided<Q> {
        Strided { start: start(self.start), column: 2 * self.column, row: 2 * self.row }
    }
}
