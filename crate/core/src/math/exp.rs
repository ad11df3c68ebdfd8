use super::{LN_2_HIGH, LN_2_LOW, polynomial};

/// 1.5 * 2^23: added to a small number it leaves the nearest whole number in the low bits.
const ROUND: f32 = 12_582_912.0;

/// e^x.
///
/// Infinite from 88.73 on, subnormal below -87.34 and 0 below -103.98; NaN for NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Beyond these ends the result is infinite or 0 anyway. Comparisons, unlike `clamp`, let NaN through. What vanishes
    // is not computed: an underflow takes some processors a hundred times as long as a product.
    let vanishes = x < -104.0;
    let x = if x > 90.0 { 90.0 } else { x };
    let x = if vanishes { 0.0 } else { x };

    let (value, n) = reduced(x);
    // 2^n in two factors, since 2^n itself may be out of range where the result is not.
    let half = n >> 1;
    let value = value * power_of_two(half) * power_of_two(n.wrapping_sub(half));
    if vanishes { 0.0 } else { value }
}

/// e^x for x that is not positive, as weights of a softmax are: the bits of [`exp`] from -87 on, and 0 below.
///
/// A third fewer instructions, since all that is not 0 is a normal number.
#[inline(always)]
pub(crate) fn exp_not_positive(x: f32) -> f32 {
    let (value, n) = reduced(x);
    let value = value * power_of_two(n);
    if x < -87.0 { 0.0 } else { value }
}

/// e^x = value * 2^n with value in [1/sqrt 2, sqrt 2].
#[inline(always)]
fn reduced(x: f32) -> (f32, i32) {
    // x = n ln 2 + r with |r| <= ln 2 / 2
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = (-n).mul_add(LN_2_LOW, (-n).mul_add(LN_2_HIGH, x));

    const TAIL: [f32; 5] = [0.5, 0.166_665_18, 0.041_666_206, 0.008_368_953, 0.001_395_060_3];
    let value = (r * r).mul_add(polynomial(r, TAIL), r) + 1.0;
    (value, shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32)
}

/// 2^n for n from -126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}
