//! The batches of a run, in their order.

use super::FitOptions;
use super::state::State;
use crate::error::Result;
use crate::memory;
use crate::nn::Network;
use crate::nn::data::{Dataset, gather};
use crate::stream::{Address, Domain, permutation};

mod streamed;

pub(super) use streamed::{Expectations, Streamed};

/// Where the batches come from.
pub(super) enum Batches<'a> {
    Memory(Shuffled<'a>),
    Stream(Box<Streamed<'a>>),
}

/// Rows in memory, in a new order in every epoch.
pub(super) struct Shuffled<'a> {
    data: &'a Dataset,
    /// The rows to train on, and their order in the epoch under way.
    rows: Vec<u32>,
    order: Vec<u32>,
    batch_size: usize,
    /// The seed of the orders; `None` keeps the rows as they are.
    seed: Option<u64>,
    /// Rows of the epoch that were given out.
    given: usize,
}

impl<'a> Shuffled<'a> {
    /// The given rows of `data`, in orders of the model's seed.
    pub(super) fn new(seed: u64, data: &'a Dataset, rows: Vec<u32>, options: &FitOptions) -> Self {
        Shuffled {
            data,
            order: Vec::with_capacity(rows.len()),
            batch_size: options.batch_size,
            seed: options.shuffle.then_some(seed),
            given: 0,
            rows,
        }
    }

    /// Puts the rows into the order of the epoch and goes to where the run stands.
    fn begin(&mut self, state: &State) {
        self.given = state.batch as usize * self.batch_size;
        let Some(seed) = self.seed else {
            self.order.clone_from(&self.rows);
            return;
        };
        let epoch = (state.before.epochs + state.epoch) as u32;
        let address = Address { seed, domain: Domain::Shuffle, step: epoch, ..Address::default() };
        permutation(&address, self.rows.len(), &mut self.order);
        for position in &mut self.order {
            *position = self.rows[*position as usize];
        }
    }

    fn take(&mut self) -> (&Dataset, &[u32]) {
        let start = self.given;
        self.given = (start + self.batch_size).min(self.order.len());
        (self.data, &self.order[start..self.given])
    }

    fn per_epoch(&self) -> u64 {
        self.rows.len().div_ceil(self.batch_size) as u64
    }

    /// Fits normalize layers to the rows to train on.
    fn fit_normalization(&self, network: &mut Network<f32>) -> Result<()> {
        if self.rows.len() == self.data.rows {
            return network.fit_normalization(&self.data.x);
        }
        let (rows, width) = (self.rows.len(), network.input_width());
        let mut x = memory::room("train.x", format_args!("{rows} rows to normalize by"), &[rows, width])?;
        gather(&mut x, &self.data.x, width, &self.rows);
        network.fit_normalization(&x)
    }
}

impl Batches<'_> {
    /// Batches of an epoch, as far as that is known before the epoch has ended.
    pub(super) fn per_epoch(&self) -> Option<u64> {
        match self {
            Batches::Memory(rows) => Some(rows.per_epoch()),
            Batches::Stream(stream) => stream.per_epoch(),
        }
    }

    /// Data like that of the batches, and its rows, as far as that is known.
    pub(super) fn like(&self) -> (&Dataset, usize) {
        match self {
            Batches::Memory(rows) => (rows.data, rows.rows.len()),
            Batches::Stream(stream) => stream.like(),
        }
    }

    /// Goes to where the run stands in its epoch.
    pub(super) fn begin(&mut self, state: &State) -> Result<()> {
        match self {
            Batches::Memory(rows) => {
                rows.begin(state);
                Ok(())
            }
            Batches::Stream(stream) => stream.begin(state),
        }
    }

    /// Whether the epoch has another batch. It stays to be taken.
    ///
    /// # Errors
    /// Those of the source, and of a batch that cannot be learnt from.
    pub(super) fn has_next(&mut self, network: &Network<f32>) -> Result<bool> {
        match self {
            Batches::Memory(rows) => Ok(rows.given < rows.order.len()),
            Batches::Stream(stream) => stream.has_next(network),
        }
    }

    /// The batch that [`has_next`](Batches::has_next) found: some rows of some data.
    pub(super) fn take(&mut self) -> (&Dataset, &[u32]) {
        match self {
            Batches::Memory(rows) => rows.take(),
            Batches::Stream(stream) => stream.take(),
        }
    }

    /// The fingerprint of the batch that comes next, where the batches are not all known and this one is.
    pub(super) fn upcoming(&mut self) -> Option<u64> {
        match self {
            Batches::Memory(_) => None,
            Batches::Stream(stream) => stream.upcoming(),
        }
    }

    /// Says what [`upcoming`](Batches::upcoming) was where the run stood.
    pub(super) fn expect(&mut self, upcoming: Option<u64>) {
        if let Batches::Stream(stream) = self {
            stream.expect(upcoming);
        }
    }

    /// Whether a run can stand there: the steps of a run are the batches of its epochs.
    pub(super) fn fit(&self, state: &State) -> bool {
        let known = |batches: u64| {
            let steps = state.epoch.checked_mul(batches).and_then(|steps| steps.checked_add(state.batch));
            steps == Some(state.steps())
        };
        match self {
            Batches::Memory(rows) => known(rows.per_epoch()) && state.batch < rows.per_epoch(),
            Batches::Stream(stream) => match stream.per_epoch() {
                // A source says only when it is asked again that a batch was the last one of its epoch.
                Some(batches) => known(batches) && state.batch <= batches,
                None => {
                    let least = state.epoch.checked_add(state.batch);
                    least.is_some_and(|least| least <= state.steps())
                        && (state.epoch > 0 || state.batch == state.steps())
                }
            },
        }
    }

    /// Fits normalize layers to the rows to train on.
    pub(super) fn fit_normalization(&mut self, network: &mut Network<f32>) -> Result<()> {
        match self {
            Batches::Memory(rows) => rows.fit_normalization(network),
            Batches::Stream(stream) => stream.fit_normalization(network),
        }
    }
}
