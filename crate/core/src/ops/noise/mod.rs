//! Noise other than dropping to zero: Gaussian, alpha and concrete dropout, and zoneout, forward and backward.
//!
//! | op | y, with m kept with probability q = 1 - p | draws |
//! |---|---|---|
//! | [`gaussian_dropout`] | x (1 + sqrt(p/q) n), n ~ N(0, 1) | normals |
//! | [`alpha_dropout`] | a (x where kept, alpha' where dropped) + b | keep bits |
//! | [`concrete_dropout`] | x (1 - z) / q, z = sigmoid((logit p + logit u) / t) | words |
//! | [`zoneout`] | the candidate where kept, the previous state where dropped | keep bits |
//!
//! A recipe is a [`Mask`]: a rate and an address. Random numbers are made some thousand at a time in memory that stays
//! in the nearest cache and used at once; nothing is stored for the backward pass, which makes them again. They depend
//! on the row and the lane only, so neither threads nor the instruction set nor the batch change a bit.
//!
//! All four are the identity at p = 0, bit for bit, and defined at p = 1, but for Gaussian dropout, whose variance would
//! be infinite there.

mod alpha;
mod concrete;
mod element;
mod gates;
mod gaussian;
mod map;
mod span;
#[cfg(test)]
mod testing;
mod words;
mod zoneout;

pub use alpha::{ALPHA_PRIME, Affine, alpha_dropout, alpha_dropout_backward};
pub use alpha::{alpha_dropout_backward_in_place, alpha_dropout_in_place};
pub use concrete::{Concrete, RateGradient, concrete_regularizer};
pub use concrete::{concrete_dropout, concrete_dropout_backward, concrete_dropout_in_place};
pub use element::NoiseElement;
pub use gaussian::{
    gaussian_deviation, gaussian_dropout, gaussian_dropout as gaussian_dropout_backward,
    gaussian_dropout_in_place, gaussian_dropout_in_place as gaussian_dropout_backward_in_place,
};
pub use span::Rows;
pub use zoneout::{Zoneout, zoneout, zoneout_backward};

#[cfg(doc)]
use crate::mask::Mask;
