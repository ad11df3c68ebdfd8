//! The threads of this crate: pools of its own, never the global one, and joined when asked.
//!
//! A library inside Node must be able to end its threads: `shutdown` joins them all before the module may be
//! unloaded. Results never depend on the number of threads; `INVERTED_DROPOUT_THREADS` and options choose it.

use std::ffi::OsString;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use crate::error::{Code, Error, Result};

/// The environment variable that sets the default number of threads.
pub const VARIABLE: &str = "INVERTED_DROPOUT_THREADS";

/// More threads than this are refused: a typing error, not a machine.
pub const MAX_THREADS: usize = 1024;

/// The number of threads used where none is given: `INVERTED_DROPOUT_THREADS`, else what the machine offers. Found out
/// once a process: another thread may change the environment while this one reads it.
///
/// # Errors
/// `ERR_THREADS` if the variable is not a whole number in `1..=1024`.
pub fn default_threads() -> Result<usize> {
    static DEFAULT: OnceLock<std::result::Result<usize, String>> = OnceLock::new();
    DEFAULT
        .get_or_init(|| requested(std::env::var_os(VARIABLE)))
        .clone()
        .map_err(|text| Error::argument(Code::Threads, VARIABLE, text, "a whole number in [1, 1024]"))
}

/// The threads that the value of the variable asks for, or the value where that is not possible.
fn requested(value: Option<OsString>) -> std::result::Result<usize, String> {
    let text = match value {
        Some(text) if !text.is_empty() => text.to_string_lossy().into_owned(),
        _ => return Ok(std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)),
    };
    text.parse().ok().filter(|threads| (1..=MAX_THREADS).contains(threads)).ok_or(text)
}

/// Multiply-adds below which waking threads costs more than they save.
const SMALL: usize = 1 << 22;

/// The threads for forward passes of so many multiply-adds in all: `asked`, or else the default; one where the work
/// is small.
///
/// # Errors
/// `ERR_THREADS` if `asked` is not possible, however small the work is, or as [`default_threads`].
pub(crate) fn threads_for(asked: Option<usize>, multiply_adds: usize) -> Result<usize> {
    let threads = asked.map_or_else(default_threads, check)?;
    Ok(if multiply_adds < SMALL { 1 } else { threads })
}

fn check(threads: usize) -> Result<usize> {
    if (1..=MAX_THREADS).contains(&threads) {
        return Ok(threads);
    }
    Err(Error::argument(Code::Threads, "threads", threads, "a whole number in [1, 1024]"))
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

/// Pools that nobody uses now, the one that was used last at the end.
static IDLE: Mutex<Vec<Pool>> = Mutex::new(Vec::new());

/// So many idle pools are kept for the next callers, whatever their sizes; of more, those end that were used longest
/// ago.
const KEPT: usize = 4;

fn idle() -> MutexGuard<'static, Vec<Pool>> {
    // A panic while the list was held leaves it consistent: pools are only ever put in or taken out.
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pool that is used by one caller; given back in any case, also when its work panics.
struct Lease(Option<Pool>);

impl Lease {
    fn take(threads: usize) -> Result<Self> {
        let mut idle = idle();
        let found = idle.iter().rposition(|pool| pool.handles.len() == threads);
        let found = found.map(|at| idle.remove(at));
        drop(idle);
        Ok(Lease(Some(match found {
            Some(pool) => pool,
            None => start(threads)?,
        })))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(pool) = self.0.take() else { return };
        let mut idle = idle();
        idle.push(pool);
        let oldest = (idle.len() > KEPT).then(|| idle.remove(0));
        drop(idle);
        if let Some(oldest) = oldest {
            end(oldest);
        }
    }
}

/// Runs `work` with `threads` threads: inside a pool of that size, or right here for one.
///
/// Inside `work`, rayon and the matrix products use that pool. It belongs to the caller while `work` runs: were two
/// trainings to share a pool, one would wait for the other's end, or run nested inside one of its steps. Pools are
/// made when there is no idle one, which takes some tens of microseconds a thread, and kept.
///
/// # Errors
/// `ERR_THREADS` if `threads` is 0 or above [`MAX_THREADS`], or the system refuses to start them.
pub fn install<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R> {
    if check(threads)? == 1 {
        return Ok(work());
    }
    let lease = Lease::take(threads)?;
    let pool = lease.0.as_ref().expect("a lease holds its pool until it is dropped");
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
    let threads = current_threads();
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

/// Calls `work` with parts of `out` and where they start, in parallel from `parallel_from` elements on: each thread of
/// the pool gets one part.
pub(crate) fn for_each_chunk<T: Send>(
    out: &mut [T],
    parallel_from: usize,
    work: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    let threads = current_threads();
    if threads == 1 || out.len() < parallel_from {
        return work(0, out);
    }
    let each = out.len().div_ceil(threads);
    let work = &work;
    rayon::scope(|scope| {
        for (part, out) in out.chunks_mut(each).enumerate() {
            scope.spawn(move |_| work(part * each, out));
        }
    });
}

/// Calls `work` with each of a few large pieces of work, all at a time where `parallel` says so: that is for callers
/// that have asked [`current_threads`].
pub(crate) fn for_each<T: Send>(pieces: Vec<T>, parallel: bool, work: impl Fn(T) + Send + Sync) {
    if !parallel {
        return pieces.into_iter().for_each(work);
    }
    let work = &work;
    rayon::scope(|scope| {
        for piece in pieces {
            scope.spawn(move |_| work(piece));
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

fn end(Pool { pool, handles }: Pool) {
    drop(pool);
    for handle in handles {
        // A worker that panicked has already reported it to the caller of `install`.
        let _ = handle.join();
    }
}

/// Ends and joins the threads of every idle pool. Pools start again at the next use.
///
/// A pool whose work is under way stays, so stop and join that first.
pub fn shutdown() {
    let pools = std::mem::take(&mut *idle());
    pools.into_iter().for_each(end);
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
    fn work_that_lasts_does_not_hold_up_other_work() {
        // The last one to arrive is this thread: until then the others stay inside their pools.
        let end = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| install(2, || end.wait()).unwrap());
            }
            assert_eq!(install(2, rayon::current_num_threads).unwrap(), 2);
            end.wait();
        });
    }

    #[test]
    fn a_pool_outlives_the_panic_of_its_work() {
        let panicked = std::panic::catch_unwind(|| install(2, || panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(install(2, rayon::current_num_threads).unwrap(), 2);
    }

    #[test]
    fn only_a_few_idle_pools_are_kept() {
        for threads in 2..12 {
            install(threads, || ()).unwrap();
            assert!(idle().len() <= KEPT);
        }
    }

    #[test]
    fn a_value_that_is_no_number_is_refused_also_where_it_is_no_text() {
        let machine = requested(None).unwrap();
        assert_eq!(requested(Some("".into())), Ok(machine));
        assert_eq!(requested(Some("3".into())), Ok(3));
        for value in ["0", "1025", "two", "-1"] {
            assert_eq!(requested(Some(value.into())), Err(value.to_owned()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            let value = OsString::from_vec(b"3\xff".to_vec());
            assert_eq!(requested(Some(value)), Err("3\u{fffd}".to_owned()));
        }
    }

    #[test]
    fn an_impossible_number_is_refused() {
        for threads in [0, MAX_THREADS + 1] {
            assert_eq!(install(threads, || ()).unwrap_err().code(), Code::Threads);
        }
    }
}
