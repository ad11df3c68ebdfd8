//! By the contract, one element at a time, and by the expected value.

use proptest::prelude::*;

use super::*;
use crate::ops::noise::span::Span;
use crate::ops::noise::testing::{Bits, shapes, spans, value};
use crate::simd::testing::BackEnd;
use crate::stream::bernoulli::testing::{addresses, rates};
use crate::stream::{Address, reference};

fn check<E: NoiseElement + Bits>(z: &Zoneout, ids: &[u32], width: usize) {
    let Some(threshold) = Threshold::new(z.mask.rate) else { return };
    let count = ids.len() * width;
    let previous: Vec<E> = (0..count).map(|i| E::from_f64(value(i))).collect();
    let candidate: Vec<E> = (0..count).map(|i| E::from_f64(value(i + 31))).collect();
    let kept: Vec<bool> = (0..count)
        .map(|i| {
            let lane = u64::from(z.time) * width as u64 + (i % width) as u64;
            reference::keep_lane(&z.mask.address.with_sample(ids[i / width]), lane, z.mask.rate)
        })
        .collect();
    let select = |kept_ones: &[E], others: &[E]| -> Vec<E> {
        (0..count).map(|i| if kept[i] { kept_ones[i] } else { others[i] }).collect()
    };
    let zeros = vec![E::default(); count];
    let expected = select(&candidate, &previous);
    let (by_candidate, by_previous) = (select(&candidate, &zeros), select(&zeros, &candidate));
    let address = &z.mask.address;
    let lane = u64::from(z.time) * width as u64;
    for back_end in BackEnd::all() {
        let mut out = vec![E::from_f64(7.0); count + 3];
        let (mut left, mut right) = (out.clone(), out.clone());
        for span in spans(ids, width) {
            let span = Span { lane: lane + span.lane, ..span };
            let (previous, candidate) = (previous.as_ptr(), candidate.as_ptr());
            let each = Choose { previous, candidate, to: out.as_mut_ptr() };
            back_end.run(DrawGates { address, threshold, span, elements: PhantomData, each });
            let each = Share { dh: candidate, previous: left.as_mut_ptr(), candidate: right.as_mut_ptr() };
            back_end.run(DrawGates { address, threshold, span, elements: PhantomData, each });
        }
        let seven = [E::from_f64(7.0); 3];
        for (got, expected) in [(&out, &expected), (&left, &by_previous), (&right, &by_candidate)] {
            assert!(E::same(&got[..count], expected), "{back_end:?}: {ids:?} of {width}");
            assert!(E::same(&got[count..], &seven), "{back_end:?}");
        }
    }
    let rows = Rows::ByIds { ids, width };
    let mut in_place = previous.clone();
    zoneout(z, rows, None, Some(&candidate), &mut in_place).unwrap();
    assert!(E::same(&in_place, &expected));
    in_place.copy_from_slice(&candidate);
    zoneout(z, rows, Some(&previous), None, &mut in_place).unwrap();
    assert!(E::same(&in_place, &expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_back_end_takes_the_one_or_the_other_by_the_lane(
        address in addresses(),
        rate in rates(),
        (ids, width) in shapes(),
        time in prop_oneof![0..5u32, 0..1000u32],
    ) {
        let z = Zoneout { mask: Mask { address, rate }, time };
        check::<f32>(&z, &ids, width);
        check::<f64>(&z, &ids, width);
    }
}

fn recipe(rate: f64, time: u32) -> Zoneout {
    let address = Address { seed: 11, site: 2, ..Address::default() };
    Zoneout { mask: Mask { address, rate: Rate::new(rate).unwrap() }, time }
}

#[test]
fn the_ends_take_all_of_one_bit_for_bit_also_in_inference() {
    let previous: Vec<f32> = (0..300).map(|i| value(i) as f32).collect();
    let candidate: Vec<f32> = (0..300).map(|i| value(i + 7) as f32).collect();
    for (rate, taken) in [(0.0, &candidate), (1.0, &previous)] {
        let same = |out: &[f32]| out.iter().zip(taken).all(|(a, b)| a.to_bits() == b.to_bits());
        let (z, mut out) = (recipe(rate, 3), vec![9.0; 300]);
        zoneout(&z, Rows::One, Some(&previous), Some(&candidate), &mut out).unwrap();
        assert!(same(&out));
        out.fill(9.0);
        Zoneout::expected(z.mask.rate, Some(&previous), Some(&candidate), &mut out).unwrap();
        assert!(same(&out));
        let (mut left, mut right) = (vec![9.0; 300], vec![9.0; 300]);
        for inference in [false, true] {
            if inference {
                Zoneout::expected_backward(z.mask.rate, taken, &mut left, &mut right).unwrap();
            } else {
                zoneout_backward(&z, Rows::One, taken, &mut left, &mut right).unwrap();
            }
            let (all, none) = if rate == 1.0 { (&left, &right) } else { (&right, &left) };
            assert!(same(all) && none.iter().all(|d| d.to_bits() == 0));
        }
    }
}

/// The mean over steps goes to the expectation p previous + q candidate; five standard errors.
#[test]
fn the_mean_over_masks_is_what_inference_gives() {
    const STEPS: u32 = 4000;
    let (previous, candidate) = (vec![2.0f64; 37], vec![-1.0f64; 37]);
    for rate in [0.05, 0.3, 0.5] {
        let mut expected = vec![0.0; 37];
        let z = recipe(rate, 0);
        Zoneout::expected(z.mask.rate, Some(&previous), Some(&candidate), &mut expected).unwrap();
        let mut sums = vec![0.0; 37];
        for step in 0..STEPS {
            let mut h = vec![0.0; 37];
            let address = z.mask.address.with_step(step);
            let z = Zoneout { mask: Mask { address, ..z.mask }, time: 2 };
            zoneout(&z, Rows::One, Some(&previous), Some(&candidate), &mut h).unwrap();
            sums.iter_mut().zip(&h).for_each(|(sum, h)| *sum += h / f64::from(STEPS));
        }
        let deviation = 3.0 * (rate * (1.0 - rate) / f64::from(STEPS)).sqrt();
        assert!((expected[0] - (2.0 * rate - (1.0 - rate))).abs() < 1e-15);
        assert!(sums.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 5.0 * deviation), "{rate}");
    }
}

#[test]
fn time_steps_draw_their_own_masks_and_have_their_own_lanes() {
    let (zeros, ones) = (vec![0.0f32; 50], vec![1.0f32; 50]);
    let at = |time, width: usize| {
        let mut h = vec![0.0; width];
        zoneout(&recipe(0.5, time), Rows::One, Some(&zeros[..width]), Some(&ones[..width]), &mut h).unwrap();
        h
    };
    assert_ne!(at(0, 50), at(1, 50));
    // Lanes 25..50 are time step 1 of 25 features and the second half of time step 0 of 50.
    assert_eq!(at(0, 50)[25..], at(1, 25));
}

#[test]
fn lanes_and_lengths_that_do_not_fit_are_refused() {
    let x = vec![0.0f32; 300];
    let error = zoneout(&recipe(0.5, u32::MAX), Rows::One, Some(&x), Some(&x), &mut x.clone());
    assert_eq!(error.unwrap_err().code(), Code::Range);
    for (previous, candidate) in [(&x[1..], &x[..]), (&x[..], &x[1..])] {
        let error = zoneout(&recipe(0.5, 0), Rows::One, Some(previous), Some(candidate), &mut x.clone());
        assert_eq!(error.unwrap_err().code(), Code::Shape);
    }
}
