//! A run that was stopped and resumed equals one that never stopped, bit for bit.

mod common;

use std::path::Path;

use common::{bits, circle, classifier, options, timeless};
use inverted_dropout::Code;
use inverted_dropout::nn::*;
use inverted_dropout::stream::{Address, Domain, word};

/// Stops at a step, and changes a rate after the second epoch.
struct Observer<'a> {
    abort_at: u64,
    control: &'a Control,
}

impl FitObserver for Observer<'_> {
    fn on_batch(&mut self, event: &BatchEvent) {
        if event.step == self.abort_at {
            self.control.abort();
        }
    }

    fn on_epoch(&mut self, event: &EpochEvent) -> Flow {
        if event.epoch == 1 { Flow::SetRates(vec![(4.into(), 0.15)]) } else { Flow::Continue }
    }
}

fn optimizers() -> Vec<OptimizerConfig> {
    [
        r#"{"type":"sgd","learningRate":0.05}"#,
        r#"{"type":"sgd","learningRate":0.05,"momentum":0.9,"weightDecay":0.001}"#,
        r#"{"type":"sgd","learningRate":0.05,"momentum":0.9,"nesterov":true}"#,
        r#"{"type":"adam","learningRate":0.01}"#,
        r#"{"type":"adamw","learningRate":0.01}"#,
    ]
    .map(|json| serde_json::from_str(json).unwrap())
    .into()
}

fn run_options(optimizer: OptimizerConfig) -> FitOptions {
    let stopping =
        EarlyStopping { monitor: "validationLoss".into(), patience: 2, min_delta: 0.0, restore_best: true };
    FitOptions {
        optimizer,
        learning_rate: Some(
            serde_json::from_str(r#"{"type":"warmUp","over":0.7,"next":{"type":"cosine","initial":0.05}}"#)
                .unwrap(),
        ),
        batch_size: 16,
        validation_split: Some(0.25),
        clip_norm: Some(1.0),
        metrics: Some(vec![Metric::Accuracy]),
        early_stopping: Some(stopping),
        ..options(6)
    }
}

fn checkpoint(path: &Path) -> Option<CheckpointOptions> {
    Some(CheckpointOptions::new(path))
}

#[test]
fn resumed_runs_equal_runs_that_never_stopped() {
    let data = circle(7, 150); // 113 rows to train on: the eighth batch of an epoch has one row
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    for (case, optimizer) in optimizers().into_iter().enumerate() {
        let mut base = run_options(optimizer);
        if case % 2 == 1 {
            (base.accumulate, base.ema) = (3, Some(EmaOptions { decay: 0.9 }));
            base.class_weights = Some(ClassWeights::Balanced);
        }
        let control = Control::new();
        let mut whole = classifier(3);
        let history = whole
            .fit(&data, None, &base, &control, &mut Observer { abort_at: u64::MAX, control: &control })
            .unwrap();
        let total = history.steps;
        assert!(total > 16, "the run is long enough to be stopped");

        for draw in 0..4u64 {
            // Two stops at random steps, at borders of epochs among others.
            let random = |index: u64| {
                let address =
                    Address { seed: 99, domain: Domain::User, sample: case as u32, ..Address::default() };
                u64::from(word(&address, draw * 2 + index))
            };
            let first = 1 + random(0) % (total - 2);
            let second = first + 1 + random(1) % (total - first - 1);
            let mut resume = None;
            for abort_at in [first, second] {
                let control = Control::new();
                let options =
                    FitOptions { checkpoint: checkpoint(&path), resume: resume.clone(), ..base.clone() };
                // A new model each time, as in a new process; its weights come from the checkpoint.
                let mut model = classifier(3);
                let failure = model
                    .fit(&data, None, &options, &control, &mut Observer { abort_at, control: &control })
                    .unwrap_err();
                assert_eq!(failure.error.code(), Code::Aborted, "{failure}");
                assert_eq!(failure.history.steps, abort_at);
                resume = Some(path.clone());
            }
            let control = Control::new();
            let mut resumed = classifier(3);
            let options = FitOptions { resume, threads: Some(2), ..base.clone() };
            let rest = resumed
                .fit(&data, None, &options, &control, &mut Observer { abort_at: u64::MAX, control: &control })
                .unwrap();
            let what = format!("{:?} stopped after {first} and {second} of {total} steps", base.optimizer);
            assert!(bits(resumed.parameters().values()) == bits(whole.parameters().values()), "{what}");
            assert!(
                bits(resumed.network().buffers().values()) == bits(whole.network().buffers().values()),
                "{what}"
            );
            assert_eq!(timeless(&rest), timeless(&history), "{what}");
            assert_eq!(resumed.config(), whole.config(), "{what}");
            assert_eq!(resumed.trained(), whole.trained(), "{what}");
        }
    }
}

#[test]
fn checkpoints_are_written_every_few_steps_and_are_models() {
    struct Copies<'a> {
        path: &'a Path,
        seen: Vec<Option<u64>>,
    }
    impl FitObserver for Copies<'_> {
        fn on_batch(&mut self, _: &BatchEvent) {
            self.seen.push(Model::load(self.path).ok().map(|model| model.trained().steps));
        }
    }
    let data = circle(7, 100);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let options = FitOptions {
        checkpoint: Some(CheckpointOptions { every_steps: Some(3), ..CheckpointOptions::new(&path) }),
        batch_size: 20,
        ..options(2)
    };
    let mut observer = Copies { path: &path, seen: vec![] };
    let mut model = classifier(1);
    model.fit(&data, None, &options, &Control::new(), &mut observer).unwrap();
    // Five steps an epoch: saved after 3, at the end of the epoch, after 6 and 9, and at the end.
    let expected = [None, None, None, Some(3), Some(3), Some(5), Some(6), Some(6), Some(6), Some(9)];
    assert_eq!(observer.seen, expected);
    let saved = Model::load(&path).unwrap();
    assert!(bits(saved.parameters().values()) == bits(model.parameters().values()));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside the checkpoint");

    // A run that had ended has nothing left to do; with more epochs it goes on.
    let mut again = classifier(1);
    let ended = FitOptions { resume: Some(path.clone()), checkpoint: None, ..options.clone() };
    let history = again.fit(&data, None, &ended, &Control::new(), &mut ()).unwrap();
    assert_eq!(history.steps, 10);
    assert!(bits(again.parameters().values()) == bits(model.parameters().values()));
    let longer = FitOptions { epochs: 3, ..ended };
    assert_eq!(again.fit(&data, None, &longer, &Control::new(), &mut ()).unwrap().steps, 15);
}

