//! Optimisers on the flat arena of parameters: one pass over memory a step.
//!
//! The rules, their defaults and their order of operations are PyTorch's. An optimiser holds up to two arenas
//! of its own beside the parameters' and the gradients'; a step reads and writes each once, in pieces that the
//! threads of the current pool share, so the bits do not depend on their number. The new parameters go into an arena of
//! their own, which changes places with the old one: whether a step was good shows only in the loss that follows.

mod adam;
mod approach;
mod norm;
mod sgd;

pub(super) use approach::approach;
pub(super) use norm::norm;

use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use super::scalar::Scalar;
use crate::error::{Code, Error, Result};
use crate::isa::{Isa, Kernel};
use crate::{memory, parallel};

/// Elements that one task of a step works on: its arenas fit into a second-level cache.
const PIECE: usize = 16 * 1024;

/// Below this many elements waking a thread costs more than it saves.
const PARALLEL: usize = 8 * PIECE;

/// Which rule, with its numbers. JSON: `{"type":"adam","learningRate":0.001}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent: v = momentum v + g, w = w - rate v; with Nesterov w = w - rate (g + momentum v)
    /// (Sutskever et al. 2013, in PyTorch's form).
    Sgd {
        /// Step size, `[0, 1e6]`. Default 0.01.
        #[serde(default = "default::sgd_rate")]
        learning_rate: f64,
        /// How much of the velocity stays, `[0, 1)`. Default 0.
        #[serde(default)]
        momentum: f64,
        /// Looks ahead along the velocity; needs momentum. Default false.
        #[serde(default)]
        nesterov: bool,
        /// L2 penalty: g = g + weightDecay w, at least 0. Default 0.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam (Kingma & Ba 2015), with bias correction; weight decay is added to the gradient.
    Adam {
        /// Step size, `[0, 1e6]`. Default 0.001.
        #[serde(default = "default::adam_rate")]
        learning_rate: f64,
        /// Decay of the mean gradient, `[0, 1)`. Default 0.9.
        #[serde(default = "default::beta1")]
        beta1: f64,
        /// Decay of the mean squared gradient, `[0, 1)`. Default 0.999.
        #[serde(default = "default::beta2")]
        beta2: f64,
        /// Added to the root, above 0 in single precision. Default 1e-8.
        #[serde(default = "default::epsilon")]
        epsilon: f64,
        /// L2 penalty: g = g + weightDecay w, at least 0. Default 0.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019): w = w (1 - rate weightDecay) first.
    #[serde(rename = "adamw")]
    AdamW {
        /// Step size, `[0, 1e6]`. Default 0.001.
        #[serde(default = "default::adam_rate")]
        learning_rate: f64,
        /// Decay of the mean gradient, `[0, 1)`. Default 0.9.
        #[serde(default = "default::beta1")]
        beta1: f64,
        /// Decay of the mean squared gradient, `[0, 1)`. Default 0.999.
        #[serde(default = "default::beta2")]
        beta2: f64,
        /// Added to the root, above 0 in single precision. Default 1e-8.
        #[serde(default = "default::epsilon")]
        epsilon: f64,
        /// Decoupled decay, at least 0. Default 0.01.
        #[serde(default = "default::decoupled_decay")]
        weight_decay: f64,
    },
}

mod default {
    pub(super) fn sgd_rate() -> f64 {
        0.01
    }
    pub(super) fn adam_rate() -> f64 {
        0.001
    }
    pub(super) fn beta1() -> f64 {
        0.9
    }
    pub(super) fn beta2() -> f64 {
        0.999
    }
    pub(super) fn epsilon() -> f64 {
        1e-8
    }
    pub(super) fn decoupled_decay() -> f64 {
        0.01
    }
}

impl OptimizerConfig {
    /// Plain gradient descent.
    pub fn sgd(learning_rate: f64) -> Self {
        OptimizerConfig::Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    }

    /// Adam with its usual numbers.
    pub fn adam(learning_rate: f64) -> Self {
        OptimizerConfig::Adam {
            learning_rate,
            beta1: default::beta1(),
            beta2: default::beta2(),
            epsilon: default::epsilon(),
            weight_decay: 0.0,
        }
    }

    /// AdamW with its usual numbers.
    pub fn adamw(learning_rate: f64) -> Self {
        OptimizerConfig::AdamW {
            learning_rate,
            beta1: default::beta1(),
            beta2: default::beta2(),
            epsilon: default::epsilon(),
            weight_decay: default::decoupled_decay(),
        }
    }

    /// The step size where no schedule overrides it.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            OptimizerConfig::Sgd { learning_rate, .. }
            | OptimizerConfig::Adam { learning_rate, .. }
            | OptimizerConfig::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// `ERR_RANGE` naming the number; `ERR_CONFIG` for Nesterov without momentum.
    pub fn validate(&self) -> Result<()> {
        check_learning_rate("optimizer.learningRate", self.learning_rate())?;
        match *self {
            OptimizerConfig::Sgd { momentum, nesterov, weight_decay, .. } => {
                fraction("optimizer.momentum", momentum)?;
                if nesterov && momentum == 0.0 {
                    return Err(Error::argument(
                        Code::Config,
                        "optimizer.nesterov",
                        "true with momentum 0",
                        "used with a momentum above 0, for instance 0.9",
                    ));
                }
                not_negative("optimizer.weightDecay", weight_decay)
            }
            OptimizerConfig::Adam { beta1, beta2, epsilon, weight_decay, .. }
            | OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay, .. } => {
                fraction("optimizer.beta1", beta1)?;
                fraction("optimizer.beta2", beta2)?;
                // A number that single precision holds as 0 would let a gradient of 0 divide by 0.
                if !(epsilon as f32 > 0.0 && (epsilon as f32).is_finite()) {
                    let allowed = "a number above 0 in single precision, at least 1.5e-45";
                    return Err(Error::argument(Code::Range, "optimizer.epsilon", epsilon, allowed));
                }
                not_negative("optimizer.weightDecay", weight_decay)
            }
        }
    }

    /// The names of the arenas the rule keeps, as they stand in checkpoints.
    fn arenas(&self) -> &'static [&'static str] {
        match self {
            OptimizerConfig::Sgd { momentum: 0.0, .. } => &[],
            OptimizerConfig::Sgd { .. } => &["velocity"],
            OptimizerConfig::Adam { .. } | OptimizerConfig::AdamW { .. } => &["mean", "meanSquare"],
        }
    }
}

