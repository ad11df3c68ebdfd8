//! Errors on their way to JavaScript: an `Error` whose `code` is the stable code of the core.

use std::panic::{AssertUnwindSafe, catch_unwind};

use inverted_dropout::{Code, Error};
use napi::{Env, JsError, Status};

/// What napi throws as an `Error` with this `code`.
pub struct JsCode(Code);

impl AsRef<str> for JsCode {
    fn as_ref(&self) -> &str {
        self.0.as_str()
    }
}

/// The result of a function that JavaScript calls.
pub(crate) type Result<T> = std::result::Result<T, napi::Error<JsCode>>;

/// Gives an error of the core its code.
pub(crate) fn to_js(error: Error) -> napi::Error<JsCode> {
    napi::Error::new(JsCode(error.code()), error.to_string())
}

/// Runs `work`; a panic, which is a defect of this library, becomes an error like any other.
pub(crate) fn guarded<T>(work: impl FnOnce() -> inverted_dropout::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(to_js),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
            let reason = format!("a defect of this library, please report it: {text}");
            Err(napi::Error::new(JsCode(Code::Internal), reason))
        }
    }
}

/// A failure of Node-API itself: the environment is ending or a value is not what `src/` promised.
pub(crate) fn from_napi(error: napi::Error<Status>) -> napi::Error<JsCode> {
    napi::Error::new(JsCode(Code::Internal), error.reason.clone())
}

/// The error as a value that a promise rejects with; a plain `napi::Error` would lose the code.
pub(crate) fn rejection(env: Env, error: napi::Error<JsCode>) -> napi::Error<Status> {
    napi::Error::from(JsError::from(error).into_unknown(env))
}
