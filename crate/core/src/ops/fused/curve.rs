//! The elementwise activations and their derivatives.

use crate::ops::Float;

/// What the derivative is computed from. Where that is z, a forward pass that keeps something keeps the derivative itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// f(z), and dropout may have gone over it.
    Output,
    /// f(z), before dropout.
    Activated,
    /// z.
    Input,
}

/// An elementwise activation f.
pub(crate) trait Curve: Copy + Send + Sync {
    /// What [`Curve::backward`] gets.
    const KEEPS: Keeps;
    /// Whether an output of 0 has derivative 0: a dropped unit needs no mask to be known in the backward pass.
    const ZERO_IS_FLAT: bool = false;
    /// Whether f(z) = z.
    const IS_IDENTITY: bool = false;

    /// f(z).
    fn value<T: Float>(z: T) -> T;

    /// dy f'(z).
    fn backward<T: Float>(kept: T, dy: T) -> T;

    /// f(z) and f'(z), for activations that keep [`Keeps::Input`]: together they cost little more than either.
    #[inline(always)]
    fn value_and_slope<T: Float>(z: T) -> (T, T) {
        debug_assert!(Self::KEEPS == Keeps::Input);
        (Self::value(z), Self::backward(z, T::ONE))
    }
}

#[inline(always)]
fn constant<T: Float>(value: f64) -> T {
    T::from_f64(value)
}

#[inline(always)]
fn sigmoid<T: Float>(z: T) -> T {
    T::ONE / (T::ONE + (-z).exp())
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;

impl Curve for Identity {
    const KEEPS: Keeps = Keeps::Output;
    const IS_IDENTITY: bool = true;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        z
    }
    #[inline(always)]
    fn backward<T: Float>(_: T, dy: T) -> T {
        dy
    }
}

/// NaN passes, in both directions, so that a diverged network is seen.
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl Curve for Relu {
    const KEEPS: Keeps = Keeps::Output;
    const ZERO_IS_FLAT: bool = true;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        if z <= T::ZERO { T::ZERO } else { z }
    }
    #[inline(always)]
    fn backward<T: Float>(y: T, dy: T) -> T {
        if y <= T::ZERO { T::ZERO } else { dy }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu;

impl Curve for LeakyRelu {
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        if z > T::ZERO { z } else { constant::<T>(0.01) * z }
    }
    #[inline(always)]
    fn backward<T: Float>(y: T, dy: T) -> T {
        if y > T::ZERO { dy } else { constant::<T>(0.01) * dy }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Elu;

impl Curve for Elu {
    const KEEPS: Keeps = Keeps::Activated;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        if z > T::ZERO { z } else { z.exp_m1() }
    }
    #[inline(always)]
    fn backward<T: Float>(a: T, dy: T) -> T {
        if a > T::ZERO { dy } else { dy * (a + T::ONE) }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Selu;

impl Selu {
    const SCALE: f64 = 1.050_700_987_355_480_493_419_334_985_294_6;
    const ALPHA: f64 = 1.673_263_242_354_377_284_817_042_991_671_7;
}

impl Curve for Selu {
    const KEEPS: Keeps = Keeps::Activated;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        if z > T::ZERO {
            constant::<T>(Self::SCALE) * z
        } else {
            constant::<T>(Self::SCALE * Self::ALPHA) * z.exp_m1()
        }
    }
    #[inline(always)]
    fn backward<T: Float>(a: T, dy: T) -> T {
        let slope = if a > T::ZERO { constant(Self::SCALE) } else { a + constant(Self::SCALE * Self::ALPHA) };
        dy * slope
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Gelu;

impl Curve for Gelu {
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        z * normal_cdf(z)
    }
    #[inline(always)]
    fn backward<T: Float>(z: T, dy: T) -> T {
        const INVERSE_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
        let density = constant::<T>(INVERSE_SQRT_TAU) * (constant::<T>(-0.5) * z * z).exp();
        dy * (normal_cdf(z) + z * density)
    }
}

#[inline(always)]
fn normal_cdf<T: Float>(z: T) -> T {
    constant::<T>(0.5) * (T::ONE + (z * constant(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

impl GeluTanh {
    const CUBIC: f64 = 0.044_715;
    const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

    #[inline(always)]
    fn tanh<T: Float>(z: T) -> T {
        (constant::<T>(Self::SQRT_2_OVER_PI) * (z + constant::<T>(Self::CUBIC) * z * z * z)).tanh()
    }
}

impl Curve for GeluTanh {
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        constant::<T>(0.5) * z * (T::ONE + Self::tanh(z))
    }
    #[inline(always)]
    fn backward<T: Float>(z: T, dy: T) -> T {
        let t = Self::tanh(z);
        let inner = constant::<T>(Self::SQRT_2_OVER_PI) * (T::ONE + constant::<T>(3.0 * Self::CUBIC) * z * z);
        dy * (constant::<T>(0.5) * (T::ONE + t + z * (T::ONE - t * t) * inner))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Silu;

impl Curve for Silu {
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        z / (T::ONE + (-z).exp())
    }
    #[inline(always)]
    fn backward<T: Float>(z: T, dy: T) -> T {
        let s = sigmoid(z);
        dy * (s * (T::ONE + z * (T::ONE - s)))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Softplus;

impl Curve for Softplus {
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        z.at_least(T::ZERO) + (-z.abs()).exp().ln_1p()
    }
    #[inline(always)]
    fn backward<T: Float>(z: T, dy: T) -> T {
        dy * sigmoid(z)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl Curve for Tanh {
    const KEEPS: Keeps = Keeps::Activated;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        z.tanh()
    }
    #[inline(always)]
    fn backward<T: Float>(a: T, dy: T) -> T {
        dy * (T::ONE - a * a)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl Curve for Sigmoid {
    const KEEPS: Keeps = Keeps::Activated;

    #[inline(always)]
    fn value<T: Float>(z: T) -> T {
        sigmoid(z)
    }
    #[inline(always)]
    fn backward<T: Float>(a: T, dy: T) -> T {
        dy * a * (T::ONE - a)
    }
}

/// Evaluates an expression with `$curve` standing for the type of an elementwise activation.
macro_rules! with_curve {
    ($activation:expr, $curve:ident => $body:expr) => {{
        use $crate::ops::Activation;
        use $crate::ops::fused::curve;
        macro_rules! with {
            ($name:ident) => {{
                type $curve = curve::$name;
                $body
            }};
        }
        match $activation {
            Activation::Identity => with!(Identity),
            Activation::Relu => with!(Relu),
            Activation::LeakyRelu => with!(LeakyRelu),
            Activation::Elu => with!(Elu),
            Activation::Selu => with!(Selu),
            Activation::Gelu => with!(Gelu),
            Activation::GeluTanh => with!(GeluTanh),
            Activation::Silu => with!(Silu),
            Activation::Softplus => with!(Softplus),
            Activation::Tanh => with!(Tanh),
            Activation::Sigmoid => with!(Sigmoid),
            Activation::Softmax => {
                unreachable!("softmax is not elementwise: callers see to it")
            }
        }
    }};
}

pub(crate) use with_curve;
