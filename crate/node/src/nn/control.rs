//! What JavaScript says to a native thread: stop, go on after an epoch, here is a batch.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use inverted_dropout::nn::{self, Dataset, Flow, LayerPath};
use inverted_dropout::{Code, Error, Result};
use napi_derive::napi;

use super::data::NativeData;
use crate::errors;

/// The state behind a [`Control`]; the thread has the other end.
#[derive(Default)]
pub(crate) struct Signals {
    control: nn::Control,
    said: Mutex<Said>,
    changed: Condvar,
}

/// What JavaScript has said and the thread has not heard yet.
#[derive(Default)]
struct Said {
    answer: Option<Flow>,
    deliveries: VecDeque<Delivery>,
}

/// What a source of batches gives.
pub(crate) enum Delivery {
    Batch(Dataset),
    /// The epoch has no more.
    End,
    /// The source failed; JavaScript keeps the reason.
    Failure,
}

impl Signals {
    /// The switch that the core looks at.
    pub(crate) fn control(&self) -> &nn::Control {
        &self.control
    }

    /// Stops the work at its next batch, also where it waits for an answer or a batch.
    pub(crate) fn stop(&self) {
        let _said = self.said();
        self.control.abort();
        self.changed.notify_all();
    }

    fn say(&self, what: impl FnOnce(&mut Said)) {
        what(&mut self.said());
        self.changed.notify_all();
    }

    /// Waits for the answer to the epoch that was just told. `None` if the work was stopped instead.
    pub(crate) fn answer(&self) -> Option<Flow> {
        self.wait(|said| said.answer.take())
    }

    /// Waits for what a source gives next. `None` if the work was stopped instead.
    pub(crate) fn delivery(&self) -> Option<Delivery> {
        self.wait(|said| said.deliveries.pop_front())
    }

    /// The next batch, if it is there already.
    pub(crate) fn ready_batch(&self) -> Option<Dataset> {
        let deliveries = &mut self.said().deliveries;
        match deliveries.pop_front() {
            Some(Delivery::Batch(batch)) => Some(batch),
            Some(other) => {
                deliveries.push_front(other);
                None
            }
            None => None,
        }
    }

    fn wait<T>(&self, mut hear: impl FnMut(&mut Said) -> Option<T>) -> Option<T> {
        let mut said = self.said();
        loop {
            if self.control.is_aborted() {
                return None;
            }
            if let Some(heard) = hear(&mut said) {
                return Some(heard);
            }
            said = self.changed.wait(said).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        // Nothing can panic while the lock is held.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// JavaScript's end: one for each call that can be stopped.
#[napi]
#[derive(Default)]
pub struct Control {
    signals: Arc<Signals>,
}

#[napi]
impl Control {
    /// Nothing is to be stopped.
    #[napi(constructor)]
    pub fn new() -> Self {
        Control::default()
    }

    /// Stops the work at its next batch.
    #[napi]
    pub fn stop(&self) {
        self.signals.stop();
    }

    /// Answers the epoch that was told last: whether to stop after it, or which rates change (places and rates, as JSON).
    #[napi]
    pub fn answer(&self, stop: bool, rates: Option<String>) -> errors::Result<()> {
        errors::guarded(|| {
            let flow = match rates {
                _ if stop => Flow::Stop,
                Some(rates) => Flow::SetRates(read_rates(&rates)?),
                None => Flow::Continue,
            };
            self.signals.say(|said| said.answer = Some(flow));
            Ok(())
        })
    }

    /// Gives a copy of the next batch of the epoch that was asked for last.
    #[napi]
    pub fn give(&self, batch: NativeData) -> errors::Result<()> {
        errors::guarded(|| {
            let batch = batch.copy("batch")?;
            self.signals.say(|said| said.deliveries.push_back(Delivery::Batch(batch)));
            Ok(())
        })
    }

    /// Says that the epoch that was asked for last has no more batches.
    #[napi]
    pub fn end_epoch(&self) {
        self.signals.say(|said| said.deliveries.push_back(Delivery::End));
    }

    /// Says that its next batch cannot be given.
    #[napi]
    pub fn fail_epoch(&self) {
        self.signals.say(|said| said.deliveries.push_back(Delivery::Failure));
    }
}

/// Rates by the places of layers.
pub(crate) fn read_rates(json: &str) -> Result<Vec<(LayerPath, f64)>> {
    let allowed = "a list of places and rates";
    serde_json::from_str(json).map_err(|error| Error::argument(Code::Option, "rates", error, allowed))
}

impl Control {
    pub(crate) fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }
}
