//! Promises that a native thread settles: the event loop and libuv's few threads stay free.

use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, JsDeferred, JsValue};

use crate::errors::{self, from_napi, guarded, rejection, to_js};
use crate::runtime;

/// What settles a promise on the thread of its environment.
type Resolver<T> = Box<dyn FnOnce(Env) -> napi::Result<T> + Send>;

/// Runs `work` on a thread of its own and returns the promise of what it gives. `stop` asks it to end early,
/// should the environment end before it does.
pub(crate) fn promise<T: ToNapiValue + Send + 'static>(
    env: &Env,
    name: &str,
    stop: impl FnOnce() + 'static,
    work: impl FnOnce() -> inverted_dropout::Result<T> + Send + 'static,
) -> errors::Result<Object<'static>> {
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>().map_err(from_napi)?;
    let promise = Object::from_raw(env.raw(), promise.raw());
    let on_thread = deferred.clone();
    if let Err(error) = runtime::spawn(name, stop, move || settle(on_thread, guarded(work))) {
        // A promise that nobody settles would keep the event loop alive for ever.
        settle(deferred, Err(to_js(error)));
    }
    Ok(promise)
}

fn settle<T: ToNapiValue + Send + 'static>(deferred: JsDeferred<T, Resolver<T>>, result: errors::Result<T>) {
    deferred.resolve(Box::new(move |env| result.map_err(|error| rejection(env, error))));
}
