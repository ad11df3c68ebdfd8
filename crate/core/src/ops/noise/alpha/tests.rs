//! By the contract, one element at a time, and by moments.

use proptest::prelude::*;

use super::*;
use crate::ops::noise::testing::{Bits, shapes, spans, value};
use crate::simd::testing::BackEnd;
use crate::stream::bernoulli::testing::{addresses, rates};
use crate::stream::{Address, normals, reference};

/// One element at a time: forward and backward.
fn naive<E: NoiseElement>(mask: &Mask, ids: &[u32], width: usize, x: &[E]) -> (Vec<E>, Vec<E>) {
    let affine = Affine::new(mask.rate);
    let [scale, shift, dropped] = [affine.scale, affine.shift, affine.dropped].map(E::from_f64);
    let kept = |i: usize| {
        let address = mask.address.with_sample(ids[i / width]);
        reference::keep_lane(&address, (i % width) as u64, mask.rate)
    };
    let forward = |(i, x): (usize, &E)| if kept(i) { x.fused(scale, shift) } else { dropped };
    let backward = |(i, dy): (usize, &E)| if kept(i) { *dy * scale } else { E::default() };
    (x.iter().enumerate().map(forward).collect(), x.iter().enumerate().map(backward).collect())
}

fn check<E: NoiseElement + Bits>(mask: &Mask, ids: &[u32], width: usize) {
    let Some(threshold) = Threshold::new(mask.rate) else { return };
    let x: Vec<E> = (0..ids.len() * width).map(|i| E::from_f64(value(i))).collect();
    let (forward, backward) = naive(mask, ids, width, &x);
    for back_end in BackEnd::all() {
        let mut out = vec![E::from_f64(7.0); x.len() + 3];
        for span in spans(ids, width) {
            back_end.run(kernel(mask, threshold, span, x.as_ptr(), out.as_mut_ptr()));
        }
        assert!(E::same(&out[..x.len()], &forward), "{back_end:?}: {ids:?} of {width}");
        assert!(E::same(&out[x.len()..], &[E::from_f64(7.0); 3]), "{back_end:?}");
        let mut out = x.clone();
        let (from, to) = (out.as_ptr(), out.as_mut_ptr());
        back_end.run(kernel(mask, threshold, Span { ids, lane: 0, width, at: 0 }, from, to));
        assert!(E::same(&out, &forward), "{back_end:?}, in place");
    }
    let rows = Rows::ByIds { ids, width };
    let mut out = vec![E::from_f64(7.0); x.len()];
    alpha_dropout_backward(mask, rows, &x, &mut out).unwrap();
    assert!(E::same(&out, &backward));
    out.copy_from_slice(&x);
    alpha_dropout_backward_in_place(mask, rows, &mut out).unwrap();
    assert!(E::same(&out, &backward));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_back_end_chooses_by_the_bits(
        address in addresses(),
        rate in rates(),
        (ids, width) in shapes(),
    ) {
        check::<f32>(&Mask { address, rate }, &ids, width);
        check::<f64>(&Mask { address, rate }, &ids, width);
    }
}

fn mask(rate: f64) -> Mask {
    Mask { address: Address { seed: 11, site: 2, ..Address::default() }, rate: Rate::new(rate).unwrap() }
}

#[test]
fn the_ends_are_the_identity_and_zero() {
    let x: Vec<f64> = (0..500).map(value).collect();
    let mut out = vec![1.0; x.len()];
    for pass in [alpha_dropout, alpha_dropout_backward] {
        pass(&mask(0.0), Rows::One, &x, &mut out).unwrap();
        assert!(x.iter().zip(&out).all(|(x, y)| x.to_bits() == y.to_bits()));
        pass(&mask(1.0), Rows::One, &x, &mut out).unwrap();
        assert!(out.iter().all(|y| y.to_bits() == 0));
    }
    // What p = 1 is the limit of: 1 - 2^-50 drops nearly all to a value near 0.
    let dropped = Affine::new(Rate::new(1.0 - 2f64.powi(-50)).unwrap()).dropped;
    assert!(dropped < 0.0 && dropped > -3e-8, "{dropped}");
}

/// By enumeration of the two outcomes, for x of mean 0 and variance 1: the mean is q b + p dropped, the second
/// moment q (a^2 + b^2) + p dropped^2.
#[test]
fn mean_and_variance_stay_exactly() {
    for rate in [1e-6, 0.05, 0.1, 0.5, 0.9, 1.0 - 1e-6] {
        let Affine { scale, shift, dropped } = Affine::new(Rate::new(rate).unwrap());
        let (p, q) = (rate, 1.0 - rate);
        let mean = q * shift + p * dropped;
        let square = q * (scale * scale + shift * shift) + p * dropped * dropped;
        let largest = 1.0 + shift.abs();
        assert!(mean.abs() < 1e-9 * largest, "{rate}: {mean}");
        assert!((square - 1.0).abs() < 1e-9 * largest * largest, "{rate}: {square}");
        assert!((dropped - (scale * ALPHA_PRIME + shift)).abs() < 1e-12 * largest, "{rate}");
    }
    // The paper's own figures for lambda and alpha.
    let (lambda, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_3);
    assert!((ALPHA_PRIME + lambda * alpha).abs() < 1e-15);
}

/// A million normal numbers; the intervals are five standard errors of mean and of variance, the fourth moment by
/// enumeration.
#[test]
fn normal_numbers_keep_their_mean_and_variance() {
    const COUNT: usize = 1 << 20;
    let mut x = vec![0.0f32; COUNT];
    normals(&Address { seed: 3, ..Address::default() }, &mut x);
    for rate in [0.05, 0.2, 0.5] {
        let mut y = x.clone();
        alpha_dropout_in_place(&mask(rate), Rows::One, &mut y).unwrap();
        let moment = |power| y.iter().map(|&y| f64::from(y).powi(power)).sum::<f64>() / COUNT as f64;
        let Affine { scale: a, shift: b, dropped } = Affine::new(Rate::new(rate).unwrap());
        let fourth =
            (1.0 - rate) * (3.0 * a.powi(4) + 6.0 * a * a * b * b + b.powi(4)) + rate * dropped.powi(4);
        let error = 5.0 / (COUNT as f64).sqrt();
        assert!(moment(1).abs() < error, "{rate}");
        assert!((moment(2) - 1.0).abs() < error * (fourth - 1.0).sqrt(), "{rate}");
    }
}
