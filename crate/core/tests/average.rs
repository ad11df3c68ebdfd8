//! The moving average of weights: what sees it, and what does not.

mod common;

use common::{bits, circle, classifier, options};
use inverted_dropout::Code;
use inverted_dropout::nn::*;

fn with_average(decay: f64, epochs: u64) -> FitOptions {
    FitOptions { ema: Some(EmaOptions { decay }), batch_size: 50, ..options(epochs) }
}

fn fit(model: &mut Model, options: &FitOptions) -> History {
    model.fit(&circle(3, 100), Some(&circle(4, 100)), options, &Control::new(), &mut ()).unwrap()
}

#[test]
fn the_model_ends_with_the_weighted_mean_of_the_weights_after_each_step() {
    // The weights after each step, from runs that ended there: the average does not change the steps.
    let data = circle(3, 50);
    let run = |options: &FitOptions| {
        let mut model = classifier(1);
        model.fit(&data, None, options, &Control::new(), &mut ()).unwrap();
        model.parameters().values().to_vec()
    };
    let decay = 0.8;
    let after: Vec<Vec<f32>> =
        (1..=4).map(|epochs| run(&FitOptions { batch_size: 50, ..options(epochs) })).collect();
    let average = run(&with_average(decay, 4));
    let total: f64 = (0..4).map(|past| decay.powi(past)).sum();
    for (i, got) in average.iter().enumerate() {
        let parts = (0..4).map(|step| decay.powi(3 - step) * f64::from(after[step as usize][i]));
        let mean = parts.sum::<f64>() / total;
        assert!((mean - f64::from(*got)).abs() < 1e-6, "weight {i}: {got} for {mean}");
    }
}

#[test]
fn validation_and_the_end_see_the_average_and_steps_do_not() {
    let (mut plain, mut averaged) = (classifier(1), classifier(1));
    let without = fit(&mut plain, &FitOptions { batch_size: 50, ..options(5) });
    let with = fit(&mut averaged, &with_average(0.9, 5));
    for (without, with) in without.epochs.iter().zip(&with.epochs) {
        assert_eq!(without.loss.to_bits(), with.loss.to_bits(), "training goes on with the weights");
        assert_ne!(without.validation_loss, with.validation_loss);
    }
    let judged = averaged.evaluate(&circle(4, 100), &EvaluateOptions::default()).unwrap();
    assert_eq!(Some(judged.loss), with.epochs[4].validation_loss);
    // A decay of 0 averages nothing.
    let mut same = classifier(1);
    fit(&mut same, &with_average(0.0, 5));
    assert!(bits(same.parameters().values()) == bits(plain.parameters().values()));
}

#[test]
fn the_best_average_is_restored() {
    let stopping =
        EarlyStopping { monitor: "validationLoss".into(), patience: 3, min_delta: 0.0, restore_best: true };
    let fast = OptimizerConfig::adam(0.1);
    let options = FitOptions { early_stopping: Some(stopping), optimizer: fast, ..with_average(0.7, 200) };
    let mut model = classifier(1);
    let history = fit(&mut model, &options);
    assert!(history.stopped_early);
    let best = history.best_epoch.unwrap() as usize;
    let judged = model.evaluate(&circle(4, 100), &EvaluateOptions::default()).unwrap();
    assert_eq!(Some(judged.loss), history.epochs[best].validation_loss);
}

#[test]
fn after_a_divergence_the_average_is_finite() {
    let layers =
        vec![LayerConfig::dense(8, Activation::Identity), LayerConfig::dense(1, Activation::Identity)];
    let mut model = Model::new(&ModelConfig::new([2], Output::Identity, 1, layers)).unwrap();
    let y = Targets::Values { values: (0..64).map(|row| row as f32).collect(), width: 1 };
    let data = Dataset::new(circle(1, 64).x, 64, y);
    let options = FitOptions {
        optimizer: OptimizerConfig::sgd(1e6),
        loss: LossConfig::MeanSquaredError {},
        ..with_average(0.5, 100)
    };
    let failure = model.fit(&data, None, &options, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(failure.error.code(), Code::Diverged, "{failure}");
    assert!(model.parameters().values().iter().all(|weight| weight.is_finite()));
}
