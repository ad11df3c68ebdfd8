//! The kernels on every back end, real and emulated, against the reference, bit for bit.

use proptest::prelude::*;

use super::*;
use crate::simd::testing::BackEnd;
use crate::stream::bernoulli::testing::{addresses, rates};
use crate::stream::{Address, Rate, reference};

/// The values kernels are run on: ordinary ones, both zeros, infinities and NaN.
fn value(i: usize) -> f64 {
    match i % 97 {
        13 => f64::NAN,
        29 => f64::INFINITY,
        43 => f64::NEG_INFINITY,
        61 => -0.0,
        _ => (i as f64 * 0.37).sin() * 3.0,
    }
}

/// What the contract says: a loop over the reference.
fn expected<E: Element>(address: &Address, rate: Rate, start: u64, x: &[E], factor: E) -> Vec<E> {
    let lane = |i: usize| reference::keep_lane(address, start + i as u64, rate);
    x.iter().enumerate().map(|(i, &x)| if lane(i) { x * factor } else { E::default() }).collect()
}

trait Bits: Element {
    fn bits(self) -> u64;
}
impl Bits for f32 {
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}
impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

fn same_bits<E: Bits>(got: &[E], expected: &[E]) -> bool {
    got.len() == expected.len() && got.iter().zip(expected).all(|(a, b)| a.bits() == b.bits())
}

/// Runs the flat kernel at every misalignment asked for and compares all memory, the margins included.
fn check_flat<E: Bits>(
    address: Address,
    rate: Rate,
    start: u64,
    length: usize,
    shift: (usize, usize),
    stream: bool,
) {
    let Some(threshold) = Threshold::new(rate) else { return };
    const MARGIN: usize = 32;
    let factor = E::from_f64(rate.inverse_keep());
    let x: Vec<E> = (0..MARGIN + shift.0 + length).map(|i| E::from_f64(value(i))).collect();
    let x = &x[MARGIN + shift.0..];
    let expected = expected(&address, rate, start, x, factor);
    for back_end in BackEnd::all() {
        let mut out = vec![E::from_f64(7.0); shift.1 + length + MARGIN];
        let to = out[shift.1..].as_mut_ptr();
        back_end.run(FlatDropout { address, threshold, factor, start, length, from: x.as_ptr(), to, stream });
        assert!(same_bits(&out[shift.1..shift.1 + length], &expected), "{back_end:?}");
        let untouched = E::from_f64(7.0);
        assert!(
            out[..shift.1].iter().chain(&out[shift.1 + length..]).all(|&x| x == untouched),
            "{back_end:?}"
        );

        let mut in_place = x.to_vec();
        let to = in_place.as_mut_ptr();
        let from = to.cast_const();
        back_end.run(FlatDropout { address, threshold, factor, start, length, from, to, stream: false });
        assert!(same_bits(&in_place, &expected), "{back_end:?}, in place");
    }
}

