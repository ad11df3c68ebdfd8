//! Forward passes against loops that read like the formulas.

use super::*;
use crate::stream::reference::keep_lane;

/// f by the functions of the standard library and `libm`, written out.
fn value(activation: Activation, z: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-z).exp());
    match activation {
        Activation::Identity | Activation::Softmax => z,
        Activation::Relu => z.max(0.0),
        Activation::LeakyRelu => {
            if z > 0.0 {
                z
            } else {
                0.01 * z
            }
        }
        Activation::Elu => {
            if z > 0.0 {
                z
            } else {
                z.exp() - 1.0
            }
        }
        Activation::Selu => {
            1.0507009873554805 * if z > 0.0 { z } else { 1.6732632423543772 * (z.exp() - 1.0) }
        }
        Activation::Gelu => 0.5 * z * (1.0 + libm::erf(z / 2f64.sqrt())),
        Activation::GeluTanh => {
            0.5 * z * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (z + 0.044715 * z.powi(3))).tanh())
        }
        Activation::Silu => z * sigmoid,
        Activation::Softplus => (1.0 + z.exp()).ln(),
        Activation::Tanh => z.tanh(),
        Activation::Sigmoid => sigmoid,
    }
}

/// The factor of each element: 0 where it is dropped.
pub(super) fn factors<T>(case: &Case<T>) -> Vec<f64> {
    let (width, dropout) = (case.shape[1] * case.shape[2], dropout(case.rate, &case.ids));
    let kept = |i: usize| {
        let address = dropout.mask.address.with_sample(case.ids[i / width]);
        keep_lane(&address, (i % width) as u64, dropout.mask.rate)
    };
    (0..case.x.len()).map(|i| if kept(i) { 1.0 / (1.0 - case.rate) } else { 0.0 }).collect()
}

/// residual + d(f(x + b)).
fn plain<T: Float>(case: &Case<T>) -> Vec<f64> {
    let features = case.shape[2];
    let z = |i: usize| case.x[i].to_f64() + case.bias[i % features].to_f64();
    let factors = factors(case);
    (0..case.elements())
        .map(|i| case.residual[i].to_f64() + factors[i] * value(case.activation, z(i)))
        .collect()
}

fn plain_norm<T: Float>(case: &Case<T>) -> Vec<f64> {
    let mut z = plain(case);
    for z in z.chunks_exact_mut(case.shape[2]) {
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / z.len() as f64;
        for (z, (gamma, beta)) in z.iter_mut().zip(case.gamma.iter().zip(&case.beta)) {
            *z = (*z - mean) / (variance + 1e-5).sqrt() * gamma.to_f64() + beta.to_f64();
        }
    }
    z
}

fn plain_softmax<T: Float>(case: &Case<T>, renormalize: bool) -> Vec<f64> {
    let factors = factors(case);
    let mut y: Vec<f64> = case.x.iter().map(|x| (0.7 * x.to_f64()).exp()).collect();
    for (y, factors) in y.chunks_exact_mut(case.shape[2]).zip(factors.chunks_exact(case.shape[2])) {
        if renormalize {
            y.iter_mut().zip(factors).filter(|(_, factor)| **factor == 0.0).for_each(|(y, _)| *y = 0.0);
        }
        let total: f64 = y.iter().sum();
        for (y, factor) in y.iter_mut().zip(factors) {
            *y = if *factor == 0.0 { 0.0 } else { *y / total * if renormalize { 1.0 } else { *factor } };
        }
    }
    y
}

fn close<T: Float>(got: &[T], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len());
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let error = (got.to_f64() - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{what}, element {i}: {got} for {expected}");
    }
}

fn check<T: Float>(tolerance: f64) {
    let isa = Isa::active().unwrap();
    for (shape, activation) in SHAPES.into_iter().zip(elementwise().cycle().skip(4)) {
        for (rate, activation) in [(0.0, activation), (0.3, activation), (0.5, Activation::Identity)] {
            let case = Case::<T>::new(shape, activation, rate);
            let what = format!("{shape:?} {activation:?} {rate} {}", T::NAME);
            close(&case.run(isa).y, &plain(&case), tolerance, &what);
            if shape[2] > 1 {
                close(&case.run_norm(isa).y, &plain_norm(&case), 40.0 * tolerance, &format!("norm, {what}"));
            }
            for renormalize in [false, true] {
                let y = case.run_softmax(isa, renormalize).y;
                let what = format!("softmax, {renormalize}, {what}");
                close(&y, &plain_softmax(&case, renormalize), tolerance, &what);
            }
        }
    }
}

#[test]
fn kernels_equal_plain_loops() {
    check::<f64>(2e-14);
    check::<f32>(1e-6);
}

#[test]
fn every_activation_equals_its_formula() {
    for activation in elementwise() {
        let (single, double) =
            (Case::<f32>::new([5, 2, 67], activation, 0.2), Case::<f64>::new([5, 2, 67], activation, 0.2));
        close(&single.run(Isa::active().unwrap()).y, &plain(&single), 1e-6, activation.name());
        close(&double.run(Isa::active().unwrap()).y, &plain(&double), 1e-14, activation.name());
    }
}

#[test]
fn statistics_are_the_mean_and_the_inverse_deviation() {
    let case = Case::<f64>::new([4, 3, 50], Activation::Silu, 0.3);
    let [mean, inverse] = case.run_norm(Isa::active().unwrap()).statistics;
    for ((z, mean), inverse) in plain(&case).chunks_exact(50).zip(mean).zip(inverse) {
        let expected = z.iter().sum::<f64>() / 50.0;
        let variance = z.iter().map(|z| (z - expected).powi(2)).sum::<f64>() / 50.0;
        assert!((mean - expected).abs() < 1e-14 && (inverse * (variance + 1e-5).sqrt() - 1.0).abs() < 1e-13);
    }
}

#[test]
fn standard_scaling_scales_in_inference_and_inverted_does_not() {
    let case = Case::<f64>::new([3, 2, 9], Activation::Tanh, 0.25);
    for (scaling, factor) in [(Scaling::Standard, 0.75), (Scaling::Inverted, 1.0)] {
        let mut kernel = case.kernel();
        kernel.dropout = RowDropout { scaling, training: false, ..kernel.dropout };
        let (mut y, mut dx, mut bias) = (vec![0.0; 54], vec![0.0; 54], vec![0.0; 9]);
        kernel.forward(Input::From(&case.x), None, &mut y).unwrap();
        kernel.backward(Input::From(&case.x), Input::From(&case.dy), &mut dx, &mut bias).unwrap();
        for i in 0..54 {
            let t = (case.x[i] + case.bias[i % 9]).tanh();
            assert!((y[i] - factor * t).abs() < 1e-15);
            assert!((dx[i] - factor * case.dy[i] * (1.0 - t * t)).abs() < 1e-15);
        }
    }
}
