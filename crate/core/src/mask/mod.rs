//! Which elements drop: a mask is a recipe, never memory.

mod recipe;
#[cfg(test)]
mod tests;

pub(crate) use recipe::check_lanes;
pub use recipe::{MAX_LANES, Mask};