fn check_rows<E: Bits>(address: Address, rate: Rate, ids: &[u32], width: usize) {
    let Some(threshold) = Threshold::new(rate) else { return };
    let factor = E::from_f64(rate.inverse_keep());
    let x: Vec<E> = (0..ids.len() * width).map(|i| E::from_f64(value(i))).collect();
    let expected: Vec<E> = (0..ids.len())
        .flat_map(|row| {
            expected(&address.with_sample(ids[row]), rate, 0, &x[row * width..(row + 1) * width], factor)
        })
        .collect();
    for back_end in BackEnd::all() {
        let mut out = vec![E::from_f64(7.0); x.len() + 8];
        let (from, to) = (x.as_ptr(), out.as_mut_ptr());
        back_end.run(RowsDropout { address, threshold, factor, ids, width, from, to, stream: false });
        assert!(same_bits(&out[..x.len()], &expected), "{back_end:?}");
        assert!(out[x.len()..].iter().all(|&x| x == E::from_f64(7.0)), "{back_end:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn ranges_equal_the_reference(
        address in addresses(),
        rate in rates(),
        start in prop_oneof![Just(0u64), 0..5000u64, (1u64 << 39) - 20_000..(1u64 << 39) - 12_000],
        length in prop_oneof![0..70usize, 0..3000usize, 4000..9000usize],
        shift in (0..17usize, 0..17usize),
        stream in any::<bool>(),
    ) {
        check_flat::<f32>(address, rate, start, length, shift, stream);
        check_flat::<f64>(address, rate, start, length, shift, stream);
    }

    #[test]
    fn rows_equal_the_reference(
        address in addresses(),
        rate in rates(),
        ids in prop::collection::vec(any::<u32>(), 0..40),
        width in prop_oneof![0..20usize, 60..70usize, 120..140usize, 250..300usize],
    ) {
        check_rows::<f32>(address, rate, &ids, width);
        check_rows::<f64>(address, rate, &ids, width);
    }
}

#[test]
fn wide_rows_equal_the_reference() {
    let address = Address { seed: 3, ..Address::default() };
    check_rows::<f32>(address, Rate::new(0.3).unwrap(), &[5, 1 << 31], 3001);
}

fn mask(rate: f64) -> Mask {
    Mask {
        address: Address { seed: 11, site: 2, step: 9, ..Address::default() },
        rate: Rate::new(rate).unwrap(),
    }
}

#[test]
fn rate_zero_is_the_identity_bit_for_bit() {
    let x: Vec<f32> = (0..5000).map(|i| f32::from_bits(i * 858_993)).collect();
    for scaling in [Scaling::Inverted, Scaling::Standard] {
        let mut out = vec![1.0; x.len()];
        dropout(&mask(0.0), scaling, &x, &mut out).unwrap();
        assert!(same_bits(&out, &x));
    }
}

#[test]
fn rate_one_gives_zeros_forward_and_backward() {
    let x: Vec<f64> = (0..5000).map(value).collect();
    let mut out = vec![1.0; x.len()];
    dropout(&mask(1.0), Scaling::Inverted, &x, &mut out).unwrap();
    assert!(same_bits(&out, &vec![0.0; x.len()]));
    out.fill(1.0);
    dropout_backward(&mask(1.0), Scaling::Inverted, &x, &mut out).unwrap();
    assert!(same_bits(&out, &vec![0.0; x.len()]));
}

#[test]
fn threads_do_not_change_the_bits() {
    let x: Vec<f32> = (0..(1 << 20) + 77).map(|i| value(i) as f32).collect();
    let ids: Vec<u32> = (0..4100).collect();
    let mut flat = vec![0.0; x.len()];
    let mut by_row = vec![0.0; 4100 * 255];
    dropout(&mask(0.3), Scaling::Inverted, &x, &mut flat).unwrap();
    dropout_rows(&mask(0.3), Scaling::Inverted, &ids, 255, &x[..4100 * 255], &mut by_row).unwrap();
    for threads in [2, 3, 5] {
        let mut out = vec![0.0; x.len()];
        parallel::install(threads, || dropout(&mask(0.3), Scaling::Inverted, &x, &mut out)).unwrap().unwrap();
        assert!(same_bits(&out, &flat));
        let (x, out) = (&x[..4100 * 255], &mut out[..4100 * 255]);
        parallel::install(threads, || dropout_rows(&mask(0.3), Scaling::Inverted, &ids, 255, x, out))
            .unwrap()
            .unwrap();
        assert!(same_bits(out, &by_row));
    }
}

#[test]
fn rows_that_are_stored_past_the_caches_get_the_same_bits() {
    let rate = mask(0.3).rate;
    let factor = rate.inverse_keep();
    for (rows, width) in
        [(3, STREAM_FROM_BYTES / 24 + 13), (70, 1 << 14), (STREAM_FROM_BYTES / 8 / 100 + 1, 100)]
    {
        let ids: Vec<u32> = (0..rows as u32).map(|row| row * 7 + 1).collect();
        let x: Vec<f64> = (0..rows * width).map(value).collect();
        let mut out = vec![7.0; x.len()];
        assert!(streams(x.as_ptr(), out.as_mut_ptr(), x.len()));
        dropout_rows(&mask(0.3), Scaling::Inverted, &ids, width, &x, &mut out).unwrap();
        let mut in_place = x.clone();
        dropout_rows_in_place(&mask(0.3), Scaling::Inverted, &ids, width, &mut in_place).unwrap();
        assert!(same_bits(&out, &in_place), "{rows} rows of {width}");
        for row in [0, rows / 2, rows - 1] {
            let part = row * width..(row + 1) * width;
            let address = mask(0.3).address.with_sample(ids[row]);
            assert!(same_bits(&out[part.clone()], &expected(&address, rate, 0, &x[part], factor)));
        }
    }
}

#[test]
fn standard_scaling_keeps_values_and_scales_inference() {
    let x = vec![3.0f32; 1000];
    let mut out = x.clone();
    dropout_in_place(&mask(0.25), Scaling::Standard, &mut out).unwrap();
    assert!(out.iter().all(|&y| y == 0.0 || y == 3.0));
    assert_eq!(Scaling::Standard.inference_factor(mask(0.25).rate), 0.75);
    assert_eq!(Scaling::Inverted.inference_factor(mask(0.25).rate), 1.0);
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let x = [1.0f32; 10];
    let short = dropout(&mask(0.5), Scaling::Inverted, &x, &mut [0.0; 9]).unwrap_err();
    assert_eq!(short.code(), Code::Shape);
    let rows = dropout_rows(&mask(0.5), Scaling::Inverted, &[1, 2, 3], 3, &x, &mut [0.0; 10]).unwrap_err();
    assert_eq!(rows.to_string(), "`x` must be 3 rows of 3 elements; got 10 elements");
}

/// A dual number of doubles is as long as two of them: a cache line has fewer of them than a step takes.
#[test]
fn duals_drop_as_doubles_do() {
    use crate::ops::Dual;
    let mask =
        Mask { address: Address { seed: 5, site: 3, ..Address::default() }, rate: Rate::new(0.3).unwrap() };
    for length in [1, 5, 8, 20, 1500, 5000] {
        let x: Vec<f64> = (0..length).map(|i| i as f64 + 0.5).collect();
        let duals: Vec<Dual<f64>> = x.iter().map(|x| Dual::new(*x, -*x)).collect();
        let (mut y, mut dropped) = (vec![0.0; length], vec![Dual::constant(7.0); length + 9]);
        dropout(&mask, Scaling::Inverted, &x, &mut y).unwrap();
        dropout(&mask, Scaling::Inverted, &duals, &mut dropped[..length]).unwrap();
        for (i, dual) in dropped.iter().enumerate() {
            let wanted = if i < length { (y[i], -y[i]) } else { (7.0, 0.0) };
            assert_eq!((dual.value, dual.tangent), wanted, "element {i} of {length}");
        }
    }
}
