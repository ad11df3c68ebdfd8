//! Numbers that are computed with, and their elementary functions.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Neg, Sub, SubAssign};

use super::Element;
use crate::isa::{Isa, Kernel, dispatch};
use crate::math;

/// A floating-point type that is computed with: `f32` for work, `f64` as the reference that gradients are checked in.
///
/// The elementary functions have the same bits on every machine. They are inlined, so that a loop over them can
/// be compiled for the widest registers (see [`crate::isa::Kernel`]).
pub trait Float:
    Element
    + Debug
    + Display
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The type's name in files and messages: `f32` or `f64`.
    const NAME: &'static str;

    /// What long sums are made in: doubles, with a tangent where there is one.
    type Wide: Float;

    /// The value as a double, exactly.
    fn to_f64(self) -> f64;
    /// The number in its wide type, exactly.
    fn widen(self) -> Self::Wide;
    /// The nearest number to a wide one.
    fn narrow(wide: Self::Wide) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// `self * factor + term`, rounded once. Slow on machines without fused multiply-add.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// Whether the value is neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// e^x.
    fn exp(self) -> Self;
    /// e^x - 1, accurate near 0; for x <= 0.
    fn exp_m1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0; for x >= 0.
    fn ln_1p(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;

    /// Runs a computation over such numbers, compiled for `isa`. Numbers that are not made for speed override
    /// this: they run the plain build, which gives the same bits and compiles once.
    ///
    /// # Panics
    /// If this machine cannot run `isa`.
    #[inline(always)]
    fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
        dispatch(isa, kernel)
    }

    /// The larger of two values; `self` where they cannot be compared.
    #[inline(always)]
    fn at_least(self, other: Self) -> Self {
        if self < other { other } else { self }
    }
}

impl Float for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const NAME: &'static str = "f32";

    type Wide = f64;

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self as f64
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self as f64
    }
    #[inline(always)]
    fn narrow(wide: f64) -> f32 {
        wide as f32
    }
    #[inline(always)]
    fn abs(self) -> f32 {
        self.abs()
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        self.sqrt()
    }
    #[inline(always)]
    fn mul_add(self, factor: f32, term: f32) -> f32 {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }
    #[inline(always)]
    fn exp(self) -> f32 {
        math::exp(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> f32 {
        // e^x - 1 = 2 t / (1 - t) with t = tanh(x / 2): no cancellation, and no branch.
        let t = math::tanh(0.5 * self);
        (t + t) / (1.0 - t)
    }
    #[inline(always)]
    fn ln(self) -> f32 {
        math::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f32 {
        // Goldberg 1991, theorem 4: the rounding of 1 + x cancels between the logarithm and the divisor.
        let w = 1.0 + self;
        if w == 1.0 { self } else { math::ln(w) * self / (w - 1.0) }
    }
    #[inline(always)]
    fn tanh(self) -> f32 {
        math::tanh(self)
    }
    #[inline(always)]
    fn erf(self) -> f32 {
        math::erf(self)
    }
}

impl Float for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const NAME: &'static str = "f64";

    type Wide = f64;

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
    #[inline(always)]
    fn narrow(wide: f64) -> f64 {
        wide
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        self.abs()
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        self.sqrt()
    }
    #[inline(always)]
    fn mul_add(self, factor: f64, term: f64) -> f64 {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }
    #[inline(always)]
    fn exp(self) -> f64 {
        libm::exp(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> f64 {
        libm::expm1(self)
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        libm::log(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f64 {
        libm::log1p(self)
    }
    #[inline(always)]
    fn tanh(self) -> f64 {
        libm::tanh(self)
    }
    #[inline(always)]
    fn erf(self) -> f64 {
        libm::erf(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_from_one_keep_their_precision_in_single_precision() {
        for exponent in -30..3 {
            let x = 1.7 * 2f32.powi(exponent);
            let (m1, l1) = (Float::exp_m1(-x) as f64, Float::ln_1p(x) as f64);
            let (exact_m1, exact_l1) = ((-x as f64).exp_m1(), (x as f64).ln_1p());
            assert!((m1 / exact_m1 - 1.0).abs() < 4e-7, "expm1(-{x}) = {m1}, not {exact_m1}");
            assert!((l1 / exact_l1 - 1.0).abs() < 4e-7, "log1p({x}) = {l1}, not {exact_l1}");
        }
        assert_eq!(Float::exp_m1(f32::NEG_INFINITY), -1.0);
        assert_eq!(Float::ln_1p(0f32), 0.0);
    }
}
