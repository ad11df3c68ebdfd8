//! Errors measured against double precision, special values, and the same bits on every instruction set.

use super::*;
use crate::isa::{Isa, Kernel, dispatch};

/// Every 499th single-precision number: all exponents, both signs, subnormals.
fn sample() -> impl Iterator<Item = f32> {
    (0..u32::MAX).step_by(499).map(f32::from_bits)
}

/// The distance of two neighbouring single-precision numbers around a value.
fn ulp(value: f64) -> f64 {
    let exponent = value.abs().log2().floor().clamp(-126.0, 127.0);
    (exponent - 23.0).exp2()
}

fn worst(
    name: &str,
    limit: f64,
    inputs: impl Iterator<Item = f32>,
    ours: fn(f32) -> f32,
    exact: fn(f64) -> f64,
) {
    let (mut largest, mut at) = (0.0, 0.0);
    for x in inputs.filter(|x| x.is_finite()) {
        let expected = exact(f64::from(x));
        let got = ours(x);
        if (expected as f32).is_finite() && !expected.is_nan() {
            let error = (f64::from(got) - expected).abs() / ulp(expected);
            if error.is_nan() || error > largest {
                (largest, at) = (error, x);
            }
        } else {
            assert!(
                got.is_nan() && expected.is_nan() || f64::from(got) == f64::from(expected as f32),
                "{name}({x}) = {got}"
            );
        }
    }
    println!("{name}: {largest:.3} ulp at {at:e}");
    assert!(largest <= limit, "{name}({at:e}): {largest} ulp");
}

#[test]
fn exp_is_accurate() {
    worst("exp", 1.1, sample(), exp, libm::exp);
    worst("exp", 1.1, (-8_000_000..8_000_000).map(|i| i as f32 * 1.1e-5), exp, libm::exp);
}

#[test]
fn ln_is_accurate() {
    worst("ln", 0.9, sample(), ln, libm::log);
    worst("ln", 0.9, (1..16_000_000).map(|i| i as f32 * 2.5e-7), ln, libm::log);
}

#[test]
fn the_logarithm_of_normal_numbers_has_the_bits_of_the_other() {
    for x in sample().filter(|x| x.is_normal() && *x > 0.0) {
        assert_eq!(ln_of_normal(x).to_bits(), ln(x).to_bits(), "{x:e}");
    }
}

#[test]
fn exp_of_what_is_not_positive_has_the_bits_of_the_other() {
    let bits = (0..=87f32.to_bits()).step_by(101).chain([0, 1, 87f32.to_bits()]);
    for x in bits.map(|bits| -f32::from_bits(bits)) {
        assert_eq!(exp_not_positive(x).to_bits(), exp(x).to_bits(), "{x}");
    }
    for x in [-87.1, -104.0, -1e30, f32::NEG_INFINITY] {
        assert_eq!(exp_not_positive(x).to_bits(), 0, "{x}");
    }
    assert!(exp_not_positive(f32::NAN).is_nan());
}

#[test]
fn tanh_is_accurate() {
    worst("tanh", 1.3, sample(), tanh, libm::tanh);
    worst("tanh", 1.3, (0..10_000_000).map(|i| i as f32 * 1e-6), tanh, libm::tanh);
}

#[test]
fn erf_is_accurate() {
    worst("erf", 1.5, sample(), erf, libm::erf);
    worst("erf", 1.5, (0..5_000_000).map(|i| i as f32 * 1e-6), erf, libm::erf);
}

/// Every number of either sign from 2^-30 to 128 in magnitude: outside, the results are x, 1, 0 or a limit.
fn every() -> impl Iterator<Item = f32> {
    (2f32.powi(-30).to_bits()..=128f32.to_bits())
        .flat_map(|bits| [f32::from_bits(bits), f32::from_bits(bits | 1 << 31)])
}

#[test]
#[ignore = "billions of numbers: minutes"]
fn every_number_is_as_accurate() {
    worst("exp", 1.1, every(), exp, libm::exp);
    worst("tanh", 1.4, every(), tanh, libm::tanh);
    worst("erf", 1.5, every(), erf, libm::erf);
    worst("ln", 0.9, (0..f32::INFINITY.to_bits()).map(f32::from_bits), ln, libm::log);
}

#[test]
fn sine_and_cosine_are_accurate() {
    let mut largest: f64 = 0.0;
    for k in 0..1u32 << 24 {
        let (sin, cos) = sin_cos_turns(k);
        // The angle is reduced exactly, so that quarter turns are exact in the reference too.
        let (quarter, rest) =
            (k >> 22, f64::from(k & ((1 << 22) - 1)) * (std::f64::consts::TAU / 16_777_216.0));
        let (s, c) = (libm::sin(rest), libm::cos(rest));
        let (s, c) = [(s, c), (c, -s), (-s, -c), (-c, s)][quarter as usize];
        largest = largest.max((f64::from(sin) - s).abs() / ulp(s)).max((f64::from(cos) - c).abs() / ulp(c));
    }
    println!("sin_cos_turns: {largest:.3} ulp");
    assert!(largest <= 1.0, "{largest}");
}

#[test]
fn special_values() {
    assert_eq!((exp(0.0), exp(f32::NEG_INFINITY), exp(f32::INFINITY)), (1.0, 0.0, f32::INFINITY));
    assert_eq!((ln(1.0), ln(0.0), ln(-0.0)), (0.0, f32::NEG_INFINITY, f32::NEG_INFINITY));
    assert_eq!(ln(f32::INFINITY), f32::INFINITY);
    assert!(ln(-1.0).is_nan() && ln(f32::NAN).is_nan() && exp(f32::NAN).is_nan());
    assert!(tanh(f32::NAN).is_nan() && erf(f32::NAN).is_nan());
    assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
    assert_eq!((erf(f32::INFINITY), erf(f32::NEG_INFINITY)), (1.0, -1.0));
    assert_eq!((tanh(-0.0).to_bits(), erf(-0.0).to_bits()), ((-0.0f32).to_bits(), (-0.0f32).to_bits()));
    let quarter = 1 << 22;
    assert_eq!(
        [0, 1, 2, 3].map(|q| sin_cos_turns(q * quarter)),
        [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)]
    );
}

/// All functions over a slice, as a loop that vectorises.
struct All<'a>(&'a [f32], &'a mut [f32]);

impl Kernel for All<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (x, y) in self.0.iter().zip(self.1) {
            let (sin, cos) = sin_cos_turns(x.to_bits() >> 8);
            *y = exp(*x) + ln(*x) + tanh(*x) + erf(*x) + sin + cos;
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_instruction_set() {
    let x: Vec<f32> = sample().step_by(37).filter(|x| *x >= 0.0).collect();
    let results = Isa::available().into_iter().map(|isa| {
        let mut y = vec![0.0; x.len()];
        dispatch(isa, All(&x, &mut y));
        y.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    });
    let results: Vec<_> = results.collect();
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}
