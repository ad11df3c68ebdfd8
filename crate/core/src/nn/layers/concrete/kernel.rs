//! Concrete dropout in every number type: the kernels of [`ops::noise`](crate::ops::noise) on single and double precision,
//! and the same formulas one by one on duals, where the logit has a tangent too.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use crate::mask::Mask;
use crate::ops::noise::{Concrete, Rows, concrete_dropout_backward, concrete_dropout_in_place};
use crate::ops::{Dual, Float};
use crate::stream::{Address, Rate, uniform_f64, word};

/// A relaxed mask: z = sigmoid((logit + logit u) / temperature).
#[derive(Clone, Copy, Debug)]
pub struct Relaxed<T> {
    /// Where u comes from; the sample is that of each row.
    pub address: Address,
    /// Of the rate.
    pub logit: T,
    /// How soft it is.
    pub temperature: f64,
}

/// The sealed half of [`Scalar`](crate::nn::Scalar): concrete dropout of numbers of this type, in place.
pub trait ConcreteGates: Float {
    /// y in the place of x.
    fn concrete(relaxed: &Relaxed<Self>, rows: Rows<'_>, values: &mut [Self]);

    /// dx in the place of dy; the derivative by the logit.
    fn concrete_back(
        relaxed: &Relaxed<Self>,
        rows: Rows<'_>,
        x: &[Self],
        gradient: &mut [Self],
    ) -> Self::Wide;
}

/// The recipe with the rate of the logit; none where that is NaN.
fn recipe(address: Address, logit: f64, temperature: f64) -> Option<Concrete> {
    let rate = Rate::new(1.0 / (1.0 + libm::exp(-logit))).ok()?;
    Some(Concrete::new(Mask { address, rate }, temperature).expect("checked with the configuration"))
}

macro_rules! real {
    ($($number:ty)*) => { $(
        impl ConcreteGates for $number {
            fn concrete(relaxed: &Relaxed<Self>, rows: Rows<'_>, values: &mut [Self]) {
                match recipe(relaxed.address, f64::from(relaxed.logit), relaxed.temperature) {
                    Some(recipe) => concrete_dropout_in_place(&recipe, rows, values).expect("checked before"),
                    None => values.fill(<$number>::NAN),
                }
            }

            fn concrete_back(
                relaxed: &Relaxed<Self>,
                rows: Rows<'_>,
                x: &[Self],
                gradient: &mut [Self],
            ) -> f64 {
                match recipe(relaxed.address, f64::from(relaxed.logit), relaxed.temperature) {
                    Some(recipe) => {
                        let by = concrete_dropout_backward(&recipe, rows, x, None, gradient);
                        by.expect("checked before").logit
                    }
                    None => {
                        gradient.fill(<$number>::NAN);
                        f64::NAN
                    }
                }
            }
        }
    )* };
}
real!(f32 f64);

impl<T: Float> ConcreteGates for Dual<T> {
    fn concrete(relaxed: &Relaxed<Self>, rows: Rows<'_>, values: &mut [Self]) {
        let (_, keep) = sigmoids(relaxed.logit);
        each_gate(relaxed, rows, values.len(), |i, _, kept| values[i] = values[i] * kept / keep);
    }

    /// y = x (1 - z) / q, whose derivative by the logit is y (p - z / t).
    fn concrete_back(
        relaxed: &Relaxed<Self>,
        rows: Rows<'_>,
        x: &[Self],
        gradient: &mut [Self],
    ) -> Self::Wide {
        let (rate, keep) = sigmoids(relaxed.logit);
        let temperature = Dual::constant(T::from_f64(relaxed.temperature));
        let mut sum = Self::Wide::ZERO;
        each_gate(relaxed, rows, x.len(), |i, dropped, kept| {
            gradient[i] = gradient[i] * kept / keep;
            sum += (gradient[i] * x[i] * (rate - dropped / temperature)).widen();
        });
        sum
    }
}

/// Calls `visit` for each element with z and 1 - z.
fn each_gate<T: Float>(
    relaxed: &Relaxed<T>,
    rows: Rows<'_>,
    length: usize,
    mut visit: impl FnMut(usize, T, T),
) {
    let (ids, width) = match rows {
        Rows::ByIds { ids, width } => (ids, width),
        Rows::One => (std::slice::from_ref(&relaxed.address.sample), length),
    };
    let temperature = T::from_f64(relaxed.temperature);
    for (row, id) in ids.iter().enumerate() {
        let address = relaxed.address.with_sample(*id);
        for lane in 0..width {
            let word = word(&address, lane as u64);
            let uniform = libm::log(uniform_f64(word)) - libm::log(uniform_f64(!word));
            let (dropped, kept) = sigmoids((relaxed.logit + T::from_f64(uniform)) / temperature);
            visit(row * width + lane, dropped, kept);
        }
    }
}

/// The sigmoids of x and of -x, both with a small relative error.
fn sigmoids<T: Float>(x: T) -> (T, T) {
    let tail = (-x.abs()).exp();
    let (large, small) = (T::ONE / (T::ONE + tail), tail / (T::ONE + tail));
    if x >= T::ZERO { (large, small) } else { (small, large) }
}
