//! Training from end to end.

mod common;

use common::{bits, circle, classifier, noise, options, timeless};
use inverted_dropout::nn::*;
use inverted_dropout::{Code, Error};

fn fit(model: &mut Model, data: &Dataset, options: &FitOptions) -> Result<History, FitFailure> {
    model.fit(data, None, options, &Control::new(), &mut ())
}

#[test]
fn learns_a_circle_that_no_line_separates() {
    let mut model = classifier(1);
    let (train, test) = (circle(10, 1000), circle(11, 1000));
    let before = model.evaluate(&test, &EvaluateOptions::default()).unwrap();
    let history = model.fit(&train, Some(&test), &options(30), &Control::new(), &mut ()).unwrap();
    let after = model.evaluate(&test, &EvaluateOptions::default()).unwrap();
    assert!(before.metrics[&Metric::Accuracy] < 0.8);
    assert!(after.metrics[&Metric::Accuracy] > 0.95, "{after:?}");
    assert_eq!(history.epochs.len(), 30);
    assert_eq!(history.steps, 30 * 32);
    assert_eq!(history.epochs[29].validation_loss, Some(after.loss));
    assert_eq!(history.epochs[29].validation_metrics.as_ref(), Some(&after.metrics));
    assert_eq!(model.trained(), Trained { epochs: 30, steps: 960 });

    let probabilities = model.predict(&test.x, test.rows, &PredictOptions::default()).unwrap();
    let Targets::Classes(classes) = &test.y else { unreachable!() };
    let right =
        probabilities.chunks_exact(2).zip(classes).filter(|(p, class)| (p[1] > p[0]) == (**class == 1));
    assert_eq!(right.count() as f64 / 1000.0, after.metrics[&Metric::Accuracy]);
}

#[test]
fn learns_the_noise_of_a_regression_with_a_gaussian_output() {
    let x = noise(3, 2000);
    // A line whose noise is small on the left and large on the right.
    let deviation = |x: f32| if x < 0.0 { 0.1 } else { 1.0 };
    let values = x.iter().zip(noise(4, 2000)).map(|(x, noise)| 2.0 * x + deviation(*x) * noise).collect();
    let data = Dataset::new(x, 2000, Targets::Values { values, width: 1 });
    let mut model = Model::new(&ModelConfig::new(
        [1],
        Output::Gaussian,
        5,
        vec![LayerConfig::dense(32, Activation::Tanh), LayerConfig::dense(2, Activation::Identity)],
    ))
    .unwrap();
    let loss = LossConfig::GaussianNegativeLogLikelihood {};
    fit(
        &mut model,
        &data,
        &FitOptions { threads: Some(1), ..FitOptions::new(loss, OptimizerConfig::adam(0.01), 60) },
    )
    .unwrap();
    let at = |x: f32| {
        let predicted = model.predict(&[x], 1, &PredictOptions::default()).unwrap();
        (predicted[0], (predicted[1] / 2.0).exp())
    };
    for x in [-1.0f32, 1.0] {
        let (mean, predicted) = at(x);
        assert!((mean - 2.0 * x).abs() < 0.25, "mean at {x}: {mean}");
        assert!((predicted / deviation(x)).ln().abs() < 0.5, "deviation at {x}: {predicted}");
    }
}

#[test]
fn weights_do_not_depend_on_the_number_of_threads() {
    // Wide enough for products and passes to go parallel.
    let config = ModelConfig::new(
        [64],
        Output::Softmax,
        2,
        vec![
            LayerConfig::dense(512, Activation::Relu),
            LayerConfig::dropout(0.5),
            LayerConfig::dense(512, Activation::Gelu),
            LayerConfig::dropout(0.1),
            LayerConfig::dense(4, Activation::Identity),
        ],
    );
    let rows = 600;
    let classes = (0..rows as u32).map(|row| row % 4).collect();
    let data = Dataset::new(noise(1, 64 * rows), rows, Targets::Classes(classes));
    let run = |threads| {
        let mut model = Model::new(&config).unwrap();
        let options = FitOptions {
            batch_size: 128,
            validation_split: Some(0.2),
            clip_norm: Some(0.5),
            threads: Some(threads),
            ..options(2)
        };
        let history = fit(&mut model, &data, &options).unwrap();
        (bits(model.parameters().values()), timeless(&history))
    };
    let one = run(1);
    assert!(one == run(1), "the same run twice");
    for threads in [2, 3] {
        assert!(one == run(threads), "{threads} threads");
    }
}

