//! The threads of this crate: pools of its own, never the global one, and joined when asked.
//!
//! A library inside Node must be able to end its threads: `shutdown` joins them all before the module may be
//! unloaded. Results never depend on the number of threads; `INVERTED_DROPOUT_THREADS` and options choose it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::error::{Code, Error, Result};

/// The environment variable that sets the default number of threads.
pub const VARIABLE: &str = "INVERTED_DROPOUT_THREADS";

/// More threads than this are refused: a typing error, not a machine.
pub const MAX_THREADS: usize = 1024;

/// The number of threads used where none is given: `INVERTED_DROPOUT_THREADS`, else what the machine offers.
///
/// # Errors
/// `ERR_THREADS` if the variable is not a whole number in `1..=1024`.
pub fn default_threads() -> Result<usize> {
    match std::env::var(VARIABLE) {
        Ok(text) if !text.is_empty() => match text.parse() {
            Ok(threads) if (1..=MAX_THREADS).contains(&threads) => Ok(threads),
            _ => Err(Error::argument(Code::Threads, VARIABLE, text, "a whole number in [1, 1024]")),
        },
        _ => Ok(std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)),
    }
}

/// The number of threads that work on this thread may use: those of the pool it belongs to, 1 outside of any.
pub fn current_threads() -> usize {
    // Outside of a pool rayon would answer for its global one, and start it.
    if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { 1 }
}

struct Pool {
    pool: rayon::ThreadPool,
    handles: Vec<JoinHandle<()>>,
}

static POOLS: Mutex<Option<HashMap<usize, Arc<Pool>>>> = Mutex::new(None);

fn pools() -> MutexGuard<'static, Option<HashMap<usize, Arc<Pool>>>> {
    // A panic while the map was held leaves it consistent: it is only ever inserted into or taken.
    POOLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` with `threads` threads: inside the pool of that size, or right here for one.
///
/// Pools are made at first use and kept. Inside `work`, rayon and the matrix products use that pool.
///
/// # Errors
/// `ERR_THREADS` if `threads` is 0 or above [`MAX_THREADS`], or the system refuses to start them.
pub fn install<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R> {
    if !(1..=MAX_THREADS).contains(&threads) {
        return Err(Error::argument(Code::Threads, "threads", threads, "a whole number in [1, 1024]"));
    }
    if threads == 1 {
        return Ok(work());
    }
    let pool = {
        let mut pools = pools();
        let pools = pools.get_or_insert_with(HashMap::new);
        match pools.get(&threads) {
            Some(pool) => Arc::clone(pool),
            None => {
                let pool = Arc::new(start(threads)?);
                pools.insert(threads, Arc::clone(&pool));
                pool
            }
        }
    };
    Ok(pool.pool.install(work))
}

/// Calls `work` for ranges that together make `0..length`, in parallel where that pays.
///
/// Inside a pool of several threads and from `parallel_from` on, each thread gets one range, a multiple of
/// `grain` long but for the last; otherwise there is one range, worked off on the calling thread.
pub fn for_each_range(
    length: usize,
    grain: usize,
    parallel_from: usize,
    work: impl Fn(Range<usize>) + Send + Sync,
) {
    // Outside a pool rayon would start its global one, which this crate never uses.
    let threads = if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { 1 };
    if threads == 1 || length < parallel_from {
        return work(0..length);
    }
    let each = length.div_ceil(threads).next_multiple_of(grain);
    let work = &work;
    rayon::scope(|scope| {
        for start in (0..length).step_by(each) {
            scope.spawn(move |_| work(start..(start + each).min(length)));
        }
    });
}

fn start(threads: usize) -> Result<Pool> {
    let mut handles = Vec::with_capacity(threads);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .spawn_handler(|thread| {
            let name = format!("inverted-dropout-{}", thread.index());
            handles.push(std::thread::Builder::new().name(name).spawn(|| thread.run())?);
            Ok(())
        })
        .build()
        .map_err(|error| {
            Error::argument(
                Code::Threads,
                "threads",
                format!("{threads} ({error})"),
                "what the system can start",
            )
        })?;
    Ok(Pool { pool, handles })
}

/// Ends and joins the threads of every pool. Pools start again at the next use.
///
/// Waits for work under way in them, so stop that first.
pub fn shutdown() {
    let Some(pools) = pools().take() else { return };
    for (_, pool) in pools {
        // Whoever still holds the pool is inside `install`, and ends it by leaving.
        if let Some(Pool { pool, handles }) = Arc::into_inner(pool) {
            drop(pool);
            for handle in handles {
                // A worker that panicked has already reported it to the caller of `install`.
                let _ = handle.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pool_per_size_and_all_can_be_ended() {
        assert_eq!(install(3, rayon::current_num_threads).unwrap(), 3);
        assert_eq!(install(2, rayon::current_num_threads).unwrap(), 2);
        shutdown();
        assert_eq!(install(3, rayon::current_num_threads).unwrap(), 3);
    }

    #[test]
    fn an_impossible_number_is_refused() {
        for threads in [0, MAX_THREADS + 1] {
            assert_eq!(install(threads, || ()).unwrap_err().code(), Code::Threads);
        }
    }
}
