//! Data that a run takes batch by batch from its owner.

use crate::error::Result;
use crate::nn::data::{Dataset, Fingerprint};

/// Rows to learn from or to be judged by.
pub enum Source<'a> {
    /// All of them, in memory.
    Memory(&'a Dataset),
    /// Batches that are read or made while the run goes on.
    Stream(&'a mut dyn BatchSource),
}

impl Source<'_> {
    /// The same for a shorter time.
    pub(super) fn reborrow(&mut self) -> Source<'_> {
        match self {
            Source::Memory(data) => Source::Memory(data),
            Source::Stream(source) => Source::Stream(&mut **source),
        }
    }

    /// Takes the data in; of a stream no more than that it is one, since nothing of it is known.
    pub(super) fn sign(&self, fingerprint: &mut Fingerprint) {
        match self {
            Source::Memory(data) => fingerprint.data(data),
            Source::Stream(_) => fingerprint.word(u64::MAX),
        }
    }
}

/// Batches of data that need not fit into memory, epoch by epoch.
///
/// Called on the training thread, which waits for each batch: a source that reads ahead does so on a thread of its own.
/// For a run to be resumed bit for bit, a batch must be a function of its epoch and its number in it.
///
/// ```
/// use inverted_dropout::nn::*;
/// use inverted_dropout::Result;
///
/// /// y = 1 + 2 x, five batches an epoch.
/// struct Line { batch: u64 }
///
/// impl BatchSource for Line {
///     fn begin(&mut self, _epoch: u64, skip: u64) -> Result<()> {
///         self.batch = skip;
///         Ok(())
///     }
///
///     fn next(&mut self) -> Result<Option<Dataset>> {
///         let x = self.batch as f32 / 5.0;
///         self.batch += 1;
///         let y = Targets::Values { values: vec![1.0 + 2.0 * x], width: 1 };
///         Ok((self.batch <= 5).then(|| Dataset::new(vec![x], 1, y)))
///     }
/// }
///
/// let layers = vec![LayerConfig::dense(1, Activation::Identity)];
/// let mut model = Model::new(&ModelConfig::new([1], Output::Identity, 1, layers))?;
/// let options = FitOptions::new(LossConfig::MeanSquaredError {}, OptimizerConfig::adam(0.1), 200);
/// let mut line = Line { batch: 0 };
/// let history = model.fit_from(Source::Stream(&mut line), None, &options, &Control::new(), &mut ())?;
/// assert!(history.epochs[199].loss < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait BatchSource: Send {
    /// Goes to batch `skip` of an epoch, each counted from 0: `skip` batches of it have been learnt.
    ///
    /// # Errors
    /// The source's own: they end the run.
    fn begin(&mut self, epoch: u64, skip: u64) -> Result<()>;

    /// The next batch, or `None` after the last one of the epoch. Batches may differ in size. Where a batch has no ids,
    /// its rows are known by their place in the epoch, modulo 2^32.
    ///
    /// # Errors
    /// The source's own: they end the run. A source that waits must give up with some error, of no account, once the
    /// run's [`Control`](super::Control) is aborted.
    fn next(&mut self) -> Result<Option<Dataset>>;

    /// The batch that [`next`](BatchSource::next) will give, if that is known without waiting. Checkpoints keep its
    /// fingerprint, by which a resumed run knows whether its source goes on with the same batch.
    fn peek(&mut self) -> Option<&Dataset> {
        None
    }
}