#[test]
fn a_rows_masks_follow_its_id_and_steps_go_on_from_fit_to_fit() {
    let data = circle(1, 100);
    let run = |model: &mut Model, data: &Dataset| {
        fit(model, data, &options(2)).unwrap();
        bits(model.parameters().values())
    };
    let by_index = run(&mut classifier(1), &data);
    let same = Dataset { ids: Some((0..100).collect()), ..data.clone() };
    let other = Dataset { ids: Some((100..200).collect()), ..data.clone() };
    assert!(by_index == run(&mut classifier(1), &same));
    assert!(by_index != run(&mut classifier(1), &other));

    // With the same masks and orders again, a learning rate of 0 would give the same losses twice.
    let frozen = FitOptions { learning_rate: Some(Schedule::Constant { value: 0.0 }), ..options(1) };
    let mut model = classifier(1);
    let first = fit(&mut model, &data, &frozen).unwrap();
    let second = fit(&mut model, &data, &frozen).unwrap();
    assert_ne!(first.epochs[0].loss, second.epochs[0].loss);
    assert_eq!(model.trained(), Trained { epochs: 2, steps: 8 });
}

#[test]
fn dropout_is_off_outside_of_training() {
    let config = ModelConfig::new(
        [2],
        Output::Identity,
        1,
        vec![
            LayerConfig::dense(8, Activation::Relu),
            LayerConfig::dropout(0.999),
            LayerConfig::dense(1, Activation::Identity),
        ],
    );
    let model = Model::new(&config).unwrap();
    let bare = ModelConfig { layers: vec![config.layers[0].clone(), config.layers[2].clone()], ..config };
    let mut bare = Model::new(&bare).unwrap();
    bare.parameters_mut().values_mut().copy_from_slice(model.parameters().values());
    let x = noise(9, 2 * 300);
    let predict = |model: &Model| bits(&model.predict(&x, 300, &PredictOptions::default()).unwrap());
    assert!(predict(&model) == predict(&bare));
}

struct StopAfter(u64);

impl FitObserver for StopAfter {
    fn on_epoch(&mut self, event: &EpochEvent) -> Flow {
        if event.epoch + 1 == self.0 { Flow::Stop } else { Flow::Continue }
    }
}

#[test]
fn early_stopping_restores_the_best_weights() {
    // Labels without meaning: the validation loss soon grows.
    let random = |seed| {
        let classes = noise(seed, 60).iter().map(|value| (*value > 0.0) as u32).collect();
        Dataset::new(noise(seed + 1, 120), 60, Targets::Classes(classes))
    };
    let (train, validation) = (random(20), random(30));
    let stopping =
        EarlyStopping { monitor: "validationLoss".into(), patience: 3, min_delta: 0.0, restore_best: true };
    let options = FitOptions { early_stopping: Some(stopping), batch_size: 8, ..options(200) };
    let mut model = classifier(4);
    let history = model.fit(&train, Some(&validation), &options, &Control::new(), &mut ()).unwrap();
    let best = history.best_epoch.unwrap();
    assert!(history.stopped_early);
    assert_eq!(history.epochs.len() as u64, best + 1 + 3);
    let least =
        history.epochs.iter().map(|epoch| epoch.validation_loss.unwrap()).fold(f64::INFINITY, f64::min);
    assert_eq!(history.epochs[best as usize].validation_loss, Some(least));
    assert_eq!(model.evaluate(&validation, &EvaluateOptions::default()).unwrap().loss, least);
}

#[test]
fn an_observer_may_stop_the_run_and_change_rates() {
    let data = circle(1, 64);
    let mut model = classifier(1);
    let history = model.fit(&data, None, &options(9), &Control::new(), &mut StopAfter(2)).unwrap();
    assert_eq!((history.epochs.len(), history.stopped_early), (2, true));

    struct Rates;
    impl FitObserver for Rates {
        fn on_epoch(&mut self, event: &EpochEvent) -> Flow {
            if event.epoch == 0 { Flow::SetRates(vec![(2.into(), 0.75)]) } else { Flow::Continue }
        }
    }
    let mut changed = classifier(1);
    changed.fit(&data, None, &options(2), &Control::new(), &mut Rates).unwrap();
    assert!(bits(changed.parameters().values()) != bits(model.parameters().values()));
    assert!(changed.config().to_json().contains("0.75"));
}

