//! The element types that kernels work on.

use crate::simd::{Full, Select};

/// An element type: `f32` or `f64`.
pub trait Element:
    lanes::Lanes + Copy + Default + PartialEq + Send + Sync + std::ops::Mul<Output = Self> + 'static
{
    /// The nearest value to a double.
    fn from_f64(value: f64) -> Self;
}

impl Element for f32 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Element for f64 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// The sealed half of [`Element`]: how each type uses a register.
pub(super) mod lanes {
    #![allow(unreachable_pub)] // public only as the supertrait of `Element`
    use super::{Full, Select};

    /// [`Select`] with the element type as the subject, so that kernels can be generic over both.
    #[allow(clippy::missing_safety_doc)] // as for `Select`
    pub trait Lanes: Copy {
        /// [`Select::Factor`].
        type Factor<V: Full>: Copy;

        /// [`Select::STEP`].
        fn step<V: Full>() -> usize;

        /// [`Select::factor`].
        unsafe fn factor<V: Full>(self) -> Self::Factor<V>;

        /// [`Select::select`].
        unsafe fn select<V: Full, const STREAM: bool>(
            bits: *const u8,
            from: *const Self,
            to: *mut Self,
            factor: Self::Factor<V>,
        );

        /// [`Select::select_some`].
        unsafe fn select_some<V: Full>(
            bits: *const u8,
            from: *const Self,
            to: *mut Self,
            factor: Self,
            count: usize,
        );

        /// [`Select::fence`].
        unsafe fn fence<V: Full>();
    }

    macro_rules! lanes {
        ($element:ty) => {
            // SAFETY of every block: as the caller guarantees.
            #[allow(clippy::undocumented_unsafe_blocks)]
            impl Lanes for $element {
                type Factor<V: Full> = <V as Select<$element>>::Factor;

                #[inline(always)]
                fn step<V: Full>() -> usize {
                    <V as Select<$element>>::STEP
                }
                #[inline(always)]
                unsafe fn factor<V: Full>(self) -> Self::Factor<V> {
                    unsafe { <V as Select<$element>>::factor(self) }
                }
                #[inline(always)]
                unsafe fn select<V: Full, const STREAM: bool>(
                    bits: *const u8,
                    from: *const Self,
                    to: *mut Self,
                    factor: Self::Factor<V>,
                ) {
                    unsafe { <V as Select<$element>>::select::<STREAM>(bits, from, to, factor) }
                }
                #[inline(always)]
                unsafe fn select_some<V: Full>(
                    bits: *const u8,
                    from: *const Self,
                    to: *mut Self,
                    factor: Self,
                    count: usize,
                ) {
                    unsafe { <V as Select<$element>>::select_some(bits, from, to, factor, count) }
                }
                #[inline(always)]
                unsafe fn fence<V: Full>() {
                    unsafe { <V as Select<$element>>::fence() }
                }
            }
        };
    }
    lanes!(f32);
    lanes!(f64);
}
