//! The paper's formula in double precision, and finite differences of it.

use proptest::prelude::*;

use super::*;
use crate::ops::noise::span::Span;
use crate::ops::noise::testing::{Bits, shapes, spans, value};
use crate::simd::testing::BackEnd;
use crate::stream::bernoulli::testing::addresses;
use crate::stream::{Address, Rate, uniform_f64, word};

fn concrete(rate: f64, temperature: f64) -> Concrete {
    let address = Address { seed: 11, site: 2, ..Address::default() };
    Concrete::new(Mask { address, rate: Rate::new(rate).unwrap() }, temperature).unwrap()
}

/// The paper's formula in double precision.
fn gate(p: f64, t: f64, u: f64) -> f64 {
    let z = 1.0 / (1.0 + libm::exp(-(libm::log(p) - libm::log1p(-p) + libm::log(u) - libm::log1p(-u)) / t));
    (1.0 - z) / (1.0 - p)
}

fn naive(concrete: &Concrete, ids: &[u32], width: usize, x: &[f64]) -> Vec<f64> {
    let Mask { address, rate } = concrete.mask;
    let u = |i: usize| uniform_f64(word(&address.with_sample(ids[i / width]), (i % width) as u64));
    x.iter().enumerate().map(|(i, x)| x * gate(rate.get(), concrete.temperature, u(i))).collect()
}

fn inputs(count: usize) -> (Vec<f64>, Vec<f64>) {
    (
        (0..count).map(|i| (i as f64 * 0.7).sin()).collect(),
        (0..count).map(|i| (i as f64 * 1.3).cos()).collect(),
    )
}

#[test]
fn both_precisions_follow_the_formula() {
    for (ids, width) in [(vec![7], 1), (vec![3, 9, 1 << 31], 17), (vec![5, 6], 64), (vec![1], 4099)] {
        for (rate, t) in [(0.1, 0.1), (0.5, 0.1), (0.9, 0.1), (0.3, 1.0), (1e-3, 0.5)] {
            let c = concrete(rate, t);
            let (x, _) = inputs(ids.len() * width);
            let expected = naive(&c, &ids, width, &x);
            let rows = Rows::ByIds { ids: &ids, width };
            let mut double = vec![0.0; x.len()];
            concrete_dropout(&c, rows, &x, &mut double).unwrap();
            let mut single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            concrete_dropout_in_place(&c, rows, &mut single).unwrap();
            for i in 0..x.len() {
                assert!(
                    (double[i] - expected[i]).abs() < 1e-13 / (1.0 - rate),
                    "{} {}",
                    double[i],
                    expected[i]
                );
                let error = (f64::from(single[i]) - expected[i]).abs() * (1.0 - rate);
                assert!(error < 5e-7 / t, "{} {}: {error}", single[i], expected[i]);
            }
        }
    }
}

#[test]
fn single_precision_is_as_accurate_as_documented() {
    for rate in [0.05, 0.2, 0.5] {
        let (single, double) = (concrete(rate, 0.1).gates::<f32>(), concrete(rate, 0.1).gates::<f64>());
        let (single, double) = (single.unwrap(), double.unwrap());
        let errors = (0..u32::MAX).step_by(4099).map(|word| {
            (f64::from(single.apply(1.0, single.of(word).0)) - double.apply(1.0, double.of(word).0)).abs()
        });
        let largest = errors.fold(0.0, f64::max) * (1.0 - rate);
        println!("concrete gates at rate {rate}: error at most {largest:.2e} / (1 - rate)");
        assert!(largest < 1e-6, "{largest}");
    }
}

