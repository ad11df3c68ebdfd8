//! What a kernel needs of a register.

#![allow(unreachable_pub)] // the sealed half of the public `ops::Element` names these traits

use std::hint::select_unpredictable;

use super::VectorKernel;

/// A register of 64-bit lanes.
///
/// All methods are `unsafe` for one reason: the machine must have the instructions of the implementing type.
/// Pointer arguments must be valid for the lanes read or written; no alignment is required unless stated.
#[allow(clippy::missing_safety_doc)] // one reason for all methods, given above
pub trait Vector: Copy {
    /// 64-bit lanes of the register: as many Philox blocks are worked off at once.
    const LANES: usize;

    /// The same value in every lane.
    unsafe fn splat(value: u64) -> Self;
    /// Lanes from memory.
    unsafe fn load(from: *const u64) -> Self;
    /// Lanes to memory.
    unsafe fn store(self, to: *mut u64);
    /// Lanes `self[0], other[0], self[1], other[1], ...` to memory: twice the register's size.
    unsafe fn store_interleaved(self, other: Self, to: *mut u64);

    /// Lane-wise sum, wrapping.
    unsafe fn add(self, other: Self) -> Self;
    /// The 64-bit product of the low halves of each lane; the high halves are ignored.
    unsafe fn mul_low(self, other: Self) -> Self;

    /// Bitwise and.
    unsafe fn and(self, other: Self) -> Self;
    /// Bitwise or.
    unsafe fn or(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    unsafe fn xor(self, other: Self) -> Self;
    /// Bitwise exclusive or of three.
    unsafe fn xor3(self, second: Self, third: Self) -> Self;
    /// Bits of `self` that are not in `other`.
    unsafe fn and_not(self, other: Self) -> Self;

    /// The high half of each lane, moved down.
    unsafe fn high(self) -> Self;
    /// The low half of each lane, moved up over zeros.
    unsafe fn low_to_high(self) -> Self;
    /// The halves of each lane exchanged.
    unsafe fn swap_halves(self) -> Self;
    /// Each lane moved down by `count` bits, 0 to 64; 64 leaves nothing.
    unsafe fn shift_right(self, count: u32) -> Self;
    /// Each lane moved up by `count` bits, 0 to 64; 64 leaves nothing.
    unsafe fn shift_left(self, count: u32) -> Self;

    /// Bit i says whether any bit of lane i is set.
    unsafe fn nonzero(self) -> u32;

    /// Runs a kernel in a function of its own, that has the instructions of this register. What is inlined into a large
    /// function shares its registers with all the rest, and may lose them to it in its innermost loop.
    #[inline(never)]
    unsafe fn apart<K: VectorKernel>(kernel: K) -> K::Output
    where
        Self: Full,
    {
        // SAFETY: as the caller guarantees.
        unsafe { kernel.run::<Self>() }
    }

    /// Asks for a cache line that will be read. The address need not be valid.
    #[inline(always)]
    unsafe fn prefetch_read(_address: *const u8) {}
    /// Asks for a cache line that will be written. The address need not be valid.
    #[inline(always)]
    unsafe fn prefetch_write(_address: *const u8) {}
}

/// Selecting elements of type `E` by packed keep bits.
#[allow(clippy::missing_safety_doc)] // as for `Vector`
pub trait Select<E: Copy>: Vector {
    /// Elements of one step: a multiple of 8, so that the bits of each step begin with a byte.
    const STEP: usize;

    /// A factor in the form the register wants it.
    type Factor: Copy;

    /// Prepares a factor.
    unsafe fn factor(value: E) -> Self::Factor;

    /// `to[i] = from[i] * factor` where bit i is 1, +0 where it is 0, for i in `0..STEP`.
    ///
    /// Reads up to 4 bytes at `bits`. With `STREAM` the store goes past the caches and `to` must be aligned to
    /// the bytes of a step's registers (64 serves all). `from` may equal `to`.
    unsafe fn select<const STREAM: bool>(bits: *const u8, from: *const E, to: *mut E, factor: Self::Factor);

    /// As [`select`](Self::select) for the first `count < STEP` elements only.
    unsafe fn select_some(bits: *const u8, from: *const E, to: *mut E, factor: E, count: usize);

    /// Makes streamed stores visible to other threads.
    unsafe fn fence();
}

/// Registers of single-precision numbers, for matrix products.
#[allow(clippy::missing_safety_doc)] // as for `Vector`
pub trait MulAdd: Vector {
    /// The register.
    type Floats: Copy;
    /// Numbers of a register.
    const FLOATS: usize;

    /// The same number everywhere.
    unsafe fn splat_floats(value: f32) -> Self::Floats;
    /// Numbers from memory.
    unsafe fn load_floats(from: *const f32) -> Self::Floats;
    /// Numbers to memory.
    unsafe fn store_floats(value: Self::Floats, to: *mut f32);
    /// `a * b + c`, rounded once.
    unsafe fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `a` where it is above `b`, else `b`, also where one of them is not a number.
    unsafe fn larger(a: Self::Floats, b: Self::Floats) -> Self::Floats;
}

/// All that the kernels of this crate ask of a register.
pub trait Full: Select<f32> + Select<f64> + MulAdd {}

impl<V: Select<f32> + Select<f64> + MulAdd> Full for V {}

/// The plain form of [`Select::select_some`], for registers without masked memory access.
///
/// # Safety
/// As for [`Select::select_some`].
#[inline(always)]
pub(crate) unsafe fn select_some_plain<E>(
    bits: *const u8,
    from: *const E,
    to: *mut E,
    factor: E,
    count: usize,
) where
    E: Copy + Default + std::ops::Mul<Output = E>,
{
    for i in 0..count {
        // SAFETY: the caller guarantees `count` elements and their bits.
        unsafe {
            let keep = *bits.add(i / 8) >> (i % 8) & 1 == 1;
            *to.add(i) = select_unpredictable(keep, *from.add(i) * factor, E::default());
        }
    }
}
