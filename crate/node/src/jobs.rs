//! Promises that a native thread settles: the event loop and libuv's few threads stay free.

use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, JsValue, Status};

use crate::errors::{self, from_napi, guarded, rejection, to_js};
use crate::runtime;

/// Runs `work` on a thread of its own and returns the promise of what it gives. `stop` asks it to end early,
/// should the environment end before it does.
pub(crate) fn promise<T: ToNapiValue + Send + 'static>(
    env: &Env,
    name: &str,
    stop: impl FnOnce() + 'static,
    work: impl FnOnce() -> inverted_dropout::Result<T> + Send + 'static,
) -> errors::Result<Object<'static>> {
    let (deferred, promise) = env.create_deferred().map_err(from_napi)?;
    let promise = Object::from_raw(env.raw(), promise.raw());
    runtime::spawn(name, stop, move || {
        let result = guarded(work);
        deferred.resolve(move |env| -> Result<T, napi::Error<Status>> {
            result.map_err(|error| rejection(env, error))
        });
    })
    .map_err(to_js)?;
    Ok(promise)
}
