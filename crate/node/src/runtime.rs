//! The threads of the process and of each environment in it.
//!
//! Node runs the main program and every `worker_threads` worker in an environment of its own; all share this
//! module, and so its thread pools. When an environment ends, its jobs are stopped and joined; when the last
//! one ends, so are the pools. A pool is never left running under a module that may be unloaded.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use inverted_dropout::isa::Isa;
use inverted_dropout::{Code, Error, Result, parallel};
use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::errors::{self, guarded};

static ENVIRONMENTS: AtomicUsize = AtomicUsize::new(0);

struct Job {
    stop: Box<dyn FnOnce()>,
    thread: JoinHandle<()>,
}

thread_local! {
    /// The jobs of the environment that runs on this thread.
    static JOBS: RefCell<Vec<Job>> = const { RefCell::new(Vec::new()) };
}

/// Runs whenever an environment loads the module.
#[napi(module_exports)]
pub(crate) fn environment_starts(_exports: Object<'_>, env: Env) -> napi::Result<()> {
    // Read here, where no native thread runs yet: a job would read them while JavaScript may write them. An error
    // comes back where a call needs what was asked for.
    let _ = (Isa::active(), parallel::default_threads());
    env.add_env_cleanup_hook((), |()| environment_ends())?;
    ENVIRONMENTS.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

fn environment_ends() {
    let jobs = JOBS.take();
    let threads: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            (job.stop)();
            job.thread
        })
        .collect();
    for thread in threads {
        // A job catches its own panics, so an error here has nothing to add.
        let _ = thread.join();
    }
    if ENVIRONMENTS.fetch_sub(1, Ordering::SeqCst) == 1 {
        parallel::shutdown();
    }
}

/// Starts a thread of this environment. If the environment ends first, `stop` is called on the environment's
/// thread and must make `work` return soon; then the thread is joined.
pub(crate) fn spawn(
    name: &str,
    stop: impl FnOnce() + 'static,
    work: impl FnOnce() + Send + 'static,
) -> Result<()> {
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::argument(Code::Threads, "threads", error, "what the system can start"))?;
    JOBS.with_borrow_mut(|jobs| {
        jobs.retain(|job| !job.thread.is_finished());
        jobs.push(Job { stop: Box::new(stop), thread });
    });
    Ok(())
}

/// The number of threads that kernels use.
#[napi]
pub fn threads() -> errors::Result<u32> {
    guarded(|| parallel::default_threads().map(|threads| threads as u32))
}

/// The name of the instruction set that kernels use.
#[napi(ts_return_type = "'portable' | 'avx2' | 'avx512' | 'neon'")]
pub fn instruction_set() -> errors::Result<&'static str> {
    guarded(|| Isa::active().map(Isa::name))
}

/// Panics on purpose: the test that a defect becomes a JavaScript error calls it.
#[napi]
pub fn panic_for_test() -> errors::Result<()> {
    guarded(|| panic!("on purpose"))
}
