use super::{exp, polynomial};

/// Error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let magnitude = x.abs();

    // Below 1: x P(x^2), the leading coefficient in two parts: its rounding would cost half an ulp.
    const LEAD: f32 = std::f32::consts::FRAC_2_SQRT_PI;
    const NEAR: [f32; 7] = [
        -5.981_711e-8,
        -0.376_126_26,
        0.112_836,
        -0.026_854_444,
        0.005_189_535_7,
        -8.020_842e-4,
        7.889_123e-5,
    ];
    let near = magnitude.mul_add(LEAD, magnitude * polynomial(x * x, NEAR));

    // From 1 to 4: 1 - e^P(x), where P fits the logarithm of erfc. From 4 on the result rounds to 1.
    const FAR: [f32; 8] = [
        -1.849_605_6,
        -2.638_967_5,
        -0.843_107_1,
        -0.041_563_48,
        0.010_046_452,
        -0.002_011_966_2,
        2.895_278_4e-4,
        -2.168_674_1e-5,
    ];
    let far = if magnitude > 4.0 { 4.0 } else { magnitude };
    let far = 1.0 - exp(polynomial(far - 1.0, FAR));

    (if magnitude < 1.0 { near } else { far }).copysign(x)
}
