//! What must not change a bit, and what must not leak.

use super::plain::factors;
use super::*;
use crate::error::Code;
use crate::parallel;

/// All kernels' results.
fn all<T: Float>(case: &Case<T>, isa: Isa) -> Vec<Vec<u64>> {
    let results =
        [case.run(isa), case.run_norm(isa), case.run_softmax(isa, false), case.run_softmax(isa, true)];
    results.iter().flat_map(Results::bits).collect()
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for (shape, activation) in SHAPES.into_iter().chain(SHAPES).zip(elementwise().cycle()) {
        for rate in [0.0, 0.3, 1.0] {
            let mut case = Case::<f32>::new(shape, activation, rate);
            case.x[0] = f32::NAN;
            let portable = all(&case, Isa::Portable);
            for isa in Isa::available() {
                assert!(all(&case, isa) == portable, "{shape:?}, {activation:?}, rate {rate}, {isa}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (shape, activation) in [
        ([300, 1, 500], Activation::Gelu),
        ([2, 300, 301], Activation::Elu),
        ([33, 1, 4100], Activation::Relu),
    ] {
        let case = Case::<f32>::new(shape, activation, 0.3);
        let on = |threads| parallel::install(threads, || all(&case, Isa::active().unwrap())).unwrap();
        let one = on(1);
        assert!(one == on(2) && one == on(3), "{shape:?}");
    }
}

#[test]
fn a_row_is_the_same_in_any_batch() {
    let isa = Isa::active().unwrap();
    let case = Case::<f32>::new([5, 3, 41], Activation::Silu, 0.5);
    let (whole, norm) = (case.run(isa), case.run_norm(isa));
    let (softmax, width) = (case.run_softmax(isa, true), 3 * 41);
    for row in 0..5 {
        let part = row * width..(row + 1) * width;
        let mut alone = Case::<f32>::new([1, 3, 41], Activation::Silu, 0.5);
        alone.ids = vec![case.ids[row]];
        (alone.x, alone.dy) = (case.x[part.clone()].to_vec(), case.dy[part.clone()].to_vec());
        alone.residual = case.residual[part.clone()].to_vec();
        for (whole, alone) in
            [(&whole, alone.run(isa)), (&norm, alone.run_norm(isa)), (&softmax, alone.run_softmax(isa, true))]
        {
            assert_eq!(bits(&whole.y[part.clone()]), bits(&alone.y));
            assert_eq!(bits(&whole.dx[part.clone()]), bits(&alone.dx));
        }
    }
}

#[test]
fn inputs_may_lie_in_the_output() {
    for shape in SHAPES {
        let case = Case::<f32>::new(shape, Activation::GeluTanh, 0.3);
        let (isa, kernel, norm) = (Isa::active().unwrap(), case.kernel(), case.norm());
        let (apart, apart_norm) = (case.run(isa), case.run_norm(isa));
        let (x, residual, dy) =
            (Input::From(&case.x[..]), Input::From(&case.residual[..]), Input::From(&case.dy[..]));

        let mut y = case.x.clone();
        kernel.forward(Input::InPlace, Some(residual), &mut y).unwrap();
        assert_eq!(bits(&y), bits(&apart.y));
        let mut y = case.residual.clone();
        kernel.forward(x, Some(Input::InPlace), &mut y).unwrap();
        assert_eq!(bits(&y), bits(&apart.y));
        let (mut both, mut expected) = (case.x.clone(), case.x.clone());
        kernel.forward(Input::InPlace, Some(Input::InPlace), &mut both).unwrap();
        kernel.forward(x, Some(x), &mut expected).unwrap();
        assert_eq!(bits(&both), bits(&expected));

        let mut sums = case.bias.clone();
        for (x, dy, mut dx) in [(x, Input::InPlace, case.dy.clone()), (Input::InPlace, dy, case.x.clone())] {
            kernel.backward(x, dy, &mut dx, &mut sums).unwrap();
            assert_eq!((bits(&dx), bits(&sums)), (bits(&apart.dx), bits(&apart.sums[0])));
        }

        let (mut y, mut mean, mut inverse) =
            (case.residual.clone(), vec![0.0; case.vectors()], vec![0.0; case.vectors()]);
        norm.forward(x, Some(Input::InPlace), &mut y, &mut mean, &mut inverse).unwrap();
        assert_eq!(bits(&y), bits(&apart_norm.y));
        for (x, residual, dy, mut dx) in [
            (Input::InPlace, residual, dy, case.x.clone()),
            (x, Input::InPlace, dy, case.residual.clone()),
            (x, residual, Input::InPlace, case.dy.clone()),
        ] {
            let inputs =
                LayerNormInputs { x, residual: Some(residual), mean: &mean, inverse_deviation: &inverse, dy };
            let (mut bias, mut gamma, mut beta) = (sums.clone(), sums.clone(), sums.clone());
            let (bias, gamma, beta) = (&mut bias[..], &mut gamma[..], &mut beta[..]);
            norm.backward(inputs, LayerNormGradients { x: &mut dx, residual: None, bias, gamma, beta })
                .unwrap();
            assert_eq!(bits(&dx), bits(&apart_norm.dx));
        }

        let (softmax, apart) = (case.softmax(false), case.run_softmax(isa, false));
        let mut y = case.x.clone();
        softmax.forward(Input::InPlace, &mut y).unwrap();
        assert_eq!(bits(&y), bits(&apart.y));
        for (x, dy, mut dx) in [(x, Input::InPlace, case.dy.clone()), (Input::InPlace, dy, case.x.clone())] {
            softmax.backward(x, dy, &mut dx).unwrap();
            assert_eq!(bits(&dx), bits(&apart.dx));
        }
    }
}

#[test]
fn nothing_leaks_from_dropped_places() {
    let isa = Isa::active().unwrap();
    for activation in elementwise() {
        let clean = Case::<f32>::new([6, 2, 67], activation, 0.5);
        let mut poisoned = Case::<f32>::new([6, 2, 67], activation, 0.5);
        let factors = factors(&clean);
        for (i, factor) in factors.iter().enumerate().filter(|(_, factor)| **factor == 0.0) {
            poisoned.x[i] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][i % 3];
            assert_eq!(*factor, 0.0);
        }
        let (y, norm) = (clean.run(isa), clean.run_norm(isa));
        assert_eq!(poisoned.run(isa).bits(), y.bits(), "{activation:?}");
        assert_eq!(poisoned.run_norm(isa).bits(), norm.bits(), "{activation:?}");
        for (i, factor) in factors.iter().enumerate() {
            if *factor == 0.0 {
                assert_eq!((y.dx[i].to_bits(), norm.dx[i].to_bits()), (0, 0));
                assert_eq!(y.y[i].to_bits(), clean.residual[i].to_bits());
            }
        }
    }
    // A softmax of kept elements alone takes nothing from the others either, nor does its gradient.
    let clean = Case::<f32>::new([6, 2, 67], Activation::Identity, 0.5);
    let mut poisoned = Case::<f32>::new([6, 2, 67], Activation::Identity, 0.5);
    for (i, _) in factors(&clean).iter().enumerate().filter(|(_, factor)| **factor == 0.0) {
        (poisoned.x[i], poisoned.dy[i]) = (f32::NAN, f32::INFINITY);
    }
    assert_eq!(poisoned.run_softmax(isa, true).bits(), clean.run_softmax(isa, true).bits());
    poisoned.x.clone_from(&clean.x);
    assert_eq!(poisoned.run_softmax(isa, false).bits(), clean.run_softmax(isa, false).bits());
}

#[test]
fn rate_one_leaves_the_residual_and_rate_zero_the_identity() {
    let isa = Isa::active().unwrap();
    for shape in SHAPES {
        let mut case = Case::<f32>::new(shape, Activation::Gelu, 1.0);
        case.x.fill(f32::NAN);
        let Results { y, dx, sums: [bias, ..], .. } = case.run(isa);
        assert_eq!(bits(&y), bits(&case.residual));
        assert!(dx.iter().chain(&bias).all(|x| x.to_bits() == 0));
        let norm = case.run_norm(isa);
        assert!(norm.dx.iter().chain(&norm.sums[0]).all(|x| x.to_bits() == 0));
        for renormalize in [false, true] {
            assert!(case.run_softmax(isa, renormalize).y.iter().all(|y| y.to_bits() == 0));
        }

        let mut case = Case::<f32>::new(shape, Activation::Identity, 0.0);
        (case.x[0], case.dy[0]) = (-0.0, -0.0);
        let kernel = BiasActivationDropout { bias: None, ..case.kernel() };
        let (mut y, mut dx, mut sums) =
            (vec![1.0; case.elements()], vec![1.0; case.elements()], case.bias.clone());
        kernel.forward(Input::From(&case.x), None, &mut y).unwrap();
        kernel.backward(Input::From(&case.x), Input::From(&case.dy), &mut dx, &mut sums).unwrap();
        assert_eq!((bits(&y), bits(&dx)), (bits(&case.x), bits(&case.dy)));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let case = Case::<f32>::new([2, 1, 6], Activation::Relu, 0.5);
    let (mut y, mut sums) = (vec![0.0; 12], vec![0.0; 6]);
    let x = Input::From(&case.x[..]);
    let code = |result: crate::Result<()>| result.unwrap_err().code();
    assert_eq!(code(case.kernel().forward(x, None, &mut y[1..])), Code::Shape);
    assert_eq!(code(case.kernel().forward(x, Some(Input::From(&case.bias)), &mut y)), Code::Shape);
    let short = BiasActivationDropout { bias: Some(&case.bias[1..]), ..case.kernel() };
    assert_eq!(code(short.forward(x, None, &mut y)), Code::Shape);
    let other = BiasActivationDropout { features: 5, bias: None, ..case.kernel() };
    assert_eq!(code(other.forward(x, None, &mut y)), Code::Shape);
    let softmax = BiasActivationDropout { activation: Activation::Softmax, ..case.kernel() };
    assert_eq!(code(softmax.forward(x, None, &mut y)), Code::Option);
    assert_eq!(code(case.kernel().backward(x, x, &mut y, &mut sums[1..])), Code::Shape);
    let norm = BiasActivationDropoutLayerNorm { epsilon: 0.0, ..case.norm() };
    assert_eq!(code(norm.forward(x, None, &mut y, &mut [0.0; 2], &mut [0.0; 2])), Code::Range);
    assert_eq!(code(case.norm().forward(x, None, &mut y, &mut [0.0; 3], &mut [0.0; 2])), Code::Shape);
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let softmax = SoftmaxDropout { scale, ..case.softmax(false) };
        assert_eq!(code(softmax.forward(x, &mut y)), Code::Range);
    }
    let none = BiasActivationDropout { dropout: dropout(0.5, &[]), ..case.kernel() };
    none.forward(Input::From(&[]), None, &mut []).unwrap();
    sums.fill(1.0);
    none.backward(Input::From(&[]), Input::InPlace, &mut [], &mut sums).unwrap();
    assert_eq!(sums, [0.0; 6]);
}
