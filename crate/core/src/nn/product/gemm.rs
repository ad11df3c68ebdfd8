//! Matrix products of the `gemm` crates.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use gemm_common::Parallelism;

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
    /// `out = lhs * rhs` with `out` m x n, over k terms, on `threads` threads of the current pool. Fastest where
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
                threads: usize,
            ) {
                let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
                let kernel = $kernel();
                let (read_out, alpha, beta) = (false, 0.0, 1.0); // out = alpha * out + beta * lhs * rhs
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
                        read_out,
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
