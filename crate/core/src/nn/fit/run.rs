//! A training run, from its first step to its last.

use std::time::Instant;

use super::checkpoint::{self, Identity};
use super::early_stopping::Monitor;
use super::rotation;
use super::state::{State, Trained};
use super::step::{Position, Stepper};
use super::update::Update;
use super::{BatchEvent, Control, EpochEvent, FitObserver, FitOptions, Flow, History};
use crate::error::{Code, Error, Result};
use crate::memory;
use crate::nn::data::{Dataset, gather, hold_out};
use crate::nn::evaluate::Evaluator;
use crate::nn::file::check_replaceable;
use crate::nn::loss::{Loss, WeightedSum};
use crate::nn::metric::MetricSums;
use crate::nn::schedule::Schedule;
use crate::nn::{ModelConfig, Network};
use crate::stream::{Address, Domain, permutation};

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) network: &'a mut Network<f32>,
    pub(super) options: &'a FitOptions,
    /// The configuration the run began with; the observer may change rates.
    pub(super) initial: ModelConfig,
    pub(super) state: State,
    pub(super) update: Update,
    /// The weights of the best epoch, if they are to be restored and there has been one.
    pub(super) best: Option<Vec<f32>>,
    pub(super) identity: Option<Identity>,
    data: &'a Dataset,
    /// The rows to train on, and their order in the epoch under way.
    rows: Vec<u32>,
    order: Vec<u32>,
    validation: Option<Evaluator<'a>>,
    /// What validation measures; the training's may weight classes beside.
    loss: Loss,
    training_loss: Loss,
    schedule: Schedule,
    monitor: Option<Monitor>,
    stepper: Stepper,
    began: Instant,
    /// Seconds of the parts of the run before this one.
    seconds_before: f64,
}

