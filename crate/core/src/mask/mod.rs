//! Which elements drop: a mask is a recipe, never memory.

mod recipe;
mod structure;
#[cfg(test)]
mod tests;

pub(crate) use recipe::check_lanes;
pub use recipe::{MAX_LANES, Mask};
pub use structure::{Broadcast, Exactly, Scratch, Structure, Structured};
