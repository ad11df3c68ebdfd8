//! Elementary functions in single precision with the same bits on every machine.
//!
//! Each is a fixed polynomial of fused multiply-adds, without branches or tables, so that loops over them
//! vectorise and no system library has a say. The coefficients are minimax fits made for this crate (Remez's
//! exchange in 40 digits, then rounded to single precision).
//!
//! Largest errors against double precision: `exp`, `tanh`, `erf` and `ln` over all single-precision numbers, the turns
//! over a sample (asserted by the tests, which print what they measure):
//!
//! | function | ulp |
//! |---|---|
//! | [`exp`] | 1.1 |
//! | [`ln`] | 0.9 |
//! | [`tanh`] | 1.4 |
//! | [`erf`] | 1.5 |
//! | [`sin_cos_turns`] | 1.0 |
//!
//! Without fused multiply-add in hardware they are exact all the same, and slow.

mod erf;
mod exp;
mod ln;
mod tanh;
#[cfg(test)]
mod tests;
mod turns;

pub use erf::erf;
pub use exp::exp;
pub(crate) use exp::exp_not_positive;
pub use ln::ln;
pub(crate) use ln::ln_of_normal;
pub use tanh::tanh;
pub use turns::sin_cos_turns;

/// The value of a polynomial, its coefficients lowest first, by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut value = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        value = value.mul_add(x, coefficients[i]);
    }
    value
}

/// ln 2 in two parts: the first has few enough bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// The rest of ln 2.
const LN_2_LOW: f32 = -2.121_944_4e-4;
