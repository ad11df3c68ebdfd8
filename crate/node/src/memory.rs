//! The caller's typed arrays, read without copying.
//!
//! Two arguments may be views of one buffer, and Rust must never hold a `&[T]` and a `&mut [T]` to the same
//! memory. So arguments arrive as address ranges; they become slices only after [`Region::relation`] has told
//! apart what is the same, what is separate and what overlaps in part.

use std::marker::PhantomData;
use std::ptr;
use std::slice;

use inverted_dropout::{Code, Error};
use napi::bindgen_prelude::FromNapiValue;
use napi::{Status, sys};

/// A typed array's memory. Valid while the call that received it lasts: JavaScript does not run meanwhile.
#[derive(Clone, Copy)]
pub struct Region<'call, T> {
    start: *mut T,
    length: usize,
    call: PhantomData<&'call mut [T]>,
}

/// How two regions lie to each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Same,
    Separate,
    Overlapping,
}

impl<T> Region<'_, T> {
    fn new(start: *mut std::ffi::c_void, length: usize) -> Self {
        // The start of an empty array may be null, which a slice may not.
        let start = if length == 0 { ptr::dangling_mut() } else { start.cast() };
        Region { start, length, call: PhantomData }
    }

    /// How `self` and `other` lie to each other. Empty regions are separate from all.
    pub(crate) fn relation<U>(&self, other: &Region<'_, U>) -> Relation {
        let (a, b) = (self.bytes(), other.bytes());
        if a.is_empty() || b.is_empty() || a.end <= b.start || b.end <= a.start {
            Relation::Separate
        } else if a == b {
            Relation::Same
        } else {
            Relation::Overlapping
        }
    }

    /// How many elements there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    fn bytes(&self) -> std::ops::Range<usize> {
        let start = self.start.addr();
        start..start + self.length * size_of::<T>()
    }
}

impl<'call, T> Region<'call, T> {
    /// The elements, to read.
    ///
    /// # Safety
    /// Nobody may write to them while the slice lives.
    pub(crate) unsafe fn as_slice(&self) -> &'call [T] {
        // SAFETY: Node keeps the memory for the call, `T` has no invalid bit pattern, and the caller promises
        // that nobody writes.
        unsafe { slice::from_raw_parts(self.start, self.length) }
    }

    /// The elements, to write.
    ///
    /// # Safety
    /// No other slice of them may live at the same time.
    pub(crate) unsafe fn as_mut_slice(&self) -> &'call mut [T] {
        // SAFETY: as above, and the caller promises that this is the only slice.
        unsafe { slice::from_raw_parts_mut(self.start, self.length) }
    }
}

/// An error for arguments that share a part of their memory.
pub(crate) fn overlap(argument: &str, other: &str) -> Error {
    let allowed = format!("the same memory as `{other}`, or memory that does not overlap it");
    Error::argument(Code::Overlap, argument, "a view that overlaps it in part", allowed)
}

/// A `Float32Array` or a `Float64Array`.
#[derive(Clone, Copy)]
pub enum Floats<'call> {
    F32(Region<'call, f32>),
    F64(Region<'call, f64>),
}

/// A `Uint32Array`.
#[derive(Clone, Copy)]
pub struct Words<'call>(pub(crate) Region<'call, u32>);

/// A `Uint32Array` or a `BigUint64Array`.
#[derive(Clone, Copy)]
pub enum Names<'call> {
    Short(Region<'call, u32>),
    Long(Region<'call, u64>),
}

/// A `Uint8Array`.
#[derive(Clone, Copy)]
pub struct Bytes<'call>(pub(crate) Region<'call, u8>);

/// A `bigint` in `[0, 2^64)`.
#[derive(Clone, Copy)]
pub(crate) struct Seed(pub(crate) u64);

impl Floats<'_> {
    /// How the memory lies to that of `other`.
    pub(crate) fn relation<U>(&self, other: &Region<'_, U>) -> Relation {
        match self {
            Floats::F32(region) => region.relation(other),
            Floats::F64(region) => region.relation(other),
        }
    }

    /// The name of the typed array's class.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Floats::F32(_) => "Float32Array",
            Floats::F64(_) => "Float64Array",
        }
    }
}

/// An error for an input and an output of different element types.
pub(crate) fn other_type(x: &Floats<'_>, out: &Floats<'_>) -> Error {
    Error::argument(Code::Type, "out", out.class(), format!("a {} as the input is", x.class()))
}

/// The kind, start and length of a typed array.
///
/// # Safety
/// `env` and `value` must be those of the running call.
unsafe fn typed_array(
    env: sys::napi_env,
    value: sys::napi_value,
) -> napi::Result<(sys::napi_typedarray_type, *mut std::ffi::c_void, usize)> {
    let (mut kind, mut length, mut start) = (0, 0, ptr::null_mut());
    // SAFETY: the caller passes a live call; null asks for neither the buffer nor the offset.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &mut kind,
            &mut length,
            &mut start,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if status == sys::Status::napi_ok { Ok((kind, start, length)) } else { Err(wrong_type("a typed array")) }
}

fn wrong_type(expected: &str) -> napi::Error {
    napi::Error::new(Status::InvalidArg, format!("expected {expected}"))
}

impl FromNapiValue for Floats<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: napi calls this with the values of the running call.
        match unsafe { typed_array(env, value)? } {
            (sys::TypedarrayType::float32_array, start, length) => {
                Ok(Floats::F32(Region::new(start, length)))
            }
            (sys::TypedarrayType::float64_array, start, length) => {
                Ok(Floats::F64(Region::new(start, length)))
            }
            _ => Err(wrong_type("a Float32Array or a Float64Array")),
        }
    }
}

impl FromNapiValue for Words<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: napi calls this with the values of the running call.
        match unsafe { typed_array(env, value)? } {
            (sys::TypedarrayType::uint32_array, start, length) => Ok(Words(Region::new(start, length))),
            _ => Err(wrong_type("a Uint32Array")),
        }
    }
}

impl FromNapiValue for Names<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: napi calls this with the values of the running call.
        match unsafe { typed_array(env, value)? } {
            (sys::TypedarrayType::uint32_array, start, length) => {
                Ok(Names::Short(Region::new(start, length)))
            }
            (sys::TypedarrayType::biguint64_array, start, length) => {
                Ok(Names::Long(Region::new(start, length)))
            }
            _ => Err(wrong_type("a Uint32Array or a BigUint64Array")),
        }
    }
}

impl FromNapiValue for Bytes<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: napi calls this with the values of the running call.
        match unsafe { typed_array(env, value)? } {
            (sys::TypedarrayType::uint8_array, start, length) => Ok(Bytes(Region::new(start, length))),
            _ => Err(wrong_type("a Uint8Array")),
        }
    }
}

impl FromNapiValue for Seed {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let (mut seed, mut lossless) = (0, false);
        // SAFETY: napi calls this with the values of the running call.
        let status = unsafe { sys::napi_get_value_bigint_uint64(env, value, &mut seed, &mut lossless) };
        if status == sys::Status::napi_ok && lossless {
            Ok(Seed(seed))
        } else {
            Err(wrong_type("a 64-bit bigint"))
        }
    }
}
