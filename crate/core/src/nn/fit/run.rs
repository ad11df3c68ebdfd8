//! A training run, from its first step to its last.

use std::time::Instant;

use super::batches::{Batches, Expectations, Shuffled, Streamed};
use super::best::Best;
use super::checkpoint::{self, Identity};
use super::early_stopping::Monitor;
use super::rotation;
use super::source::Source;
use super::state::{State, Trained};
use super::step::{Position, Stepper};
use super::update::Update;
use super::validator::Validator;
use super::{BatchEvent, Control, EpochEvent, FitObserver, FitOptions, Flow, History};
use crate::error::{Code, Error, Result};
use crate::nn::data::hold_out;
use crate::nn::evaluate::Evaluator;
use crate::nn::file::check_replaceable;
use crate::nn::loss::{Loss, WeightedSum};
use crate::nn::metric::MetricSums;
use crate::nn::schedule::Schedule;
use crate::nn::{ModelConfig, Network};

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) network: &'a mut Network<f32>,
    pub(super) options: &'a FitOptions,
    /// The configuration the run began with; the observer may change rates.
    pub(super) initial: ModelConfig,
    pub(super) state: State,
    pub(super) update: Update,
    /// The model at its best epoch, if it is to be restored and there has been one.
    pub(super) best: Option<Best>,
    pub(super) identity: Option<Identity>,
    pub(super) batches: Batches<'a>,
    validator: Option<Validator<'a>>,
    /// What validation measures; the training's may weight classes beside.
    loss: Loss,
    training_loss: Loss,
    schedule: Schedule,
    monitor: Option<Monitor>,
    stepper: Stepper,
    /// Whether normalize layers are to be fitted before the first step.
    is_new: bool,
    began: Instant,
    /// Seconds of the parts of the run before this one.
    seconds_before: f64,
}

impl<'a> Run<'a> {
    /// Checks everything that can be checked without a batch, and goes to where a resumed run stood.
    pub(super) fn new(
        network: &'a mut Network<f32>,
        trained: Trained,
        data: Source<'a>,
        validation: Option<Source<'a>>,
        options: &'a FitOptions,
    ) -> Result<Self> {
        options.validate()?;
        let loss = network.loss(&options.loss)?;
        let metrics = MetricSums::new(options.metrics.as_deref(), network.config().output)?;
        if let Some(checkpoint) = &options.checkpoint {
            check_replaceable(&checkpoint.path)?;
            if checkpoint.keep.is_some() {
                rotation::check(&checkpoint.path)?;
            }
        }
        check_fitting(&data, validation.is_some(), options)?;
        let identity = (options.checkpoint.is_some() || options.resume.is_some())
            .then(|| Identity::of(&data, validation.as_ref()));
        let mut validator =
            validation.map(|source| Validator::new(network, source, &loss, &metrics)).transpose()?;
        let mut training_loss = loss.clone();
        let batches = match data {
            Source::Stream(source) => {
                if let Some(weights) = &options.class_weights {
                    training_loss = weights.apply(training_loss, None)?;
                }
                Batches::Stream(Box::new(Streamed::new(network, source, &loss, options)))
            }
            Source::Memory(data) => {
                Expectations::new(network, &loss).check(network, "train", data)?;
                let rows = match options.validation_split {
                    None => (0..data.rows as u32).collect(),
                    Some(fraction) => {
                        let (rows, held_out) = hold_out(data, fraction, network.config().seed)?;
                        validator =
                            Some(Validator::Memory(Evaluator::new(network, data, &held_out, &metrics)?));
                        rows
                    }
                };
                if let Some(weights) = &options.class_weights {
                    training_loss = weights.apply(training_loss, Some((data, &rows)))?;
                }
                Batches::Memory(Shuffled::new(network.config().seed, data, rows, options))
            }
        };
        let steps = batches.per_epoch().map_or(1, |batches| batches.saturating_mul(options.epochs));
        check_steps(trained, steps)?;
        let monitor = options
            .early_stopping
            .as_ref()
            .map(|stopping| Monitor::new(&stopping.monitor, &metrics, validator.is_some()))
            .transpose()?;
        let (like, rows) = batches.like();
        let mut run = Run {
            initial: network.config().clone(),
            update: Update::new(options, network)?,
            stepper: Stepper::new(network, like, options, rows)?,
            state: State::new(trained, metrics),
            best: None,
            schedule: options.schedule(),
            is_new: trained.steps == 0 && options.resume.is_none(),
            network,
            options,
            identity,
            batches,
            validator,
            loss,
            training_loss,
            monitor,
            began: Instant::now(),
            seconds_before: 0.0,
        };
        if let Some(path) = &options.resume {
            checkpoint::resume(&mut run, path)?;
            run.seconds_before = run.state.history.seconds;
        }
        Ok(run)
    }