/// L = sum dy y; both gradients against differences of the naive forward pass.
#[test]
fn gradients_equal_finite_differences() {
    let (ids, width) = (vec![3, 1 << 31, 4], 41);
    let (x, dy) = inputs(ids.len() * width);
    let rows = Rows::ByIds { ids: &ids, width };
    for (rate, t) in [(0.1, 0.1), (0.5, 0.3), (0.8, 0.1), (0.3, 2.0)] {
        let loss = |rate: f64, x: &[f64]| -> f64 {
            naive(&concrete(rate, t), &ids, width, x).iter().zip(&dy).map(|(y, dy)| y * dy).sum()
        };
        let mut dx = vec![0.0; x.len()];
        let got = concrete_dropout_backward(&concrete(rate, t), rows, &x, Some(&dy), &mut dx).unwrap();
        let h = 1e-6;
        let slope = (loss(rate + h, &x) - loss(rate - h, &x)) / (2.0 * h);
        assert!((got.rate - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{} for {slope}", got.rate);
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let rate_of = |l: f64| 1.0 / (1.0 + (-l).exp());
        let by_logit = |h: f64| loss(rate_of(logit(rate) + h), &x);
        let slope = (by_logit(h) - by_logit(-h)) / (2.0 * h);
        assert!((got.logit - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{} for {slope}", got.logit);
        for i in (0..x.len()).step_by(17) {
            let mut moved = x.clone();
            moved[i] += h;
            let up = loss(rate, &moved);
            moved[i] -= 2.0 * h;
            assert!(((up - loss(rate, &moved)) / (2.0 * h) - dx[i]).abs() < 1e-7 * (1.0 + dx[i].abs()));
        }
        // The same in single precision, whose sums are exact to what its gates are.
        let single = |v: &[f64]| v.iter().map(|&v| v as f32).collect::<Vec<_>>();
        let mut in_place = single(&dy);
        let also =
            concrete_dropout_backward(&concrete(rate, t), rows, &single(&x), None, &mut in_place).unwrap();
        assert!((also.rate - got.rate).abs() < 1e-5 * x.len() as f64 / (t * rate * (1.0 - rate)));
        let scale = 1e-6 / t / (1.0 - rate);
        assert!(in_place.iter().zip(&dx).all(|(a, b)| (f64::from(*a) - b).abs() < scale));
    }
}

fn check<E: NoiseElement + Bits>(c: &Concrete, ids: &[u32], width: usize, back_ends: &[BackEnd]) {
    let gates = c.gates::<E>().unwrap();
    let address = &c.mask.address;
    let x: Vec<E> = (0..ids.len() * width).map(|i| E::from_f64(value(i))).collect();
    let dy: Vec<E> = (0..x.len()).map(|i| E::from_f64((i as f64 * 1.3).cos())).collect();
    let gate = |i: usize| gates.of(word(&address.with_sample(ids[i / width]), (i % width) as u64));
    let of = |v: &[E]| -> Vec<E> { (0..v.len()).map(|i| gates.apply(v[i], gate(i).0)).collect() };
    let (forward, backward) = (of(&x), of(&dy));
    let mut sums: Option<[f64; 2]> = None;
    for back_end in back_ends {
        let mut out = vec![E::from_f64(7.0); x.len() + 3];
        for span in spans(ids, width) {
            let each = Forward { gates, from: x.as_ptr(), to: out.as_mut_ptr() };
            back_end.run(DrawWords { address, span, each });
        }
        assert!(E::same(&out[..x.len()], &forward), "{back_end:?}: {ids:?} of {width}");
        assert!(E::same(&out[x.len()..], &[E::from_f64(7.0); 3]), "{back_end:?}");
        let span = Span { ids, lane: 0, width, at: 0 };
        let mut dx = dy.clone();
        let (dy, to) = (dx.as_ptr(), dx.as_mut_ptr());
        // Without what is infinite, so that sums say something.
        let finite: Vec<E> =
            x.iter().map(|&x| if (x.to_f64() * 0.0) == 0.0 { x } else { E::default() }).collect();
        let mut scratch = Scratch::new();
        let each = Backward { gates, x: finite.as_ptr(), dy, dx: to, scratch: &mut scratch, sums: [0.0; 2] };
        let got = back_end.run(DrawWords { address, span, each }).sums;
        assert!(E::same(&dx, &backward), "{back_end:?}");
        let first = *sums.get_or_insert(got);
        assert_eq!(first.map(f64::to_bits), got.map(f64::to_bits), "{back_end:?}: sums");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_back_end_has_the_same_bits(
        address in addresses(),
        rate in 0.001..0.999f64,
        (ids, width) in shapes(),
    ) {
        let mask = Mask { address, rate: Rate::new(rate).unwrap() };
        check::<f32>(&Concrete::new(mask, 0.1).unwrap(), &ids, width, &BackEnd::all());
        check::<f64>(&Concrete::new(mask, 0.5).unwrap(), &ids, width, &BackEnd::all()[..2]);
    }
}

#[test]
fn the_ends_are_the_identity_and_zero_with_no_gradient() {
    let x: Vec<f32> = (0..500).map(|i| value(i) as f32).collect();
    let mut out = vec![1.0; x.len()];
    let zero = RateGradient::default();
    concrete_dropout(&concrete(0.0, 0.1), Rows::One, &x, &mut out).unwrap();
    assert!(x.iter().zip(&out).all(|(x, y)| x.to_bits() == y.to_bits()));
    concrete_dropout(&concrete(1.0, 0.1), Rows::One, &x, &mut out).unwrap();
    assert!(out.iter().all(|y| y.to_bits() == 0));
    for rate in [0.0, 1.0] {
        out.fill(3.0);
        let got = concrete_dropout_backward(&concrete(rate, 0.1), Rows::One, &x, None, &mut out).unwrap();
        assert_eq!((got, out[0]), (zero, 3.0 * (1.0 - rate as f32)));
    }
}

#[test]
fn what_is_dropped_does_not_leak() {
    // At this temperature gates are shut or open; about half of them are shut.
    let x = vec![f32::NAN; 4000];
    let mut out = vec![0.0; x.len()];
    concrete_dropout(&concrete(0.5, 1e-3), Rows::One, &x, &mut out).unwrap();
    let shut = out.iter().filter(|y| y.to_bits() == 0).count();
    assert!((1800..2200).contains(&shut), "{shut}");
    assert!(out.iter().all(|y| y.to_bits() == 0 || y.is_nan()));
}

#[test]
fn threads_change_neither_bits_nor_sums() {
    let (x, dy) = inputs((1 << 19) + 77);
    let ids: Vec<u32> = (0..2056).collect();
    let single = |v: &[f64]| v.iter().map(|&v| v as f32).collect::<Vec<_>>();
    let (x, dy) = (single(&x), single(&dy));
    let on = |threads, rows, length: usize| {
        let (mut dx, c) = (vec![0.0; length], concrete(0.3, 0.1));
        let work = || concrete_dropout_backward(&c, rows, &x[..length], Some(&dy[..length]), &mut dx);
        let gradient = parallel::install(threads, work).unwrap().unwrap();
        (dx, gradient)
    };
    let rows = Rows::ByIds { ids: &ids, width: 255 };
    assert!(on(1, Rows::One, x.len()) == on(3, Rows::One, x.len()));
    assert!(on(1, rows, 2056 * 255) == on(3, rows, 2056 * 255));
}

#[test]
fn the_regularizer_is_the_entropy_and_its_slope() {
    for p in [1e-9, 0.1, 0.5, 0.9] {
        let entropy = |p: f64| concrete_regularizer(Rate::new(p).unwrap()).0;
        let (value, gradient) = concrete_regularizer(Rate::new(p).unwrap());
        assert!((value - (p * p.ln() + (1.0 - p) * (1.0 - p).ln())).abs() < 1e-12);
        let h = 1e-4 * p;
        let slope = (entropy(p + h) - entropy(p - h)) / (2.0 * h);
        assert!((gradient.rate - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{p}");
        assert!((gradient.logit - p * (1.0 - p) * gradient.rate).abs() < 1e-15);
    }
    assert_eq!(concrete_regularizer(Rate::new(0.5).unwrap()).0, -std::f64::consts::LN_2);
    let ends = [0.0, 1.0].map(|p| concrete_regularizer(Rate::new(p).unwrap()));
    assert_eq!(ends.map(|(value, gradient)| (value, gradient.logit)), [(0.0, 0.0); 2]);
    assert_eq!(ends.map(|(_, gradient)| gradient.rate), [f64::NEG_INFINITY, f64::INFINITY]);
}

#[test]
fn bad_arguments_are_refused_by_name() {
    for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Concrete::new(concrete(0.5, 0.1).mask, t).unwrap_err();
        assert_eq!(error.code(), Code::Range);
        assert!(error.to_string().starts_with("`temperature` must be a number in [0.000001"), "{error}");
    }
    let error = concrete_dropout_backward(&concrete(0.5, 0.1), Rows::One, &[1.0], None, &mut [0.0; 2]);
    assert_eq!(error.unwrap_err().code(), Code::Shape);
}
