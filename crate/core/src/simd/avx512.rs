//! Intrinsics of AVX-512 F, BW, DQ and VL.

use std::arch::x86_64::*;

use super::VectorKernel;
use super::vector::{MulAdd, Select, Vector};

/// Eight 64-bit lanes.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512i);

// SAFETY of every block below: the caller guarantees AVX-512 F, BW, DQ, VL and valid pointers.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Vector for Avx512 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(value: u64) -> Self {
        unsafe { Avx512(_mm512_set1_epi64(value as i64)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u64) -> Self {
        unsafe { Avx512(_mm512_loadu_si512(from.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u64) {
        unsafe { _mm512_storeu_si512(to.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn store_interleaved(self, other: Self, to: *mut u64) {
        unsafe {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            _mm512_storeu_si512(to.cast(), _mm512_permutex2var_epi64(self.0, low, other.0));
            _mm512_storeu_si512(to.add(8).cast(), _mm512_permutex2var_epi64(self.0, high, other.0));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Avx512(_mm512_add_epi64(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_low(self, other: Self) -> Self {
        unsafe { Avx512(_mm512_mul_epu32(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        unsafe { Avx512(_mm512_and_si512(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { Avx512(_mm512_or_si512(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        unsafe { Avx512(_mm512_xor_si512(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn xor3(self, second: Self, third: Self) -> Self {
        unsafe { Avx512(_mm512_ternarylogic_epi64::<0b1001_0110>(self.0, second.0, third.0)) }
    }
    #[inline(always)]
    unsafe fn and_not(self, other: Self) -> Self {
        unsafe { Avx512(_mm512_andnot_si512(other.0, self.0)) }
    }

    #[inline(always)]
    unsafe fn high(self) -> Self {
        unsafe { Avx512(_mm512_srli_epi64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn low_to_high(self) -> Self {
        unsafe { Avx512(_mm512_slli_epi64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn swap_halves(self) -> Self {
        unsafe { Avx512(_mm512_rol_epi64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn shift_right(self, count: u32) -> Self {
        unsafe { Avx512(_mm512_srl_epi64(self.0, _mm_cvtsi32_si128(count as i32))) }
    }
    #[inline(always)]
    unsafe fn shift_left(self, count: u32) -> Self {
        unsafe { Avx512(_mm512_sll_epi64(self.0, _mm_cvtsi32_si128(count as i32))) }
    }

    #[inline(always)]
    unsafe fn nonzero(self) -> u32 {
        unsafe { u32::from(_mm512_test_epi64_mask(self.0, self.0)) }
    }

    #[inline(always)]
    unsafe fn prefetch_read(address: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[inline(always)]
    unsafe fn prefetch_write(address: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(address.cast()) }
    }

    #[inline(always)]
    unsafe fn apart<K: VectorKernel>(kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
        #[inline(never)]
        unsafe fn apart<K: VectorKernel>(kernel: K) -> K::Output {
            unsafe { kernel.run::<Avx512>() }
        }
        unsafe { apart(kernel) }
    }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Select<f32> for Avx512 {
    const STEP: usize = 16;
    type Factor = __m512;

    #[inline(always)]
    unsafe fn factor(value: f32) -> __m512 {
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(bits: *const u8, from: *const f32, to: *mut f32, factor: __m512) {
        unsafe {
            let keep: __mmask16 = bits.cast::<u16>().read_unaligned();
            let kept = _mm512_maskz_mul_ps(keep, _mm512_loadu_ps(from), factor);
            if STREAM { _mm512_stream_ps(to, kept) } else { _mm512_storeu_ps(to, kept) }
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const f32, to: *mut f32, factor: f32, count: usize) {
        unsafe {
            let there: __mmask16 = ((1u32 << count) - 1) as u16;
            let keep: __mmask16 = bits.cast::<u16>().read_unaligned();
            let values = _mm512_maskz_loadu_ps(there, from);
            _mm512_mask_storeu_ps(to, there, _mm512_maskz_mul_ps(keep, values, _mm512_set1_ps(factor)));
        }
    }
    #[inline(always)]
    unsafe fn fence() {
        unsafe { _mm_sfence() }
    }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Select<f64> for Avx512 {
    const STEP: usize = 8;
    type Factor = __m512d;

    #[inline(always)]
    unsafe fn factor(value: f64) -> __m512d {
        unsafe { _mm512_set1_pd(value) }
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(bits: *const u8, from: *const f64, to: *mut f64, factor: __m512d) {
        unsafe {
            let keep: __mmask8 = *bits;
            let kept = _mm512_maskz_mul_pd(keep, _mm512_loadu_pd(from), factor);
            if STREAM { _mm512_stream_pd(to, kept) } else { _mm512_storeu_pd(to, kept) }
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const f64, to: *mut f64, factor: f64, count: usize) {
        unsafe {
            let there: __mmask8 = ((1u32 << count) - 1) as u8;
            let values = _mm512_maskz_loadu_pd(there, from);
            _mm512_mask_storeu_pd(to, there, _mm512_maskz_mul_pd(*bits, values, _mm512_set1_pd(factor)));
        }
    }
    #[inline(always)]
    unsafe fn fence() {
        unsafe { _mm_sfence() }
    }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl MulAdd for Avx512 {
    type Floats = __m512;
    const FLOATS: usize = 16;

    #[inline(always)]
    unsafe fn splat_floats(value: f32) -> __m512 {
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load_floats(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store_floats(value: __m512, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, value) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn larger(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
}
