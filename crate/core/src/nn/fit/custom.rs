//! Single steps and gradients, for training loops that the caller writes.

use serde::{Deserialize, Serialize};

use super::state::Trained;
use super::step::{GRADIENT_LIMIT, Position};
use crate::error::{Code, Error, Result};
use crate::memory;
use crate::nn::data::Dataset;
use crate::nn::loss::{BatchTargets, LossConfig, Weighting};
use crate::nn::optimizer::{Optimizer, OptimizerConfig, norm};
use crate::nn::{Mode, Network, Purpose, RowKeys, Targets, Workspace};

/// What a step, or the gradients of one, is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepOptions {
    /// What is minimised. Default: the likelihood of the model's output.
    #[serde(default)]
    pub loss: Option<LossConfig>,
    /// The rule of the step. Its state goes on from step to step, until a step has another rule. Default: adam.
    #[serde(default)]
    pub optimizer: Option<OptimizerConfig>,
    /// The step size of this step. Default: the rule's own.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// Gradients with a larger Euclidean norm (over all parameters) are scaled down to it; above 0.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// For gradients: whether dropout is on, with the masks of the next step. A step always drops.
    #[serde(default)]
    pub inference: bool,
    /// Threads to compute with. Default: `INVERTED_DROPOUT_THREADS`, else what the machine offers.
    #[serde(default)]
    pub threads: Option<usize>,
}

/// What a step saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// The mean loss of the batch, before the step.
    pub loss: f64,
    /// The Euclidean norm of the gradient, before clipping.
    pub gradient_norm: f64,
}

/// What steps keep from one to the next: the optimiser's state, and memory for the largest batch so far, if there was one.
#[derive(Debug)]
pub(crate) struct Steps {
    config: OptimizerConfig,
    optimizer: Optimizer<f32>,
    memory: Option<Memory>,
}

impl Steps {
    /// The weights have been changed by something else: a step that fails leaves them so.
    pub(crate) fn weights_changed(&mut self) {
        self.optimizer.forget_previous();
    }
}

/// Memory for a pass and its gradients.
#[derive(Debug)]
struct Memory {
    workspace: Workspace<f32>,
    gradients: Vec<f32>,
}

impl Memory {
    fn new(network: &Network<f32>, rows: usize) -> Result<Self> {
        let parameters = network.parameters().len();
        Ok(Memory {
            workspace: network.workspace_for("batch", rows, Purpose::Training)?,
            gradients: memory::zeros("parameters", format_args!("{parameters} of them"), &[parameters])?,
        })
    }

    /// The loss of the batch; its gradients by the parameters lie in `gradients` then.
    fn pass(
        &mut self,
        network: &Network<f32>,
        data: &Dataset,
        options: &StepOptions,
        ids: &[u32],
        step: u32,
    ) -> Result<f64> {
        let loss = options.loss.clone().unwrap_or_else(|| LossConfig::of(network.config().output));
        let loss = network.loss(&loss)?;
        data.check("batch", network.input_shape(), &loss)?;
        let Memory { workspace, gradients } = self;
        let lengths = data.lengths.as_deref();
        let keys = RowKeys { lengths, ..RowKeys::at_step(ids, step) };
        let mode = if options.inference { Mode::Inference } else { Mode::Train };
        network.forward(workspace, &data.x, keys, mode)?;
        let (logits, gradient) = workspace.output_and_gradient();
        let targets = match &data.y {
            Targets::Classes(classes) => BatchTargets::Classes(classes),
            Targets::Values { values, .. } => BatchTargets::Values(values),
        };
        let weights = Weighting { rows: data.weights.as_deref(), lengths };
        let sum = loss.evaluate(logits, targets, weights, Some(gradient));
        network.backward(workspace, &data.x, keys, mode, gradients)?;
        Ok(sum.plus(f64::from(network.penalty(gradients)?)).mean())
    }
}

/// The identities of the rows.
fn ids(data: &Dataset) -> Vec<u32> {
    data.ids.clone().unwrap_or_else(|| (0..data.rows as u32).collect())
}

/// The loss of a batch and its gradients by the parameters, in their layout; nothing is changed.
pub(crate) fn gradients(
    network: &Network<f32>,
    trained: Trained,
    data: &Dataset,
    options: &StepOptions,
) -> Result<(f64, Vec<f32>)> {
    let mut memory = Memory::new(network, data.rows.max(1))?;
    let loss = memory.pass(network, data, options, &ids(data), trained.steps as u32)?;
    Ok((loss, memory.gradients))
}

