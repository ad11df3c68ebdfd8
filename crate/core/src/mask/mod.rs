//! Which elements drop: a mask is a recipe, never memory.

pub mod graph;
mod recipe;
mod structure;
#[cfg(test)]
mod tests;

pub use recipe::{MAX_LANES, Mask};
pub(crate) use recipe::{check_lanes, shift_down};
pub use structure::{
    Attention, Block, BlockOptions, BlockScale, Border, Broadcast, EachRate, Exactly, Layout, MAX_HEADS,
    MAX_KEYS, MAX_QUERIES, Per, Rates, Rule, Scratch, Structure, Structured,
};
pub(crate) use structure::{element_group, index_group, transpose_on};
