//! Class weights of a run multiply the weights of rows, and validation knows nothing of them.

mod common;

use common::{bits, circle, classifier, noise, options};
use inverted_dropout::Code;
use inverted_dropout::nn::*;

/// Mostly class 0.
fn lopsided(rows: usize) -> Dataset {
    let mut data = circle(3, rows);
    data.y = Targets::Classes((0..rows as u32).map(|row| u32::from(row % 10 == 3)).collect());
    data
}

fn run(data: &Dataset, validation: Option<&Dataset>, options: &FitOptions) -> (Vec<u32>, History) {
    let mut model = classifier(1);
    let history = model.fit(data, validation, options, &Control::new(), &mut ()).unwrap();
    (bits(model.parameters().values()), history)
}

#[test]
fn balanced_weights_are_row_weights_by_the_formula() {
    let rows = 100;
    let plain = FitOptions { batch_size: 16, ..options(2) };
    let weighted = |classes| FitOptions { class_weights: Some(classes), ..plain.clone() };
    let own: Vec<f32> = (0..rows).map(|row| [1.0, 0.5, 4.0][row % 3]).collect();
    let data = Dataset { weights: Some(own.clone()), ..lopsided(rows) };
    // 90 rows of class 0 and 10 of class 1: 100 / (2 * 90) and 100 / (2 * 10). Exact: 5 is, and 5/9 times 9 is 5.
    let (balanced, _) = run(&data, None, &weighted(ClassWeights::Balanced));
    let given = ClassWeights::Given(vec![100.0 / 180.0, 5.0]);
    assert!(balanced == run(&data, None, &weighted(given)).0);
    // As weights of rows that single precision holds exactly.
    let (by_class, _) = run(&data, None, &weighted(ClassWeights::Given(vec![0.25, 2.0])));
    let product = own.iter().enumerate().map(|(row, own)| own * if row % 10 == 3 { 2.0 } else { 0.25 });
    let by_row = Dataset { weights: Some(product.collect()), ..data.clone() };
    assert!(by_class == run(&by_row, None, &plain).0);
    assert!(by_class != run(&data, None, &plain).0);
}

#[test]
fn one_hot_rows_and_a_single_output_have_the_weights_of_their_classes() {
    let classes = lopsided(60);
    let one_hot: Vec<f32> =
        (0..60).flat_map(|row| if row % 10 == 3 { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
    let values = Dataset { y: Targets::Values { values: one_hot, width: 2 }, ..classes.clone() };
    let options = FitOptions { class_weights: Some(ClassWeights::Balanced), ..options(2) };
    assert!(run(&classes, None, &options).0 == run(&values, None, &options).0);

    let single = || {
        let layers = vec![LayerConfig::dense(1, Activation::Identity)];
        Model::new(&ModelConfig::new([2], Output::Sigmoid, 1, layers)).unwrap()
    };
    let options = FitOptions { loss: LossConfig::BinaryCrossEntropy {}, ..options };
    let values: Vec<f32> = (0..60).map(|row| if row % 10 == 3 { 1.0 } else { 0.0 }).collect();
    let values = Dataset { y: Targets::Values { values, width: 1 }, ..classes.clone() };
    let weights = [&classes, &values].map(|data| {
        let mut model = single();
        model.fit(data, None, &options, &Control::new(), &mut ()).unwrap();
        bits(model.parameters().values())
    });
    assert!(weights[0] == weights[1]);
}

#[test]
fn validation_counts_every_row_as_it_is_and_rows_held_out_do_not_count() {
    let (data, validation) = (lopsided(100), lopsided(40));
    let frozen = FitOptions {
        learning_rate: Some(Schedule::Constant { value: 0.0 }),
        class_weights: Some(ClassWeights::Given(vec![0.0, 1.0])),
        ..options(1)
    };
    let (_, weighted) = run(&data, Some(&validation), &frozen);
    let (_, plain) = run(&data, Some(&validation), &FitOptions { class_weights: None, ..frozen.clone() });
    assert_eq!(weighted.epochs[0].validation_loss, plain.epochs[0].validation_loss);
    assert_eq!(weighted.epochs[0].metrics, plain.epochs[0].metrics);
    assert_ne!(weighted.epochs[0].loss, plain.epochs[0].loss);
    // Every class gives its share of 30 rows to hold out: 63 and 7 are left.
    let split = FitOptions { validation_split: Some(0.3), batch_size: 16, ..options(2) };
    let of = |weights| run(&data, None, &FitOptions { class_weights: Some(weights), ..split.clone() }).0;
    assert!(of(ClassWeights::Balanced) == of(ClassWeights::Given(vec![70.0 / 2.0 / 63.0, 70.0 / 2.0 / 7.0])));
}

#[test]
fn what_cannot_be_weighted_is_refused_before_anything_is_changed() {
    let refused = |weights: ClassWeights, code: Code, words: &str| {
        let mut model = classifier(1);
        let options = FitOptions { class_weights: Some(weights), ..options(1) };
        let failure = model.fit(&lopsided(30), None, &options, &Control::new(), &mut ()).unwrap_err();
        assert_eq!((failure.error.code(), model.trained().steps), (code, 0), "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
    };
    refused(ClassWeights::Given(vec![1.0; 3]), Code::Shape, "2 classes");
    refused(ClassWeights::Given(vec![1.0, f64::NAN]), Code::Range, "classWeights[1]");
    refused(ClassWeights::Given(vec![0.0, 0.0]), Code::Range, "only zeros");
    let layers = vec![LayerConfig::dense(1, Activation::Identity)];
    let mut model = Model::new(&ModelConfig::new([2], Output::Identity, 1, layers)).unwrap();
    let data = Dataset::new(noise(1, 20), 10, Targets::Values { values: noise(2, 10), width: 1 });
    let loss = LossConfig::MeanSquaredError {};
    let options = FitOptions { loss, class_weights: Some(ClassWeights::Balanced), ..options(1) };
    let failure = model.fit(&data, None, &options, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(failure.error.code(), Code::Config, "{failure}");
}
