//! A network: a configuration, its parameters, and the programs that run it.

mod normalization;
mod pass;
mod plan;
mod summary;
#[cfg(test)]
mod tests;
mod workspace;

use std::sync::Arc;

pub use summary::{LayerSummary, Summary};
pub use workspace::{Purpose, Workspace};

use super::Scalar;
use super::config::{LayerConfig, ModelConfig, Shape};
use super::parameters::Parameters;
use crate::error::{Code, Error, Result};
use crate::stream::Rate;
use plan::{Fusion, Layout, Program};

/// A network of number type `T`, ready to run.
///
/// The network itself holds parameters only; whatever a pass writes lies in a [`Workspace`], so that several
/// threads can run one network.
#[derive(Clone, Debug)]
pub struct Network<T: Scalar> {
    config: ModelConfig,
    shapes: Vec<Shape>,
    layout: Layout,
    parameters: Parameters<T>,
    buffers: Parameters<T>,
    /// Everything fused: training, and inference on a workspace for training.
    training: Arc<Program<T>>,
    /// The same with a border before the first mask: what lies before it is the same in every Monte Carlo pass.
    sampling: Arc<Program<T>>,
}

impl<T: Scalar> Network<T> {
    /// Builds the network of a configuration with its initial weights, which are a function of the seed alone.
    ///
    /// # Errors
    /// Those of [`ModelConfig::check`].
    pub fn new(config: &ModelConfig) -> Result<Self> {
        let config = config.clone().with_sites()?;
        let shapes = config.check()?;
        let (layout, parameters, buffers) = Layout::allocate(&config, &shapes)?;
        let training = Arc::new(Program::compile(&config, &shapes, &layout, Fusion::Full)?);
        let sampling = Arc::new(Program::compile(&config, &shapes, &layout, Fusion::BorderAtFirstMask)?);
        Ok(Network { config, shapes, layout, parameters, buffers, training, sampling })
    }

    /// The configuration, with the site of every mask.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The shape of a row before the first layer and after each one.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Elements of an input row.
    pub fn input_width(&self) -> usize {
        self.training.input_width()
    }

    /// Elements of an output row.
    pub fn output_width(&self) -> usize {
        self.training.output_width()
    }

    /// The trained tensors.
    pub fn parameters(&self) -> &Parameters<T> {
        &self.parameters
    }

    /// The trained tensors, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters<T> {
        &mut self.parameters
    }

    /// The tensors that belong to the model but are not trained: the moments of normalize layers.
    pub fn buffers(&self) -> &Parameters<T> {
        &self.buffers
    }

    /// The tensors that are not trained, to be changed.
    pub fn buffers_mut(&mut self) -> &mut Parameters<T> {
        &mut self.buffers
    }

    /// Changes the rates of dropout layers, given by their positions: all of them or, where one cannot be, none.
    ///
    /// # Errors
    /// `ERR_RATE` if a rate is not in [0, 1], `ERR_OPTION` if there is no dropout layer at a position.
    pub fn set_rates(&mut self, rates: &[(usize, f64)]) -> Result<()> {
        let mut layers = self.config.layers.clone();
        for &(layer, rate) in rates {
            let rate = Rate::new(rate)?;
            match layers.get_mut(layer) {
                Some(LayerConfig::Dropout(dropout)) => dropout.rate = rate.get(),
                other => {
                    let got = other.map_or("nothing", |layer| layer.kind());
                    return Err(Error::argument(
                        Code::Option,
                        "layer",
                        format!("{layer} ({got})"),
                        "the index of a dropout layer",
                    ));
                }
            }
        }
        self.config.layers = layers;
        self.training = Arc::new(Program::compile(&self.config, &self.shapes, &self.layout, Fusion::Full)?);
        self.sampling =
            Arc::new(Program::compile(&self.config, &self.shapes, &self.layout, Fusion::BorderAtFirstMask)?);
        Ok(())
    }

    fn program(&self, purpose: Purpose) -> &Arc<Program<T>> {
        match purpose {
            Purpose::Training => &self.training,
            Purpose::Inference => &self.sampling,
        }
    }
}
