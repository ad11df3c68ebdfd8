use super::{exp, polynomial};

/// Hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();

    // Near 0: x + x^3 P(x^2)
    const TAIL: [f32; 5] = [-0.333_332_84, 0.133_314_94, -0.053_743_664, 0.020_651_052, -0.005_717_504_3];
    let square = x * x;
    let near = (magnitude * square).mul_add(polynomial(square, TAIL), magnitude);

    // Further out: 1 - 2 / (e^2x + 1), where the difference loses nothing.
    let far = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);

    (if magnitude < 0.625 { near } else { far }).copysign(x)
}
