//! Training on batches from a source: the bits of data in memory, resumption at any step, faults that are named.

mod common;

use std::path::Path;

use common::{bits, circle, classifier, options, timeless};
use inverted_dropout::nn::*;
use inverted_dropout::{Code, Error, Result};

/// The rows of a data set in batches of given sizes, over and over.
struct Parts {
    data: Dataset,
    sizes: Vec<usize>,
    epoch: u64,
    at: usize,
    next: Option<Dataset>,
    begun: Vec<(u64, u64)>,
    /// The epoch and the batch before which the source fails.
    fails: Option<(u64, usize)>,
    /// Whether the batches that a resumed run has learnt come again.
    repeats: bool,
    /// Whether the next batch is known before it is asked for.
    reads_ahead: bool,
}

impl Parts {
    fn new(data: Dataset, sizes: &[usize]) -> Self {
        let sizes = sizes.to_vec();
        let (begun, next) = (Vec::new(), None);
        Parts { data, sizes, epoch: 0, at: 0, next, begun, fails: None, repeats: false, reads_ahead: true }
    }

    fn batch(&self) -> Option<Dataset> {
        let size = *self.sizes.get(self.at)?;
        let first = self.sizes[..self.at].iter().sum::<usize>();
        let Targets::Classes(classes) = &self.data.y else { unreachable!() };
        // Another order in each epoch, which a source must find again by itself.
        let turn = |row: usize| (row + 7 * self.epoch as usize) % self.data.rows;
        let rows: Vec<usize> = (first..first + size).map(turn).collect();
        let x = rows.iter().flat_map(|row| self.data.x[2 * row..2 * row + 2].to_vec()).collect();
        let y = Targets::Classes(rows.iter().map(|row| classes[*row]).collect());
        let ids = self.data.ids.as_ref().map(|ids| rows.iter().map(|row| ids[*row]).collect());
        Some(Dataset { ids, ..Dataset::new(x, size, y) })
    }
}

impl BatchSource for Parts {
    fn begin(&mut self, epoch: u64, skip: u64) -> Result<()> {
        self.begun.push((epoch, skip));
        self.epoch = epoch;
        self.at = if self.repeats { 0 } else { skip as usize };
        self.next = None;
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Dataset>> {
        if self.fails == Some((self.epoch, self.at)) {
            return Err(Error::Source("a broken pipe".into()));
        }
        let batch = self.next.take().or_else(|| self.batch());
        self.at += 1;
        Ok(batch)
    }

    fn peek(&mut self) -> Option<&Dataset> {
        if !self.reads_ahead {
            return None;
        }
        self.next = self.batch();
        self.next.as_ref()
    }
}

/// Stops a run at a step.
struct Abort<'a>(u64, &'a Control);

impl FitObserver for Abort<'_> {
    fn on_batch(&mut self, event: &BatchEvent) {
        if event.step == self.0 {
            self.1.abort();
        }
    }
}

fn fit(model: &mut Model, source: &mut Parts, options: &FitOptions) -> Result<History, FitFailure> {
    model.fit_from(Source::Stream(source), None, options, &Control::new(), &mut ())
}

fn checkpoint(path: &Path) -> Option<CheckpointOptions> {
    Some(CheckpointOptions { path: path.to_owned(), every_steps: Some(2) })
}

fn schedule(json: &str) -> Option<Schedule> {
    Some(serde_json::from_str(json).unwrap())
}

#[test]
fn the_same_batches_in_the_same_order_give_the_bits_of_data_in_memory() {
    let data = circle(3, 70);
    for ids in [None, Some((0..70).map(|row| 1000 - row).collect())] {
        let data = Dataset { ids, ..data.clone() };
        let in_memory = FitOptions { batch_size: 16, shuffle: false, ..options(1) };
        let mut learnt = classifier(1);
        let history = learnt.fit(&data, None, &in_memory, &Control::new(), &mut ()).unwrap();
        let mut streamed = classifier(1);
        let mut source = Parts::new(data, &[16, 16, 16, 16, 6]);
        let other = fit(&mut streamed, &mut source, &options(1)).unwrap();
        assert!(bits(streamed.parameters().values()) == bits(learnt.parameters().values()));
        assert!(bits(streamed.network().buffers().values()) == bits(learnt.network().buffers().values()));
        assert_eq!(timeless(&other), timeless(&history));
        assert_eq!(streamed.trained(), learnt.trained());
        // Once for the normalize layer, once to learn.
        assert_eq!(source.begun, [(0, 0), (0, 0)]);
    }
}

