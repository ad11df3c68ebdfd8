//! Who may use a model at a time: one training, or any number of readers.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use inverted_dropout::nn::Model;
use inverted_dropout::{Code, Error, Result};

/// A model and the calls that use it.
///
/// A call is admitted on the environment's thread, before its own thread starts: whether it finds the model busy
/// depends on the order of the calls and not on how fast threads start. The lock below is then always free.
pub(crate) struct Shared {
    model: RwLock<Model>,
    /// The number of readers, or -1 for a writer.
    users: AtomicIsize,
}

const WRITER: isize = -1;

/// Admission to read.
pub(crate) struct Reader(Arc<Shared>);

/// Admission to write.
pub(crate) struct Writer(Arc<Shared>);

impl Shared {
    pub(crate) fn new(model: Model) -> Arc<Self> {
        Arc::new(Shared { model: RwLock::new(model), users: AtomicIsize::new(0) })
    }

    /// Admits a reader.
    ///
    /// # Errors
    /// `ERR_MODEL_BUSY` while the model trains.
    pub(crate) fn read(self: &Arc<Self>) -> Result<Reader> {
        let admit = |users| (users != WRITER).then_some(users + 1);
        match self.users.fetch_update(Ordering::Acquire, Ordering::Relaxed, admit) {
            Ok(_) => Ok(Reader(Arc::clone(self))),
            Err(_) => Err(busy("a model that is training")),
        }
    }

    /// Admits a writer.
    ///
    /// # Errors
    /// `ERR_MODEL_BUSY` while anybody uses the model.
    pub(crate) fn write(self: &Arc<Self>) -> Result<Writer> {
        match self.users.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(Writer(Arc::clone(self))),
            Err(WRITER) => Err(busy("a model that is training")),
            Err(_) => Err(busy("a model that is predicting, evaluating or saving")),
        }
    }
}

fn busy(got: &str) -> Error {
    Error::argument(Code::Busy, "model", got, "idle: wait for its calls to end, or abort them")
}

fn broken<T>(_: PoisonError<T>) -> Error {
    let allowed = "loaded or made anew: its training ended in a defect of this library";
    Error::argument(Code::Internal, "model", "a model in an unknown state", allowed)
}

impl Reader {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Model) -> Result<T>) -> Result<T> {
        work(&*self.0.model.read().map_err(broken)?)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::Release);
    }
}

impl Writer {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Model) -> Result<T>) -> Result<T> {
        work(&mut *self.0.model.write().map_err(broken)?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.users.store(0, Ordering::Release);
    }
}
