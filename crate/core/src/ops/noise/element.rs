//! The arithmetic of noise in single and double precision.

use crate::math;
use crate::ops::Element;
use crate::stream::{uniform_f32, uniform_f64};

/// An element type with the arithmetic that noise needs: `f32`, or `f64`, in which gradients are checked.
///
/// The elementary functions have the same bits on every machine: the polynomials of [`math`](crate::math) in single
/// precision, which vectorise, and `libm` in double precision, which does not.
pub trait NoiseElement: Element {
    /// A single-precision number, exactly.
    fn from_f32(value: f32) -> Self;
    /// The value as a double, exactly.
    fn to_f64(self) -> f64;
    /// `self * factor + term`, rounded once. Slow on machines without fused multiply-add.
    fn fused(self, factor: Self, term: Self) -> Self;
    /// ln u - ln(1 - u) for the uniform u of a word, accurate at both ends.
    fn logit_of_uniform(word: u32) -> Self;
    /// 1 - sigmoid(x) and sigmoid(x), both with a small relative error.
    fn sigmoids(self) -> (Self, Self);
}

impl NoiseElement for f32 {
    #[inline(always)]
    fn from_f32(value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn fused(self, factor: f32, term: f32) -> f32 {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn logit_of_uniform(word: u32) -> f32 {
        // 1 - u is the uniform of the word with all bits turned: it is rounded by itself, not the difference.
        math::ln_of_normal(uniform_f32(word)) - math::ln_of_normal(uniform_f32(!word))
    }
    #[inline(always)]
    fn sigmoids(self) -> (f32, f32) {
        let small = math::exp(-self.abs());
        let large = 1.0 / (1.0 + small);
        let small = small * large;
        if self >= 0.0 { (small, large) } else { (large, small) }
    }
}

impl NoiseElement for f64 {
    #[inline(always)]
    fn from_f32(value: f32) -> f64 {
        f64::from(value)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn fused(self, factor: f64, term: f64) -> f64 {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn logit_of_uniform(word: u32) -> f64 {
        libm::log(uniform_f64(word)) - libm::log(uniform_f64(!word))
    }
    #[inline(always)]
    fn sigmoids(self) -> (f64, f64) {
        let small = libm::exp(-self.abs());
        let large = 1.0 / (1.0 + small);
        let small = small * large;
        if self >= 0.0 { (small, large) } else { (large, small) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logit_of_a_uniform_is_accurate_also_at_the_ends() {
        let ends = (0..4096).flat_map(|i| [i, u32::MAX - i, (1 << 31) - 2048 + i]);
        let (mut largest, mut relative): (f64, f64) = (0.0, 0.0);
        for word in ends.chain((0..u32::MAX).step_by(4093)) {
            let exact = f64::logit_of_uniform(word);
            let error = (f64::from(f32::logit_of_uniform(word)) - exact).abs();
            largest = largest.max(error);
            relative = relative.max(error / exact.abs().max(1.0));
            assert_eq!(f32::logit_of_uniform(word), -f32::logit_of_uniform(!word), "{word}: symmetric");
        }
        println!(
            "logit of a uniform: error at most {largest:.2e}, and {relative:.2e} of max(1, its magnitude)"
        );
        assert!(largest < 1.2e-6 && relative < 2.0e-7, "{largest} {relative}");
        // ln(1/2 / 2^32), which the complement must not lose.
        assert!((f64::logit_of_uniform(0) + 33.0 * std::f64::consts::LN_2).abs() < 1e-9);
    }

    #[test]
    fn both_sigmoids_are_accurate() {
        let mut largest: f64 = 0.0;
        for i in -85_000..=85_000 {
            let x = i as f32 * 1e-3;
            let (complement, sigmoid) = x.sigmoids();
            let (c, s) = f64::from(x).sigmoids();
            largest =
                largest.max((f64::from(complement) - c).abs() / c).max((f64::from(sigmoid) - s).abs() / s);
        }
        println!("sigmoids: relative error at most {largest:.2e}");
        assert!(largest < 1.8e-7, "{largest}");
        assert_eq!((200f32.sigmoids(), (-200f32).sigmoids()), ((0.0, 1.0), (1.0, 0.0)));
    }
}
