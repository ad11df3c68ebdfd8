use super::{LN_2_HIGH, LN_2_LOW, polynomial};

/// Natural logarithm.
///
/// -infinity for zeros, NaN below, infinity for infinity; NaN for NaN. Subnormal arguments are exact.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    const TWO_23: f32 = 8_388_608.0;
    let subnormal = x < f32::MIN_POSITIVE;
    let value = scaled_ln(if subnormal { x * TWO_23 } else { x }, if subnormal { -23.0 } else { 0.0 });

    let value = if x == f32::INFINITY { f32::INFINITY } else { value };
    let value = if x == 0.0 { f32::NEG_INFINITY } else { value };
    if x >= 0.0 { value } else { f32::NAN }
}

/// As [`ln`], the same bits, for positive normal numbers only.
#[inline(always)]
pub(crate) fn ln_of_normal(x: f32) -> f32 {
    scaled_ln(x, 0.0)
}

/// ln(2^scale x) for a positive normal number.
#[inline(always)]
fn scaled_ln(x: f32, scale: f32) -> f32 {
    // x = 2^e m with m in [sqrt(1/2), sqrt 2)
    let offset = x.to_bits().wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits()) as i32;
    let exponent = offset >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((exponent << 23) as u32));
    let e = exponent as f32 + scale;
    let f = m - 1.0;

    // ln(1 + f) = f - f^2 / 2 + f^3 P(f)
    const TAIL: [f32; 8] = [
        0.333_333_16,
        -0.250_008_1,
        0.200_022_86,
        -0.166_245_54,
        0.141_811_92,
        -0.131_287_54,
        0.128_816_44,
        -0.078_596_06,
    ];
    let square = f * f;
    let tail = (f * square).mul_add(polynomial(f, TAIL), e * LN_2_LOW);
    e.mul_add(LN_2_HIGH, (-0.5f32).mul_add(square, tail) + f)
}
