//! Noise in every number type: that of [`ops::noise`](crate::ops::noise) on single and double precision, and the same
//! numbers one by one on duals.

#![allow(unreachable_pub)] // the sealed half of the public `Scalar` names these

use crate::error::Result;
use crate::isa::Isa;
use crate::mask::Mask;
use crate::ops::noise::{self, Affine, Rows, gaussian_deviation};
use crate::ops::{Dual, Float};
use crate::stream::bernoulli::keep_groups;
use crate::stream::{Address, GROUP, normals_from};

/// The sealed half of [`Scalar`](crate::nn::Scalar): noise on numbers of this type, in place. Rows have ids.
pub trait Noise: Sized {
    /// Gaussian dropout, and its gradient.
    fn gaussian(isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]);

    /// Alpha dropout.
    fn alpha(isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]);

    /// The gradient of alpha dropout.
    fn alpha_back(isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]);
}

/// Rates, shapes and the instruction set have been checked with the configuration and at the start of the pass.
fn checked(result: Result<()>) {
    result.expect("checked before");
}

macro_rules! real {
    ($($number:ty)*) => { $(
        impl Noise for $number {
            fn gaussian(_isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]) {
                checked(noise::gaussian_dropout_in_place(mask, rows, values));
            }

            fn alpha(_isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]) {
                checked(noise::alpha_dropout_in_place(mask, rows, values));
            }

            fn alpha_back(_isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]) {
                checked(noise::alpha_dropout_backward_in_place(mask, rows, values));
            }
        }
    )* };
}
real!(f32 f64);

impl<T: Float> Noise for Dual<T> {
    fn gaussian(_isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]) {
        let deviation = T::from_f64(gaussian_deviation(mask.rate).expect("checked before"));
        let mut normals = [0f32; GROUP];
        each_group(&mask.address, rows, values, |address, group, values| {
            let normals = &mut normals[..values.len()];
            normals_from(address, u64::from(group) * GROUP as u64, normals);
            for (value, normal) in values.iter_mut().zip(normals) {
                let factor = T::from_f64(f64::from(*normal)).mul_add(deviation, T::ONE);
                *value = *value * Dual::constant(factor);
            }
        });
    }

    fn alpha(isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]) {
        let Affine { scale, shift, dropped } = Affine::new(mask.rate);
        let [scale, shift, dropped] = [scale, shift, dropped].map(|x| Dual::constant(T::from_f64(x)));
        each_kept(isa, mask, rows, values, |kept, value| {
            *value = if kept { *value * scale + shift } else { dropped };
        });
    }

    fn alpha_back(isa: Isa, mask: &Mask, rows: Rows<'_>, values: &mut [Self]) {
        let scale = Dual::constant(T::from_f64(Affine::new(mask.rate).scale));
        each_kept(isa, mask, rows, values, |kept, value| {
            *value = if kept { *value * scale } else { Dual::ZERO };
        });
    }
}

/// Calls `visit` with the values of each group of lanes of each row.
fn each_group<T>(
    address: &Address,
    rows: Rows<'_>,
    values: &mut [T],
    mut visit: impl FnMut(&Address, u32, &mut [T]),
) {
    let (ids, width) = match rows {
        Rows::ByIds { ids, width } => (ids, width),
        Rows::One => (std::slice::from_ref(&address.sample), values.len()),
    };
    for (id, values) in ids.iter().zip(values.chunks_exact_mut(width)) {
        for (group, values) in values.chunks_mut(GROUP).enumerate() {
            visit(&address.with_sample(*id), group as u32, values);
        }
    }
}

fn each_kept<T>(
    isa: Isa,
    mask: &Mask,
    rows: Rows<'_>,
    values: &mut [T],
    mut visit: impl FnMut(bool, &mut T),
) {
    each_group(&mask.address, rows, values, |address, group, values| {
        let mut bits = [0; 2];
        keep_groups(isa, address, mask.rate, group, &mut bits);
        for (lane, value) in values.iter_mut().enumerate() {
            visit(bits[lane / 64] >> (lane % 64) & 1 == 1, value);
        }
    });
}