    /// What the model has learnt from, this run included.
    pub(super) fn trained(&self) -> Trained {
        self.state.trained()
    }

    /// The course of the run up to now.
    pub(super) fn history(&self) -> History {
        History { seconds: self.seconds(), ..self.state.history.clone() }
    }

    /// Trains to the end, or to the first failure; the model then has the weights and running statistics of the best epoch,
    /// or the average of all weights, or the last ones.
    pub(super) fn train(&mut self, control: &Control, observer: &mut dyn FitObserver) -> Result<()> {
        let result = self.epochs(control, observer);
        match (&self.best, &self.update.average) {
            (Some(best), _) if result.is_ok() => best.restore(self.network),
            (_, Some(average)) => {
                self.network.parameters_mut().values_mut().copy_from_slice(average.values());
            }
            _ => {}
        }
        result
    }

    fn epochs(&mut self, control: &Control, observer: &mut dyn FitObserver) -> Result<()> {
        if self.is_new && self.network.has_normalization() {
            let fitted = self.batches.fit_normalization(self.network);
            // A checkpoint of moments that are not known yet would be resumed without them.
            if control.is_aborted() {
                return Err(self.aborted(None));
            }
            fitted?;
        }
        while self.state.epoch < self.options.epochs && !self.state.stopped {
            let began = Instant::now();
            let begun = self.batches.begin(&self.state);
            begun.map_err(|error| self.interrupted(error, control))?;
            while self.has_next(control)? {
                let event = self.step()?;
                observer.on_batch(&event);
                if self.is_checkpoint_due() {
                    self.save()?;
                }
            }
            self.end_epoch(control, observer, began)?;
            self.save()?;
        }
        Ok(())
    }

    /// Whether the epoch goes on; it does not where the run is aborted before its next batch.
    fn has_next(&mut self, control: &Control) -> Result<bool> {
        match self.batches.has_next(self.network) {
            Ok(true) if control.is_aborted() => {
                // Whoever stopped the run waits for that answer, also where the disk is full.
                let unsaved = self.save().err();
                Err(self.aborted(unsaved))
            }
            Ok(more) => Ok(more),
            Err(error) => Err(self.interrupted(error, control)),
        }
    }

    /// Saves where the run stands, between two batches, and says why it ends there. A run that could not go on where
    /// its checkpoint was leaves that as it is.
    fn interrupted(&mut self, error: Error, control: &Control) -> Error {
        if error.code() == Code::Resume {
            return error;
        }
        let unsaved = self.save().err();
        // The failure of a source comes before that of the disk. One that was told to stop fails on purpose.
        if control.is_aborted() { self.aborted(unsaved) } else { error }
    }

    fn aborted(&self, unsaved: Option<Error>) -> Error {
        Error::Aborted { steps: self.state.steps(), unsaved: unsaved.map(Box::new) }
    }

    fn position(&self, step: u64) -> Position {
        // A rate that needs the batches of an epoch has them: `check_fitting`.
        let batches = self.batches.per_epoch().unwrap_or(1);
        Position {
            epoch: self.state.epoch,
            step,
            mask_step: (self.state.before.steps + step) as u32,
            learning_rate: self.schedule.rate(step, batches, self.options.epochs),
        }
    }

    /// Learns the next batch.
    fn step(&mut self) -> Result<BatchEvent> {
        let at = self.position(self.state.steps());
        check_steps(self.state.before, at.step + 1)?;
        let Run { network, update, training_loss, stepper, batches, .. } = self;
        let per_epoch = batches.per_epoch();
        let (data, taken) = batches.take();
        let State { metrics, loss: sum, batch, rows, history, .. } = &mut self.state;
        let loss = stepper.run(network, update, training_loss, metrics, data, taken, at)?;
        sum.add(loss);
        *batch += 1;
        *rows += taken.len() as u64;
        history.steps += 1;
        Ok(BatchEvent {
            epoch: at.epoch,
            batch: *batch - 1,
            batches: per_epoch,
            rows: *rows,
            step: history.steps,
            loss: loss.mean(),
            mean_loss: sum.mean(),
        })
    }