#[test]
fn another_model_other_options_or_other_data_are_refused() {
    let data = circle(7, 60);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let base = FitOptions { checkpoint: checkpoint(&path), ..options(2) };
    classifier(1).fit(&data, None, &base, &Control::new(), &mut ()).unwrap();
    let base = FitOptions { resume: Some(path.clone()), ..options(2) };

    let refused = |mut model: Model, data: &Dataset, options: &FitOptions, words: &str| {
        let before = bits(model.parameters().values());
        let failure = model.fit(data, None, options, &Control::new(), &mut ()).unwrap_err();
        assert_eq!(failure.error.code(), Code::Resume, "{failure}");
        assert!(failure.to_string().contains(words), "no `{words}` in: {failure}");
        assert!(bits(model.parameters().values()) == before);
    };
    refused(classifier(2), &data, &base, "model.seed is \"1\" there and \"2\" here");
    let mut config = classifier(1).config().clone();
    if let LayerConfig::Dropout(dropout) = &mut config.layers[2] {
        dropout.rate = 0.25;
    }
    refused(Model::new(&config).unwrap(), &data, &base, "model.layers[2].rate is 0.2 there and 0.25 here");
    let other = FitOptions { batch_size: 31, ..base.clone() };
    refused(classifier(1), &data, &other, "options.batchSize is 32 there and 31 here");
    let other = FitOptions { optimizer: OptimizerConfig::adam(0.02), ..base.clone() };
    refused(classifier(1), &data, &other, "options.optimizer.learningRate is 0.01 there and 0.02 here");
    let mut changed = data.clone();
    changed.x[17] += 1.0;
    refused(classifier(1), &changed, &base, "data are not those of the checkpoint");
    let other = FitOptions { epochs: 1, ..base.clone() };
    refused(classifier(1), &data, &other, "has 2 epochs behind it");
    let model = folder.path().join("model.safetensors");
    classifier(1).save(&model).unwrap();
    refused(classifier(1), &data, &FitOptions { resume: Some(model), ..base }, "not a checkpoint");
}

