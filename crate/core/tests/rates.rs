//! Dropout rates that change during a run, also from 0 and to 0.

mod common;

use std::path::Path;

use common::{bits, circle, options, timeless};
use inverted_dropout::Code;
use inverted_dropout::nn::*;

/// Sets all rates after the first epoch.
struct Change<'a> {
    rates: Vec<(usize, f64)>,
    abort_at: u64,
    control: &'a Control,
}

impl FitObserver for Change<'_> {
    fn on_batch(&mut self, event: &BatchEvent) {
        if event.step == self.abort_at {
            self.control.abort();
        }
    }

    fn on_epoch(&mut self, event: &EpochEvent) -> Flow {
        if event.epoch == 0 {
            Flow::SetRates(self.rates.iter().map(|(at, rate)| ((*at).into(), *rate)).collect())
        } else {
            Flow::Continue
        }
    }
}

/// Models whose operations depend on whether their dropout layers drop: fused with a product, with what is kept
/// for the backward pass, by themselves, first, and between activations.
fn layers(rate: f64) -> Vec<Vec<LayerConfig>> {
    let (dense, dropout) = (LayerConfig::dense, LayerConfig::dropout);
    vec![
        vec![dense(24, Activation::Tanh), dropout(rate), dense(2, Activation::Identity)],
        vec![dense(24, Activation::Relu), dropout(rate), dense(2, Activation::Identity)],
        vec![dropout(rate), dense(24, Activation::Gelu), dropout(rate), dense(2, Activation::Identity)],
        vec![
            LayerConfig::normalize(),
            dropout(rate),
            dropout(rate),
            dense(24, Activation::Identity),
            dropout(rate),
            LayerConfig::activation(Activation::Tanh),
            dense(2, Activation::Identity),
            dropout(rate),
        ],
    ]
}

fn model(layers: &[LayerConfig]) -> Model {
    Model::new(&ModelConfig::new([2], Output::Softmax, 4, layers.to_vec())).unwrap()
}

fn run(
    model: &mut Model,
    rates: &[(usize, f64)],
    abort_at: u64,
    options: FitOptions,
) -> Result<History, FitFailure> {
    let (train, validation) = (circle(1, 100), circle(2, 300));
    let control = Control::new();
    let mut observer = Change { rates: rates.to_vec(), abort_at, control: &control };
    model.fit(&train, Some(&validation), &options, &control, &mut observer)
}

fn at(path: &Path) -> Option<CheckpointOptions> {
    Some(CheckpointOptions::new(path))
}

#[test]
fn a_rate_may_become_zero_or_stop_being_zero_during_a_run_and_across_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let base = FitOptions { batch_size: 16, ..options(3) }; // 7 steps an epoch
    for (from, to) in [(0.0, 0.5), (0.5, 0.0), (0.0, 1.0)] {
        for layers in layers(from) {
            let dropouts = layers.iter().enumerate().filter(|(_, layer)| layer.kind() == "dropout");
            let rates: Vec<_> = dropouts.map(|(index, _)| (index, to)).collect();
            let mut whole = model(&layers);
            let history = run(&mut whole, &rates, u64::MAX, base.clone()).unwrap();
            let mut unchanged = model(&layers);
            run(&mut unchanged, &[], u64::MAX, base.clone()).unwrap();
            assert!(bits(whole.parameters().values()) != bits(unchanged.parameters().values()));
            assert_eq!(history.epochs.len(), 3);

            for abort_at in [3, 7, 11] {
                let mut stopped = model(&layers);
                let options = FitOptions { checkpoint: at(&path), ..base.clone() };
                let failure = run(&mut stopped, &rates, abort_at, options).unwrap_err();
                assert_eq!(failure.error.code(), Code::Aborted, "{failure}");
                let mut resumed = model(&layers);
                let options = FitOptions { resume: Some(path.clone()), ..base.clone() };
                let rest = run(&mut resumed, &rates, u64::MAX, options).unwrap();
                assert!(
                    bits(resumed.parameters().values()) == bits(whole.parameters().values()),
                    "{layers:?}"
                );
                assert_eq!(timeless(&rest), timeless(&history));
                assert_eq!(resumed.config(), whole.config());
            }
        }
    }
}

#[test]
fn rates_change_together_or_not_at_all() {
    let layers = &layers(0.25)[2];
    for rates in [vec![(0, 0.5), (1, 0.5)], vec![(0, 0.5), (2, 1.5)], vec![(0, 0.5), (9, 0.5)]] {
        let mut model = model(layers);
        let before = model.config().clone();
        let failure = run(&mut model, &rates, u64::MAX, options(3)).unwrap_err();
        assert!(matches!(failure.error.code(), Code::Option | Code::Rate), "{failure}");
        assert_eq!(*model.config(), before);
    }
}
