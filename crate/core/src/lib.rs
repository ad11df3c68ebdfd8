//! Inverted dropout and what grew from it, in pure Rust.
//!
//! The rooms, from the ground up; each knows only those above it in this list:
//!
//! | room | answers |
//! |---|---|
//! | [`stream`] | where random bits come from: a pure function of seed, site, step and sample |
//! | [`mask`] | which elements drop: recipes, packed bits |
//! | [`ops`] | what dropping does to numbers: forward and backward |
//! | [`nn`] | layers, losses, optimisers, the training loop, checkpoints |
//! | [`uncertainty`] | Monte Carlo passes, their moments and measures |
//!
//! [`isa`] chooses the instruction set once, [`parallel`] owns the threads, [`math`] holds the elementary
//! functions whose bits are the same everywhere, and every failure is an [`Error`] with a stable [`Code`].

#![deny(missing_docs)]

pub mod error;
pub mod isa;
pub mod mask;
pub mod math;
mod memory;
pub mod nn;
pub mod ops;
pub mod parallel;
mod simd;
pub mod stream;
pub mod uncertainty;

pub use error::{Code, Error, Result};
