//! What a native thread tells JavaScript while it works.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::{Function, ToNapiValue};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::errors::{self, from_napi};

/// A JavaScript function that a native thread calls with a `T`, converted to an `Argument` on the environment's
/// thread.
type Call<T, Argument> = ThreadsafeFunction<T, (), Argument, Status, false>;

/// Every event arrives.
pub(crate) struct Each<T: 'static, Argument: 'static + ToNapiValue>(Call<T, Argument>);

impl<T: 'static, Argument: 'static + ToNapiValue> Each<T, Argument> {
    pub(crate) fn new(
        function: &Function<'_, Argument, ()>,
        convert: impl Fn(T) -> Argument + 'static,
    ) -> errors::Result<Self> {
        let builder = function.build_threadsafe_function::<T>();
        builder.build_callback(move |context| Ok(convert(context.value))).map(Each).map_err(from_napi)
    }

    /// Tells JavaScript; `false` if the environment is ending and nobody listens.
    pub(crate) fn tell(&self, event: T) -> bool {
        self.0.call(event, ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok
    }
}

/// Only the latest event arrives: a thread that makes many of them neither waits for JavaScript nor fills its
/// queue.
pub(crate) struct Latest<T: 'static, Argument: 'static + ToNapiValue> {
    /// What JavaScript shall see instead of the event that was queued.
    newer: Arc<Mutex<Newer<T>>>,
    call: Call<T, Argument>,
}

enum Newer<T> {
    /// No event is queued.
    Nothing,
    /// One is queued, and since then there was this one.
    Queued(Option<T>),
}

impl<T: Send + 'static, Argument: 'static + ToNapiValue> Latest<T, Argument> {
    pub(crate) fn new(
        function: &Function<'_, Argument, ()>,
        convert: impl Fn(T) -> Argument + 'static,
    ) -> errors::Result<Self> {
        let newer = Arc::new(Mutex::new(Newer::Nothing));
        let taken = Arc::clone(&newer);
        let builder = function.build_threadsafe_function::<T>();
        let call = builder
            .build_callback(move |context| {
                let latest = match std::mem::replace(&mut *lock(&taken), Newer::Nothing) {
                    Newer::Queued(Some(newer)) => newer,
                    Newer::Queued(None) | Newer::Nothing => context.value,
                };
                Ok(convert(latest))
            })
            .map_err(from_napi)?;
        Ok(Latest { newer, call })
    }

    /// Queues the event, or replaces the one that JavaScript has not seen yet.
    pub(crate) fn tell(&self, event: T) {
        let mut newer = lock(&self.newer);
        match &mut *newer {
            Newer::Queued(newer) => *newer = Some(event),
            Newer::Nothing => {
                *newer = Newer::Queued(None);
                // Where the environment is ending nobody listens.
                let _ = self.call.call(event, ThreadsafeFunctionCallMode::NonBlocking);
            }
        }
    }
}

fn lock<T>(newer: &Mutex<Newer<T>>) -> MutexGuard<'_, Newer<T>> {
    // Nothing can panic while the lock is held.
    newer.lock().unwrap_or_else(PoisonError::into_inner)
}