/// Learns a batch.
///
/// # Errors
/// `ERR_DIVERGED` if the loss is not finite: the step before is taken back, if it made the weights; or the gradient: nothing
/// is changed.
pub(crate) fn step(
    network: &mut Network<f32>,
    trained: &mut Trained,
    steps: &mut Option<Steps>,
    data: &Dataset,
    options: &StepOptions,
) -> Result<StepResult> {
    let rule = Rule::new(trained, options)?;
    let Steps { optimizer, memory, .. } = rule.steps(network, steps)?;
    let memory = match memory {
        Some(memory) if memory.workspace.max_rows() >= data.rows => memory,
        _ => memory.insert(Memory::new(network, data.rows.max(1))?),
    };
    let options = StepOptions { inference: false, ..options.clone() };
    let loss = memory.pass(network, data, &options, &ids(data), rule.at.mask_step)?;
    if !loss.is_finite() {
        optimizer.undo(network.parameters_mut());
        return Err(rule.at.diverged("loss", loss));
    }
    let (gradient_norm, scale) = rule.clip(&memory.gradients)?;
    network.update_buffers(&memory.workspace)?;
    rule.apply(network, trained, optimizer, &memory.gradients, scale)?;
    Ok(StepResult { loss, gradient_norm })
}

/// A step by gradients in the layout of the parameters, whose norm is the result.
///
/// # Errors
/// `ERR_DIVERGED` if the norm is not finite: nothing is changed.
pub(crate) fn apply(
    network: &mut Network<f32>,
    trained: &mut Trained,
    steps: &mut Option<Steps>,
    gradients: &[f32],
    options: &StepOptions,
) -> Result<f64> {
    let (got, all) = (gradients.len(), network.parameters().len());
    if got != all {
        let (got, all) = (format!("{got} numbers"), format!("{all}, one for each parameter"));
        return Err(Error::argument(Code::Shape, "gradients", got, all));
    }
    let rule = Rule::new(trained, options)?;
    let (norm, scale) = rule.clip(gradients)?;
    let Steps { optimizer, .. } = rule.steps(network, steps)?;
    rule.apply(network, trained, optimizer, gradients, scale)?;
    Ok(norm)
}

/// The rule of a step, checked.
struct Rule {
    config: OptimizerConfig,
    clip_norm: Option<f64>,
    at: Position,
}

impl Rule {
    fn new(trained: &Trained, options: &StepOptions) -> Result<Self> {
        let config = options.optimizer.clone().unwrap_or_else(|| OptimizerConfig::adam(0.001));
        if let Some(norm) = options.clip_norm
            && !(norm > 0.0 && norm.is_finite())
        {
            return Err(Error::argument(Code::Range, "clipNorm", norm, "a finite number above 0"));
        }
        let learning_rate = options.learning_rate.unwrap_or(config.learning_rate());
        crate::nn::optimizer::check_learning_rate("learningRate", learning_rate)?;
        if trained.steps >= u64::from(u32::MAX) {
            let got = format!("{} earlier ones", trained.steps);
            return Err(Error::argument(Code::Range, "steps", got, "fewer than 2^32 in all"));
        }
        let at = Position {
            epoch: trained.epochs,
            step: trained.steps,
            mask_step: trained.steps as u32,
            learning_rate,
        };
        Ok(Rule { config, clip_norm: options.clip_norm, at })
    }

    /// What earlier steps by this rule left.
    fn steps<'a>(&self, network: &Network<f32>, steps: &'a mut Option<Steps>) -> Result<&'a mut Steps> {
        if steps.as_ref().is_none_or(|steps| steps.config != self.config) {
            let optimizer = Optimizer::new(&self.config, network.parameters().len())?;
            let memory = steps.take().and_then(|steps| steps.memory);
            *steps = Some(Steps { config: self.config.clone(), optimizer, memory });
        }
        Ok(steps.as_mut().expect("made above"))
    }

    /// The norm of gradients, and what they are multiplied by.
    fn clip(&self, gradients: &[f32]) -> Result<(f64, f64)> {
        let gradient_norm = norm(gradients)?;
        let scale = match self.clip_norm {
            Some(most) if gradient_norm > most => most / gradient_norm,
            _ => 1.0,
        };
        if !(gradient_norm.is_finite() && gradient_norm * scale <= GRADIENT_LIMIT) {
            return Err(self.at.diverged("norm of the gradient", gradient_norm));
        }
        Ok((gradient_norm, scale))
    }

    fn apply(
        &self,
        network: &mut Network<f32>,
        trained: &mut Trained,
        optimizer: &mut Optimizer<f32>,
        gradients: &[f32],
        scale: f64,
    ) -> Result<()> {
        optimizer.step(network.parameters_mut(), gradients, self.at.learning_rate, scale)?;
        network.constrain();
        trained.steps += 1;
        Ok(())
    }
}
