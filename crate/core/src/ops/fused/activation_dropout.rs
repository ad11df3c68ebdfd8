//! y = residual + d(f(x + b)) and its gradient.

use std::marker::PhantomData;

use super::curve::with_curve;
use super::input::check_length;
use super::layout::PARALLEL_FROM;
use super::{BackwardBlocks, ForwardBlocks, Input, Kept, Layout, Pass, RowDropout, add_vectors};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::memory::zeros;
use crate::ops::{Activation, Float};
use crate::parallel::current_threads;

/// y = residual + d(f(x + b)): a bias for every vector, an elementwise activation, dropout, and what goes past them.
///
/// A dropped element is +0 before the residual is added, whatever it was: NaN and infinities do not leak. p = 0 draws
/// nothing; p = 1 leaves the residual, and the gradient is zero.
#[derive(Clone, Copy, Debug)]
pub struct BiasActivationDropout<'a, T> {
    /// Elements of a vector: the last extent of the shape.
    pub features: usize,
    /// Added to every vector.
    pub bias: Option<&'a [T]>,
    /// f.
    pub activation: Activation,
    /// d.
    pub dropout: RowDropout<'a>,
}

impl<'a, T: Float> BiasActivationDropout<'a, T> {
    /// Writes y. x and the residual may each lie in its memory.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the lengths do not fit, `ERR_OPTION` for softmax, which is not elementwise, `ERR_ISA` for a bad
    /// forced instruction set.
    pub fn forward(&self, x: Input<'_, T>, residual: Option<Input<'_, T>>, y: &mut [T]) -> Result<()> {
        self.forward_on(Isa::active()?, x, residual, y)
    }

    /// As [`forward`](Self::forward), on an instruction set that is available.
    pub(super) fn forward_on(
        &self,
        isa: Isa,
        x: Input<'_, T>,
        residual: Option<Input<'_, T>>,
        y: &mut [T],
    ) -> Result<()> {
        x.check("x", y.len())?;
        residual.map_or(Ok(()), |residual| residual.check("residual", y.len()))?;
        let Some(layout) = self.layout(y.len())? else { return Ok(()) };
        let parallel = goes_parallel(&layout);
        with_curve!(self.activation, A => {
            let (pass, blocks) = (self.pass::<A>(isa, layout), 0..layout.blocks());
            ForwardBlocks { pass, blocks, x, residual, y, kept: None }.run(parallel);
        });
        Ok(())
    }

    /// Writes the gradients of the loss by x and by the bias from that by y and from x; x and dy may each lie in the
    /// memory of dx. The gradient by the residual is dy itself. Where there is no bias, its gradient is that of zeros.
    ///
    /// # Errors
    /// As for [`forward`](Self::forward); `ERR_RANGE` if there is no memory for one vector of every 32.
    pub fn backward(
        &self,
        x: Input<'_, T>,
        dy: Input<'_, T>,
        dx: &mut [T],
        bias_gradient: &mut [T],
    ) -> Result<()> {
        self.backward_on(Isa::active()?, x, dy, dx, bias_gradient)
    }

    /// As [`backward`](Self::backward), on an instruction set that is available.
    pub(super) fn backward_on(
        &self,
        isa: Isa,
        x: Input<'_, T>,
        dy: Input<'_, T>,
        dx: &mut [T],
        bias_gradient: &mut [T],
    ) -> Result<()> {
        x.check("x", dx.len())?;
        dy.check("dy", dx.len())?;
        check_length("dBias", bias_gradient, self.features, "the features of a vector")?;
        bias_gradient.fill(T::ZERO);
        let Some(layout) = self.layout(dx.len())? else { return Ok(()) };
        let (parallel, blocks) = (goes_parallel(&layout), layout.blocks());
        let mut partials = zeros("x", format!("{} elements", dx.len()), &[blocks, self.features])?;
        with_curve!(self.activation, A => {
            let (pass, blocks) = (self.pass::<A>(isa, layout), 0..blocks);
            let (kept, sums) = (Kept::Recomputed(x), Some(&mut partials[..]));
            BackwardBlocks { pass, blocks, kept, dy, dx, sums }.run(parallel);
            add_vectors(isa, &partials, bias_gradient);
        });
        Ok(())
    }

    /// How the elements are arranged, if there are any, and whether all fits.
    pub(super) fn layout(&self, elements: usize) -> Result<Option<Layout>> {
        if self.activation == Activation::Softmax {
            let allowed = "an elementwise activation";
            return Err(Error::argument(Code::Option, "activation", "softmax", allowed));
        }
        if let Some(bias) = self.bias {
            check_length("bias", bias, self.features, "the features of a vector")?;
        }
        self.dropout.layout(elements, self.features)
    }

    pub(super) fn pass<A>(&self, isa: Isa, layout: Layout) -> Pass<'a, T, A> {
        let gated = self.dropout.gated(isa, &layout);
        Pass { layout, bias: self.bias, activation: PhantomData, gated }
    }
}

/// Whether more than one thread pays.
pub(super) fn goes_parallel(layout: &Layout) -> bool {
    layout.elements() >= PARALLEL_FROM && current_threads() > 1
}