#[test]
fn batches_may_grow_and_validation_may_be_a_source() {
    let (data, judge) = (circle(3, 100), circle(4, 300));
    let mut source = Parts::new(data, &[1, 5, 60, 2, 32]);
    let mut blocks = Parts::new(judge.clone(), &[256, 44]);
    let run = |source: &mut Parts, validation: Source<'_>| {
        let mut model = classifier(1);
        let stream = Source::Stream(source);
        let history =
            model.fit_from(stream, Some(validation), &options(3), &Control::new(), &mut ()).unwrap();
        (bits(model.parameters().values()), timeless(&history))
    };
    let streamed = run(&mut source, Source::Stream(&mut blocks));
    let in_memory = run(&mut source, Source::Memory(&judge));
    // The order of the rows differs from epoch to epoch; their sums do not, but for rounding.
    assert!(streamed.0 == in_memory.0);
    let losses = |history: &History| -> Vec<f64> {
        history.epochs.iter().map(|epoch| epoch.validation_loss.unwrap()).collect()
    };
    assert_eq!(losses(&streamed.1)[0], losses(&in_memory.1)[0]);
    for (a, b) in losses(&streamed.1).iter().zip(losses(&in_memory.1)) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    assert_eq!(blocks.begun, [(0, 0), (1, 0), (2, 0)]);
}