struct AbortAt<'a>(u64, &'a Control);

impl FitObserver for AbortAt<'_> {
    fn on_batch(&mut self, event: &BatchEvent) {
        if event.step == self.0 {
            self.1.abort();
        }
    }
}

#[test]
fn an_abort_stops_at_the_next_batch_and_keeps_what_was_learnt() {
    let data = circle(1, 100);
    let control = Control::new();
    let mut model = classifier(1);
    let initial = bits(model.parameters().values());
    let failure = model.fit(&data, None, &options(5), &control, &mut AbortAt(6, &control)).unwrap_err();
    assert!(matches!(failure.error, Error::Aborted { steps: 6, unsaved: None }));
    assert_eq!((failure.history.epochs.len(), failure.history.steps), (1, 6));
    assert_eq!(model.trained(), Trained { epochs: 2, steps: 6 });
    assert!(bits(model.parameters().values()) != initial);

    let learnt = bits(model.parameters().values());
    let failure = model.fit(&data, None, &options(5), &control, &mut ()).unwrap_err();
    assert!(matches!(failure.error, Error::Aborted { steps: 0, unsaved: None }));
    assert!(bits(model.parameters().values()) == learnt);
}

#[test]
fn a_loss_that_explodes_stops_the_run_with_finite_weights() {
    let values = noise(2, 64).iter().map(|value| 100.0 * value).collect();
    let data = Dataset::new(noise(1, 128), 64, Targets::Values { values, width: 1 });
    for optimizer in [OptimizerConfig::sgd(1e4), OptimizerConfig::adam(1e5)] {
        let mut model = Model::new(&ModelConfig::new(
            [2],
            Output::Identity,
            1,
            vec![
                LayerConfig::dense(16, Activation::Relu),
                LayerConfig::dense(16, Activation::Relu),
                LayerConfig::dense(16, Activation::Relu),
                LayerConfig::dense(1, Activation::Identity),
            ],
        ))
        .unwrap();
        let options = FitOptions {
            batch_size: 8,
            threads: Some(1),
            ..FitOptions::new(LossConfig::MeanSquaredError {}, optimizer, 1000)
        };
        let failure = fit(&mut model, &data, &options).unwrap_err();
        let Error::Diverged { epoch, step, .. } = failure.error else { panic!("{failure}") };
        assert_eq!(failure.error.code(), Code::Diverged);
        assert_eq!(step, failure.history.steps);
        assert_eq!(epoch as u64, step / 8);
        assert!(model.parameters().values().iter().all(|weight| weight.is_finite()));
        assert_eq!(model.trained().steps, step);
    }
}

