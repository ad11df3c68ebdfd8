//! One optimiser step.

use super::FitOptions;
use crate::error::{Error, Result};
use crate::memory;
use crate::nn::data::Batch;
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
/// the first one after a change of dropout rates and the first one of more rows than any before.
pub(super) struct Stepper {
    workspace: Workspace<f32>,
    gradients: Vec<f32>,
    clip_norm: f64,
}

impl Stepper {
    /// For steps of up to `rows` rows.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(super) fn new(network: &Network<f32>, options: &FitOptions, rows: usize) -> Result<Self> {
        let parameters = network.parameters().len();
        Ok(Stepper {
            workspace: network.workspace_for("batchSize", rows, Purpose::Training)?,
            gradients: memory::zeros("parameters", format_args!("{parameters} of them"), &[parameters])?,
            clip_norm: options.clip_norm.unwrap_or(f64::INFINITY),
        })
    }

    /// Learns a batch; returns its loss before the step and adds to `metrics`.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory for a batch that is larger than those before. `ERR_DIVERGED` if the
    /// loss is not finite: the step before made the weights that gave it and is taken back, so
    /// that the weights are those of the last loss that was finite. Also if the gradient is not finite: the weights
    /// gave a finite loss and stay, since the gradient is looked at before the optimiser writes.
    pub(super) fn run(
        &mut self,
        network: &mut Network<f32>,
        optimizer: &mut Optimizer<f32>,
        loss: &Loss,
        metrics: &mut MetricSums,
        batch: &Batch,
        at: Position,
    ) -> Result<WeightedSum> {
        let Stepper { workspace, gradients, clip_norm } = self;
        if workspace.max_rows() < batch.rows() {
            *workspace = network.workspace_for("batch", batch.rows(), Purpose::Training)?;
        }
        let keys = batch.keys(at.mask_step);
        network.forward(workspace, &batch.x, keys, Mode::Train)?;
        let (logits, gradient) = workspace.output_and_gradient();
        let sum = loss.evaluate(logits, batch.targets(), batch.weights(), Some(gradient));
        if !sum.mean().is_finite() {
            optimizer.undo(network.parameters_mut().values_mut());
            return Err(at.diverged("loss", sum.mean()));
        }
        metrics.add(batch.rows(), loss.steps(), batch.lengths(), logits, batch.targets());

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
}

impl Position {
    pub(super) fn diverged(&self, quantity: &'static str, value: f64) -> Error {
        Error::Diverged { epoch: self.epoch as usize, step: self.step, quantity, value }
    }
}