/// Accepts a step size in `[0, 1e6]`.
pub(crate) fn check_learning_rate(argument: &str, rate: f64) -> Result<()> {
    if (0.0..=1e6).contains(&rate) {
        return Ok(());
    }
    Err(Error::argument(Code::Range, argument, rate, "a number in [0, 1e6]"))
}

/// Steps are computed in single precision, where the nearest number to one below 1 may be 1: a mean that forgets
/// nothing and, without bias correction, a velocity that grows for ever.
fn fraction(argument: &str, value: f64) -> Result<()> {
    if value >= 0.0 && (value as f32) < 1.0 {
        return Ok(());
    }
    Err(Error::argument(Code::Range, argument, value, "a number in [0, 1) in single precision"))
}

fn not_negative(argument: &str, value: f64) -> Result<()> {
    if value >= 0.0 && (value as f32).is_finite() {
        return Ok(());
    }
    Err(Error::argument(Code::Range, argument, value, "a finite number of at least 0 in single precision"))
}

/// An optimiser in use: the rule and its state.
#[derive(Clone, Debug)]
pub struct Optimizer<T> {
    config: OptimizerConfig,
    arenas: Vec<Vec<T>>,
    /// The parameters before the last step, if there has been one; room for those after the next.
    previous: Vec<T>,
    has_previous: bool,
    steps: u64,
}

