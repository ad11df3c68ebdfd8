//! A batch in parts is learnt as the undivided one: same masks, one step, one clip, up to rounding.

mod common;

use common::{bits, circle, classifier, noise, options};
use inverted_dropout::Code;
use inverted_dropout::nn::*;

fn fit(model: &mut Model, data: &Dataset, options: &FitOptions) -> History {
    model.fit(data, None, options, &Control::new(), &mut ()).unwrap()
}

/// The largest difference of two arrays.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Plain descent shows differences of gradients as they are; adaptive rules would divide by small ones.
fn descent(epochs: u64) -> FitOptions {
    FitOptions { optimizer: OptimizerConfig::sgd(0.1), batch_size: 24, ..options(epochs) }
}

/// A classifier of every step of a row, with a rate that is learnt and so has a penalty.
fn tagger() -> Model {
    let layers = vec![
        LayerConfig::dense(12, Activation::Tanh),
        LayerConfig::ConcreteDropout(ConcreteDropoutConfig::default()),
        LayerConfig::dropout(0.3),
        LayerConfig::dense(3, Activation::Identity),
    ];
    Model::new(&ModelConfig::new([4, 2], Output::Softmax, 5, layers)).unwrap()
}

fn tags(rows: usize) -> Dataset {
    let y = Targets::Classes((0..rows as u32 * 4).map(|i| (i * i + i / 3) % 3).collect());
    Dataset {
        lengths: Some((0..rows as u32).map(|row| 1 + row % 4).collect()),
        weights: Some((0..rows).map(|row| [0.0, 0.5, 2.0][row % 3]).collect()),
        ..Dataset::new(noise(2, rows * 8), rows, y)
    }
}

#[test]
fn parts_add_up_to_the_batch_with_weights_lengths_penalties_and_clipping() {
    let weighted = Dataset { weights: Some((0..70).map(|row| (row % 5) as f32).collect()), ..circle(3, 70) };
    let cases: [(fn() -> Model, Dataset); 2] = [(|| classifier(1), weighted), (tagger, tags(70))];
    for (model, data) in cases {
        for clip_norm in [None, Some(0.05)] {
            let base = FitOptions {
                clip_norm,
                class_weights: Some(ClassWeights::Balanced),
                ema: Some(EmaOptions { decay: 0.5 }),
                ..descent(3)
            };
            let mut whole = model();
            let expected = fit(&mut whole, &data, &base);
            for accumulate in [2, 3, 5, 24] {
                let mut parts = model();
                let history = fit(&mut parts, &data, &FitOptions { accumulate, ..base.clone() });
                assert_eq!(history.steps, expected.steps, "one step for a batch");
                let distance = distance(parts.parameters().values(), whole.parameters().values());
                assert!(distance < 1e-5, "{accumulate} parts, clipped at {clip_norm:?}: {distance}");
                for (ours, theirs) in history.epochs.iter().zip(&expected.epochs) {
                    assert!((ours.loss - theirs.loss).abs() < 1e-5 * theirs.loss, "{accumulate} parts");
                    assert!(
                        (ours.metrics[&Metric::Accuracy] - theirs.metrics[&Metric::Accuracy]).abs() < 0.02
                    );
                }
            }
        }
    }
}

#[test]
fn a_mean_of_the_parts_that_forgets_their_weight_would_be_seen() {
    // The last row of each batch of 3 is a part of its own.
    let data = Dataset { weights: Some(vec![1.0, 1.0, 10.0, 1.0, 1.0, 10.0]), ..circle(3, 6) };
    let base = FitOptions { shuffle: false, batch_size: 3, ..descent(1) };
    let (mut whole, mut parts, mut equal) = (classifier(1), classifier(1), classifier(1));
    fit(&mut whole, &data, &base);
    fit(&mut parts, &data, &FitOptions { accumulate: 2, ..base.clone() });
    fit(&mut equal, &Dataset { weights: None, ..data }, &base);
    let of = |model: &Model| model.parameters().values().to_vec();
    assert!(distance(&of(&parts), &of(&whole)) < 1e-6);
    assert!(distance(&of(&equal), &of(&whole)) > 1e-3);
}

#[test]
fn parts_of_any_number_of_threads_have_the_same_bits() {
    let run = |threads| {
        let mut model = classifier(1);
        let options = FitOptions { accumulate: 3, threads: Some(threads), ..descent(2) };
        fit(&mut model, &circle(3, 70), &options);
        bits(model.parameters().values())
    };
    assert!(run(1) == run(2));
}

fn normalized() -> Model {
    let layers = vec![
        LayerConfig::dense(8, Activation::Identity),
        LayerConfig::BatchNorm(BatchNormConfig::default()),
        LayerConfig::dense(2, Activation::Identity),
    ];
    Model::new(&ModelConfig::new([2], Output::Softmax, 1, layers)).unwrap()
}

#[test]
fn running_statistics_take_in_each_part() {
    // With a learning rate of 0 the weights stay, so batches of 8 rows see what parts of 8 rows see.
    let still = FitOptions {
        optimizer: OptimizerConfig::sgd(0.0),
        shuffle: false,
        batch_size: 24,
        accumulate: 3,
        ..options(1)
    };
    let data = circle(3, 48);
    let (mut parts, mut batches) = (normalized(), normalized());
    fit(&mut parts, &data, &still);
    fit(&mut batches, &data, &FitOptions { batch_size: 8, accumulate: 1, ..still });
    let buffers = |model: &Model| bits(model.network().buffers().values());
    assert!(buffers(&parts) == buffers(&batches));
    assert!(buffers(&parts) != buffers(&normalized()));
}

#[test]
fn a_batch_that_diverges_leaves_weights_and_statistics_as_they_were() {
    let layers = vec![
        LayerConfig::dense(8, Activation::Identity),
        LayerConfig::BatchNorm(BatchNormConfig::default()),
        LayerConfig::dense(1, Activation::Identity),
    ];
    let mut model = Model::new(&ModelConfig::new([2], Output::Identity, 1, layers)).unwrap();
    // The last row of the only batch, in its second part, has a gradient without bounds.
    let y = Targets::Values { values: vec![0.0, 1.0, 0.0, 1.0, 0.0, 1e30], width: 1 };
    let data = Dataset::new(noise(1, 12), 6, y);
    let loss = LossConfig::MeanSquaredError {};
    let options = FitOptions { loss, shuffle: false, batch_size: 6, accumulate: 2, ..descent(1) };
    let before = model.clone();
    let failure = model.fit(&data, None, &options, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(failure.error.code(), Code::Diverged, "{failure}");
    assert!(bits(model.parameters().values()) == bits(before.parameters().values()));
    assert!(bits(model.network().buffers().values()) == bits(before.network().buffers().values()));
}

#[test]
fn a_batch_has_no_more_parts_than_rows() {
    let options = FitOptions { batch_size: 4, accumulate: 5, ..descent(1) };
    let failure = classifier(1).fit(&circle(3, 8), None, &options, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(failure.error.code(), Code::Range, "{failure}");
    assert!(failure.error.to_string().contains("`accumulate`"), "{failure}");
}
