//! Data sets: rows with targets, their checks, batches, splits.

mod batch;
mod check;
mod fingerprint;
mod split;

pub(crate) use batch::{Batch, gather};
pub(crate) use check::{check_lengths, check_values};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use split::hold_out;

/// Rows to learn from or to be judged on. Plain memory: nothing is checked before it is used.
///
/// ```
/// use inverted_dropout::nn::{Dataset, Targets};
///
/// let xor = Dataset::new(vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 4, Targets::Classes(vec![0, 1, 1, 0]));
/// assert_eq!(xor.rows, 4);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The features, one row after another.
    pub x: Vec<f32>,
    /// How many rows there are.
    pub rows: usize,
    /// What each row should give.
    pub y: Targets,
    /// The identity of each row, which keys its dropout masks; by default its index. A row with the same id gets
    /// the same mask at the same step.
    pub ids: Option<Vec<u32>>,
    /// How many steps of each row's first axis are data, the rest being padding; by default all. Layers that mix steps
    /// look at the data alone, and losses and metrics count outputs of those steps alone.
    pub lengths: Option<Vec<u32>>,
    /// How much each row counts in the loss, at least 0; by default 1. Metrics count every row once.
    pub weights: Option<Vec<f32>>,
}

/// The targets of a data set.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A class index for each row, or for each step of each row.
    Classes(Vec<u32>),
    /// `width` values for each row, with the values of all its steps: one-hot, probabilities, or real values.
    Values {
        /// The values, one row after another.
        values: Vec<f32>,
        /// Values a row.
        width: usize,
    },
}

impl Dataset {
    /// Rows with their index as identity and equal weights.
    pub fn new(x: Vec<f32>, rows: usize, y: Targets) -> Self {
        Dataset { x, rows, y, ids: None, lengths: None, weights: None }
    }

    /// The identity of a row.
    pub fn id(&self, row: u32) -> u32 {
        self.ids.as_ref().map_or(row, |ids| ids[row as usize])
    }
}
