//! A network: a configuration, its parameters, and the programs that run it.

mod ids;
mod layout;
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
use super::config::{IdColumns, LayerPath, ModelConfig, Shape};
use super::loss::{Loss, LossConfig};
use super::parameters::Parameters;
use crate::error::{Code, Error, Result};
use crate::ops::Dual;
use crate::stream::Rate;
use layout::Places;
use plan::{Fusion, Program};

/// A network of number type `T`, ready to run.
///
/// The network itself holds parameters only; whatever a pass writes lies in a [`Workspace`], so that several
/// threads can run one network.
#[derive(Clone, Debug)]
pub struct Network<T: Scalar> {
    config: ModelConfig,
    shapes: Vec<Shape>,
    /// The columns of a row of the input that must be ids.
    ids: Vec<IdColumns>,
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
        let ids = config.id_columns(&shapes[0])?;
        let (parameters, buffers) = layout::allocate(&config, &shapes)?;
        let compile = |fusion| {
            let places = Places::new(&parameters, &buffers);
            Program::compile(&config.layers, &shapes[0], places, fusion).map(Arc::new)
        };
        let (training, sampling) = (compile(Fusion::Full)?, compile(Fusion::BorderAtFirstMask)?);
        Ok(Network { config, shapes, ids, parameters, buffers, training, sampling })
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

    /// The shape of an input row.
    pub fn input_shape(&self) -> &Shape {
        &self.shapes[0]
    }

    /// Elements of an output vector: the last extent of an output row.
    pub fn output_features(&self) -> usize {
        self.shapes[self.shapes.len() - 1].last()
    }

    /// A loss of this network's output, at each step of a row where it has several.
    ///
    /// # Errors
    /// Those of [`Loss::new`].
    pub fn loss(&self, config: &LossConfig) -> Result<Loss> {
        let features = self.output_features();
        Ok(Loss::new(config, self.config.output, features)?.over(self.output_width() / features))
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

    /// Changes the rates of layers that drop: all of them or, where one cannot be, none. A layer is given by its
    /// position, one within a block by the positions that lead to it, outermost first (in parallel branches the branch,
    /// then the layer).
    ///
    /// # Errors
    /// `ERR_RATE` if a rate is not in [0, 1], `ERR_OPTION` if nothing drops at a position.
    pub fn set_rates(&mut self, rates: &[(LayerPath, f64)]) -> Result<()> {
        let mut config = self.config.clone();
        for (path, rate) in rates {
            let rate = Rate::new(*rate)?;
            let layer = path.find(&mut config.layers);
            let kind = layer.as_ref().map_or("nothing", |layer| layer.kind());
            if !layer.is_some_and(|layer| layer.describe_mut().set_rate(rate)) {
                let got = format!("{path} ({kind})");
                return Err(Error::argument(Code::Option, "layer", got, "the place of a layer that drops"));
            }
        }
        self.config = config;
        (self.training, self.sampling) =
            (self.compile(Fusion::Full)?, self.compile(Fusion::BorderAtFirstMask)?);
        Ok(())
    }

    /// The same network in dual numbers, with `direction` as the tangents of its parameters: each of its passes gives,
    /// beside the values, their derivatives in that direction. The tangents of the gradients that
    /// [`Network::backward`] then writes are the product of the Hessian with `direction`.
    ///
    /// ```
    /// use inverted_dropout::nn::{Activation, LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys};
    /// use inverted_dropout::ops::Dual;
    ///
    /// // y = w x, with the loss y^2 = w^2 x^2: its second derivative is 2 x^2.
    /// let mut layer = LayerConfig::dense(1, Activation::Identity);
    /// if let LayerConfig::Dense(dense) = &mut layer {
    ///     dense.bias = false;
    /// }
    /// let network = Network::<f64>::new(&ModelConfig::new([1], Output::Identity, 1, vec![layer]))?;
    /// let dual = network.with_tangents(&[1.0])?;
    /// let (x, mut gradients) = ([Dual::constant(3.0)], [Dual::default()]);
    /// let mut workspace = dual.workspace(1, Purpose::Training)?;
    /// dual.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference)?;
    /// let (y, dy) = workspace.output_and_gradient();
    /// dy[0] = y[0] + y[0];
    /// dual.backward(&mut workspace, &x, RowKeys::NONE, Mode::Inference, &mut gradients)?;
    /// assert_eq!(gradients[0].tangent, 18.0);
    /// # Ok::<(), inverted_dropout::Error>(())
    /// ```
    ///
    /// # Errors
    /// `ERR_SHAPE` if `direction` has not one number for each parameter, `ERR_RANGE` if there is no memory for twice the
    /// parameters.
    pub fn with_tangents(&self, direction: &[T]) -> Result<Network<Dual<T>>> {
        if direction.len() != self.parameters.len() {
            let (got, allowed) =
                (direction.len(), format!("{} numbers, one for each parameter", self.parameters.len()));
            return Err(Error::argument(Code::Shape, "direction", format!("{got} numbers"), allowed));
        }
        let mut dual = Network::<Dual<T>>::new(&self.config)?;
        let pairs = self.parameters.values().iter().zip(direction);
        for (dual, (value, tangent)) in dual.parameters.values_mut().iter_mut().zip(pairs) {
            *dual = Dual::new(*value, *tangent);
        }
        for (dual, value) in dual.buffers.values_mut().iter_mut().zip(self.buffers.values()) {
            *dual = Dual::constant(*value);
        }
        Ok(dual)
    }

    fn compile(&self, fusion: Fusion) -> Result<Arc<Program<T>>> {
        let places = Places::new(&self.parameters, &self.buffers);
        Ok(Arc::new(Program::compile(&self.config.layers, &self.shapes[0], places, fusion)?))
    }

    fn program(&self, purpose: Purpose) -> &Arc<Program<T>> {
        match purpose {
            Purpose::Training => &self.training,
            Purpose::Inference => &self.sampling,
        }
    }
}
