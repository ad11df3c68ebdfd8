//! Monte Carlo dropout: oracles, reproducibility, abort.

mod common;

use common::{bits, circle, classifier, noise, options};
use inverted_dropout::Code;
use inverted_dropout::nn::*;
use inverted_dropout::uncertainty::{MonteCarlo, MonteCarloOptions, PASS_BLOCK, ROW_BLOCK};

fn sample(model: &Model, x: &[f32], rows: usize, options: &MonteCarloOptions) -> MonteCarlo {
    model.predict_monte_carlo(x, rows, options, &Control::new(), &mut |_| ()).unwrap()
}

/// y = w . x with dropout on x.
fn linear(weights: &[f32], rate: f64, output: Output) -> Model {
    let layers = vec![LayerConfig::dropout(rate), LayerConfig::dense(1, Activation::Identity)];
    let mut model = Model::new(&ModelConfig::new([weights.len()], output, 42, layers)).unwrap();
    model.parameters_mut().get_mut("layers.1.weight").unwrap().copy_from_slice(weights);
    model
}

#[test]
fn a_linear_models_variance_is_lambda_sum_w2_x2() {
    let model = linear(&[1.0, 2.0, 3.0], 0.1, Output::Identity);
    let passes = 40_000;
    let result = sample(&model, &[1.0; 3], 1, &MonteCarloOptions::new(passes));
    // 14 lambda = 1.5556. The sample variance of n passes has standard error sqrt((m4 - s^4 (n-3)/(n-1)) / n); the
    // fourth moment of a sum of independent terms is 3 s^4 + sum of their excesses.
    let (p, q) = (0.1f64, 0.9f64);
    let lambda = p / q;
    let variance = 14.0 * lambda;
    let excess: f64 = [1f64, 2.0, 3.0]
        .map(|w| w.powi(4) * (q * (1.0 / q - 1.0).powi(4) + p - 3.0 * lambda * lambda))
        .iter()
        .sum();
    let error = ((2.0 * variance * variance + excess) / f64::from(passes)).sqrt();
    assert!((variance - 1.5556).abs() < 1e-4);
    assert!((result.variance[0] - variance).abs() < 4.0 * error, "{} +- {error}", result.variance[0]);
    let error = (variance / f64::from(passes)).sqrt();
    assert!((result.mean[0] - 6.0).abs() < 4.0 * error, "{} +- {error}", result.mean[0]);
    assert_eq!(result.epistemic.as_ref(), Some(&result.variance));
    assert_eq!(result.standard_error[0], (result.variance[0] / f64::from(passes)).sqrt());
    assert_eq!(result.aleatoric, None);
    let known = MonteCarloOptions { precision: Some(4.0), ..MonteCarloOptions::new(2) };
    assert_eq!(sample(&model, &[1.0; 3], 1, &known).aleatoric, Some(vec![0.25]));
}

