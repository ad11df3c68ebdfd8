//! The number types a network can be computed in.

use super::layers::{Attend, ConcreteGates, Convolve, Noise};
use super::product::Gemm;
use crate::ops::{Dual, Float};

/// A floating-point type that networks are computed in: `f32` for work, `f64` as the reference that gradients
/// are checked in, and [`Dual`] numbers of either, with which every pass has its directional derivative too.
pub trait Scalar: Float + Gemm + Attend + Noise + ConcreteGates + Convolve {}

impl Scalar for f32 {}
impl Scalar for f64 {}
impl<T: Scalar> Scalar for Dual<T> {}
