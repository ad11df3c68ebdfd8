//! Small problems that several tests learn.
#![allow(dead_code)] // each test binary uses its own part

use inverted_dropout::nn::{
    Activation, Dataset, EpochEvent, FitOptions, History, LayerConfig, LossConfig, Model, ModelConfig,
    OptimizerConfig, Output, Targets,
};
use inverted_dropout::stream::{Address, Domain, normals};

/// `count` standard normal numbers.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    normals(&Address { seed, domain: Domain::User, ..Address::default() }, &mut out);
    out
}

/// Points in the plane, of class 1 inside a circle: no line separates them.
pub(crate) fn circle(seed: u64, rows: usize) -> Dataset {
    let x = noise(seed, 2 * rows);
    let classes = x.chunks_exact(2).map(|p| (p[0] * p[0] + p[1] * p[1] < 1.4) as u32).collect();
    Dataset::new(x, rows, Targets::Classes(classes))
}

/// Two features in the plane and a classifier of them with dropout, behind a normalize layer.
pub(crate) fn classifier(seed: u64) -> Model {
    Model::new(&ModelConfig::new(
        [2],
        Output::Softmax,
        seed,
        vec![
            LayerConfig::normalize(),
            LayerConfig::dense(32, Activation::Relu),
            LayerConfig::dropout(0.2),
            LayerConfig::dense(32, Activation::Tanh),
            LayerConfig::dropout(0.3),
            LayerConfig::dense(2, Activation::Identity),
        ],
    ))
    .unwrap()
}

pub(crate) fn options(epochs: u64) -> FitOptions {
    FitOptions {
        threads: Some(1),
        ..FitOptions::new(LossConfig::cross_entropy(), OptimizerConfig::adam(0.01), epochs)
    }
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The course of a run without its wall times.
pub(crate) fn timeless(history: &History) -> History {
    let epochs = history.epochs.iter().map(|epoch| EpochEvent { seconds: 0.0, ..epoch.clone() }).collect();
    History { epochs, seconds: 0.0, ..history.clone() }
}
