//! By the contract, one element at a time, by moments, and the error of the normal numbers.

use proptest::prelude::*;

use super::*;
use crate::ops::noise::testing::{Bits, shapes, spans, value};
use crate::simd::testing::BackEnd;
use crate::stream::bernoulli::testing::{addresses, rates};
use crate::stream::{Address, normal_pair, uniform_f32, uniform_f64, word};

/// The normal number of one lane, as the contract says.
fn normal(address: &Address, lane: u64) -> f32 {
    let pair = normal_pair(word(address, lane & !1), word(address, lane | 1));
    if lane & 1 == 0 { pair.0 } else { pair.1 }
}

/// One element at a time.
fn naive<E: NoiseElement>(mask: &Mask, ids: &[u32], width: usize, x: &[E]) -> Vec<E> {
    let deviation = E::from_f64(gaussian_deviation(mask.rate).unwrap());
    x.iter()
        .enumerate()
        .map(|(i, &x)| {
            let address = mask.address.with_sample(ids[i / width]);
            let normal = E::from_f32(normal(&address, (i % width) as u64));
            x * normal.fused(deviation, E::from_f64(1.0))
        })
        .collect()
}

fn check<E: NoiseElement + Bits>(mask: &Mask, ids: &[u32], width: usize) {
    let x: Vec<E> = (0..ids.len() * width).map(|i| E::from_f64(value(i))).collect();
    let expected = naive(mask, ids, width, &x);
    let deviation = gaussian_deviation(mask.rate).unwrap();
    for back_end in BackEnd::all() {
        let mut out = vec![E::from_f64(7.0); x.len() + 3];
        for span in spans(ids, width) {
            back_end.run(kernel(mask, span, deviation, x.as_ptr(), out.as_mut_ptr()));
        }
        assert!(E::same(&out[..x.len()], &expected), "{back_end:?}: {ids:?} of {width}");
        assert!(E::same(&out[x.len()..], &[E::from_f64(7.0); 3]), "{back_end:?}");
        let mut out = x.clone();
        let (from, to) = (out.as_ptr(), out.as_mut_ptr());
        back_end.run(kernel(mask, Span { ids, lane: 0, width, at: 0 }, deviation, from, to));
        assert!(E::same(&out, &expected), "{back_end:?}, in place");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_back_end_multiplies_by_the_noise_of_the_lane(
        address in addresses(),
        rate in rates(),
        (ids, width) in shapes(),
    ) {
        if rate.get() > 0.0 && !rate.always_drops() {
            check::<f32>(&Mask { address, rate }, &ids, width);
            check::<f64>(&Mask { address, rate }, &ids, width);
        }
    }
}

fn mask(rate: f64) -> Mask {
    Mask { address: Address { seed: 11, site: 2, ..Address::default() }, rate: Rate::new(rate).unwrap() }
}

#[test]
fn rate_zero_is_the_identity_bit_for_bit_and_rate_one_an_error() {
    let x: Vec<f32> = (0..5000).map(|i| f32::from_bits(i * 858_993)).collect();
    let mut out = vec![1.0; x.len()];
    gaussian_dropout(&mask(0.0), Rows::One, &x, &mut out).unwrap();
    assert!(f32::same(&out, &x));
    let error = gaussian_dropout(&mask(1.0), Rows::One, &x, &mut out).unwrap_err();
    assert_eq!(error.code(), Code::Rate);
    assert!(error.to_string().starts_with("`rate` must be a number in [0, 1): at 1 the variance"), "{error}");
    let error = gaussian_dropout(&mask(0.5), Rows::ByIds { ids: &[1, 2], width: 3 }, &x, &mut out);
    assert_eq!(error.unwrap_err().to_string(), "`x` must be 2 rows of 3 elements; got 5000 elements");
}

#[test]
fn threads_do_not_change_the_bits() {
    let x: Vec<f32> = (0..(1 << 19) + 77).map(|i| value(i) as f32).collect();
    let ids: Vec<u32> = (0..2056).collect();
    let rows = Rows::ByIds { ids: &ids, width: 255 };
    let on = |threads, rows, x: &[f32]| {
        let mut out = vec![0.0; x.len()];
        crate::parallel::install(threads, || gaussian_dropout(&mask(0.3), rows, x, &mut out))
            .unwrap()
            .unwrap();
        out
    };
    assert!(f32::same(&on(1, Rows::One, &x), &on(3, Rows::One, &x)));
    let x = &x[..2056 * 255];
    assert!(f32::same(&on(1, rows, x), &on(3, rows, x)));
}

/// 4 million numbers; the interval is five standard errors. E n = 0, E n^2 = 1, E n^4 = 3, and halves of one
/// pair are uncorrelated.
#[test]
fn the_noise_has_mean_one_and_the_variance_of_dropout() {
    const COUNT: usize = 1 << 22;
    for rate in [0.1, 0.5, 0.9] {
        let mut y = vec![1.0f64; COUNT];
        gaussian_dropout_in_place(&mask(rate), Rows::One, &mut y).unwrap();
        let deviation = (rate / (1.0 - rate)).sqrt();
        let mean = |f: &dyn Fn(usize) -> f64| (0..COUNT).map(f).sum::<f64>() / COUNT as f64;
        let error = 5.0 / (COUNT as f64).sqrt();
        let n = |i: usize| (y[i] - 1.0) / deviation;
        assert!(mean(&|i| n(i)).abs() < error);
        assert!((mean(&|i| n(i).powi(2)) - 1.0).abs() < 2f64.sqrt() * error);
        assert!((mean(&|i| n(i).powi(4)) - 3.0).abs() < 96f64.sqrt() * error);
        assert!(mean(&|i| n(i) * n(i ^ 1)).abs() < error);
        assert!(mean(&|i| n(i) * n((i + 2) % COUNT)).abs() < error);
    }
}

#[test]
fn normals_are_accurate() {
    // The words whose uniforms are at both ends, and a sample of all; every direction's octant.
    let ends = (0..4096).flat_map(|i| [i, u32::MAX - i]);
    let (mut ulps, mut relative, mut unrounded): (f64, f64, f64) = (0.0, 0.0, 0.0);
    for (i, first) in ends.chain((0..u32::MAX).step_by(2053)).enumerate() {
        let second = (i as u32).wrapping_mul(0x9E37_79B9);
        let radius = |u: f64| (-2.0 * libm::log(u)).sqrt();
        let angle = f64::from(second >> 8) * (std::f64::consts::TAU / 16_777_216.0);
        let (got_cosine, got_sine) = normal_pair(first, second);
        for (got, turn) in [(got_cosine, libm::cos(angle)), (got_sine, libm::sin(angle))] {
            let got = f64::from(got);
            let exact = radius(f64::from(uniform_f32(first))) * turn;
            let error = (got - exact).abs();
            relative = relative.max(error / exact.abs().max(1.0));
            // The reference's own angle is not exact at quarter turns, where the cosine is nearly 0.
            if turn.abs() > 1e-3 && exact != 0.0 {
                ulps = ulps.max(error / (exact.abs().log2().floor() - 23.0).exp2());
            }
            unrounded = unrounded.max((got - radius(uniform_f64(first)) * turn).abs());
        }
    }
    println!("normals: {ulps:.2} ulp, {relative:.2e} of max(1, |n|); of unrounded uniforms {unrounded:.2e}");
    assert!(ulps < 2.5, "{ulps}");
    assert!(relative < 2e-7, "{relative}");
    // u is rounded to single precision, which shows where it is next to 1 and n next to 0.
    assert!(unrounded < 2.5e-4, "{unrounded}");
}
