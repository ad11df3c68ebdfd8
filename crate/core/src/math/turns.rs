use super::polynomial;

/// Sine and cosine of the angle 2 pi k / 2^24, for k below 2^24.
#[inline(always)]
pub fn sin_cos_turns(k: u32) -> (f32, f32) {
    // The nearest quarter turn, and the rest in units of an eighth turn: both exact.
    let quarter = (k + (1 << 21)) >> 22;
    let rest = (k as i32 - (quarter << 22) as i32) as f32 * (1.0 / 2_097_152.0);

    // The leading coefficient in two parts: its rounding would cost half an ulp.
    const SIN_LEAD: f32 = std::f32::consts::FRAC_PI_4;
    const SIN: [f32; 4] = [-2.426_973_6e-8, -0.080_745_436, 0.002_490_007, -3.595_451e-5];
    const COS: [f32; 5] = [1.0, -0.308_425_13, 0.015_854_325, -3.259_386_3e-4, 3.529_811_2e-6];
    let square = rest * rest;
    let sin = rest.mul_add(SIN_LEAD, rest * polynomial(square, SIN));
    let cos = polynomial(square, COS);

    let (sin, cos) = if quarter & 1 == 1 { (cos, sin) } else { (sin, cos) };
    let sin = if quarter & 2 == 2 { -sin } else { sin };
    let cos = if (quarter + 1) & 2 == 2 { -cos } else { cos };
    (sin, cos)
}
