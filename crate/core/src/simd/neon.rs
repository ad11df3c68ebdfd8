//! Intrinsics of AArch64 NEON. Tests on other machines compile this file over a model of the intrinsics.

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::*;

#[cfg(not(target_arch = "aarch64"))]
use super::neon_model::*;
use super::vector::{MulAdd, Select, Vector, select_some_plain};

/// Two 64-bit lanes.
#[derive(Clone, Copy)]
pub(crate) struct Neon(uint64x2_t);

// SAFETY of every block below: NEON is part of AArch64; the caller guarantees valid pointers.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Vector for Neon {
    const LANES: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: u64) -> Self {
        unsafe { Neon(vdupq_n_u64(value)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u64) -> Self {
        unsafe { Neon(vld1q_u64(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u64) {
        unsafe { vst1q_u64(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_interleaved(self, other: Self, to: *mut u64) {
        unsafe {
            vst1q_u64(to, vzip1q_u64(self.0, other.0));
            vst1q_u64(to.add(2), vzip2q_u64(self.0, other.0));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Neon(vaddq_u64(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_low(self, other: Self) -> Self {
        unsafe { Neon(vmull_u32(vmovn_u64(self.0), vmovn_u64(other.0))) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        unsafe { Neon(vandq_u64(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { Neon(vorrq_u64(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        unsafe { Neon(veorq_u64(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn xor3(self, second: Self, third: Self) -> Self {
        unsafe { self.xor(second).xor(third) }
    }
    #[inline(always)]
    unsafe fn and_not(self, other: Self) -> Self {
        unsafe { Neon(vbicq_u64(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn high(self) -> Self {
        unsafe { Neon(vshrq_n_u64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn low_to_high(self) -> Self {
        unsafe { Neon(vshlq_n_u64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn swap_halves(self) -> Self {
        unsafe { Neon(vreinterpretq_u64_u32(vrev64q_u32(vreinterpretq_u32_u64(self.0)))) }
    }
    #[inline(always)]
    unsafe fn shift_right(self, count: u32) -> Self {
        unsafe { Neon(vshlq_u64(self.0, vdupq_n_s64(-i64::from(count)))) }
    }
    #[inline(always)]
    unsafe fn shift_left(self, count: u32) -> Self {
        unsafe { Neon(vshlq_u64(self.0, vdupq_n_s64(i64::from(count)))) }
    }

    #[inline(always)]
    unsafe fn nonzero(self) -> u32 {
        unsafe {
            u32::from(vgetq_lane_u64::<0>(self.0) != 0) | u32::from(vgetq_lane_u64::<1>(self.0) != 0) << 1
        }
    }
}

const LOW_BITS: [u32; 4] = [1, 2, 4, 8];
const HIGH_BITS: [u32; 4] = [16, 32, 64, 128];

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Select<f32> for Neon {
    const STEP: usize = 8;
    type Factor = float32x4_t;

    #[inline(always)]
    unsafe fn factor(value: f32) -> float32x4_t {
        unsafe { vdupq_n_f32(value) }
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(
        bits: *const u8,
        from: *const f32,
        to: *mut f32,
        factor: float32x4_t,
    ) {
        unsafe {
            let byte = vdupq_n_u32(u32::from(*bits));
            let low = vtstq_u32(byte, vld1q_u32(LOW_BITS.as_ptr()));
            let high = vtstq_u32(byte, vld1q_u32(HIGH_BITS.as_ptr()));
            let first = vreinterpretq_u32_f32(vmulq_f32(vld1q_f32(from), factor));
            let second = vreinterpretq_u32_f32(vmulq_f32(vld1q_f32(from.add(4)), factor));
            vst1q_f32(to, vreinterpretq_f32_u32(vandq_u32(first, low)));
            vst1q_f32(to.add(4), vreinterpretq_f32_u32(vandq_u32(second, high)));
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const f32, to: *mut f32, factor: f32, count: usize) {
        unsafe { select_some_plain(bits, from, to, factor, count) }
    }
    #[inline(always)]
    unsafe fn fence() {}
}

/// Two keep bits as masks of 64-bit lanes.
///
/// # Safety
/// None beyond NEON.
#[inline(always)]
unsafe fn pair_mask(bits: u64, first: u64) -> uint64x2_t {
    let each = [first, first << 1];
    // SAFETY: NEON is part of AArch64; `each` holds two words.
    unsafe { vtstq_u64(vdupq_n_u64(bits), vld1q_u64(each.as_ptr())) }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Select<f64> for Neon {
    const STEP: usize = 8;
    type Factor = float64x2_t;

    #[inline(always)]
    unsafe fn factor(value: f64) -> float64x2_t {
        unsafe { vdupq_n_f64(value) }
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(
        bits: *const u8,
        from: *const f64,
        to: *mut f64,
        factor: float64x2_t,
    ) {
        unsafe {
            let byte = u64::from(*bits);
            for pair in 0..4 {
                let keep = pair_mask(byte, 1 << (2 * pair));
                let scaled = vreinterpretq_u64_f64(vmulq_f64(vld1q_f64(from.add(2 * pair)), factor));
                vst1q_f64(to.add(2 * pair), vreinterpretq_f64_u64(vandq_u64(scaled, keep)));
            }
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const f64, to: *mut f64, factor: f64, count: usize) {
        unsafe { select_some_plain(bits, from, to, factor, count) }
    }
    #[inline(always)]
    unsafe fn fence() {}
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl MulAdd for Neon {
    type Floats = float32x4_t;
    const FLOATS: usize = 4;

    #[inline(always)]
    unsafe fn splat_floats(value: f32) -> float32x4_t {
        unsafe { vdupq_n_f32(value) }
    }
    #[inline(always)]
    unsafe fn load_floats(from: *const f32) -> float32x4_t {
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn store_floats(value: float32x4_t, to: *mut f32) {
        unsafe { vst1q_f32(to, value) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    unsafe fn larger(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // Not `vmaxq_f32`, which spreads what is not a number.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }
}
