//! Memory whose size the caller's arguments decide. It is asked for, so that a refusal is an error with the
//! argument's name; an allocation that fails inside `vec!` would end the whole process.

use std::alloc::{Layout, alloc_zeroed};
use std::fmt::Display;

use crate::error::{Code, Error, Result};
use crate::ops::Element;

/// Zeros for an array of these extents.
///
/// # Errors
/// `ERR_RANGE` naming `argument`, which was `got`, if there is not that much memory.
pub(crate) fn zeros<T: Element>(argument: &str, got: impl Display, extents: &[usize]) -> Result<Vec<T>> {
    length(extents).and_then(zeroed).ok_or_else(|| too_large::<T>(argument, got, extents))
}

/// An empty list with room for an array of these extents.
///
/// # Errors
/// As [`zeros`].
pub(crate) fn room<T>(argument: &str, got: impl Display, extents: &[usize]) -> Result<Vec<T>> {
    let mut list = Vec::new();
    match length(extents).map(|length| list.try_reserve_exact(length)) {
        Some(Ok(())) => Ok(list),
        _ => Err(too_large::<T>(argument, got, extents)),
    }
}

/// A number of bytes in words.
pub(crate) fn size(bytes: f64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024.0 {
        return format!("{bytes} B");
    }
    let (mut scaled, mut unit) = (bytes / 1024.0, 0);
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        (scaled, unit) = (scaled / 1024.0, unit + 1);
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

fn length(extents: &[usize]) -> Option<usize> {
    extents.iter().try_fold(1usize, |length, &extent| length.checked_mul(extent))
}

/// Fresh pages of the system are zero already: unlike a list that grows, this does not write them a second time.
fn zeroed<T: Element>(length: usize) -> Option<Vec<T>> {
    let layout = Layout::array::<T>(length).ok()?;
    if layout.size() == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout is not empty; all-zero bytes are +0 of every `Element`; a list owns memory of the global
    // allocator with the layout of its capacity.
    unsafe {
        let start = alloc_zeroed(layout).cast::<T>();
        (!start.is_null()).then(|| Vec::from_raw_parts(start, length, length))
    }
}

fn too_large<T>(argument: &str, got: impl Display, extents: &[usize]) -> Error {
    let bytes = extents.iter().fold(size_of::<T>() as f64, |bytes, &extent| bytes * extent as f64);
    Error::argument(
        Code::Range,
        argument,
        format!("{got}, which takes {}", size(bytes)),
        "small enough for the memory there is",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_zero_and_as_many_as_asked_for() {
        assert_eq!(zeros::<f32>("x", 6, &[2, 3]).unwrap(), [0.0; 6]);
        assert_eq!(zeros::<f64>("x", 0, &[2, 0]).unwrap(), [0.0; 0]);
        assert_eq!(room::<u8>("x", 6, &[2, 3]).unwrap().capacity(), 6);
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_names_the_argument_and_the_memory() {
        for extents in [[1 << 30, 1 << 24], [usize::MAX, 8]] {
            for error in [
                zeros::<f32>("passes", 5, &extents).unwrap_err(),
                room::<f32>("passes", 5, &extents).unwrap_err(),
            ] {
                assert_eq!(error.code(), Code::Range);
                let text = error.to_string();
                assert!(
                    text.starts_with("`passes` must be small enough for the memory there is; got 5"),
                    "{text}"
                );
                assert!(text.ends_with("iB"), "{text}");
            }
        }
        let error = zeros::<f32>("passes", 5, &[1 << 30, 1 << 24]).unwrap_err();
        assert!(error.to_string().ends_with("64.0 PiB"), "{error}");
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        assert_eq!(size(780.0), "780 B");
        assert_eq!(size(1024.0), "1.0 KiB");
        assert_eq!(size(1.5 * 1024.0 * 1024.0), "1.5 MiB");
    }
}
