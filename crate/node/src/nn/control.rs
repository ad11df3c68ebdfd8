//! What JavaScript says to a native thread: stop, or go on after an epoch.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use inverted_dropout::nn::{self, Flow, LayerPath};
use inverted_dropout::{Code, Error, Result};
use napi_derive::napi;

use crate::errors;

/// The state behind a [`Control`]; the thread has the other end.
#[derive(Default)]
pub(crate) struct Signals {
    control: nn::Control,
    answer: Mutex<Option<Flow>>,
    changed: Condvar,
}

impl Signals {
    /// The switch that the core looks at.
    pub(crate) fn control(&self) -> &nn::Control {
        &self.control
    }

    /// Stops the work at its next batch, also where it waits for an answer.
    pub(crate) fn stop(&self) {
        let _answer = self.answer();
        self.control.abort();
        self.changed.notify_all();
    }

    fn give(&self, flow: Flow) {
        *self.answer() = Some(flow);
        self.changed.notify_all();
    }

    /// Waits for the answer to the epoch that was just told. `None` if the work was stopped instead.
    pub(crate) fn wait(&self) -> Option<Flow> {
        let waiting = |answer: &mut Option<Flow>| answer.is_none() && !self.control.is_aborted();
        let answer = self.changed.wait_while(self.answer(), waiting);
        answer.unwrap_or_else(PoisonError::into_inner).take()
    }

    fn answer(&self) -> MutexGuard<'_, Option<Flow>> {
        // Nothing can panic while the lock is held.
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
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
            self.signals.give(match rates {
                _ if stop => Flow::Stop,
                Some(rates) => Flow::SetRates(read_rates(&rates)?),
                None => Flow::Continue,
            });
            Ok(())
        })
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
