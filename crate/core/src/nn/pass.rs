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
}

impl<'a> RowKeys<'a> {
    /// For passes that draw nothing.
    pub const NONE: RowKeys<'static> = RowKeys { ids: &[], steps: Steps::One(0), seed: None };

    /// Rows that share a step.
    pub fn at_step(ids: &'a [u32], step: u32) -> Self {
        RowKeys { ids, steps: Steps::One(step), seed: None }
    }

    /// The keys before and from `row` on. Keys that are absent stay so.
    pub(crate) fn split_at(self, row: usize) -> (Self, Self) {
        let (ids, ids2) = self.ids.split_at(row.min(self.ids.len()));
        let (steps, steps2) = match self.steps {
            Steps::One(step) => (Steps::One(step), Steps::One(step)),
            Steps::PerRow(steps) => {
                let (steps, steps2) = steps.split_at(row.min(steps.len()));
                (Steps::PerRow(steps), Steps::PerRow(steps2))
            }
        };
        (RowKeys { ids, steps, ..self }, RowKeys { ids: ids2, steps: steps2, ..self })
    }
}
