//! One optimiser step.

use super::FitOptions;
use super::accumulate::{Accumulation, rows_of_part};
use super::update::Update;
use crate::error::{Error, Result};
use crate::memory;
use crate::nn::data::{Batch, Dataset};
use crate::nn::loss::{Loss, WeightedSum};
use crate::nn::metric::MetricSums;
use crate::nn::optimizer::norm;
use crate::nn::{Mode, Network, Purpose, Workspace};

/// A gradient with a larger norm (after clipping) has diverged: its squares would leave single precision soon, and
/// with them the optimiser's state.
pub(super) const GRADIENT_LIMIT: f64 = 1e18;

/// Where a step stands in the run.
#[derive(Clone, Copy)]
pub(super) struct Position {
    pub(super) epoch: u64,
    /// Optimiser steps done in this run.
    pub(super) step: u64,
    /// The step that keys the masks: it goes on from run to run.
    pub(super) mask_step: u32,
    pub(super) learning_rate: f64,
}

/// Memory of the steps, planned once: a step allocates nothing, packing inside the matrix products aside, but for
/// the first one after a change of dropout rates, and one of a batch that is larger or of another kind than those before.
pub(super) struct Stepper {
    workspace: Workspace<f32>,
    batch: Batch,
    gradients: Vec<f32>,
    accumulation: Accumulation,
    /// Parts that a batch is worked off in.
    parts: usize,
    clip_norm: f64,
}

impl Stepper {
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(super) fn new(
        network: &Network<f32>,
        data: &Dataset,
        options: &FitOptions,
        rows: usize,
    ) -> Result<Self> {
        let rows = rows_of_part(options.batch_size, options.accumulate).min(rows);
        let parameters = network.parameters().len();
        Ok(Stepper {
            workspace: network.workspace_for("batchSize", rows, Purpose::Training)?,
            batch: Batch::new("batchSize", data, network.input_width(), rows)?,
            gradients: memory::zeros("parameters", format_args!("{parameters} of them"), &[parameters])?,
            accumulation: Accumulation::new(network, options.accumulate)?,
            parts: options.accumulate,
            clip_norm: options.clip_norm.unwrap_or(f64::INFINITY),
        })
    }

    /// Learns the given rows of `data`, in parts; returns their loss before the step and adds to `metrics`.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory. `ERR_DIVERGED` if the loss is not finite: the step before made the
    /// weights that gave it and is taken back, so that the weights are those of the last loss that was finite. Also if
    /// the gradient is not finite: the weights gave a finite loss and stay, since the gradient is looked at before the
    /// optimiser writes.
    pub(super) fn run(
        &mut self,
        network: &mut Network<f32>,
        update: &mut Update,
        loss: &Loss,
        metrics: &mut MetricSums,
        data: &Dataset,
        rows: &[u32],
        at: Position,
    ) -> Result<WeightedSum> {
        let part = rows_of_part(rows.len(), self.parts);
        self.make_room(network, data, part)?;
        let in_parts = part < rows.len();
        if in_parts {
            self.accumulation.begin(network);
        }
        let learnt = self.gradient(network, loss, metrics, data, rows, at);
        let learnt = learnt.and_then(|sum| Ok((sum, self.scale(at)?)));
        let (sum, scale) = match learnt {
            Ok(learnt) => learnt,
            Err(failure) => {
                if in_parts {
                    self.accumulation.give_up(network);
                }
                if let Error::Diverged { quantity: LOSS, .. } = failure {
                    update.undo(network);
                }
                return Err(failure);
            }
        };
        network.update_buffers(&self.workspace)?;
        update.apply(network, &self.gradients, at.learning_rate, scale)?;
        Ok(sum)
    }

    /// Plans anew where what was planned is not for so many rows of such data: batches of a source may differ.
    fn make_room(&mut self, network: &Network<f32>, data: &Dataset, rows: usize) -> Result<()> {
        if self.workspace.max_rows() < rows {
            self.workspace = network.workspace_for("batch", rows, Purpose::Training)?;
        }
        let width = network.input_width();
        if !self.batch.is_for(data, width, rows) {
            self.batch = Batch::new("batch", data, width, rows)?;
        }
        Ok(())
    }

    /// The loss of the rows, with the penalties of layers; its gradient lies in `gradients` then. The running
    /// statistics take in all parts but the last, which lies in the workspace.
    fn gradient(
        &mut self,
        network: &mut Network<f32>,
        loss: &Loss,
        metrics: &mut MetricSums,
        data: &Dataset,
        rows: &[u32],
        at: Position,
    ) -> Result<WeightedSum> {
        let Stepper { workspace, batch, gradients, accumulation, parts, .. } = self;
        let mut sum = WeightedSum::default();
        for (index, rows) in rows.chunks(rows_of_part(rows.len(), *parts)).enumerate() {
            if index > 0 {
                network.update_buffers(workspace)?;
            }
            batch.gather(data, rows);
            let keys = batch.keys(at.mask_step);
            network.forward(workspace, &batch.x, keys, Mode::Train)?;
            let (logits, gradient) = workspace.output_and_gradient();
            let part = loss.evaluate(logits, batch.targets(), batch.weights(), Some(gradient));
            sum.add(part);
            if !sum.mean().is_finite() {
                return Err(at.diverged(LOSS, sum.mean()));
            }
            metrics.add(rows.len(), loss.steps(), batch.lengths(), logits, batch.targets());
            if index == 0 {
                network.backward(workspace, &batch.x, keys, Mode::Train, gradients)?;
            } else {
                network.backward(workspace, &batch.x, keys, Mode::Train, accumulation.part())?;
                accumulation.add(gradients, part, sum)?;
            }
        }
        Ok(sum.plus(f64::from(network.penalty(gradients)?)))
    }

    /// The factor of clipping for the gradient.
    fn scale(&self, at: Position) -> Result<f64> {
        let norm = norm(&self.gradients)?;
        let scale = if norm > self.clip_norm { self.clip_norm / norm } else { 1.0 };
        // Written so that NaN fails.
        if norm.is_finite() && norm * scale <= GRADIENT_LIMIT {
            return Ok(scale);
        }
        Err(at.diverged("norm of the gradient", norm))
    }
}

/// The quantity whose divergence shows that the step before was bad.
const LOSS: &str = "loss";

impl Position {
    pub(super) fn diverged(&self, quantity: &'static str, value: f64) -> Error {
        Error::Diverged { epoch: self.epoch as usize, step: self.step, quantity, value }
    }
}
