//! What a step does with its gradient.

use super::FitOptions;
use super::average::Average;
use crate::error::Result;
use crate::nn::Network;
use crate::nn::optimizer::Optimizer;

/// The optimiser's rule, the limits of the layers, and the moving average that follows the weights.
pub(super) struct Update {
    pub(super) optimizer: Optimizer<f32>,
    pub(super) average: Option<Average>,
}

impl Update {
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(super) fn new(options: &FitOptions, network: &Network<f32>) -> Result<Self> {
        let optimizer = Optimizer::new(&options.optimizer, network.parameters().len())?;
        let average = options.ema.as_ref().map(|ema| Average::new(ema, network)).transpose()?;
        Ok(Update { optimizer, average })
    }

    /// Changes the weights by `gradients * scale`.
    pub(super) fn apply(
        &mut self,
        network: &mut Network<f32>,
        gradients: &[f32],
        learning_rate: f64,
        scale: f64,
    ) -> Result<()> {
        self.optimizer.step(network.parameters_mut(), gradients, learning_rate, scale)?;
        network.constrain();
        match &mut self.average {
            Some(average) => average.add(network.parameters().values()),
            None => Ok(()),
        }
    }

    /// Takes the last step back: weights and average become what they were before it. The optimiser's own state stays
    /// as it is, so a run cannot go on from here.
    pub(super) fn undo(&mut self, network: &mut Network<f32>) {
        self.optimizer.undo(network.parameters_mut());
        if let Some(average) = &mut self.average {
            average.undo();
        }
    }

    /// Does `work` on the network with the weights that a model would have now: the average, where there is one.
    pub(super) fn as_model<T>(
        &mut self,
        network: &mut Network<f32>,
        work: impl FnOnce(&Network<f32>) -> T,
    ) -> T {
        let Some(average) = &mut self.average else { return work(network) };
        average.swap(network);
        let result = work(network);
        average.swap(network);
        result
    }
}