/// A run whose model had learnt before, crafted so that its masks would begin again: refused before a step is done.
#[test]
fn a_resumed_run_cannot_wrap_the_steps_that_key_masks() {
    let data = circle(7, 60); // two steps an epoch
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let saving = FitOptions { checkpoint: checkpoint(&path), ..options(1) };
    classifier(1).fit(&data, None, &saving, &Control::new(), &mut ()).unwrap();
    let original = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(original[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(original[8..8 + length].to_vec()).unwrap();
    let before = r#"\"before\":{\"epochs\":0,\"steps\":0}"#;
    assert!(header.contains(before), "{header}");

    let resume = |epochs: u64, steps: u64, until: u64| {
        let crafted = format!(r#"\"before\":{{\"epochs\":{epochs},\"steps\":{steps}}}"#);
        let header = header.replace(before, &crafted);
        let bytes =
            [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &original[8 + length..]].concat();
        std::fs::write(&path, bytes).unwrap();
        let options = FitOptions { resume: Some(path.clone()), ..options(until) };
        let result = classifier(1).fit(&data, None, &options, &Control::new(), &mut ());
        result.map(|history| history.steps).map_err(|failure| failure.error.code())
    };
    let last = u64::from(u32::MAX);
    assert_eq!(resume(1, last - 6, 3), Ok(6));
    assert_eq!(resume(1, last - 6, 4), Err(Code::Range));
    assert_eq!(resume(1, last - 1, 2), Err(Code::Corrupt));
    assert_eq!(resume(1, u64::MAX, 2), Err(Code::Corrupt));
    assert_eq!(resume(9, 8, 2), Err(Code::Corrupt));
}

#[test]
fn a_checkpoint_that_could_not_be_written_is_refused_before_training() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing").join("run.safetensors"), folder.path().to_owned()] {
        let mut model = classifier(1);
        let options = FitOptions { checkpoint: checkpoint(&path), ..options(2) };
        let failure = model.fit(&circle(7, 60), None, &options, &Control::new(), &mut ()).unwrap_err();
        assert_eq!((failure.error.code(), failure.history.steps), (Code::Io, 0), "{failure}");
        assert_eq!(model.trained(), Trained::default());
        assert!(bits(model.network().buffers().values()) == bits(classifier(1).network().buffers().values()));
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is left behind");
}

/// Takes the checkpoint's folder away, then stops the run.
struct Saboteur<'a> {
    folder: &'a Path,
    control: &'a Control,
}

impl FitObserver for Saboteur<'_> {
    fn on_batch(&mut self, event: &BatchEvent) {
        if event.step == 3 {
            std::fs::remove_dir_all(self.folder).unwrap();
            self.control.abort();
        }
    }
}

#[test]
fn an_abort_is_an_abort_also_where_its_checkpoint_cannot_be_saved() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let options = FitOptions { checkpoint: checkpoint(&inner.join("run.safetensors")), ..options(4) };
    let control = Control::new();
    let mut observer = Saboteur { folder: &inner, control: &control };
    let mut model = classifier(1);
    let failure = model.fit(&circle(7, 60), None, &options, &control, &mut observer).unwrap_err();
    assert_eq!((failure.error.code(), model.trained().steps), (Code::Aborted, 3));
    let text = failure.to_string();
    assert!(
        text.contains("no checkpoint of it could be saved: ") && text.contains("run.safetensors"),
        "{text}"
    );
}
