//! A threshold split as the algorithm wants it.

use crate::stream::Rate;
use crate::stream::reference::{DENSE_PLANES, LOW_MASK};

/// A 64-bit threshold: its leading bits, plane by plane, and the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold {
    /// The leading eight bits, most significant first: bit `7 - j` belongs to plane j.
    top: u8,
    /// How many planes matter: after the last one-bit of the threshold all that is undecided is kept.
    pub(crate) planes: usize,
    /// The low 56 bits; 0 where no lane has to be resolved one by one.
    pub(super) low: u64,
}

impl Threshold {
    /// `None` for rates that need no random bits: 0 and 1.
    pub(crate) fn new(rate: Rate) -> Option<Self> {
        let threshold = rate.threshold().filter(|&threshold| threshold != 0)?;
        Some(Threshold {
            top: (threshold >> 56) as u8,
            planes: (64 - threshold.trailing_zeros()).min(DENSE_PLANES) as usize,
            low: threshold & LOW_MASK,
        })
    }

    /// The threshold's bit in a plane.
    #[inline(always)]
    pub(super) fn bit(&self, plane: usize) -> bool {
        self.top >> (7 - plane) & 1 == 1
    }
}
