use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Figures {
    losses: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Tensor {
    data: Vec<f64>,
}

fn field<D: serde::de::DeserializeOwned>(case: &serde_json::Value, name: &str) -> D {
    serde_json::from_value(case[name].clone()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn data(case: &serde_json::Value, name: &str) -> Vec<f64> {
    field::<Tensor>(case, name).data
}

fn close(got: &[f64], expected: &[f64], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (g, e) in got.iter().zip(expected) {
        assert!((g - e).abs() < 1e-11, "{what}: {g} but PyTorch has {e}");
    }
}

/// Means of each row, then its log variances, from two tensors of one column.
fn interleaved(means: &[f64], log_variances: &[f64]) -> Vec<f64> {
    means.iter().zip(log_variances).flat_map(|(m, s)| [*m, *s]).collect()
}

#[test]
fn values_and_gradients_equal_those_of_pytorch() {
    let figures: Figures =
        serde_json::from_str(include_str!("../../../tests/data/torch-training.json")).unwrap();
    let mut seen = 0;
    for case in &figures.losses {
        let name: String = field(case, "name");
        let value: f64 = field(case, "value");
        let (config, logits, gradient) = match name.as_str() {
            "crossEntropy" => (LossConfig::cross_entropy(), data(case, "logits"), data(case, "grad")),
            "crossEntropyWeighted" => (
                LossConfig::CrossEntropy { class_weights: Some(field(case, "weight")), label_smoothing: 0.0 },
                data(case, "logits"),
                data(case, "grad"),
            ),
            "crossEntropySmoothed" => (
                LossConfig::CrossEntropy { class_weights: None, label_smoothing: 0.1 },
                data(case, "logits"),
                data(case, "grad"),
            ),
            "binaryCrossEntropy" => {
                (LossConfig::BinaryCrossEntropy {}, data(case, "logits"), data(case, "grad"))
            }
            "gaussianNegativeLogLikelihood" => (
                LossConfig::GaussianNegativeLogLikelihood {},
                interleaved(&data(case, "mean"), &data(case, "logVariance")),
                interleaved(&data(case, "dMean"), &data(case, "dLogVariance")),
            ),
            _ => panic!("a loss without its options: {name}"),
        };
        let output = config.output();
        let width = match output {
            Output::Softmax => 4,
            Output::Gaussian => 2,
            _ => 1,
        };
        let loss = Loss::new(&config, output, width).unwrap();
        let mut got = vec![f64::NAN; logits.len()];
        let sum = if output == Output::Softmax {
            let classes: Vec<u32> = field(case, "target");
            loss.evaluate(&logits, BatchTargets::Classes(&classes), Weighting::NONE, Some(&mut got))
        } else {
            loss.evaluate(
                &logits,
                BatchTargets::Values(&data(case, "target")),
                Weighting::NONE,
                Some(&mut got),
            )
        };
        close(&[sum.mean()], &[value], &name);
        close(&got, &gradient, &name);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

/// ((3 - 1)^2 + (-0.5 - 1)^2 + (0.25 - 0.75)^2 + (-2 - 2)^2) / 4 and 2 (z - t) / 4: what PyTorch's `mse_loss` gives for
/// its default, the mean over all outputs of all rows.
#[test]
fn mean_squared_error_is_the_mean_over_all_outputs() {
    let loss = Loss::new(&LossConfig::MeanSquaredError {}, Output::Identity, 2).unwrap();
    let mut gradient = [f64::NAN; 4];
    let targets = [1.0, 1.0, 0.75, 2.0];
    let logits = [3.0, -0.5, 0.25, -2.0];
    let sum = loss.evaluate(&logits, BatchTargets::Values(&targets), Weighting::NONE, Some(&mut gradient));
    assert_eq!(sum.mean(), 5.625);
    assert_eq!(gradient, [1.0, -0.75, -0.25, -2.0]);
}

#[test]
fn the_loss_of_many_classes_is_the_same_with_and_without_its_gradient() {
    let loss = Loss::new(&LossConfig::cross_entropy(), Output::Softmax, 1000).unwrap();
    let logits: Vec<f32> = (0..3000).map(|i| number(i) as f32).collect();
    let targets = BatchTargets::Classes(&[0, 999, 64]);
    let mut gradient = vec![f32::NAN; 3000];
    let with = loss.evaluate(&logits, targets, Weighting::NONE, Some(&mut gradient));
    assert_eq!(with, loss.evaluate(&logits, targets, Weighting::NONE, None));
    let rest: f64 = gradient.iter().map(|&gradient| f64::from(gradient)).sum();
    assert!(rest.abs() < 1e-6, "{rest}");
}

/// A pseudo-random number in (-2, 2).
fn number(i: usize) -> f64 {
    2.0 * (i as f64 * 12.9898 + 78.233).sin()
}

fn configs() -> Vec<(LossConfig, usize)> {
    vec![
        (LossConfig::cross_entropy(), 3),
        (LossConfig::CrossEntropy { class_weights: Some(vec![0.5, 0.0, 2.0]), label_smoothing: 0.2 }, 3),
        (LossConfig::BinaryCrossEntropy {}, 3),
        (LossConfig::MeanSquaredError {}, 3),
        (LossConfig::GaussianNegativeLogLikelihood {}, 6),
    ]
}

#[test]
fn gradients_equal_finite_differences_with_row_weights() {
    let weights = [1.0, 0.0, 2.5, 0.3];
    for (config, width) in configs() {
        let loss = Loss::new(&config, config.output(), width).unwrap();
        let logits: Vec<f64> = (0..4 * width).map(number).collect();
        // Rows of probabilities, which every loss accepts as values.
        let targets: Vec<f64> = (0..4).flat_map(|row| [[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]][row % 2]).collect();
        let mean = |logits: &[f64], gradient: Option<&mut [f64]>| {
            loss.evaluate(logits, BatchTargets::Values(&targets), Weighting::rows(&weights), gradient).mean()
        };
        let mut gradient = vec![f64::NAN; logits.len()];
        mean(&logits, Some(&mut gradient));
        for at in 0..logits.len() {
            let moved = |by: f64| {
                let mut logits = logits.clone();
                logits[at] += by;
                mean(&logits, None)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[at] - difference).abs() < 1e-9, "{} at {at}", config.name());
        }
    }
}

#[test]
fn one_hot_rows_equal_class_indices() {
    let config = LossConfig::CrossEntropy { class_weights: Some(vec![0.5, 1.0, 2.0]), label_smoothing: 0.1 };
    let loss = Loss::new(&config, Output::Softmax, 3).unwrap();
    let logits: Vec<f64> = (0..6).map(number).collect();
    let (mut by_class, mut by_row) = (vec![0.0; 6], vec![0.0; 6]);
    let a = loss.evaluate(&logits, BatchTargets::Classes(&[2, 0]), Weighting::NONE, Some(&mut by_class));
    let rows = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    let b = loss.evaluate(&logits, BatchTargets::Values(&rows), Weighting::NONE, Some(&mut by_row));
    assert_eq!(a, b);
    assert_eq!(by_class, by_row);

    let loss = Loss::new(&LossConfig::BinaryCrossEntropy {}, Output::Sigmoid, 1).unwrap();
    let a = loss.evaluate(&[0.3, -2.0], BatchTargets::Classes(&[1, 0]), Weighting::NONE, None);
    assert_eq!(a, loss.evaluate(&[0.3, -2.0], BatchTargets::Values(&[1.0, 0.0]), Weighting::NONE, None));
}

#[test]
fn batches_add_up_to_the_whole() {
    for (config, width) in configs() {
        let loss = Loss::new(&config, config.output(), width).unwrap();
        let logits: Vec<f64> = (0..3 * width).map(number).collect();
        let targets = [0.0, 1.0, 0.0, 0.5, 0.25, 0.25, 1.0, 0.0, 0.0];
        let weights = [0.5, 2.0, 1.0];
        let whole = loss.evaluate(&logits, BatchTargets::Values(&targets), Weighting::rows(&weights), None);
        let mut parts = WeightedSum::default();
        for rows in [0..1, 1..3] {
            let (start, end) = (rows.start, rows.end);
            parts.add(loss.evaluate(
                &logits[start * width..end * width],
                BatchTargets::Values(&targets[start * 3..end * 3]),
                Weighting::rows(&weights[rows]),
                None,
            ));
        }
        assert!((whole.mean() - parts.mean()).abs() < 1e-14, "{}", config.name());
    }
}

#[test]
fn large_logits_neither_overflow_nor_hide_what_is_not_finite() {
    for (config, width) in configs() {
        let loss = Loss::new(&config, config.output(), width).unwrap();
        let targets = vec![0.25f32; loss.target_width()];
        let mut gradient = vec![0f32; width];
        let mut logits: Vec<f32> = (0..width).map(|i| if i % 2 == 0 { 80.0 } else { -70.0 }).collect();
        let value = loss
            .evaluate(&logits, BatchTargets::Values(&targets), Weighting::NONE, Some(&mut gradient))
            .mean();
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{}", config.name());
        for bad in [f32::NAN, f32::INFINITY] {
            logits[width - 1] = bad;
            let value = loss.evaluate(&logits, BatchTargets::Values(&targets), Weighting::NONE, None).mean();
            assert!(!value.is_finite(), "{} with a logit {bad}", config.name());
        }
    }
}

#[test]
fn a_batch_without_weight_teaches_nothing() {
    let loss = Loss::new(&LossConfig::MeanSquaredError {}, Output::Identity, 1).unwrap();
    let mut gradient = [f32::NAN; 2];
    let sum = loss.evaluate(
        &[1.0f32, 2.0],
        BatchTargets::Values(&[0.0, 0.0]),
        Weighting::rows(&[0.0, 0.0]),
        Some(&mut gradient),
    );
    assert_eq!((sum.mean(), gradient), (0.0, [0.0; 2]));
}

#[test]
fn what_does_not_fit_is_refused_with_the_way_on() {
    let error = Loss::new(&LossConfig::cross_entropy(), Output::Identity, 3).unwrap_err();
    assert_eq!(error.code(), Code::Config);
    assert!(error.to_string().contains("meanSquaredError"), "{error}");
    assert!(error.to_string().contains("softmax"), "{error}");
    let weighted = |weights: &[f64], label_smoothing| {
        let config = LossConfig::CrossEntropy { class_weights: Some(weights.to_vec()), label_smoothing };
        Loss::new(&config, Output::Softmax, 3).unwrap_err().code()
    };
    assert_eq!(weighted(&[1.0, 1.0], 0.0), Code::Shape);
    assert_eq!(weighted(&[1.0, -1.0, 1.0], 0.0), Code::Range);
    assert_eq!(weighted(&[0.0; 3], 0.0), Code::Range);
    assert_eq!(weighted(&[1.0, 1.0, 1.0], 1.5), Code::Range);
    assert!(serde_json::from_str::<LossConfig>(r#"{"type":"meanSquaredError","classWeights":[1]}"#).is_err());
}