#[test]
fn after_a_loss_that_is_not_finite_the_model_still_predicts() {
    let values = noise(2, 64).iter().map(|value| 100.0 * value).collect();
    let data = Dataset::new(noise(1, 128), 64, Targets::Values { values, width: 1 });
    // One step of this size makes weights that are finite and whose products over eight layers are not.
    let mut layers = vec![LayerConfig::dense(16, Activation::LeakyRelu); 8];
    layers.push(LayerConfig::dense(1, Activation::Identity));
    for (batch_size, validation) in [(8, None), (64, Some(&data))] {
        let mut model = Model::new(&ModelConfig::new([2], Output::Identity, 1, layers.clone())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        let options = FitOptions {
            batch_size,
            threads: Some(1),
            checkpoint: Some(CheckpointOptions::new(&path)),
            ..FitOptions::new(LossConfig::MeanSquaredError {}, OptimizerConfig::adam(1e6), 1000)
        };
        let failure = model.fit(&data, validation, &options, &Control::new(), &mut ()).unwrap_err();
        let Error::Diverged { quantity, value, .. } = failure.error else { panic!("{failure}") };
        assert_eq!(quantity, if validation.is_some() { "validation loss" } else { "loss" });
        assert!(!value.is_finite());
        let loss = model.evaluate(&data, &EvaluateOptions::default()).unwrap().loss;
        let predicted = model.predict(&data.x, 64, &PredictOptions::default()).unwrap();
        assert!(loss.is_finite() && predicted.iter().all(|value| value.is_finite()), "{loss}");
        assert!(!path.exists(), "nothing is saved that cannot be gone on from");
    }
}

#[test]
fn row_weights_and_class_weights_count() {
    let mut data = circle(5, 200);
    // Class 1 does not count: everything becomes class 0.
    let Targets::Classes(classes) = data.y.clone() else { unreachable!() };
    data.weights = Some(classes.iter().map(|class| (*class == 0) as u8 as f32).collect());
    let mut model = classifier(1);
    fit(&mut model, &data, &options(20)).unwrap();
    let predicted = model.predict(&data.x, 200, &PredictOptions::default()).unwrap();
    assert!(predicted.chunks_exact(2).all(|p| p[0] > p[1]));

    data.weights = None;
    let loss = LossConfig::CrossEntropy { class_weights: Some(vec![0.0, 1.0]), label_smoothing: 0.0 };
    let mut model = classifier(1);
    fit(&mut model, &data, &FitOptions { loss, ..options(20) }).unwrap();
    let predicted = model.predict(&data.x, 200, &PredictOptions::default()).unwrap();
    assert!(predicted.chunks_exact(2).all(|p| p[1] > p[0]));
}

#[test]
fn what_cannot_be_trained_is_refused_and_changes_nothing() {
    let data = circle(1, 50);
    let mut model = classifier(1);
    let before = bits(model.parameters().values());
    let mut refused = |data: &Dataset, options: FitOptions, code: Code| {
        let failure = fit(&mut model, data, &options).unwrap_err();
        assert_eq!(failure.error.code(), code, "{failure}");
    };
    refused(&Dataset { rows: 0, x: vec![], ..data.clone() }, options(1), Code::Empty);
    refused(&Dataset { rows: 49, ..data.clone() }, options(1), Code::Shape);
    refused(&data, FitOptions { loss: LossConfig::MeanSquaredError {}, ..options(1) }, Code::Config);
    refused(&data, FitOptions { metrics: Some(vec![Metric::BinaryAccuracy]), ..options(1) }, Code::Config);
    refused(&data, FitOptions { validation_split: Some(1.5), ..options(1) }, Code::Range);
    refused(&data, FitOptions { threads: Some(0), ..options(1) }, Code::Threads);
    refused(&data, FitOptions { epochs: u64::MAX, ..options(1) }, Code::Range);
    refused(&data, FitOptions { resume: Some("/no/such/file".into()), ..options(1) }, Code::Io);
    let stopping =
        EarlyStopping { monitor: "validationLoss".into(), patience: 3, min_delta: 0.0, restore_best: true };
    refused(&data, FitOptions { early_stopping: Some(stopping), ..options(1) }, Code::Option);
    assert!(bits(model.parameters().values()) == before);
    let both = FitOptions { validation_split: Some(0.5), ..options(1) };
    let failure = model.fit(&data, Some(&data), &both, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(failure.error.code(), Code::Config);

    let predict = |x: &[f32], rows| model.predict(x, rows, &PredictOptions::default()).unwrap_err().code();
    assert_eq!(predict(&[], 0), Code::Empty);
    assert_eq!(predict(&[1.0; 3], 2), Code::Shape);
    assert_eq!(predict(&[1.0, f32::NAN], 1), Code::NotFinite);
    for threads in [0, 1025] {
        let options = PredictOptions { threads: Some(threads), ..PredictOptions::default() };
        assert_eq!(model.predict(&[1.0, 2.0], 1, &options).unwrap_err().code(), Code::Threads);
    }
}

#[test]
fn predictions_do_not_depend_on_the_number_of_threads() {
    let model = Model::new(&ModelConfig::new(
        [32],
        Output::Sigmoid,
        3,
        vec![
            LayerConfig::dense(128, Activation::Relu),
            LayerConfig::dense(128, Activation::Relu),
            LayerConfig::dense(3, Activation::Identity),
        ],
    ))
    .unwrap();
    let x = noise(1, 32 * 1000);
    let predict = |threads| {
        bits(
            &model
                .predict(&x, 1000, &PredictOptions { threads: Some(threads), ..PredictOptions::default() })
                .unwrap(),
        )
    };
    let one = predict(1);
    assert!(one == predict(2) && one == predict(3));
}
