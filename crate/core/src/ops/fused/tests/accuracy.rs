//! Largest errors of the activations in single precision: the table of `docs/kernels.md`.
//!
//! `cargo test --release -p inverted-dropout --lib accuracy -- --ignored --nocapture` goes through every number from 2^-30 to 128 in
//! magnitude, outside of which the results are z, 0, a limit, or grow from there without a bend.

use super::super::curve::{self, Curve};

/// An activation, where it is measured, and the largest error allowed.
struct Row {
    name: &'static str,
    from: f32,
    to: f32,
    got: fn(f32) -> f32,
    exact: fn(f64) -> f64,
    error: Error,
}

/// What errors are counted in.
#[derive(Clone, Copy)]
enum Error {
    /// Units in the last place of the result.
    Ulp(f64),
    /// Units in the last place of the argument: where the result is small against it.
    UlpOfArgument(f64),
}

fn ulp(value: f64) -> f64 {
    (value.abs().log2().floor().clamp(-126.0, 127.0) - 23.0).exp2()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}

fn gelu(z: f64) -> f64 {
    0.5 * z * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// z / 2 (1 + tanh u) = z sigmoid(2 u): no cancellation.
fn gelu_tanh(z: f64) -> f64 {
    z * sigmoid(2.0 * (2.0 / std::f64::consts::PI).sqrt() * (z + 0.044_715 * z * z * z))
}

fn elu(z: f64) -> f64 {
    if z > 0.0 { z } else { libm::expm1(z) }
}

fn selu(z: f64) -> f64 {
    1.050_700_987_355_480_5 * if z > 0.0 { z } else { 1.673_263_242_354_377_2 * libm::expm1(z) }
}

const BIG: f32 = 1e30;

fn rows() -> Vec<Row> {
    let row = |name, from, to, got, exact, error| Row { name, from, to, got, exact, error };
    use Error::{Ulp, UlpOfArgument};
    vec![
        row("elu", -BIG, BIG, curve::Elu::value, elu, Ulp(2.5)),
        row("selu", -BIG, BIG, curve::Selu::value, selu, Ulp(3.5)),
        row("gelu", 0.0, BIG, curve::Gelu::value, gelu, Ulp(1.8)),
        row("gelu", -BIG, 0.0, curve::Gelu::value, gelu, UlpOfArgument(0.9)),
        row("geluTanh", 0.0, 1e12, curve::GeluTanh::value, gelu_tanh, Ulp(1.9)),
        row("geluTanh", -1e12, 0.0, curve::GeluTanh::value, gelu_tanh, UlpOfArgument(1.0)),
        row("silu", -87.0, BIG, curve::Silu::value, |z| z * sigmoid(z), Ulp(2.5)),
        row("softplus", -BIG, BIG, curve::Softplus::value, softplus, Ulp(3.5)),
        row("sigmoid", -87.0, BIG, curve::Sigmoid::value, sigmoid, Ulp(2.5)),
    ]
}

fn softplus(z: f64) -> f64 {
    z.max(0.0) + libm::log1p(libm::exp(-z.abs()))
}

/// Measures every `stride`th single-precision number whose magnitude is in the range of bits.
fn check(magnitudes: std::ops::Range<u32>, stride: usize) {
    let mut wrong = Vec::new();
    for Row { name, from, to, got, exact, error } in rows() {
        let (mut largest, mut at) = (0.0, 0.0);
        let bits = magnitudes.clone().step_by(stride).flat_map(|bits| [bits, bits | 1 << 31]);
        let range = bits.map(f32::from_bits).filter(|z| (from..=to).contains(z));
        for z in range {
            let expected = exact(f64::from(z));
            let unit = match error {
                Error::Ulp(_) => ulp(expected),
                Error::UlpOfArgument(_) => ulp(f64::from(z)),
            };
            let error = (f64::from(got(z)) - expected).abs() / unit;
            if error.is_nan() || error > largest {
                (largest, at) = (error, z);
            }
        }
        let (what, limit) = match error {
            Error::Ulp(limit) => ("ulp", limit),
            Error::UlpOfArgument(limit) => ("ulp of the argument", limit),
        };
        println!("{name} on [{from:e}, {to:e}]: {largest:.3} {what} at {at:e}, {limit} allowed");
        if largest.is_nan() || largest > limit {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "less accurate than documented: {wrong:?}");
}

#[test]
fn activations_are_as_accurate_as_documented() {
    check(0..f32::INFINITY.to_bits(), 499);
}

#[test]
#[ignore = "some 600 million numbers: minutes"]
fn activations_are_as_accurate_as_documented_everywhere() {
    check(2f32.powi(-30).to_bits()..128f32.to_bits(), 1);
}
