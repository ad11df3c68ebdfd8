//! Batches from a source that gives them one by one.

use super::super::options::FitOptions;
use super::super::source::BatchSource;
use super::super::state::State;
use crate::error::{Code, Error, Result};
use crate::nn::data::{Dataset, Fingerprint, Targets};
use crate::nn::loss::Loss;
use crate::nn::{Network, Shape};

/// What batches must be for a model and its loss.
pub(in super::super) struct Expectations {
    input: Shape,
    loss: Loss,
}

impl Expectations {
    pub(in super::super) fn new(network: &Network<f32>, loss: &Loss) -> Self {
        Expectations { input: network.data_shape(), loss: loss.clone() }
    }

    /// Checks a batch as data in memory are checked; `name` is where the caller finds it.
    pub(in super::super) fn check(&self, network: &Network<f32>, name: &str, batch: &Dataset) -> Result<()> {
        batch.check(name, &self.input, &self.loss)?;
        network.check_ids(&format!("{name}.x"), &batch.x)
    }
}

/// Batches of a [`BatchSource`].
pub(in super::super) struct Streamed<'a> {
    source: &'a mut dyn BatchSource,
    expectations: Expectations,
    per_epoch: Option<u64>,
    epoch: u64,
    /// Batches and rows of the epoch that were taken.
    batch: u64,
    rows: u64,
    /// The batch that was found and not taken yet.
    found: Option<Dataset>,
    /// Whether the source may have another batch of the epoch, as far as that can be known before it is asked.
    is_open: bool,
    /// The batch that was taken last, and its rows in their order.
    taken: Dataset,
    order: Vec<u32>,
    /// The fingerprint that the first batch after a resumption must have.
    expected: Option<u64>,
}

impl<'a> Streamed<'a> {
    pub(in super::super) fn new(
        network: &Network<f32>,
        source: &'a mut dyn BatchSource,
        loss: &Loss,
        options: &FitOptions,
    ) -> Self {
        Streamed {
            source,
            expectations: Expectations::new(network, loss),
            per_epoch: options.batches_per_epoch,
            epoch: 0,
            batch: 0,
            rows: 0,
            found: None,
            is_open: false,
            taken: Dataset::new(Vec::new(), 0, Targets::Classes(Vec::new())),
            order: Vec::new(),
            expected: None,
        }
    }

    pub(super) fn per_epoch(&self) -> Option<u64> {
        self.per_epoch
    }

    pub(super) fn expect(&mut self, upcoming: Option<u64>) {
        self.expected = upcoming;
    }

    pub(super) fn begin(&mut self, state: &State) -> Result<()> {
        self.start(state.epoch, state.batch, state.rows)
    }

    fn start(&mut self, epoch: u64, batch: u64, rows: u64) -> Result<()> {
        (self.epoch, self.batch, self.rows) = (epoch, batch, rows);
        (self.found, self.is_open) = (None, true);
        self.source.begin(epoch, batch)
    }

    pub(super) fn has_next(&mut self, network: &Network<f32>) -> Result<bool> {
        if self.found.is_some() {
            return Ok(true);
        }
        let found = self.source.next()?;
        // Until this batch is known to be good, there is none that a resumed run could expect.
        self.is_open = false;
        self.check(network, found.as_ref())?;
        self.is_open = found.is_some();
        self.found = found;
        Ok(self.is_open)
    }

    fn check(&mut self, network: &Network<f32>, found: Option<&Dataset>) -> Result<()> {
        let name = format!("epochs[{}].batches[{}]", self.epoch, self.batch);
        if let Some(batch) = found {
            if let Some(most) = self.per_epoch.filter(|most| self.batch >= *most) {
                return Err(self.other_length(most, &format!("{} or more", self.batch + 1)));
            }
            self.expectations.check(network, &name, batch)?;
        }
        let Some(expected) = self.expected else {
            return if found.is_none() { self.check_end() } else { Ok(()) };
        };
        let got = match found {
            Some(batch) if Fingerprint::of(batch).finish() == expected => {
                self.expected = None;
                return Ok(());
            }
            Some(_) => "another one",
            None => "none",
        };
        let allowed = "the batch that the interrupted run would have learnt next: a source must give the same batches \
                       again, without the first `skip` ones of the epoch";
        Err(Error::argument(Code::Resume, name, got, allowed))
    }

    /// The source has ended the epoch.
    fn check_end(&self) -> Result<()> {
        match self.per_epoch {
            Some(batches) if batches != self.batch => {
                Err(self.other_length(batches, &self.batch.to_string()))
            }
            None if self.batch == 0 => {
                let name = format!("epochs[{}]", self.epoch);
                Err(Error::argument(Code::Empty, name, "none", "at least one batch"))
            }
            _ => Ok(()),
        }
    }

    fn other_length(&self, batches: u64, got: &str) -> Error {
        let allowed = format!("the {batches} batches that `batchesPerEpoch` promises");
        Error::argument(Code::Range, format!("epochs[{}]", self.epoch), got, allowed)
    }

    pub(super) fn like(&self) -> (&Dataset, usize) {
        (&self.taken, 1)
    }

    pub(super) fn take(&mut self) -> (&Dataset, &[u32]) {
        self.taken = self.found.take().expect("`has_next` found it");
        let (rows, before) = (self.taken.rows as u32, self.rows as u32);
        self.taken.ids.get_or_insert_with(|| (0..rows).map(|row| before.wrapping_add(row)).collect());
        self.order.clear();
        self.order.extend(0..rows);
        self.batch += 1;
        self.rows += u64::from(rows);
        (&self.taken, &self.order)
    }

    pub(super) fn upcoming(&mut self) -> Option<u64> {
        let next = match &self.found {
            Some(batch) => Some(batch),
            None if self.is_open && self.expected.is_none() => self.source.peek(),
            None => None,
        };
        next.map(|batch| Fingerprint::of(batch).finish()).or(self.expected)
    }

    /// Reads the first epoch once for each normalize layer: the rows of all epochs are taken to be alike.
    pub(super) fn fit_normalization(&mut self, network: &mut Network<f32>) -> Result<()> {
        network.fit_normalization_by(|network, take| {
            self.start(0, 0, 0)?;
            while self.has_next(network)? {
                take(&self.take().0.x)?;
            }
            Ok(())
        })
    }
}