#[test]
fn a_run_that_was_cut_at_any_step_ends_as_one_that_was_not() {
    let sizes = [16, 16, 10, 18];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    for (reads_ahead, per_epoch) in [(true, None), (false, None), (true, Some(4))] {
        let base = FitOptions {
            batches_per_epoch: per_epoch,
            learning_rate: per_epoch.and_then(|_| schedule(r#"{"type":"cosine","initial":0.05}"#)),
            clip_norm: Some(1.0),
            ..options(3)
        };
        let source = || Parts { reads_ahead, ..Parts::new(circle(5, 60), &sizes) };
        let mut whole = classifier(2);
        let history = fit(&mut whole, &mut source(), &base).unwrap();
        for cut in 1..12 {
            let saving = FitOptions { checkpoint: checkpoint(&path), ..base.clone() };
            let control = Control::new();
            let mut cut_short = classifier(2);
            let failure = cut_short
                .fit_from(Source::Stream(&mut source()), None, &saving, &control, &mut Abort(cut, &control))
                .unwrap_err();
            assert_eq!((failure.error.code(), failure.history.steps), (Code::Aborted, cut), "{failure}");
            let mut resumed = classifier(2);
            let resume = FitOptions { resume: Some(path.clone()), ..base.clone() };
            let mut rest = source();
            let others = fit(&mut resumed, &mut rest, &resume).unwrap();
            assert!(bits(resumed.parameters().values()) == bits(whole.parameters().values()), "{cut}");
            assert_eq!(timeless(&others), timeless(&history), "{cut}");
            assert_eq!(rest.begun[0], (cut / 4, cut % 4));
        }
    }
}

#[test]
fn a_source_that_goes_on_with_another_batch_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let source = |seed| Parts::new(circle(seed, 60), &[16, 16, 16, 12]);
    let saving = FitOptions { checkpoint: checkpoint(&path), ..options(3) };
    let control = Control::new();
    classifier(1)
        .fit_from(Source::Stream(&mut source(1)), None, &saving, &control, &mut Abort(6, &control))
        .unwrap_err();
    let resume = FitOptions { resume: Some(path.clone()), ..saving };
    let saved = std::fs::read(&path).unwrap();
    let refused = |source: &mut Parts, words: &str| {
        let mut model = classifier(1);
        let failure = fit(&mut model, source, &resume).unwrap_err();
        assert!(std::fs::read(&path).unwrap() == saved, "the checkpoint stays as it is");
        assert_eq!((failure.error.code(), failure.history.steps), (Code::Resume, 6), "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
    };
    refused(&mut source(2), "`epochs[1].batches[2]`");
    refused(&mut Parts { repeats: true, ..source(1) }, "without the first `skip` ones");
    refused(&mut Parts { sizes: vec![16, 16], ..source(1) }, "got none");
    let mut model = classifier(1);
    let in_memory = model.fit(&circle(1, 60), None, &resume, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(in_memory.error.code(), Code::Resume);
    fit(&mut model, &mut source(1), &resume).unwrap();
}

#[test]
fn a_fault_of_a_batch_or_of_the_source_leaves_what_was_learnt_and_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let model = || {
        let layers =
            vec![LayerConfig::dense(8, Activation::Tanh), LayerConfig::dense(2, Activation::Identity)];
        Model::new(&ModelConfig::new([2], Output::Softmax, 1, layers)).unwrap()
    };
    let good = || Parts::new(circle(5, 60), &[20, 20, 20]);
    let mut until = model();
    let control = Control::new();
    until
        .fit_from(Source::Stream(&mut good()), None, &options(3), &control, &mut Abort(2, &control))
        .unwrap_err();

    let spoilt = |change: &dyn Fn(&mut Dataset)| {
        let mut source = good();
        change(&mut source.data);
        source
    };
    let nan = spoilt(&|data| data.x[2 * 45 + 1] = f32::NAN);
    let label = spoilt(&|data| {
        let Targets::Classes(classes) = &mut data.y else { unreachable!() };
        classes[45] = 2;
    });
    let broken = Parts { fails: Some((0, 2)), ..good() };
    let longer = FitOptions { batches_per_epoch: Some(4), ..options(3) };
    for (mut source, options, code, words) in [
        (nan, options(3), Code::NotFinite, "`epochs[0].batches[2].x`"),
        (label, options(3), Code::Label, "`epochs[0].batches[2].y[5]`"),
        (broken, options(3), Code::Source, "a broken pipe"),
    ] {
        let mut model = model();
        let saving = FitOptions { checkpoint: checkpoint(&path), ..options };
        let failure = fit(&mut model, &mut source, &saving).unwrap_err();
        assert_eq!((failure.error.code(), failure.history.steps), (code, 2), "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
        assert!(bits(model.parameters().values()) == bits(until.parameters().values()));
        assert_eq!(Model::load(&path).unwrap().trained().steps, 2);
        // What was wrong is put right, and the run goes on.
        let resume = FitOptions { resume: Some(path.clone()), checkpoint: None, ..saving };
        assert_eq!(fit(&mut model, &mut good(), &resume).unwrap().steps, 9);
    }
    let failure = fit(&mut model(), &mut good(), &longer).unwrap_err();
    assert_eq!((failure.error.code(), failure.history.steps), (Code::Range, 3), "{failure}");
    let shorter = FitOptions { batches_per_epoch: Some(2), ..options(3) };
    let failure = fit(&mut model(), &mut good(), &shorter).unwrap_err();
    assert_eq!((failure.error.code(), failure.history.steps), (Code::Range, 2), "{failure}");
    let failure = fit(&mut model(), &mut Parts::new(circle(5, 60), &[]), &options(3)).unwrap_err();
    assert_eq!((failure.error.code(), failure.history.steps), (Code::Empty, 0), "{failure}");
    let mut empty = Parts::new(circle(5, 60), &[]);
    let validation = Some(Source::Stream(&mut empty));
    let judged =
        model().fit_from(Source::Stream(&mut good()), validation, &options(3), &Control::new(), &mut ());
    let failure = judged.unwrap_err();
    assert_eq!((failure.error.code(), failure.history.steps), (Code::Empty, 3), "{failure}");
}

#[test]
fn options_that_mean_nothing_there_are_refused() {
    let refused = |options: FitOptions, code: Code, name: &str| {
        let failure = fit(&mut classifier(1), &mut Parts::new(circle(5, 60), &[60]), &options).unwrap_err();
        assert_eq!(failure.error.code(), code, "{failure}");
        assert!(failure.to_string().contains(name), "{failure}");
    };
    let split = FitOptions { validation_split: Some(0.5), ..options(1) };
    refused(split, Code::Config, "`validationSplit`");
    let falling = FitOptions { learning_rate: schedule(r#"{"type":"cosine","initial":1}"#), ..options(1) };
    refused(falling, Code::Option, "`batchesPerEpoch`");
    let in_memory = FitOptions { batches_per_epoch: Some(2), ..options(1) };
    let failure = classifier(1).fit(&circle(5, 60), None, &in_memory, &Control::new(), &mut ()).unwrap_err();
    assert_eq!(failure.error.code(), Code::Config);
}
