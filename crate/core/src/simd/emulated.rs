//! Registers as plain arrays: the portable back end, and stand-ins for registers a machine lacks.

use std::hint::select_unpredictable;

use super::vector::{MulAdd, Select, Vector, select_some_plain};

/// `N` 64-bit lanes in an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emulated<const N: usize>([u64; N]);

impl<const N: usize> Emulated<N> {
    #[inline(always)]
    fn map(self, f: impl Fn(u64) -> u64) -> Self {
        Emulated(self.0.map(f))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Emulated(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

// Nothing here needs an instruction set; pointers are the caller's to guarantee.
impl<const N: usize> Vector for Emulated<N> {
    const LANES: usize = N;

    #[inline(always)]
    unsafe fn splat(value: u64) -> Self {
        Emulated([value; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const u64) -> Self {
        // SAFETY: the caller guarantees `N` readable words.
        Emulated(unsafe { from.cast::<[u64; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u64) {
        // SAFETY: the caller guarantees `N` writable words.
        unsafe { to.cast::<[u64; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_interleaved(self, other: Self, to: *mut u64) {
        for i in 0..N {
            // SAFETY: the caller guarantees `2 * N` writable words.
            unsafe {
                to.add(2 * i).write_unaligned(self.0[i]);
                to.add(2 * i + 1).write_unaligned(other.0[i]);
            }
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }
    #[inline(always)]
    unsafe fn mul_low(self, other: Self) -> Self {
        self.zip(other, |a, b| u64::from(a as u32) * u64::from(b as u32))
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }
    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }
    #[inline(always)]
    unsafe fn xor3(self, second: Self, third: Self) -> Self {
        // SAFETY: no instruction set is needed.
        unsafe { self.xor(second).xor(third) }
    }
    #[inline(always)]
    unsafe fn and_not(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    #[inline(always)]
    unsafe fn high(self) -> Self {
        self.map(|lane| lane >> 32)
    }
    #[inline(always)]
    unsafe fn low_to_high(self) -> Self {
        self.map(|lane| lane << 32)
    }
    #[inline(always)]
    unsafe fn swap_halves(self) -> Self {
        self.map(|lane| lane.rotate_left(32))
    }
    #[inline(always)]
    unsafe fn shift_right(self, count: u32) -> Self {
        self.map(|lane| lane.checked_shr(count).unwrap_or(0))
    }
    #[inline(always)]
    unsafe fn shift_left(self, count: u32) -> Self {
        self.map(|lane| lane.checked_shl(count).unwrap_or(0))
    }

    #[inline(always)]
    unsafe fn nonzero(self) -> u32 {
        (0..N).fold(0, |bits, i| bits | u32::from(self.0[i] != 0) << i)
    }
}

/// Steps are as long as the register that is stood in for: 8 single-precision elements, 16 for eight lanes.
impl<const N: usize, E> Select<E> for Emulated<N>
where
    E: Copy + Default + std::ops::Mul<Output = E>,
{
    const STEP: usize = if N == 8 && size_of::<E>() == 4 { 16 } else { 8 };
    type Factor = E;

    #[inline(always)]
    unsafe fn factor(value: E) -> E {
        value
    }
    #[inline(always)]
    unsafe fn select<const STREAM: bool>(bits: *const u8, from: *const E, to: *mut E, factor: E) {
        for byte in 0..<Self as Select<E>>::STEP / 8 {
            // SAFETY: as the caller guarantees. Whole arrays are read before any is written, so that the
            // compiler may work on all eight at once even where input and output are the same.
            unsafe {
                let keep = *bits.add(byte);
                let values = from.add(8 * byte).cast::<[E; 8]>().read_unaligned();
                let kept: [E; 8] = std::array::from_fn(|i| {
                    select_unpredictable(keep >> i & 1 == 1, values[i] * factor, E::default())
                });
                to.add(8 * byte).cast::<[E; 8]>().write_unaligned(kept);
            }
        }
    }
    #[inline(always)]
    unsafe fn select_some(bits: *const u8, from: *const E, to: *mut E, factor: E, count: usize) {
        // SAFETY: as the caller guarantees.
        unsafe { select_some_plain(bits, from, to, factor, count) }
    }
    #[inline(always)]
    unsafe fn fence() {}
}

impl<const N: usize> MulAdd for Emulated<N> {
    type Floats = [f32; N];
    const FLOATS: usize = N;

    #[inline(always)]
    unsafe fn splat_floats(value: f32) -> [f32; N] {
        [value; N]
    }
    #[inline(always)]
    unsafe fn load_floats(from: *const f32) -> [f32; N] {
        // SAFETY: as the caller guarantees.
        unsafe { from.cast::<[f32; N]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store_floats(value: [f32; N], to: *mut f32) {
        // SAFETY: as the caller guarantees.
        unsafe { to.cast::<[f32; N]>().write_unaligned(value) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: [f32; N], b: [f32; N], c: [f32; N]) -> [f32; N] {
        let mut sum = c;
        for i in 0..N {
            sum[i] = a[i].mul_add(b[i], c[i]);
        }
        sum
    }
    #[inline(always)]
    unsafe fn larger(a: [f32; N], b: [f32; N]) -> [f32; N] {
        let mut larger = b;
        for i in 0..N {
            larger[i] = if a[i] > b[i] { a[i] } else { b[i] };
        }
        larger
    }
}
