//! Which pass a network runs, and for which rows.

use crate::stream::Domain;
use crate::stream::bernoulli::Steps;

/// What a pass is for: it decides whether dropout drops, and from which domain of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Dropout is off.
    Inference,
    /// Dropout is on; masks of a training step.
    Train,
    /// Dropout is on; masks of a Monte Carlo pass.
    MonteCarlo,
}

impl Mode {
    /// Where the masks come from, if any are drawn.
    pub fn domain(self) -> Option<Domain> {
        match self {
            Mode::Inference => None,
            Mode::Train => Some(Domain::Train),
            Mode::MonteCarlo => Some(Domain::MonteCarlo),
        }
    }
}

/// Who the rows of a batch are: with the seed and the site they name each row's masks.
#[derive(Clone, Copy, Debug)]
pub struct RowKeys<'a> {
    /// The identity of each row in its data set.
    pub ids: &'a [u32],
    /// The optimiser step, or the Monte Carlo pass of each row.
    pub steps: Steps<'a>,
    /// The seed of the masks; `None` is the model's own.
    pub seed: Option<u64>,
    /// How many steps of each row's first axis are data, the rest being padding; `None`: all of them. Layers that mix
    /// steps look at the data alone.
    pub lengths: Option<&'a [u32]>,
    /// Whether all rows of a step share their masks, whatever the layers say.
    pub shared: bool,
}

impl<'a> RowKeys<'a> {
    /// For passes that draw nothing.
    pub const NONE: RowKeys<'static> =
        RowKeys { ids: &[], steps: Steps::One(0), seed: None, lengths: None, shared: false };

    /// Rows that share a step.
    pub fn at_step(ids: &'a [u32], step: u32) -> Self {
        RowKeys { ids, steps: Steps::One(step), seed: None, lengths: None, shared: false }
    }
}
