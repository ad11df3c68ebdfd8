//! Where random bits come from: the mask stream, version 1.
//!
//! Nothing here has state. Every bit is a pure function of an [`Address`] (seed, domain, site, step, sample)
//! and a lane, so a mask can be made again for the backward pass, on any thread, in any batch, on any machine.
//! The contract stands in `docs/mask-stream.md`; [`reference`](mod@reference) reads like it and defines the truth; [`bernoulli`] is
//! the same for whole ranges and rows, at the speed of the machine.

mod address;
pub mod bernoulli;
mod blocks;
mod normal;
mod permutation;
pub mod philox;
mod rate;
pub mod reference;
mod words;

pub use address::{Address, Domain};
pub(crate) use blocks::{BATCH_BLOCKS, BATCH_WORDS, BlockList, WordBatch, WordBlocks};
pub use normal::{normal_pair, normals};
pub(crate) use normal::{normals_from, words_to_normals};
pub use permutation::permutation;
pub use rate::Rate;
pub use words::{key64, uniform_f32, uniform_f64, word};

/// The version of the stream's layout. Changing the layout is a breaking change with new golden values.
pub const STREAM_VERSION: u32 = 1;

/// Lanes that one Philox block of each plane covers.
pub const GROUP: usize = 128;
