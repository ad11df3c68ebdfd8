//! Monte Carlo passes, their moments and measures.
//!
//! Dropout left on at prediction time makes every pass a sample of the predictive distribution (Gal & Ghahramani
//! 2016). [`Moments`] gathers passes in one sweep and merges partial results without a change of bits;
//! [`MonteCarlo`] holds what follows from them.

mod measures;
mod moments;
mod monte_carlo;

pub use measures::{MonteCarlo, binary_entropy, entropy};
pub use moments::{BlockMoments, Moments};
pub(crate) use monte_carlo::sample;
pub use monte_carlo::{MonteCarloOptions, PASS_BLOCK, ROW_BLOCK};