#[test]
fn what_is_returned_is_what_the_samples_say() {
    let mut model = classifier(2);
    model.fit(&circle(1, 200), None, &options(3), &Control::new(), &mut ()).unwrap();
    let (rows, passes) = (2 * ROW_BLOCK + 3, PASS_BLOCK as u32 + 5);
    let x = noise(8, 2 * rows);
    let options = MonteCarloOptions { keep_samples: true, ..MonteCarloOptions::new(passes) };
    let result = sample(&model, &x, rows, &options);
    let samples = result.samples.as_ref().unwrap();
    assert_eq!(samples.len(), passes as usize * rows * 2);
    let entropy = |p: &[f64]| -> f64 { p.iter().map(|p| -p * p.ln()).sum() };
    for row in 0..rows {
        let of = |pass: usize| -> Vec<f64> {
            samples[(pass * rows + row) * 2..][..2].iter().map(|value| f64::from(*value)).collect()
        };
        let n = f64::from(passes);
        let all: Vec<Vec<f64>> = (0..passes as usize).map(of).collect();
        let mean: Vec<f64> = (0..2).map(|class| all.iter().map(|p| p[class]).sum::<f64>() / n).collect();
        let expected = all.iter().map(|p| entropy(p)).sum::<f64>() / n;
        for class in 0..2 {
            let variance = all.iter().map(|p| (p[class] - mean[class]).powi(2)).sum::<f64>() / (n - 1.0);
            assert!((result.mean[row * 2 + class] - mean[class]).abs() < 1e-12);
            assert!((result.variance[row * 2 + class] - variance).abs() < 1e-12);
        }
        let information = result.mutual_information.as_ref().unwrap()[row];
        assert!((result.predictive_entropy.as_ref().unwrap()[row] - entropy(&mean)).abs() < 1e-12);
        assert!((result.expected_entropy.as_ref().unwrap()[row] - expected).abs() < 1e-12);
        assert!((information - (entropy(&mean) - expected)).abs() < 1e-12);
        assert!(information > 0.0);
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let model = classifier(2);
    let rows = 5 * ROW_BLOCK + 1;
    let x = noise(8, 2 * rows);
    let run = |threads| {
        let options = MonteCarloOptions {
            threads: Some(threads),
            keep_samples: true,
            ..MonteCarloOptions::new(3 * PASS_BLOCK as u32 + 1)
        };
        sample(&model, &x, rows, &options)
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn a_rows_passes_use_the_same_masks_in_any_company() {
    let model = classifier(2);
    let x = noise(8, 2 * 20);
    let with = |ids: Vec<u32>| MonteCarloOptions {
        ids: Some(ids),
        keep_samples: true,
        threads: Some(1),
        ..MonteCarloOptions::new(40)
    };
    let together = sample(&model, &x, 20, &with((100..120).collect()));
    for row in [0, 7, 13, 19] {
        let alone = sample(&model, &x[2 * row..2 * row + 2], 1, &with(vec![100 + row as u32]));
        for pass in 0..40 {
            let a = &together.samples.as_ref().unwrap()[(pass * 20 + row) * 2..][..2];
            let b = &alone.samples.as_ref().unwrap()[pass * 2..][..2];
            // The matrix products may round differently for another number of rows; another mask is far larger.
            assert!((a[0] - b[0]).abs() < 1e-5, "row {row}, pass {pass}: {a:?} {b:?}");
        }
    }
    let other = sample(&model, &x, 20, &with((0..20).collect()));
    assert_ne!(other.mean, together.mean);
    let seeded = MonteCarloOptions { seed: Some(77), ..with((100..120).collect()) };
    assert_ne!(sample(&model, &x, 20, &seeded).mean, together.mean);
    let own = MonteCarloOptions { seed: Some(2), ..with((100..120).collect()) };
    assert_eq!(sample(&model, &x, 20, &own).mean, together.mean);
}

#[test]
fn without_dropout_every_pass_is_the_prediction() {
    let model = linear(&[1.0, -2.0], 0.0, Output::Sigmoid);
    let x = noise(1, 2 * 10);
    let result =
        sample(&model, &x, 10, &MonteCarloOptions { keep_samples: true, ..MonteCarloOptions::new(3) });
    let predicted = model.predict(&x, 10, &PredictOptions::default()).unwrap();
    for pass in result.samples.as_ref().unwrap().chunks_exact(10) {
        assert_eq!(bits(pass), bits(&predicted));
    }
    assert!(result.variance.iter().all(|variance| *variance == 0.0));
    assert!(result.mutual_information.unwrap().iter().all(|information| *information < 1e-12));
}

#[test]
fn an_abort_ends_it_and_progress_is_told() {
    let model = classifier(1);
    let x = noise(1, 2 * 300);
    let mut parts = Vec::new();
    let options = MonteCarloOptions { threads: Some(1), ..MonteCarloOptions::new(100) };
    model.predict_monte_carlo(&x, 300, &options, &Control::new(), &mut |part| parts.push(part)).unwrap();
    assert!(parts.len() > 3 && parts.is_sorted() && parts.last() == Some(&1.0), "{parts:?}");

    let control = Control::new();
    let mut calls = 0;
    let error = model
        .predict_monte_carlo(&x, 300, &options, &control, &mut |_| {
            calls += 1;
            control.abort();
        })
        .unwrap_err();
    assert_eq!((error.code(), calls), (Code::Aborted, 1));
    assert!(error.to_string().starts_with("the Monte Carlo passes were aborted"), "{error}");
}

#[test]
fn little_work_wakes_no_thread() {
    let model = classifier(1);
    let here = std::thread::current().id();
    for (rows, alone) in [(1, true), (3000, false)] {
        let options = MonteCarloOptions { threads: Some(2), ..MonteCarloOptions::new(20) };
        let mut there = None;
        let mut see = |_| there = Some(std::thread::current().id());
        model.predict_monte_carlo(&noise(1, 2 * rows), rows, &options, &Control::new(), &mut see).unwrap();
        assert_eq!(there == Some(here), alone, "{rows} rows");
    }
}

#[test]
fn samples_that_fit_into_no_memory_are_refused_with_what_they_would_take() {
    let model = classifier(1);
    let (rows, passes) = (1 << 17, u32::MAX);
    let x = noise(1, 2 * rows);
    let options = MonteCarloOptions { keep_samples: true, ..MonteCarloOptions::new(passes) };
    let error = model.predict_monte_carlo(&x, rows, &options, &Control::new(), &mut |_| ()).unwrap_err();
    assert_eq!(error.code(), Code::Range);
    let text = error.to_string();
    assert!(
        text.starts_with("`passes` must be") && text.ends_with("4294967295, which takes 4.0 PiB"),
        "{text}"
    );
}

#[test]
fn bad_requests_are_refused() {
    let model = classifier(1);
    let refused = |rows: usize, options: MonteCarloOptions| {
        model.predict_monte_carlo(&[0.0; 4], rows, &options, &Control::new(), &mut |_| ()).unwrap_err().code()
    };
    assert_eq!(refused(2, MonteCarloOptions::new(1)), Code::Range);
    assert_eq!(refused(0, MonteCarloOptions::new(2)), Code::Empty);
    assert_eq!(refused(3, MonteCarloOptions::new(2)), Code::Shape);
    assert_eq!(
        refused(2, MonteCarloOptions { ids: Some(vec![1]), ..MonteCarloOptions::new(2) }),
        Code::Shape
    );
    assert_eq!(
        refused(2, MonteCarloOptions { precision: Some(0.0), ..MonteCarloOptions::new(2) }),
        Code::Range
    );
    for threads in [0, 1025] {
        let options = MonteCarloOptions { threads: Some(threads), ..MonteCarloOptions::new(2) };
        assert_eq!(refused(2, options), Code::Threads);
    }
}
