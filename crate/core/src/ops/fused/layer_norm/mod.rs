//! y = gamma (z - mean(z)) / sqrt(var(z) + epsilon) + beta with z = residual + d(f(x + b)), and its gradient.
//!
//! Ba, Kiros & Hinton 2016, "Layer normalization", equations 3 and 4; the order of a transformer's post-norm block
//! (Vaswani et al. 2017). The variance is that of the vector's elements, divided by their number.

mod backward;
mod forward;

use super::activation_dropout::goes_parallel;
use super::curve::with_curve;
use super::input::check_length;
use super::{BiasActivationDropout, Input, add_vectors};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::memory::zeros;
use crate::ops::Float;
use backward::{NormBackward, Norms, Sums};
use forward::NormForward;

/// What is added to the variance where nothing else is asked for.
pub const EPSILON: f64 = 1e-5;

/// y = layerNorm(residual + d(f(x + b))) gamma + beta, over vectors of `inner.features` elements.
#[derive(Clone, Copy, Debug)]
pub struct BiasActivationDropoutLayerNorm<'a, T> {
    /// What is normalised.
    pub inner: BiasActivationDropout<'a, T>,
    /// What normalised elements are multiplied by, one for each feature.
    pub gamma: &'a [T],
    /// What is then added, one for each feature.
    pub beta: &'a [T],
    /// Added to the variance, above 0: [`EPSILON`] is usual.
    pub epsilon: f64,
}

/// What the backward pass reads.
#[derive(Clone, Copy, Debug)]
pub struct LayerNormInputs<'a, T> {
    /// x of the forward pass.
    pub x: Input<'a, T>,
    /// The residual of the forward pass, if there was one.
    pub residual: Option<Input<'a, T>>,
    /// The mean of each vector, as the forward pass gave it.
    pub mean: &'a [T],
    /// 1 / sqrt(var + epsilon) of each vector, as the forward pass gave it.
    pub inverse_deviation: &'a [T],
    /// The gradient of the loss by y.
    pub dy: Input<'a, T>,
}

/// What the backward pass writes.
#[derive(Debug)]
pub struct LayerNormGradients<'a, T> {
    /// The gradient by x, in whose memory inputs may lie.
    pub x: &'a mut [T],
    /// The gradient by the residual, if it is wanted.
    pub residual: Option<&'a mut [T]>,
    /// The gradient by the bias; that of zeros where there is none.
    pub bias: &'a mut [T],
    /// The gradient by gamma.
    pub gamma: &'a mut [T],
    /// The gradient by beta.
    pub beta: &'a mut [T],
}

impl<T: Float> BiasActivationDropoutLayerNorm<'_, T> {
    /// Writes y, and of each vector the mean and 1 / sqrt(var + epsilon). x and the residual may each lie in the memory
    /// of y.
    ///
    /// # Errors
    /// As [`BiasActivationDropout::forward`]; `ERR_RANGE` for an epsilon that is not above 0.
    pub fn forward(
        &self,
        x: Input<'_, T>,
        residual: Option<Input<'_, T>>,
        y: &mut [T],
        mean: &mut [T],
        inverse_deviation: &mut [T],
    ) -> Result<()> {
        self.forward_on(Isa::active()?, x, residual, y, mean, inverse_deviation)
    }

    /// As [`forward`](Self::forward), on an instruction set that is available.
    pub(super) fn forward_on(
        &self,
        isa: Isa,
        x: Input<'_, T>,
        residual: Option<Input<'_, T>>,
        y: &mut [T],
        mean: &mut [T],
        inverse_deviation: &mut [T],
    ) -> Result<()> {
        x.check("x", y.len())?;
        residual.map_or(Ok(()), |residual| residual.check("residual", y.len()))?;
        self.check(y.len(), mean, inverse_deviation)?;
        let Some(layout) = self.inner.layout(y.len())? else { return Ok(()) };
        let parallel = goes_parallel(&layout);
        with_curve!(self.inner.activation, A => {
            let (pass, blocks) = (self.inner.pass::<A>(isa, layout), 0..layout.blocks());
            let (gamma, beta, epsilon) = (self.gamma, self.beta, T::from_f64(self.epsilon));
            NormForward { pass, gamma, beta, epsilon, blocks, x, residual, y, mean, inverse_deviation }.run(parallel);
        });
        Ok(())
    }

    /// Writes the gradients.
    ///
    /// # Errors
    /// As for [`forward`](Self::forward); `ERR_RANGE` if there is no memory for three vectors of every 32.
    pub fn backward(
        &self,
        inputs: LayerNormInputs<'_, T>,
        gradients: LayerNormGradients<'_, T>,
    ) -> Result<()> {
        self.backward_on(Isa::active()?, inputs, gradients)
    }

    /// As [`backward`](Self::backward), on an instruction set that is available.
    pub(super) fn backward_on(
        &self,
        isa: Isa,
        inputs: LayerNormInputs<'_, T>,
        gradients: LayerNormGradients<'_, T>,
    ) -> Result<()> {
        let LayerNormInputs { x, residual, mean, inverse_deviation, dy } = inputs;
        let LayerNormGradients { x: dx, residual: dresidual, bias, gamma, beta } = gradients;
        let (elements, features) = (dx.len(), self.inner.features);
        x.check("x", elements)?;
        dy.check("dy", elements)?;
        residual.map_or(Ok(()), |residual| residual.check("residual", elements))?;
        dresidual
            .as_ref()
            .map_or(Ok(()), |values| check_length("dResidual", values, elements, "as x has"))?;
        self.check(elements, mean, inverse_deviation)?;
        for (name, sums) in [("dBias", &mut *bias), ("dGamma", &mut *gamma), ("dBeta", &mut *beta)] {
            check_length(name, sums, features, "the features of a vector")?;
            sums.fill(T::ZERO);
        }
        let Some(layout) = self.inner.layout(elements)? else { return Ok(()) };
        let (parallel, blocks) = (goes_parallel(&layout), layout.blocks());
        let partials = || zeros("x", format!("{elements} elements"), &[blocks, features]);
        let mut partials = [partials()?, partials()?, partials()?];
        let [bias_sums, gamma_sums, beta_sums] = &mut partials;
        with_curve!(self.inner.activation, A => {
            let pass = self.inner.pass::<A>(isa, layout);
            let sums = Sums { bias: bias_sums, gamma: gamma_sums, beta: beta_sums };
            let norms = Norms { mean, inverse_deviation };
            let (blocks, factors) = (0..blocks, self.gamma);
            NormBackward { pass, gamma: factors, blocks, x, residual, norms, dy, dx, dresidual, sums }.run(parallel);
            for (sums, partials) in [bias, gamma, beta].into_iter().zip(&partials) {
                add_vectors(isa, partials, sums);
            }
        });
        Ok(())
    }

    fn check(&self, elements: usize, mean: &[T], inverse_deviation: &[T]) -> Result<()> {
        let features = self.inner.features;
        check_length("gamma", self.gamma, features, "the features of a vector")?;
        check_length("beta", self.beta, features, "the features of a vector")?;
        let vectors = elements.checked_div(features).unwrap_or(0);
        check_length("mean", mean, vectors, "one for each vector")?;
        check_length("inverseDeviation", inverse_deviation, vectors, "one for each vector")?;
        if T::from_f64(self.epsilon) > T::ZERO && self.epsilon.is_finite() {
            return Ok(());
        }
        Err(Error::argument(Code::Range, "epsilon", self.epsilon, "a finite number above 0"))
    }
}
