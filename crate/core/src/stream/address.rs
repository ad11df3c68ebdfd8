//! The address of a stream: everything but the lane.

use serde::{Deserialize, Serialize};

/// Who draws: keeps the bits of a training run, of Monte Carlo passes, of initial weights and of shuffles apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Domain {
    /// Kernel calls and masks of the user.
    #[default]
    User,
    /// Training steps.
    Train,
    /// Monte Carlo passes.
    #[serde(rename = "mc")]
    MonteCarlo,
    /// Initial weights.
    Init,
    /// The order of the rows in an epoch.
    Shuffle,
    /// The split of data into parts.
    Split,
}

impl Domain {
    /// The number that stands in bits 16..23 of counter word 3.
    pub const fn number(self) -> u32 {
        match self {
            Domain::User => 0,
            Domain::Train => 1,
            Domain::MonteCarlo => 2,
            Domain::Init => 3,
            Domain::Shuffle => 4,
            Domain::Split => 5,
        }
    }
}

/// Which stream: with a lane it names one random bit.
///
/// | counter word | holds |
/// |---|---|
/// | c0 | `sample` (0 when `shared`) |
/// | c1 | lane group |
/// | c2 | `step`: optimiser step, or Monte Carlo pass |
/// | c3 | bits 0..15 `site`, 16..22 `domain`, 23 `shared`, 24..31 plane |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// The user's seed: the Philox key.
    pub seed: u64,
    /// Who draws.
    pub domain: Domain,
    /// One mask for all rows: the sample word is 0 and bit 7 of the domain is set.
    pub shared: bool,
    /// Which layer or call.
    pub site: u16,
    /// Optimiser step, or Monte Carlo pass.
    pub step: u32,
    /// The row's identity in its data set (0 for a flat tensor).
    pub sample: u32,
}

impl Address {
    /// The Philox key: low and high word of the seed.
    #[inline]
    pub const fn key(&self) -> [u32; 2] {
        [self.seed as u32, (self.seed >> 32) as u32]
    }

    /// Counter word 3 for a plane.
    #[inline]
    pub const fn word3(&self, plane: u32) -> u32 {
        self.site as u32 | (self.domain.number() | (self.shared as u32) << 7) << 16 | plane << 24
    }

    /// The whole counter of a lane group and a plane.
    #[inline]
    pub const fn counter(&self, group: u32, plane: u32) -> [u32; 4] {
        [self.sample_word(), group, self.step, self.word3(plane)]
    }

    /// Counter word 0.
    #[inline]
    pub const fn sample_word(&self) -> u32 {
        if self.shared { 0 } else { self.sample }
    }

    /// The same stream for another row.
    #[inline]
    pub const fn with_sample(self, sample: u32) -> Self {
        Address { sample, ..self }
    }

    /// The same stream at another step.
    #[inline]
    pub const fn with_step(self, step: u32) -> Self {
        Address { step, ..self }
    }
}
