//! A model of the NEON intrinsics that `neon.rs` uses, in plain Rust after the Arm Architecture Reference
//! Manual, so that the NEON file itself is compiled and tested on other machines.

#![allow(non_camel_case_types, clippy::missing_safety_doc)] // the names are Arm's

pub(crate) type uint64x2_t = [u64; 2];
pub(crate) type int64x2_t = [i64; 2];
pub(crate) type uint32x2_t = [u32; 2];
pub(crate) type uint32x4_t = [u32; 4];
pub(crate) type float32x4_t = [f32; 4];
pub(crate) type float64x2_t = [f64; 2];

macro_rules! model {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty { $body:expr })*) => {
        $(pub(crate) unsafe fn $name($($argument: $type),*) -> $result { $body })*
    };
}

// SAFETY of every block below: the caller guarantees valid pointers, as for the intrinsics.
#[allow(clippy::undocumented_unsafe_blocks)]
mod memory {
    use super::*;

    model! {
        vld1q_u64(from: *const u64) -> uint64x2_t { unsafe { from.cast::<uint64x2_t>().read_unaligned() } }
        vld1q_u32(from: *const u32) -> uint32x4_t { unsafe { from.cast::<uint32x4_t>().read_unaligned() } }
        vld1q_f32(from: *const f32) -> float32x4_t { unsafe { from.cast::<float32x4_t>().read_unaligned() } }
        vld1q_f64(from: *const f64) -> float64x2_t { unsafe { from.cast::<float64x2_t>().read_unaligned() } }
        vst1q_u64(to: *mut u64, value: uint64x2_t) -> () { unsafe { to.cast::<uint64x2_t>().write_unaligned(value) } }
        vst1q_f32(to: *mut f32, value: float32x4_t) -> () { unsafe { to.cast::<float32x4_t>().write_unaligned(value) } }
        vst1q_f64(to: *mut f64, value: float64x2_t) -> () { unsafe { to.cast::<float64x2_t>().write_unaligned(value) } }
    }
}
pub(crate) use memory::*;

model! {
    vdupq_n_u64(value: u64) -> uint64x2_t { [value; 2] }
    vdupq_n_s64(value: i64) -> int64x2_t { [value; 2] }
    vdupq_n_u32(value: u32) -> uint32x4_t { [value; 4] }
    vdupq_n_f32(value: f32) -> float32x4_t { [value; 4] }
    vdupq_n_f64(value: f64) -> float64x2_t { [value; 2] }
    vzip1q_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[0], b[0]] }
    vzip2q_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[1], b[1]] }
    vaddq_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])] }
    vmovn_u64(a: uint64x2_t) -> uint32x2_t { a.map(|lane| lane as u32) }
    vmull_u32(a: uint32x2_t, b: uint32x2_t) -> uint64x2_t {
        [u64::from(a[0]) * u64::from(b[0]), u64::from(a[1]) * u64::from(b[1])]
    }
    vandq_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[0] & b[0], a[1] & b[1]] }
    vorrq_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[0] | b[0], a[1] | b[1]] }
    veorq_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[0] ^ b[0], a[1] ^ b[1]] }
    vbicq_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { [a[0] & !b[0], a[1] & !b[1]] }
    vandq_u32(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t { std::array::from_fn(|i| a[i] & b[i]) }
    vtstq_u32(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        std::array::from_fn(|i| if a[i] & b[i] != 0 { u32::MAX } else { 0 })
    }
    vtstq_u64(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
        std::array::from_fn(|i| if a[i] & b[i] != 0 { u64::MAX } else { 0 })
    }
    vfmaq_f32(c: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
    }
    vcgtq_f32(a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        std::array::from_fn(|i| if a[i] > b[i] { u32::MAX } else { 0 })
    }
    vbslq_f32(mask: uint32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        std::array::from_fn(|i| f32::from_bits(a[i].to_bits() & mask[i] | b[i].to_bits() & !mask[i]))
    }
    vmulq_f32(a: float32x4_t, b: float32x4_t) -> float32x4_t { std::array::from_fn(|i| a[i] * b[i]) }
    vmulq_f64(a: float64x2_t, b: float64x2_t) -> float64x2_t { std::array::from_fn(|i| a[i] * b[i]) }
    vreinterpretq_u32_u64(a: uint64x2_t) -> uint32x4_t {
        [a[0] as u32, (a[0] >> 32) as u32, a[1] as u32, (a[1] >> 32) as u32]
    }
    vreinterpretq_u64_u32(a: uint32x4_t) -> uint64x2_t {
        [u64::from(a[0]) | u64::from(a[1]) << 32, u64::from(a[2]) | u64::from(a[3]) << 32]
    }
    vrev64q_u32(a: uint32x4_t) -> uint32x4_t { [a[1], a[0], a[3], a[2]] }
    vreinterpretq_u32_f32(a: float32x4_t) -> uint32x4_t { a.map(f32::to_bits) }
    vreinterpretq_f32_u32(a: uint32x4_t) -> float32x4_t { a.map(f32::from_bits) }
    vreinterpretq_u64_f64(a: float64x2_t) -> uint64x2_t { a.map(f64::to_bits) }
    vreinterpretq_f64_u64(a: uint64x2_t) -> float64x2_t { a.map(f64::from_bits) }
    vshlq_u64(a: uint64x2_t, by: int64x2_t) -> uint64x2_t {
        std::array::from_fn(|i| match by[i] {
            0..64 => a[i] << by[i],
            -63..0 => a[i] >> -by[i],
            _ => 0,
        })
    }
}

/// Shifts by a constant: written out because of their const parameter.
pub(crate) unsafe fn vshrq_n_u64<const N: i32>(a: uint64x2_t) -> uint64x2_t {
    a.map(|lane| lane >> N)
}

/// As above.
pub(crate) unsafe fn vshlq_n_u64<const N: i32>(a: uint64x2_t) -> uint64x2_t {
    a.map(|lane| lane << N)
}

/// One lane, by a constant as above.
pub(crate) unsafe fn vgetq_lane_u64<const LANE: i32>(a: uint64x2_t) -> u64 {
    a[LANE as usize]
}
