//! Dual numbers: a value and its derivative in one direction.
//!
//! A computation on duals gives, beside its result, the exact derivative of the result in the direction that the
//! inputs' tangents name (forward-mode differentiation: Wengert 1964). A network whose numbers are duals therefore has
//! the tangent of its forward pass and, since a backward pass is a computation too, the tangent of its gradients: a
//! product of the Hessian with a vector (Pearlmutter 1994), from the same code that trains.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::Element;
use super::Float;
use super::element::lanes::Lanes;
use crate::isa::{Isa, Kernel};
use crate::simd::Full;

/// A value and its tangent. Comparisons and branches look at the value alone.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Dual<T> {
    /// The value.
    pub value: T,
    /// Its derivative in the direction at hand.
    pub tangent: T,
}

impl<T: Float> Dual<T> {
    /// A value with a tangent.
    pub fn new(value: T, tangent: T) -> Self {
        Dual { value, tangent }
    }

    /// A value that does not depend on the direction.
    pub fn constant(value: T) -> Self {
        Dual { value, tangent: T::ZERO }
    }

    /// A function of this number, by its value and its derivative.
    #[inline(always)]
    fn map(self, value: T, derivative: T) -> Self {
        Dual { value, tangent: derivative * self.tangent }
    }
}

impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: PartialOrd> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: fmt::Display> fmt::Display for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {} e", self.value, self.tangent)
    }
}

impl<T: Float> Add for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, tangent: self.tangent + other.tangent }
    }
}

impl<T: Float> Sub for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Dual { value: self.value - other.value, tangent: self.tangent - other.tangent }
    }
}

impl<T: Float> Mul for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let tangent = self.tangent * other.value + self.value * other.tangent;
        Dual { value: self.value * other.value, tangent }
    }
}

impl<T: Float> Div for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Dual { value, tangent: (self.tangent - value * other.tangent) / other.value }
    }
}

impl<T: Float> Neg for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Dual { value: -self.value, tangent: -self.tangent }
    }
}

impl<T: Float> AddAssign for Dual<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Float> SubAssign for Dual<T> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// Element by element: duals are for exactness, not for speed.
impl<T: Float> Lanes for Dual<T> {
    type Factor<V: Full> = Self;

    #[inline(always)]
    fn step<V: Full>() -> usize {
        8
    }

    #[inline(always)]
    unsafe fn factor<V: Full>(self) -> Self {
        self
    }

    #[inline(always)]
    unsafe fn select<V: Full, const STREAM: bool>(
        bits: *const u8,
        from: *const Self,
        to: *mut Self,
        factor: Self,
    ) {
        // SAFETY: as the caller guarantees.
        unsafe { Self::select_some::<V>(bits, from, to, factor, 8) }
    }

    #[inline(always)]
    unsafe fn select_some<V: Full>(
        bits: *const u8,
        from: *const Self,
        to: *mut Self,
        factor: Self,
        count: usize,
    ) {
        for i in 0..count {
            // SAFETY: the caller guarantees `count` elements, and a bit for each.
            unsafe {
                let kept = *bits.add(i / 8) >> (i % 8) & 1 == 1;
                *to.add(i) = if kept { *from.add(i) * factor } else { Self::default() };
            }
        }
    }

    #[inline(always)]
    unsafe fn fence<V: Full>() {}
}

impl<T: Float> Element for Dual<T> {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Dual::constant(T::from_f64(value))
    }
}

impl<T: Float> Float for Dual<T> {
    const ZERO: Self = Dual { value: T::ZERO, tangent: T::ZERO };
    const ONE: Self = Dual { value: T::ONE, tangent: T::ZERO };
    const NAME: &'static str = "dual";

    type Wide = Dual<T::Wide>;

    fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
        assert!(isa.is_available(), "this machine cannot run {isa}");
        kernel.run()
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }
    #[inline(always)]
    fn widen(self) -> Self::Wide {
        Dual { value: self.value.widen(), tangent: self.tangent.widen() }
    }
    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        Dual { value: T::narrow(wide.value), tangent: T::narrow(wide.tangent) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        if self.value < T::ZERO { -self } else { self }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        Dual { value: root, tangent: self.tangent / (root + root) }
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        self * factor + term
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.tangent.is_finite()
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value.exp();
        self.map(value, value)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        let value = self.value.exp_m1();
        self.map(value, value + T::ONE)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.map(self.value.ln(), T::ONE / self.value)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.map(self.value.ln_1p(), T::ONE / (T::ONE + self.value))
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        let value = self.value.tanh();
        self.map(value, T::ONE - value * value)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        // d erf / dx = 2 / sqrt(pi) e^(-x^2)
        let slope = T::from_f64(std::f64::consts::FRAC_2_SQRT_PI) * (-(self.value * self.value)).exp();
        self.map(self.value.erf(), slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Dual64 = Dual<f64>;

    fn agrees(name: &str, x: f64, of: impl Fn(Dual64) -> Dual64) {
        const H: f64 = 1e-6;
        let at = |x| of(Dual::constant(x)).value;
        let difference = (at(x + H) - at(x - H)) / (2.0 * H);
        let tangent = of(Dual::new(x, 1.0)).tangent;
        assert!((tangent - difference).abs() <= 1e-8 * difference.abs().max(1.0), "{name}({x})");
        // A tangent is linear in the direction.
        assert_eq!(of(Dual::new(x, 2.0)).tangent, 2.0 * tangent, "{name}({x})");
        assert_eq!(of(Dual::constant(x)).tangent, 0.0, "{name}({x})");
    }

    #[test]
    fn tangents_of_every_function_agree_with_differences() {
        let c = Dual::constant(0.7);
        for x in [-1.9, -0.8, -0.1, 0.2, 0.9, 2.3] {
            agrees("add", x, |x| x + c + x);
            agrees("subtract", x, |x| c - x);
            agrees("multiply", x, |x| x * c * x);
            agrees("divide", x, |x| (x + c) / (x * x + c));
            agrees("negate", x, |x| -x);
            agrees("abs", x, |x| x.abs());
            agrees("mul_add", x, |x| x.mul_add(x, c));
            agrees("exp", x, |x| x.exp());
            agrees("tanh", x, |x| x.tanh());
            agrees("erf", x, |x| x.erf());
            agrees("at_least", x, |x| x.at_least(c));
            agrees("expm1", -x.abs(), |x| x.exp_m1());
            agrees("ln", x.abs(), |x| x.ln());
            agrees("log1p", x.abs(), |x| x.ln_1p());
            agrees("sqrt", x.abs(), |x| x.sqrt());
            agrees("widen", x, |x| Dual::narrow((x * x).widen()));
        }
    }
}
