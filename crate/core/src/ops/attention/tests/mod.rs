//! Fused attention against explicit weights, finite differences, and what must not change a bit.

mod plain;

use proptest::prelude::*;

use self::plain::Arrays;
use super::backward::Backward;
use super::forward::Forward;
use super::*;
use crate::ops::product::Matrix;
use crate::parallel;
use crate::simd::testing::BackEnd;

fn number(i: usize) -> f64 {
    (((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64) / f64::from(1 << 23) - 1.0
}

fn numbers(length: usize, seed: usize) -> Vec<f64> {
    (0..length).map(|i| number(i + seed * 1_000_003)).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Inputs that single precision holds exactly.
fn arrays(settings: &Attention<'_>) -> Arrays {
    let Attention { heads, queries, keys, features, value_features, ids, .. } = *settings;
    let pairs = ids.len() * heads;
    let exact = |length, seed| double(&single(&numbers(length, seed)));
    Arrays {
        query: exact(pairs * queries * features, 1),
        key: exact(pairs * keys * features, 2),
        value: exact(pairs * keys * value_features, 3),
    }
}

/// Outputs, sums and gradients of the fused kernels.
struct Results {
    y: Vec<f32>,
    log_sum_exp: Vec<f32>,
    gradients: [Vec<f32>; 3],
}

impl Results {
    fn bits(&self) -> Vec<u32> {
        let [a, b, c] = &self.gradients;
        [&self.y, &self.log_sum_exp, a, b, c].into_iter().flatten().map(|x| x.to_bits()).collect()
    }
}

fn fused(settings: &Attention<'_>, arrays: &Arrays, dy: &[f64]) -> Results {
    let [query, key, value, dy] =
        [&arrays.query, &arrays.key, &arrays.value, &dy.to_vec()].map(|x| single(x));
    let mut y = vec![7.0; dy.len()];
    let mut log_sum_exp = vec![7.0; settings.ids.len() * settings.heads * settings.queries];
    settings.forward(&query, &key, &value, &mut y, &mut log_sum_exp).unwrap();
    let mut gradients = [&query, &key, &value].map(|x| vec![7.0; x.len()]);
    let [dquery, dkey, dvalue] = &mut gradients;
    let inputs = AttentionInputs {
        query: &query,
        key: &key,
        value: &value,
        y: &y,
        log_sum_exp: &log_sum_exp,
        dy: &dy,
    };
    settings.backward(inputs, AttentionGradients { dquery, dkey, dvalue }).unwrap();
    Results { y, log_sum_exp, gradients }
}

/// Whether all are equal to within `tolerance` times the largest, or 1: gradients that cancel are differences of numbers
/// of about that size.
fn close(got: &[f32], expected: &[f64], tolerance: f64) -> bool {
    let largest = expected.iter().fold(1f64, |largest, x| largest.max(x.abs()));
    got.len() == expected.len()
        && got
            .iter()
            .zip(expected)
            .all(|(&got, &expected)| (f64::from(got) - expected).abs() <= tolerance * largest)
}

fn dropout(rate: f64, per: Per, shared_by_heads: bool, renormalize: bool) -> AttentionDropout {
    let address = Address { seed: 7, step: 3, site: 2, ..Address::default() };
    AttentionDropout {
        address,
        rate: crate::stream::Rate::new(rate).unwrap(),
        per,
        shared_by_heads,
        renormalize,
    }
}

const SMALL: Attention<'static> = Attention {
    heads: 2,
    queries: 5,
    keys: 7,
    features: 3,
    value_features: 4,
    scale: 0.6,
    causal: false,
    mask: None,
    dropout: None,
    ids: &[4, 9],
};

#[test]
fn explicit_gradients_are_finite_differences() {
    let every = [Per::Element, Per::Key, Per::Row, Per::Head];
    for (per, renormalize) in every.into_iter().flat_map(|per| [(per, false), (per, true)]) {
        let settings =
            Attention { dropout: Some(dropout(0.4, per, false, renormalize)), causal: renormalize, ..SMALL };
        let arrays = arrays(&settings);
        let dy = numbers(2 * 2 * 5 * 4, 4);
        let gradients = plain::backward(&settings, &arrays, &dy);
        let loss = |arrays: &Arrays| -> f64 {
            plain::forward(&settings, arrays).iter().zip(&dy).map(|(a, b)| a * b).sum()
        };
        type Field = fn(&mut Arrays) -> &mut Vec<f64>;
        let fields: [Field; 3] = [|a| &mut a.query, |a| &mut a.key, |a| &mut a.value];
        for (field, gradient) in fields.into_iter().zip([&gradients.query, &gradients.key, &gradients.value])
        {
            for (i, &expected) in gradient.iter().enumerate() {
                let at = |step: f64| {
                    let mut moved = arrays.clone();
                    field(&mut moved)[i] += step;
                    loss(&moved)
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((difference - expected).abs() < 1e-8, "{per:?}: {difference} for {expected}");
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Hiding {
    Nothing,
    Boolean([bool; 3]),
    Additive([bool; 3]),
}

fn settings() -> impl Strategy<Value = (Attention<'static>, Hiding)> {
    let sizes = (
        1..3usize,
        prop_oneof![1..6usize, 60..70usize, 120..140usize],
        prop_oneof![1..6usize, 120..140usize, 250..300usize],
    );
    let widths = (1..20usize, prop_oneof![1..20usize, Just(64)]);
    let drop = (
        prop_oneof![Just(0.0), Just(1.0), Just(0.1), 0.0..1.0f64],
        prop_oneof![Just(Per::Element), Just(Per::Key), Just(Per::Row), Just(Per::Head)],
        any::<bool>(),
        any::<bool>(),
    );
    let broadcast = || any::<[bool; 3]>();
    let hiding = prop_oneof![
        2 => Just(Hiding::Nothing),
        1 => broadcast().prop_map(Hiding::Boolean),
        1 => broadcast().prop_map(Hiding::Additive),
    ];
    (sizes, widths, prop::option::of(drop), any::<bool>(), 1..3usize, hiding).prop_map(
        |((heads, queries, keys), (features, value_features), drop, causal, batch, hiding)| {
            let dropout =
                drop.map(|(rate, per, shared, renormalize)| dropout(rate, per, shared, renormalize));
            let ids = &[11u32, 3][..batch];
            let scale = 1.0 / (features as f32).sqrt();
            let settings = Attention {
                heads,
                queries,
                keys,
                features,
                value_features,
                scale,
                causal,
                mask: None,
                dropout,
                ids,
            };
            (settings, hiding)
        },
    )
}

/// The mask, and the values it refers to.
fn hidden(settings: &Attention<'_>, hiding: Hiding) -> ([usize; 3], Vec<u8>, Vec<f32>) {
    let (Hiding::Boolean(own) | Hiding::Additive(own)) = hiding else { return ([1; 3], vec![], vec![]) };
    let full = [settings.ids.len(), settings.heads, settings.queries];
    let shape: [usize; 3] = std::array::from_fn(|i| if own[i] { full[i] } else { 1 });
    let length = shape.iter().product::<usize>() * settings.keys;
    let values = numbers(length, 5);
    let boolean = values.iter().map(|&value| u8::from(value > -0.3)).collect();
    let additive =
        values.iter().map(|&value| if value < -0.6 { f32::NEG_INFINITY } else { value as f32 }).collect();
    (shape, boolean, additive)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn outputs_and_gradients_are_those_of_explicit_weights((settings, hiding) in settings()) {
        let (shape, boolean, additive) = hidden(&settings, hiding);
        let values = match hiding {
            Hiding::Nothing => None,
            Hiding::Boolean(_) => Some(MaskValues::Boolean(&boolean)),
            Hiding::Additive(_) => Some(MaskValues::Additive(&additive)),
        };
        let settings = Attention { mask: values.map(|values| AttentionMask { values, shape }), ..settings };
        let arrays = arrays(&settings);
        let dy = numbers(settings.ids.len() * settings.heads * settings.queries * settings.value_features, 4);
        let dy = double(&single(&dy));
        let results = fused(&settings, &arrays, &dy);
        prop_assert!(close(&results.y, &plain::forward(&settings, &arrays), 2e-6));
        let expected = plain::backward(&settings, &arrays, &dy);
        for (got, expected) in results.gradients.iter().zip([&expected.query, &expected.key, &expected.value]) {
            prop_assert!(close(got, expected, 2e-5));
        }
    }
}

fn large() -> Attention<'static> {
    Attention { queries: 130, keys: 259, features: 24, value_features: 40, causal: true, ..SMALL }
}

#[test]
fn every_back_end_gives_the_same_bits() {
    for renormalize in [false, true] {
        let settings = Attention { dropout: Some(dropout(0.3, Per::Element, false, renormalize)), ..large() };
        let arrays = arrays(&settings);
        let [query, key, value] = [&arrays.query, &arrays.key, &arrays.value].map(|x| single(x));
        let dy = single(&numbers(130 * 40, 4));
        let expected = fused(&settings, &arrays, &numbers(2 * 2 * 130 * 40, 4)).bits();
        let batch = settings.batch();
        let rows = |values: &[f32], first: usize, width| Matrix {
            start: values[first * width..].as_ptr(),
            by_row: width,
        };
        let mut seen = Vec::new();
        for back_end in BackEnd::all() {
            let isa = Isa::Portable;
            let mut results = Vec::new();
            let [mut dkey, mut dvalue] = [vec![0.0f32; 259 * 24], vec![0.0f32; 259 * 40]];
            for first in (0..130).step_by(QUERIES) {
                let count = QUERIES.min(130 - first);
                let (mut out, mut sums) = (vec![0.0f32; count * 40], vec![0.0; count]);
                let mut scratch = forward::Scratch::default();
                back_end.run(Forward {
                    block: settings.block(isa, &batch, [0, 0, first], count),
                    query: rows(&query, first, 24),
                    key: rows(&key, 0, 24),
                    value: rows(&value, 0, 40),
                    out: Matrix { start: out.as_mut_ptr(), by_row: 40 },
                    log_sum_exp: &mut sums,
                    scratch: &mut scratch,
                });
                let mut dquery = vec![0.0f32; count * 24];
                let mut scratch = backward::Scratch::default();
                back_end.run(Backward {
                    block: settings.block(isa, &batch, [0, 0, first], count),
                    query: rows(&query, first, 24),
                    key: rows(&key, 0, 24),
                    value: rows(&value, 0, 40),
                    y: rows(&out, 0, 40),
                    log_sum_exp: &sums,
                    dy: rows(&dy, first, 40),
                    dquery: Matrix { start: dquery.as_mut_ptr(), by_row: 24 },
                    dkey: Matrix { start: dkey.as_mut_ptr(), by_row: 24 },
                    dvalue: Matrix { start: dvalue.as_mut_ptr(), by_row: 40 },
                    scratch: &mut scratch,
                });
                results.extend(out.into_iter().chain(sums).chain(dquery));
            }
            let bits: Vec<u32> = results.into_iter().chain(dkey).chain(dvalue).map(f32::to_bits).collect();
            seen.push((back_end, bits));
        }
        // The first outputs are those of the first head of the whole.
        assert_eq!(seen[0].1[..64 * 40], expected[..64 * 40]);
        for (back_end, bits) in &seen {
            assert!(*bits == seen[0].1, "{back_end:?}");
        }
    }
}

#[test]
fn threads_do_not_change_the_bits() {
    let settings = Attention { dropout: Some(dropout(0.1, Per::Element, false, false)), ..large() };
    let arrays = arrays(&settings);
    let dy = numbers(2 * 2 * 130 * 40, 4);
    let on = |threads| parallel::install(threads, || fused(&settings, &arrays, &dy).bits()).unwrap();
    let alone = on(1);
    assert!(alone == on(2) && alone == on(3));
}

#[test]
fn a_row_has_the_same_outputs_in_any_batch() {
    let settings = Attention { dropout: Some(dropout(0.3, Per::Element, false, false)), ..large() };
    let both = arrays(&settings);
    let dy = numbers(2 * 2 * 130 * 40, 4);
    let whole = fused(&settings, &both, &dy);
    let half = |values: &[f64]| values[values.len() / 2..].to_vec();
    let second = Arrays { query: half(&both.query), key: half(&both.key), value: half(&both.value) };
    let alone = fused(&Attention { ids: &[9], ..settings }, &second, &half(&dy));
    assert!(alone.y == whole.y[whole.y.len() / 2..]);
    for (alone, whole) in alone.gradients.iter().zip(&whole.gradients) {
        assert!(*alone == whole[whole.len() / 2..]);
    }
}

#[test]
fn rates_0_and_1_are_the_plain_attention_and_zeros() {
    let plain = large();
    let inputs = arrays(&plain);
    let dy = numbers(2 * 2 * 130 * 40, 4);
    let none = fused(&plain, &inputs, &dy).bits();
    let at = |rate| Attention { dropout: Some(dropout(rate, Per::Element, false, false)), ..plain };
    assert!(fused(&at(0.0), &inputs, &dy).bits() == none);
    let all = fused(&at(1.0), &inputs, &dy);
    assert!(all.y.iter().chain(all.gradients.iter().flatten()).all(|x| x.to_bits() == 0));
}

#[test]
fn a_query_that_sees_nothing_has_zeros_and_no_gradient() {
    let mut shown = vec![1u8; 5 * 7];
    shown[7..14].fill(0);
    let mask = AttentionMask { values: MaskValues::Boolean(&shown), shape: [1, 1, 5] };
    let settings = Attention { mask: Some(mask), ..SMALL };
    let results = fused(&settings, &arrays(&settings), &numbers(2 * 2 * 5 * 4, 4));
    assert!(results.y[4..8].iter().chain(&results.gradients[0][3..6]).all(|x| x.to_bits() == 0));
    assert_eq!(results.log_sum_exp[1], f32::NEG_INFINITY);
    assert!(results.gradients.iter().flatten().all(|x| x.is_finite()));
}

#[test]
fn large_scores_do_not_overflow() {
    let settings = Attention { scale: 3e4, ..large() };
    let results = fused(&settings, &arrays(&settings), &numbers(2 * 2 * 130 * 40, 4));
    assert!(results.y.iter().chain(results.gradients.iter().flatten()).all(|x| x.is_finite()));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let query = vec![0.0; 2 * 2 * 5 * 3];
    let (key, value) = (vec![0.0; 2 * 2 * 7 * 3], vec![0.0; 2 * 2 * 7 * 4]);
    let refused = |settings: Attention<'_>, key: &[f32], code: Code, name: &str| {
        let (mut out, mut sums) = (vec![0.0; 2 * 2 * 5 * 4], vec![0.0; 2 * 2 * 5]);
        let error = settings.forward(&query, key, &value, &mut out, &mut sums).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    };
    refused(SMALL, &key[1..], Code::Shape, "`k`");
    refused(Attention { scale: f32::NAN, ..SMALL }, &key, Code::Range, "scale");
    refused(Attention { features: 0, ..SMALL }, &key, Code::Shape, "features");
    let shown = [1u8; 35];
    let mask = |shape| Some(AttentionMask { values: MaskValues::Boolean(&shown), shape });
    refused(Attention { mask: mask([1, 3, 5]), ..SMALL }, &key, Code::Shape, "mask");
    refused(Attention { mask: mask([2, 1, 5]), ..SMALL }, &key, Code::Shape, "mask");
    let many = Attention { heads: 257, dropout: Some(dropout(0.5, Per::Element, false, false)), ..SMALL };
    refused(many, &key, Code::Range, "heads");
}
