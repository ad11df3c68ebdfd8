//! One optimiser step.

use super::FitOptions;
use crate::error::{Error, Result};
use crate::memory;
use crate::nn::data::{Batch, Dataset};
use crate::nn::loss::{Loss, WeightedSum};
use crate::nn::metric::MetricSums;
use crate::nn::optimizer::{Optimizer, norm};
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
        let rows = options.batch_size.min(rows);
        let parameters = network.parameters().len();
        Ok(Stepper {
            workspace: network.workspace_for("batchSize", rows, Purpose::Training)?,
            batch: Batch::new("batchSize", data, network.input_width(), rows)?,
            gradients: memory::zeros("parameters", format_args!("{parameters} of them"), &[parameters])?,
            clip_norm: options.clip_norm.unwrap_or(f64::INFINITY),
        })
    }

    /// Learns the given rows of `data`; returns their loss before the step and adds to `metrics`.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory. `ERR_DIVERGED` if the loss is not finite: the step before made the weights that gave it and is taken back, so
    /// that the weights are those of the last loss that was finite. Also if the gradient is not finite: the weights
    /// gave a finite loss and stay, since the gradient is looked at before the optimiser writes.
    pub(super) fn run(
        &mut self,
        network: &mut Network<f32>,
        optimizer: &mut Optimizer<f32>,
        loss: &Loss,
        metrics: &mut MetricSums,
        data: &Dataset,
        rows: &[u32],
        at: Position,
    ) -> Result<WeightedSum> {
        self.make_room(network, data, rows.len())?;
        let Stepper { workspace, batch, gradients, clip_norm } = self;
        batch.gather(data, rows);
        let keys = batch.keys(at.mask_step);
        network.forward(workspace, &batch.x, keys, Mode::Train)?;
        let (logits, gradient) = workspace.output_and_gradient();
        let sum = loss.evaluate(logits, batch.targets(), batch.weights(), Some(gradient));
        if !sum.mean().is_finite() {
            optimizer.undo(network.parameters_mut().values_mut());
            return Err(at.diverged("loss", sum.mean()));
        }
        metrics.add(rows.len(), loss.steps(), batch.lengths(), logits, batch.targets());

        network.backward(workspace, &batch.x, keys, Mode::Train, gradients)?;
        let sum = sum.plus(f64::from(network.penalty(gradients)?));
        let norm = norm(gradients)?;
        let scale = if norm > *clip_norm { *clip_norm / norm } else { 1.0 };
        // Written so that NaN fails.
        if !(norm.is_finite() && norm * scale <= GRADIENT_LIMIT) {
            return Err(at.diverged("norm of the gradient", norm));
        }
        network.update_buffers(workspace)?;
        optimizer.step(network.parameters_mut().values_mut(), gradients, at.learning_rate, scale)?;
        network.constrain();
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
}

impl Position {
    pub(super) fn diverged(&self, quantity: &'static str, value: f64) -> Error {
        Error::Diverged { epoch: self.epoch as usize, step: self.step, quantity, value }
    }
}
