//! Which kernels attend: the fused ones in single precision, plain ones elsewhere, with the same masks.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use super::plain;
use crate::isa::Isa;
use crate::ops::attention::PackedAttention;
use crate::ops::{Dual, Float};

/// The sealed half of [`Scalar`](crate::nn::Scalar): attention in this type.
pub trait Attend: Sized {
    /// Elements of scratch that both passes need for rows of so many steps.
    fn attention_room(steps: usize) -> usize;

    /// Writes the outputs, and the logarithm of each query's sum.
    fn attend(
        isa: Isa,
        attention: &PackedAttention<'_>,
        packed: &[Self],
        out: &mut [Self],
        log_sum_exp: &mut [Self],
        scratch: &mut [Self],
    );

    /// Writes the gradient by queries, keys and values.
    fn attend_back(
        isa: Isa,
        attention: &PackedAttention<'_>,
        packed: &[Self],
        out: &[Self],
        log_sum_exp: &[Self],
        dout: &[Self],
        gradient: &mut [Self],
        scratch: &mut [Self],
    );
}

impl Attend for f32 {
    fn attention_room(_steps: usize) -> usize {
        0
    }

    fn attend(
        isa: Isa,
        attention: &PackedAttention<'_>,
        packed: &[f32],
        out: &mut [f32],
        log_sum_exp: &mut [f32],
        _scratch: &mut [f32],
    ) {
        attention.forward(isa, packed, out, log_sum_exp);
    }

    fn attend_back(
        isa: Isa,
        attention: &PackedAttention<'_>,
        packed: &[f32],
        out: &[f32],
        log_sum_exp: &[f32],
        dout: &[f32],
        gradient: &mut [f32],
        _scratch: &mut [f32],
    ) {
        attention.backward(isa, packed, out, log_sum_exp, dout, gradient);
    }
}

macro_rules! plain {
    ($number:ty $(, $inner:ident)?) => {
        impl$(<$inner: Float>)? Attend for $number {
            fn attention_room(steps: usize) -> usize {
                plain::room(steps)
            }

            fn attend(
                isa: Isa,
                attention: &PackedAttention<'_>,
                packed: &[Self],
                out: &mut [Self],
                log_sum_exp: &mut [Self],
                scratch: &mut [Self],
            ) {
                plain::forward(isa, attention, packed, out, log_sum_exp, scratch);
            }

            fn attend_back(
                isa: Isa,
                attention: &PackedAttention<'_>,
                packed: &[Self],
                out: &[Self],
                log_sum_exp: &[Self],
                dout: &[Self],
                gradient: &mut [Self],
                scratch: &mut [Self],
            ) {
                plain::backward(isa, attention, packed, out, log_sum_exp, dout, gradient, scratch);
            }
        }
    };
}

plain!(f64);
plain!(Dual<T>, T);
