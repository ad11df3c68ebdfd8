//! The exponential moving average of the weights of a run.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::memory;
use crate::nn::Network;
use crate::nn::optimizer::approach;

/// A moving average of the weights, which smooths the noise of the last steps. It is what validation, early stopping,
/// checkpoints as models and the end of the run see; steps go on with the weights themselves.
///
/// After step t the average is a = a + c (w - a) with c = (1 - decay) / (1 - decay^t): the mean of the weights after
/// all steps of the run, those k steps ago weighted by decay^k. That is the usual decay * a + (1 - decay) * w
/// (`tf.train.ExponentialMovingAverage`) with Adam's correction of its start (Kingma & Ba 2015, section 3), so the
/// initial weights have no part in it. As the decay nears 1 it nears the mean of all steps (Polyak & Juditsky 1992).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmaOptions {
    /// How much of the average stays at a step, `[0, 1)`: about the last 1 / (1 - decay) steps count. Default 0.999.
    #[serde(default = "default_decay")]
    pub decay: f64,
}

fn default_decay() -> f64 {
    0.999
}

impl EmaOptions {
    /// # Errors
    /// `ERR_RANGE` naming the option.
    pub(super) fn validate(&self) -> Result<()> {
        if (0.0..1.0).contains(&self.decay) {
            return Ok(());
        }
        Err(Error::argument(Code::Range, "ema.decay", self.decay, "a number in [0, 1)"))
    }

    /// How far the average goes towards the weights after step `step`, which counts from 1.
    fn share(&self, step: u64) -> f64 {
        // 1 - decay^step without cancellation.
        let rest = -libm::expm1(step as f64 * libm::log(self.decay));
        ((1.0 - self.decay) / rest).min(1.0)
    }
}

/// The average in the making. Beside it lies what it was before the last step, which may have to be taken back.
pub(super) struct Average {
    options: EmaOptions,
    values: Vec<f32>,
    previous: Vec<f32>,
    steps: u64,
    has_previous: bool,
}

impl Average {
    /// An average of nothing yet, which shows the weights as they are.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(super) fn new(options: &EmaOptions, network: &Network<f32>) -> Result<Self> {
        let weights = network.parameters().values();
        let count = weights.len();
        let zeros = || memory::zeros("parameters", format_args!("{count} of them"), &[count]);
        let (mut values, previous) = (zeros()?, zeros()?);
        values.copy_from_slice(weights);
        Ok(Average { options: options.clone(), values, previous, steps: 0, has_previous: false })
    }

    /// Goes to where a run stood after `steps` steps.
    pub(super) fn restore(&mut self, steps: u64, values: &[f32]) {
        self.values.copy_from_slice(values);
        (self.steps, self.has_previous) = (steps, false);
    }

    /// The average.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Takes in the weights after a step. Allocates nothing.
    pub(super) fn add(&mut self, weights: &[f32]) -> Result<()> {
        self.steps += 1;
        self.has_previous = true;
        let share = self.options.share(self.steps);
        if share == 1.0 {
            // a + (w - a) would be rounded.
            std::mem::swap(&mut self.values, &mut self.previous);
            self.values.copy_from_slice(weights);
            return Ok(());
        }
        approach(&mut self.values, Some(&mut self.previous), weights, share)
    }

    /// Takes the last step back, if there was one.
    pub(super) fn undo(&mut self) {
        if self.has_previous {
            self.values.copy_from_slice(&self.previous);
        }
    }

    /// Changes places with the weights of the network.
    pub(super) fn swap(&mut self, network: &mut Network<f32>) {
        network.parameters_mut().values_mut().swap_with_slice(&mut self.values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Activation, LayerConfig, ModelConfig, Output};

    fn network() -> Network<f32> {
        let layers = vec![LayerConfig::dense(3, Activation::Identity)];
        Network::new(&ModelConfig::new([2], Output::Identity, 1, layers)).unwrap()
    }

    /// Weights after step `step`.
    fn weights(step: u64, count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i as u64 + 7 * step) as f32).sin()).collect()
    }

    #[test]
    fn is_the_weighted_mean_of_the_weights_after_each_step() {
        for decay in [0.0, 0.5, 0.9, 0.9999] {
            let network = network();
            let count = network.parameters().len();
            let mut average = Average::new(&EmaOptions { decay }, &network).unwrap();
            assert_eq!(average.values(), network.parameters().values());
            for step in 1..=20u64 {
                average.add(&weights(step, count)).unwrap();
                let share = |past: u64| decay.powi((step - past) as i32);
                let total: f64 = (1..=step).map(share).sum();
                for i in 0..count {
                    let parts = (1..=step).map(|past| share(past) * f64::from(weights(past, count)[i]));
                    let (mean, got) = (parts.sum::<f64>() / total, f64::from(average.values()[i]));
                    assert!((mean - got).abs() < 1e-6, "decay {decay}, step {step}: {got} for {mean}");
                }
            }
        }
    }

    #[test]
    fn a_mean_of_nothing_else_is_exact() {
        let network = network();
        let count = network.parameters().len();
        for (decay, steps) in [(0.999, 1), (0.0, 5)] {
            let mut average = Average::new(&EmaOptions { decay }, &network).unwrap();
            (1..=steps).for_each(|step| average.add(&weights(step, count)).unwrap());
            assert_eq!(average.values(), weights(steps, count), "decay {decay}");
        }
    }

    #[test]
    fn a_step_is_taken_back_once() {
        let network = network();
        let count = network.parameters().len();
        let mut average = Average::new(&EmaOptions { decay: 0.9 }, &network).unwrap();
        average.undo();
        assert_eq!(average.values(), network.parameters().values());
        for step in 1..4 {
            let before = average.values().to_vec();
            average.add(&vec![f32::INFINITY; count]).unwrap();
            average.undo();
            assert_eq!(average.values(), before, "step {step}");
            average.add(&weights(step, count)).unwrap();
        }
    }

    #[test]
    fn a_decay_that_keeps_all_or_is_no_number_is_refused() {
        for decay in [-0.1, 1.0, 1.5, f64::NAN] {
            assert_eq!(EmaOptions { decay }.validate().unwrap_err().code(), Code::Range, "{decay}");
        }
        EmaOptions { decay: 0.0 }.validate().unwrap();
    }
}
