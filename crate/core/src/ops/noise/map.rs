//! Loops over elements that the compiler vectorises.
//!
//! Where input and output are the same memory, a loop over two pointers would fall back to one element at a time: the
//! compiler asks at run time whether they overlap. So each way they may lie has its own loop.

use std::ptr;

/// `to[i]` = f(`gates[i]`, `from[i]`).
///
/// # Safety
/// `from` and `to` are valid for as many elements as there are gates; they are equal or do not overlap.
#[inline(always)]
pub(super) unsafe fn map<G: Copy, E: Copy>(gates: &[G], from: *const E, to: *mut E, f: impl Fn(G, E) -> E) {
    // SAFETY: as the caller guarantees.
    unsafe {
        if ptr::eq(from, to) {
            for (i, gate) in gates.iter().enumerate() {
                let y = to.add(i);
                *y = f(*gate, *y);
            }
        } else {
            for (i, gate) in gates.iter().enumerate() {
                *to.add(i) = f(*gate, *from.add(i));
            }
        }
    }
}

/// `to[i]` = f(`gates[i]`, `a[i]`, `b[i]`).
///
/// # Safety
/// As for [`map`]; `to` may equal `a` or `b`.
#[inline(always)]
pub(super) unsafe fn map_both<G: Copy, E: Copy>(
    gates: &[G],
    a: *const E,
    b: *const E,
    to: *mut E,
    f: impl Fn(G, E, E) -> E,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        if ptr::eq(a, to) {
            for (i, gate) in gates.iter().enumerate() {
                let y = to.add(i);
                *y = f(*gate, *y, *b.add(i));
            }
        } else if ptr::eq(b, to) {
            for (i, gate) in gates.iter().enumerate() {
                let y = to.add(i);
                *y = f(*gate, *a.add(i), *y);
            }
        } else {
            for (i, gate) in gates.iter().enumerate() {
                *to.add(i) = f(*gate, *a.add(i), *b.add(i));
            }
        }
    }
}
