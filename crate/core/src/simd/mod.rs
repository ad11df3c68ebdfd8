//! Registers: one small vector trait, a thin file of intrinsics per instruction set, and plain arrays that
//! behave like each of them.
//!
//! Every kernel is written once, generic over [`Vector`] and [`Select`], as a [`VectorKernel`]; [`run`] compiles
//! it for each instruction set and picks the one asked for. The same kernel run over [`Emulated`] vectors of 2,
//! 4 and 8 lanes tests all but the intrinsics on machines that lack an instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod emulated;
mod multiply;
#[cfg(any(target_arch = "aarch64", test))]
mod neon;
#[cfg(all(test, not(target_arch = "aarch64")))]
mod neon_model;
#[cfg(test)]
pub(crate) mod testing;
mod vector;

pub(crate) use multiply::{Lines, multiply};
pub(crate) use vector::{Full, Select, Vector};

use self::emulated::Emulated;
use crate::isa::{Isa, Kernel, dispatch};

/// A computation written once over a vector type.
///
/// `run` and all that it calls must be `#[inline(always)]`: intrinsics are inlined only into a function that has
/// their target features, and [`run`] provides that function.
pub trait VectorKernel {
    /// What the computation returns.
    type Output;

    /// The computation.
    ///
    /// # Safety
    /// The machine must have the instructions of `V`.
    unsafe fn run<V: Full>(self) -> Self::Output;
}

/// Runs `kernel` on the vectors of `isa`, which must be available.
#[inline]
pub(crate) fn run<K: VectorKernel>(isa: Isa, kernel: K) -> K::Output {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => dispatch(isa, On::<avx512::Avx512, K>::new(kernel)),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => dispatch(isa, On::<avx2::Avx2, K>::new(kernel)),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => dispatch(isa, On::<neon::Neon, K>::new(kernel)),
        _ => dispatch(Isa::Portable, On::<Emulated<4>, K>::new(kernel)),
    }
}

/// A vector kernel tied to its vectors.
struct On<V, K> {
    kernel: K,
    vectors: std::marker::PhantomData<V>,
}

impl<V, K> On<V, K> {
    #[inline(always)]
    fn new(kernel: K) -> Self {
        On { kernel, vectors: std::marker::PhantomData }
    }
}

impl<V: Full, K: VectorKernel> Kernel for On<V, K> {
    type Output = K::Output;

    #[inline(always)]
    fn run(self) -> K::Output {
        // SAFETY: `dispatch` runs this inside a function that has the target features of `V`, on a machine
        // that has them: `run` pairs each instruction set with its own vectors.
        unsafe { self.kernel.run::<V>() }
    }
}
