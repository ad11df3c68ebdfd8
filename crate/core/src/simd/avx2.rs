//! Intrinsics of AVX2.

use std::arch::x86_64::*;

use super::VectorKernel;
use super::vector::{MulAdd, Select, Vector};

/// Four 64-bit lanes.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256i);

// SAFETY of every block below: the caller guarantees AVX2 and valid pointers.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Vector for Avx2 {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: u64) -> Self {
        unsafe { Avx2(_mm256_set1_epi64x(value as i64)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u64) -> Self {
        unsafe { Avx2(_mm256_loadu_si256(from.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u64) {
        unsafe { _mm256_storeu_si256(to.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn store_interleaved(self, other: Self, to: *mut u64) {
        unsafe {
            let even = _mm256_unpacklo_epi64(self.0, other.0); // groups 0 and 2
            let odd = _mm256_unpackhi_epi64(self.0, other.0); // groups 1 and 3
            _mm256_storeu_si256(to.cast(), _mm256_permute2x128_si256::<0x20>(even, odd));
            _mm256_storeu_si256(to.add(4).cast(), _mm256_permute2x128_si256::<0x31>(even, odd));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_add_epi64(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_low(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_mul_epu32(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_and_si256(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_or_si256(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_xor_si256(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn xor3(self, second: Self, third: Self) -> Self {
        unsafe { self.xor(second).xor(third) }
    }
    #[inline(always)]
    unsafe fn and_not(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_andnot_si256(other.0, self.0)) }
    }

    #[inline(always)]
    unsafe fn high(self) -> Self {
        unsafe { Avx2(_mm256_srli_epi64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn low_to_high(self) -> Self {
        unsafe { Avx2(_mm256_slli_epi64::<32>(self.0)) }
    }
    #[inline(always)]
    unsafe fn swap_halves(self) -> Self {
        unsafe { Avx2(_mm256_shuffle_epi32::<0b10_11_00_01>(self.0)) }
    }
    #[inline(always)]
    unsafe fn shift_right(self, count: u32) -> Self {
        unsafe { Avx2(_mm256_srl_epi64(self.0, _mm_cvtsi32_si128(count as i32))) }
    }
    #[inline(always)]
    unsafe fn shift_left(self, count: u32) -> Self {
        unsafe { Avx2(_mm256_sll_epi64(self.0, _mm_cvtsi32_si128(count as i32))) }
    }

    #[inline(always)]
    unsafe fn nonzero(self) -> u32 {
        unsafe {
            let zero = _mm256_cmpeq_epi64(self.0, _mm256_setzero_si256());
            _mm256_movemask_pd(_mm256_castsi256_pd(zero)) as u32 ^ 0b1111
        }
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
        #[target_feature(enable = "avx2,fma")]
        #[inline(never)]
        unsafe fn apart<K: VectorKernel>(kernel: K) -> K::Output {
            unsafe { kernel.run::<Avx2>() }
        }
        unsafe { apart(kernel) }
    }
}

/// The sign bits of 32-bit lanes are bits 0 to 7, and bits 8 to 15: what masked loads and stores look at.
///
/// # Safety
/// AVX2.
#[inline(always)]
unsafe fn signs32(bits: i32) -> [__m256i; 2] {
    // SAFETY: as the caller guarantees.
    unsafe {
        let bits = _mm256_set1_epi32(bits);
        let first = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
        let second = _mm256_setr_epi32(23, 22, 21, 20, 19, 18, 17, 16);
        [_mm256_sllv_epi32(bits, first), _mm256_sllv_epi32(bits, second)]
    }
}

/// As [`signs32`] for 64-bit lanes: bits 0 to 3, or 4 to 7 with `UPPER`.
///
/// # Safety
/// AVX2, and one readable byte.
#[inline(always)]
unsafe fn signs64<const UPPER: bool>(bits: *const u8) -> __m256i {
    // SAFETY: as the caller guarantees.
    unsafe {
        let byte = _mm256_set1_epi64x(i64::from(*bits));
        let counts =
            if UPPER { _mm256_setr_epi64x(59, 58, 57, 56) } else { _mm256_setr_epi64x(63, 62, 61, 60) };
        _mm256_sllv_epi64(byte, counts)
    }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Select<f32> for Avx2 {
    const STEP: usize = 16;
    type Factor = __m256;

    #[inline(always)]
    unsafe fn factor(value: f32) -> __m256 {
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(bits: *const u8, from: *const f32, to: *mut f32, factor: __m256) {
        unsafe {
            // A masked load gives +0 where the bit is clear: cheaper than a comparison and an and.
            for (i, signs) in signs32(bits.cast::<i32>().read_unaligned()).into_iter().enumerate() {
                let kept = _mm256_mul_ps(_mm256_maskload_ps(from.add(8 * i), signs), factor);
                let to = to.add(8 * i);
                if STREAM { _mm256_stream_ps(to, kept) } else { _mm256_storeu_ps(to, kept) }
            }
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const f32, to: *mut f32, factor: f32, count: usize) {
        unsafe {
            let there = (1 << count) - 1;
            let kept = signs32(bits.cast::<i32>().read_unaligned() & there);
            for (i, (kept, there)) in kept.into_iter().zip(signs32(there)).enumerate() {
                // Where nothing is there, the address may lie past the memory: masked access allows it.
                let (from, to) = (from.wrapping_add(8 * i), to.wrapping_add(8 * i));
                let kept = _mm256_mul_ps(_mm256_maskload_ps(from, kept), _mm256_set1_ps(factor));
                _mm256_maskstore_ps(to, there, kept);
            }
        }
    }
    #[inline(always)]
    unsafe fn fence() {
        unsafe { _mm_sfence() }
    }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Select<f64> for Avx2 {
    const STEP: usize = 8;
    type Factor = __m256d;

    #[inline(always)]
    unsafe fn factor(value: f64) -> __m256d {
        unsafe { _mm256_set1_pd(value) }
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(bits: *const u8, from: *const f64, to: *mut f64, factor: __m256d) {
        unsafe {
            let low = _mm256_mul_pd(_mm256_maskload_pd(from, signs64::<false>(bits)), factor);
            let high = _mm256_mul_pd(_mm256_maskload_pd(from.add(4), signs64::<true>(bits)), factor);
            if STREAM {
                _mm256_stream_pd(to, low);
                _mm256_stream_pd(to.add(4), high);
            } else {
                _mm256_storeu_pd(to, low);
                _mm256_storeu_pd(to.add(4), high);
            }
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const f64, to: *mut f64, factor: f64, count: usize) {
        unsafe { super::vector::select_some_plain(bits, from, to, factor, count) }
    }
    #[inline(always)]
    unsafe fn fence() {
        unsafe { _mm_sfence() }
    }
}

// SAFETY of every block below: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
impl MulAdd for Avx2 {
    type Floats = __m256;
    const FLOATS: usize = 8;

    #[inline(always)]
    unsafe fn splat_floats(value: f32) -> __m256 {
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load_floats(from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store_floats(value: __m256, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, value) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn larger(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
}
