//! Freed memory goes back to the system.
//!
//! glibc keeps what is freed for later use, and the pieces that live in between keep it from shrinking by itself: a
//! process that made and dropped a thousand models of 2 MB would stay some hundred megabytes larger. So after every
//! [`TRIM_EVERY`] of released models it is asked to give back what it can. Other allocators do so by themselves.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of released models between two requests, each of which takes about a millisecond.
const TRIM_EVERY: u64 = 32 << 20;

static RELEASED: AtomicU64 = AtomicU64::new(0);

/// Notes that a model of `bytes` was released.
pub(crate) fn released(bytes: u64) {
    let before = RELEASED.fetch_add(bytes, Ordering::Relaxed);
    if before / TRIM_EVERY != (before + bytes) / TRIM_EVERY {
        trim();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: a function of glibc without preconditions, safe to call from any thread.
    unsafe { malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