    /// Validates, tells the observer, decides whether to go on.
    fn end_epoch(&mut self, control: &Control, observer: &mut dyn FitObserver, began: Instant) -> Result<()> {
        let at = self.position(self.state.steps() - 1);
        let validation = match &mut self.validator {
            Some(validator) => {
                let (loss, epoch) = (&self.loss, self.state.epoch);
                let judge = |network: &Network<f32>| validator.run(network, loss, epoch);
                let judged = self.update.as_model(self.network, judge);
                Some(judged.map_err(|error| self.interrupted(error, control))?)
            }
            None => None,
        };
        if let Some(validation) = &validation
            && !validation.loss.is_finite()
        {
            self.update.undo(self.network);
            return Err(at.diverged("validation loss", validation.loss));
        }
        let event = EpochEvent {
            epoch: self.state.epoch,
            epochs: self.options.epochs,
            loss: self.state.loss.mean(),
            metrics: self.state.metrics.finish(),
            validation_loss: validation.as_ref().map(|validation| validation.loss),
            validation_metrics: validation.map(|validation| validation.metrics),
            learning_rate: at.learning_rate,
            seconds: began.elapsed().as_secs_f64(),
        };
        self.observe(&event);
        match observer.on_epoch(&event) {
            Flow::Continue => {}
            Flow::Stop => self.state.stopped = true,
            Flow::SetRates(rates) => {
                self.network.set_rates(&rates)?;
                self.state.rates.extend(rates);
            }
        }
        self.state.epoch += 1;
        self.state.batch = 0;
        self.state.rows = 0;
        self.state.loss = WeightedSum::default();
        self.state.metrics.clear();
        self.state.history.epochs.push(event);
        self.state.history.stopped_early = self.state.stopped && self.state.epoch < self.options.epochs;
        Ok(())
    }

    /// Keeps the weights if they are the best so far; stops where patience ends.
    fn observe(&mut self, event: &EpochEvent) {
        let (Some(monitor), Some(options)) = (self.monitor, &self.options.early_stopping) else { return };
        if self.state.patience.observe(monitor, options, event) {
            self.state.history.best_epoch = Some(event.epoch);
            if options.restore_best {
                let average = self.update.average.as_ref();
                let weights = average.map_or(self.network.parameters().values(), |average| average.values());
                self.best.get_or_insert_with(|| Best::like(self.network)).keep(weights, self.network);
            }
        }
        self.state.stopped |= self.state.patience.is_exhausted(options);
    }

    fn is_checkpoint_due(&self) -> bool {
        let every = self.options.checkpoint.as_ref().and_then(|checkpoint| checkpoint.every_steps);
        // The end of the epoch saves by itself.
        every.is_some_and(|every| self.state.steps().is_multiple_of(every))
            && self.batches.per_epoch().is_none_or(|batches| self.state.batch < batches)
    }

    /// Saves a checkpoint, if the options ask for them.
    fn save(&mut self) -> Result<()> {
        self.state.history.seconds = self.seconds();
        match &self.options.checkpoint {
            Some(options) => checkpoint::save(self, options),
            None => Ok(()),
        }
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }
}

/// Options that go with data in memory, or with a source, and not with the other.
fn check_fitting(data: &Source<'_>, has_validation: bool, options: &FitOptions) -> Result<()> {
    let refuse =
        |code, name: &str, got: String, allowed: &str| Err(Error::argument(code, name, got, allowed));
    match (data, options) {
        (_, FitOptions { validation_split: Some(part), .. }) if has_validation => {
            let got = format!("{part} beside validation data");
            refuse(Code::Config, "validationSplit", got, "left out where validation data is given")
        }
        (Source::Stream(_), FitOptions { validation_split: Some(part), .. }) => {
            let allowed = "left out where batches come from a source; give validation data";
            refuse(Code::Config, "validationSplit", part.to_string(), allowed)
        }
        (Source::Memory(_), &FitOptions { accumulate, batch_size, .. }) if accumulate > batch_size => {
            let allowed = format!("a whole number from 1 to the rows of a batch, {batch_size}");
            refuse(Code::Range, "accumulate", accumulate.to_string(), &allowed)
        }
        (Source::Memory(_), FitOptions { batches_per_epoch: Some(batches), .. }) => {
            let allowed = "left out where the data is in memory: `batchSize` decides";
            refuse(Code::Config, "batchesPerEpoch", batches.to_string(), allowed)
        }
        (Source::Stream(_), FitOptions { batches_per_epoch: None, .. })
            if !options.schedule().is_constant() =>
        {
            let allowed = "the number of batches of an epoch, by which a learning rate that changes goes";
            refuse(Code::Option, "batchesPerEpoch", "none".to_owned(), allowed)
        }
        _ => Ok(()),
    }
}

/// Steps and epochs key masks and orders by 32-bit words, and are never wrapped around.
pub(super) fn check_steps(trained: Trained, steps: u64) -> Result<()> {
    if trained.steps.saturating_add(steps) <= u64::from(u32::MAX) {
        return Ok(());
    }
    Err(Error::argument(
        Code::Range,
        "epochs",
        format!("{steps} optimiser steps after {} of earlier runs", trained.steps),
        "such that all steps of a model are fewer than 2^32",
    ))
}
