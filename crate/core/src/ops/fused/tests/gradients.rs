//! Gradients against central differences of the forward pass, in double precision.

use super::*;

const STEP: f64 = 1e-5;

/// Some of a case's numbers.
type Coordinates = fn(&mut Case<f64>) -> &mut Vec<f64>;

/// The slope of the loss, the sum of dy times the output, along one coordinate of a case.
fn slope(case: &mut Case<f64>, at: Coordinates, i: usize, output: &dyn Fn(&Case<f64>) -> Vec<f64>) -> f64 {
    let value = at(case)[i];
    let mut on = |value| {
        at(case)[i] = value;
        output(case)
    };
    let (above, below) = (on(value + STEP), on(value - STEP));
    on(value);
    // Differences before the sum, so that what does not change costs no digits.
    let slopes = above.iter().zip(&below).map(|(above, below)| (above - below) / (2.0 * STEP));
    slopes.zip(&case.dy).map(|(slope, dy)| slope * dy).sum()
}

/// Compares gradients with slopes, at most some 60 of them, evenly chosen.
fn check(
    case: &mut Case<f64>,
    at: Coordinates,
    gradient: &[f64],
    output: &dyn Fn(&Case<f64>) -> Vec<f64>,
    what: &str,
) {
    assert_eq!(at(case).len(), gradient.len());
    for i in (0..gradient.len()).step_by(gradient.len().div_ceil(60)) {
        let expected = slope(case, at, i, output);
        let error = (gradient[i] - expected).abs();
        let name = case.activation.name();
        assert!(error < 1e-7 * expected.abs().max(1.0), "{what} {i}, {name}: {} for {expected}", gradient[i]);
    }
}

fn isa() -> Isa {
    Isa::active().unwrap()
}

#[test]
fn of_bias_activation_and_dropout() {
    let output = |case: &Case<f64>| case.run(isa()).y;
    for activation in elementwise() {
        for shape in [[3, 1, 7], [2, 3, 11], [35, 2, 3]] {
            let mut case = Case::new(shape, activation, 0.3);
            let Results { dx, sums: [bias, ..], dresidual, .. } = case.run(isa());
            check(&mut case, |case| &mut case.x, &dx, &output, "dx");
            check(&mut case, |case| &mut case.bias, &bias, &output, "dBias");
            check(&mut case, |case| &mut case.residual, &dresidual, &output, "dResidual");
        }
    }
}

#[test]
fn of_layer_norm() {
    let output = |case: &Case<f64>| case.run_norm(isa()).y;
    for activation in elementwise() {
        for shape in [[3, 1, 7], [2, 3, 11], [35, 2, 5]] {
            let mut case = Case::new(shape, activation, 0.3);
            let Results { dx, sums: [bias, gamma, beta], dresidual, .. } = case.run_norm(isa());
            check(&mut case, |case| &mut case.x, &dx, &output, "dx");
            check(&mut case, |case| &mut case.residual, &dresidual, &output, "dResidual");
            check(&mut case, |case| &mut case.bias, &bias, &output, "dBias");
            check(&mut case, |case| &mut case.gamma, &gamma, &output, "dGamma");
            check(&mut case, |case| &mut case.beta, &beta, &output, "dBeta");
        }
    }
}

#[test]
fn of_vectors_larger_than_a_tile() {
    let mut case = Case::new([2, 1, 4500], Activation::Gelu, 0.3);
    let output = |case: &Case<f64>| case.run_norm(isa()).y;
    let Results { dx, sums: [bias, gamma, _], .. } = case.run_norm(isa());
    check(&mut case, |case| &mut case.x, &dx, &output, "dx");
    check(&mut case, |case| &mut case.bias, &bias, &output, "dBias");
    check(&mut case, |case| &mut case.gamma, &gamma, &output, "dGamma");
    for renormalize in [false, true] {
        let output = |case: &Case<f64>| case.run_softmax(isa(), renormalize).y;
        let dx = case.run_softmax(isa(), renormalize).dx;
        check(&mut case, |case| &mut case.x, &dx, &output, "softmax");
    }
}

#[test]
fn of_softmax_and_dropout() {
    for renormalize in [false, true] {
        let output = |case: &Case<f64>| case.run_softmax(isa(), renormalize).y;
        for shape in [[3, 1, 1], [4, 1, 7], [2, 3, 50]] {
            let mut case = Case::new(shape, Activation::Identity, 0.4);
            let dx = case.run_softmax(isa(), renormalize).dx;
            check(&mut case, |case| &mut case.x, &dx, &output, "dx");
        }
    }
}