impl<T: Scalar> Optimizer<T> {
    /// A fresh optimiser for `parameters` parameters: all state 0.
    ///
    /// # Errors
    /// As [`OptimizerConfig::validate`]; `ERR_RANGE` if there is not enough memory.
    pub fn new(config: &OptimizerConfig, parameters: usize) -> Result<Self> {
        config.validate()?;
        let zeros = || memory::zeros("parameters", format_args!("{parameters} of them"), &[parameters]);
        let arenas = config.arenas().iter().map(|_| zeros()).collect::<Result<_>>()?;
        let previous = zeros()?;
        Ok(Optimizer { config: config.clone(), arenas, previous, has_previous: false, steps: 0 })
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The arenas by name, for checkpoints.
    pub(crate) fn state(&self) -> impl Iterator<Item = (&'static str, &[T])> {
        self.config.arenas().iter().copied().zip(self.arenas.iter().map(Vec::as_slice))
    }

    /// The arenas by name, to be filled from a checkpoint that was made after `steps` steps.
    pub(crate) fn restore(&mut self, steps: u64) -> impl Iterator<Item = (&'static str, &mut [T])> {
        self.steps = steps;
        self.config.arenas().iter().copied().zip(self.arenas.iter_mut().map(Vec::as_mut_slice))
    }

    /// Takes the last step back: `parameters` become what they were before it, if there was one and it has not been taken
    /// back. The optimiser's own state stays as it is, so a run cannot go on from here.
    pub(crate) fn undo(&mut self, parameters: &mut Parameters<T>) {
        if self.has_previous {
            parameters.change_places(&mut self.previous);
            self.has_previous = false;
        }
    }

    /// The weights have been changed by something else since the last step: there is nothing to take back any more.
    pub(crate) fn forget_previous(&mut self) {
        self.has_previous = false;
    }

    /// One step: `parameters` move against `gradients * scale` at `learning_rate`.
    ///
    /// `scale` is the factor of gradient clipping (1 where nothing is clipped). Allocates nothing: `parameters` change
    /// places with an arena of the optimiser.
    ///
    /// # Errors
    /// `ERR_ISA` if the forced instruction set does not exist here.
    ///
    /// # Panics
    /// If the lengths differ from the one the optimiser was made for.
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        gradients: &[T],
        learning_rate: f64,
        scale: f64,
    ) -> Result<()> {
        assert_eq!(parameters.len(), gradients.len());
        assert_eq!(parameters.len(), self.previous.len());
        let isa = Isa::active()?;
        self.steps += 1;
        self.has_previous = true;
        let (from, to) = (parameters.values(), self.previous.as_mut_slice());
        let number = T::from_f64;
        match (&self.config, self.arenas.as_mut_slice()) {
            (&OptimizerConfig::Sgd { weight_decay, .. }, []) => {
                let rule = sgd::Plain {
                    rate: number(learning_rate),
                    decay: number(weight_decay),
                    scale: number(scale),
                };
                in_pieces(from, [to], gradients, |from, arenas, gradients| {
                    T::dispatch(isa, Piece { rule, from, arenas, gradients });
                });
            }
            (&OptimizerConfig::Sgd { momentum, nesterov, weight_decay, .. }, [velocity]) => {
                let rule = sgd::Momentum {
                    rate: number(learning_rate),
                    momentum: number(momentum),
                    nesterov,
                    decay: number(weight_decay),
                    scale: number(scale),
                };
                in_pieces(from, [to, velocity], gradients, |from, arenas, gradients| {
                    T::dispatch(isa, Piece { rule, from, arenas, gradients });
                });
            }
            (
                &OptimizerConfig::Adam { beta1, beta2, epsilon, weight_decay, .. }
                | &OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay, .. },
                [mean, square],
            ) => {
                let decoupled = matches!(self.config, OptimizerConfig::AdamW { .. });
                let rule = adam::Adam::new(
                    learning_rate,
                    [beta1, beta2],
                    epsilon,
                    adam::Decay { rate: weight_decay, decoupled },
                    scale,
                    self.steps,
                );
                in_pieces(from, [to, mean, square], gradients, |from, arenas, gradients| {
                    T::dispatch(isa, Piece { rule, from, arenas, gradients });
                });
            }
            _ => unreachable!("`new` makes the arenas of the rule"),
        }
        parameters.change_places(&mut self.previous);
        Ok(())
    }
}

/// What a rule does to one element of its `N` arenas, the first of which holds the parameters.
trait Rule<T, const N: usize>: Copy {
    fn apply(self, element: [T; N], gradient: T) -> [T; N];
}

/// A rule applied to a piece of the arenas, compiled for each instruction set.
struct Piece<'a, T, R, const N: usize> {
    rule: R,
    /// The parameters.
    from: &'a [T],
    /// The first one gets the new parameters.
    arenas: [&'a mut [T]; N],
    gradients: &'a [T],
}

impl<T: Scalar, R: Rule<T, N>, const N: usize> Kernel for Piece<'_, T, R, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Piece { rule, from, arenas, gradients } = self;
        // Slices of one known length leave no bounds checks in the loop, so it vectorises.
        let from = &from[..gradients.len()];
        let arenas = arenas.map(
            #[inline(always)]
            |arena| &mut arena[..gradients.len()],
        );
        for i in 0..gradients.len() {
            let mut element = [from[i]; N];
            for n in 1..N {
                element[n] = arenas[n][i];
            }
            let element = rule.apply(element, gradients[i]);
            for n in 0..N {
                arenas[n][i] = element[n];
            }
        }
    }
}

/// Calls `work` for piece after piece, on the threads of the current pool when there are enough.
fn in_pieces<T: Scalar, const N: usize>(
    from: &[T],
    arenas: [&mut [T]; N],
    gradients: &[T],
    work: impl Fn(&[T], [&mut [T]; N], &[T]) + Sync,
) {
    if gradients.len() < PARALLEL || parallel::current_threads() == 1 {
        return work(from, arenas, gradients);
    }
    halves(from, arenas, gradients, &work);
}

/// Splits at a multiple of [`PIECE`] until pieces are left. `join` allocates nothing, unlike a collected list.
fn halves<T: Scalar, const N: usize>(
    from: &[T],
    arenas: [&mut [T]; N],
    gradients: &[T],
    work: &(impl Fn(&[T], [&mut [T]; N], &[T]) + Sync),
) {
    if gradients.len() <= PIECE {
        return work(from, arenas, gradients);
    }
    let middle = gradients.len().div_ceil(PIECE) / 2 * PIECE;
    let (first, second) = gradients.split_at(middle);
    let (from, from2) = from.split_at(middle);
    let mut upper = [const { None }; N];
    let lower = {
        let mut slot = upper.iter_mut();
        arenas.map(|arena| {
            let (low, high) = arena.split_at_mut(middle);
            if let Some(slot) = slot.next() {
                *slot = Some(high);
            }
            low
        })
    };
    let upper = upper.map(|half| half.unwrap_or_default());
    rayon::join(|| halves(from, lower, first, work), || halves(from2, upper, second, work));
}

#[cfg(test)]
mod tests;
