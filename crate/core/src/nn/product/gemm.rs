//! Matrix products of the `gemm` crates.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use gemm_common::Parallelism;

use crate::isa::Isa;
use crate::ops::Dual;
use crate::ops::product::{Left, Matrix, Size, product};
use crate::simd::{Full, VectorKernel, run};

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
    /// `out = lhs * rhs`, or `out += lhs * rhs` to `accumulate`, with `out` m x n, over k terms, on one thread. Fastest
    /// where the row stride of `out` is 1. The bits depend on the shapes.
    ///
    /// # Safety
    /// Every element that the shapes and strides name must be valid, and `out` must not overlap the operands.
    unsafe fn gemm(
        shape: [usize; 3],
        out: Strided<*mut Self>,
        lhs: Strided<*const Self>,
        rhs: Strided<*const Self>,
        accumulate: bool,
    );

    /// As [`gemm`](Gemm::gemm), for few columns of `out` and a `lhs` in the nearest cache: many such
    /// products have no time for packing.
    ///
    /// # Safety
    /// As for [`gemm`](Gemm::gemm).
    unsafe fn small_gemm(
        _isa: Isa,
        shape: [usize; 3],
        out: Strided<*mut Self>,
        lhs: Strided<*const Self>,
        rhs: Strided<*const Self>,
        accumulate: bool,
    ) {
        // SAFETY: as the caller guarantees.
        unsafe { Self::gemm(shape, out, lhs, rhs, accumulate) };
    }
}

/// `gemm` out of the crate for a type.
macro_rules! gemm {
    ($number:ty, $kernel:path) => {
        #[inline]
        unsafe fn gemm(
            [m, n, k]: [usize; 3],
            out: Strided<*mut $number>,
            lhs: Strided<*const $number>,
            rhs: Strided<*const $number>,
            accumulate: bool,
        ) {
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
                    Parallelism::None,
                );
            }
        }
    };
}

impl Gemm for f32 {
    gemm!(f32, gemm_f32::gemm::f32::get_gemm_fn);

    unsafe fn small_gemm(
        isa: Isa,
        [columns, rows, depth]: [usize; 3],
        out: Strided<*mut f32>,
        lhs: Strided<*const f32>,
        rhs: Strided<*const f32>,
        accumulate: bool,
    ) {
        assert!(out.row == 1 && lhs.row == 1, "columns of `out` and of `lhs` are runs of memory");
        // Rows here are columns there.
        let size = Size { rows, columns, depth };
        let left = Left { start: rhs.start, by_row: rhs.column, by_depth: rhs.row };
        let right = Matrix { start: lhs.start, by_row: lhs.column };
        let out = Matrix { start: out.start, by_row: out.column };
        run(isa, Small { size, left, right, out, accumulate });
    }
}

impl Gemm for f64 {
    gemm!(f64, gemm_f64::gemm::f64::get_gemm_fn);
}

/// A small product in registers.
struct Small {
    size: Size,
    left: Left,
    right: Matrix<*const f32>,
    out: Matrix<*mut f32>,
    accumulate: bool,
}

impl VectorKernel for Small {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        let Small { size, left, right, out, accumulate } = self;
        // SAFETY: the caller guarantees `V`, and whoever made this the elements.
        unsafe {
            if accumulate {
                product::<V, true>(size, left, right, out);
            } else {
                product::<V, false>(size, left, right, out);
            }
        }
    }
}

/// (A + e A') (B + e B') = A B + e (A' B + A B'): three products of every second number.
impl<T: Gemm> Gemm for Dual<T> {
    unsafe fn gemm(
        shape: [usize; 3],
        out: Strided<*mut Self>,
        lhs: Strided<*const Self>,
        rhs: Strided<*const Self>,
        accumulate: bool,
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
            T::gemm(shape, value, a, b, accumulate);
            T::gemm(shape, tangent, a_tangent, b, accumulate);
            T::gemm(shape, tangent, a, b_tangent, true);
        }
    }
}

impl<P> Strided<P> {
    /// The same matrix of which every element is two numbers, by one of the two.
    fn every_second<Q>(self, start: impl FnOnce(P) -> Q) -> Strided<Q> {
        Strided { start: start(self.start), column: 2 * self.column, row: 2 * self.row }
    }
}