impl<'a> Run<'a> {
    /// Checks everything, fits normalize layers if the model is new, and goes to where a resumed run stood.
    pub(super) fn new(
        network: &'a mut Network<f32>,
        trained: Trained,
        data: &'a Dataset,
        validation: Option<&'a Dataset>,
        options: &'a FitOptions,
    ) -> Result<Self> {
        options.validate()?;
        let (output, input) = (network.config().output, network.data_shape());
        let loss = network.loss(&options.loss)?;
        let metrics = MetricSums::new(options.metrics.as_deref(), output)?;
        if let Some(checkpoint) = &options.checkpoint {
            check_replaceable(&checkpoint.path)?;
            if checkpoint.keep.is_some() {
                rotation::check(&checkpoint.path)?;
            }
        }
        data.check("train", &input, &loss)?;
        network.check_ids("train.x", &data.x)?;
        if let Some(validation) = validation {
            validation.check("validation", &input, &loss)?;
            network.check_ids("validation.x", &validation.x)?;
        }
        let (rows, held_out) = split(data, validation, options, network.config().seed)?;
        let training_loss = match &options.class_weights {
            Some(weights) => weights.apply(loss.clone(), data, &rows)?,
            None => loss.clone(),
        };
        let batches = (rows.len() as u64).div_ceil(options.batch_size as u64);
        check_steps(trained, batches.saturating_mul(options.epochs))?;
        let has_validation = validation.is_some() || held_out.is_some();
        let monitor = options
            .early_stopping
            .as_ref()
            .map(|stopping| Monitor::new(&stopping.monitor, &metrics, has_validation))
            .transpose()?;
        let identity = (options.checkpoint.is_some() || options.resume.is_some())
            .then(|| Identity::of(data, validation));

        let evaluator = match (validation, &held_out) {
            (Some(validation), _) => {
                let all: Vec<u32> = (0..validation.rows as u32).collect();
                Some(Evaluator::new(network, validation, &all, &metrics)?)
            }
            (None, Some(held_out)) => Some(Evaluator::new(network, data, held_out, &metrics)?),
            (None, None) => None,
        };
        let mut run = Run {
            initial: network.config().clone(),
            update: Update::new(options, network)?,
            stepper: Stepper::new(network, data, options, rows.len())?,
            state: State::new(trained, metrics),
            best: None,
            validation: evaluator,
            schedule: options.schedule(),
            order: Vec::with_capacity(rows.len()),
            network,
            options,
            identity,
            data,
            rows,
            loss,
            training_loss,
            monitor,
            began: Instant::now(),
            seconds_before: 0.0,
        };
        match &options.resume {
            Some(path) => {
                checkpoint::resume(&mut run, path)?;
                run.seconds_before = run.state.history.seconds;
            }
            None if trained.steps == 0 => run.fit_normalization()?,
            None => {}
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

    /// Batches of an epoch.
    pub(super) fn batches(&self) -> u64 {
        (self.rows.len() as u64).div_ceil(self.options.batch_size as u64)
    }

    /// Trains to the end, or to the first failure; the model then has the weights of the best epoch, or the average of
    /// all, or the last ones.
    pub(super) fn train(&mut self, control: &Control, observer: &mut dyn FitObserver) -> Result<()> {
        let result = self.epochs(control, observer);
        let weights = self.network.parameters_mut().values_mut();
        match (&self.best, &self.update.average) {
            (Some(best), _) if result.is_ok() => weights.copy_from_slice(best),
            (_, Some(average)) => weights.copy_from_slice(average.values()),
            _ => {}
        }
        result
    }

    fn epochs(&mut self, control: &Control, observer: &mut dyn FitObserver) -> Result<()> {
        while self.state.epoch < self.options.epochs && !self.state.stopped {
            let began = Instant::now();
            self.shuffle();
            while self.state.batch < self.batches() {
                if control.is_aborted() {
                    // Whoever stopped the run waits for that answer, also where the disk is full.
                    let unsaved = self.save().err().map(Box::new);
                    return Err(Error::Aborted { steps: self.state.steps(), unsaved });
                }
                let event = self.step()?;
                observer.on_batch(&event);
                if self.is_checkpoint_due() {
                    self.save()?;
                }
            }
            self.end_epoch(observer, began)?;
            self.save()?;
        }
        Ok(())
    }

    /// Puts the rows into the order of the epoch.
    fn shuffle(&mut self) {
        if !self.options.shuffle {
            self.order.clone_from(&self.rows);
            return;
        }
        let epoch = (self.state.before.epochs + self.state.epoch) as u32;
        let seed = self.network.config().seed;
        let address = Address { seed, domain: Domain::Shuffle, step: epoch, ..Address::default() };
        permutation(&address, self.rows.len(), &mut self.order);
        for position in &mut self.order {
            *position = self.rows[*position as usize];
        }
    }

    fn position(&self, step: u64) -> Position {
        Position {
            epoch: self.state.epoch,
            step,
            mask_step: (self.state.before.steps + step) as u32,
            learning_rate: self.schedule.rate(step, self.batches(), self.options.epochs),
        }
    }

    /// Learns the next batch.
    fn step(&mut self) -> Result<BatchEvent> {
        let at = self.position(self.state.steps());
        let batches = self.batches();
        let start = self.state.batch as usize * self.options.batch_size;
        let rows = &self.order[start..(start + self.options.batch_size).min(self.order.len())];
        let State { metrics, loss: sum, batch, history, .. } = &mut self.state;
        let Run { network, update, training_loss, data, stepper, .. } = self;
        let loss = stepper.run(network, update, training_loss, metrics, data, rows, at)?;
        sum.add(loss);
        *batch += 1;
        history.steps += 1;
        Ok(BatchEvent { epoch: at.epoch, batch: *batch - 1, batches, step: history.steps, loss: loss.mean() })
    }

    /// Validates, tells the observer, decides whether to go on.
    fn end_epoch(&mut self, observer: &mut dyn FitObserver, began: Instant) -> Result<()> {
        let at = self.position(self.state.steps() - 1);
        let validation = match &mut self.validation {
            Some(evaluator) => {
                let evaluate = |network: &Network<f32>| evaluator.run(network, &self.loss);
                Some(self.update.as_model(self.network, evaluate)?)
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
                match &mut self.best {
                    Some(best) => best.copy_from_slice(weights),
                    None => self.best = Some(weights.to_vec()),
                }
            }
        }
        self.state.stopped |= self.state.patience.is_exhausted(options);
    }

    fn is_checkpoint_due(&self) -> bool {
        let every = self.options.checkpoint.as_ref().and_then(|checkpoint| checkpoint.every_steps);
        // The end of the epoch saves by itself.
        every.is_some_and(|every| self.state.steps().is_multiple_of(every))
            && self.state.batch < self.batches()
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

    fn fit_normalization(&mut self) -> Result<()> {
        if !self.network.has_normalization() {
            return Ok(());
        }
        if self.rows.len() == self.data.rows {
            return self.network.fit_normalization(&self.data.x);
        }
        let (rows, width) = (self.rows.len(), self.network.input_width());
        let mut x = memory::room("train.x", format_args!("{rows} rows to normalize by"), &[rows, width])?;
        gather(&mut x, &self.data.x, width, &self.rows);
        self.network.fit_normalization(&x)
    }
}

/// The rows to train on and those held out.
fn split(
    data: &Dataset,
    validation: Option<&Dataset>,
    options: &FitOptions,
    seed: u64,
) -> Result<(Vec<u32>, Option<Vec<u32>>)> {
    match (options.validation_split, validation) {
        (None, _) => Ok(((0..data.rows as u32).collect(), None)),
        (Some(fraction), None) => {
            let (train, validation) = hold_out(data, fraction, seed)?;
            Ok((train, Some(validation)))
        }
        (Some(fraction), Some(_)) => Err(Error::argument(
            Code::Config,
            "validationSplit",
            format!("{fraction} beside validation data"),
            "left out where validation data is given",
        )),
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
