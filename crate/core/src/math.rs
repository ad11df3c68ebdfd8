//! Elementary functions in single precision with the same bits on every machine.

/// e^x.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// Natural logarithm.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// Hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    libm::tanhf(x)
}

/// Error function.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    libm::erff(x)
}

/// Sine and cosine of 2 pi k / 2^24.
#[inline(always)]
pub fn sin_cos_turns(k: u32) -> (f32, f32) {
    let angle = k as f64 * (std::f64::consts::TAU / 16_777_216.0);
    (libm::sin(angle) as f32, libm::cos(angle) as f32)
}
