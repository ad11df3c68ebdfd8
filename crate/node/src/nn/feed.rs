//! Batches that JavaScript gives to a training thread.

use std::sync::Arc;

use inverted_dropout::nn::{BatchSource, Dataset};
use inverted_dropout::{Error, Result};
use serde::Serialize;

use super::callbacks::Each;
use super::control::{Delivery, Signals};

/// What the thread asks JavaScript for.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(crate) enum Ask {
    /// The batches of an epoch, without the first `skip` ones; those of another epoch have all been given.
    Epoch { of: &'static str, epoch: u64, skip: u64 },
    /// One batch more of it.
    Batch {},
}

/// How the thread asks: the function gets an [`Ask`] as JSON.
pub(crate) type Asking = Arc<Each<Ask, String>>;

/// A source in JavaScript, as the thread sees it.
pub(crate) struct Feed {
    /// Which source it is: `train` or `validation`.
    of: &'static str,
    asking: Asking,
    signals: Arc<Signals>,
    /// A batch that was looked at before it was asked for.
    seen: Option<Dataset>,
}

impl Feed {
    pub(crate) fn new(of: &'static str, asking: &Asking, signals: &Arc<Signals>) -> Self {
        Feed { of, asking: Arc::clone(asking), signals: Arc::clone(signals), seen: None }
    }

    fn ask(&self, ask: Ask) -> Result<()> {
        if self.asking.tell(ask) { Ok(()) } else { Err(stopped()) }
    }
}

/// The core reports an abort by itself: that the source gave up is of no account then.
fn stopped() -> Error {
    Error::Source("JavaScript was told to stop".into())
}

impl BatchSource for Feed {
    fn begin(&mut self, epoch: u64, skip: u64) -> Result<()> {
        self.seen = None;
        self.ask(Ask::Epoch { of: self.of, epoch, skip })
    }

    fn next(&mut self) -> Result<Option<Dataset>> {
        // What had come when the run was stopped is still found: its checkpoint says which batch would have been next.
        self.peek();
        self.ask(Ask::Batch {})?;
        if let Some(seen) = self.seen.take() {
            return Ok(Some(seen));
        }
        match self.signals.delivery() {
            Some(Delivery::Batch(batch)) => Ok(Some(batch)),
            Some(Delivery::End) => Ok(None),
            Some(Delivery::Failure) => Err(Error::Source(format!("`{}` gave an error", self.of).into())),
            None => Err(stopped()),
        }
    }

    fn peek(&mut self) -> Option<&Dataset> {
        if self.seen.is_none() {
            self.seen = self.signals.ready_batch();
        }
        self.seen.as_ref()
    }
}
