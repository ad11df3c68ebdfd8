//! What follows a product: bias, activation and dropout in one pass, and their backward in one pass, which
//! yields the bias gradient too.
//!
//! y = d(f(z + b)), with f an elementwise activation and d dropout. Nothing random is stored: the keep bits are
//! made again in the backward pass, and not even that where the output tells (ReLU: y > 0 says both "gate open"
//! and "kept"). Dropping selects, it does not multiply: a dropped element is +0, and so is its gradient, even
//! where NaN or an infinity stood.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use super::Scalar;
use super::config::{Activation, Share};
use super::layers::Context;
use crate::ops::Scaling;
use crate::ops::fused::{
    BackwardBlocks, Curve, ForwardBlocks, Gate, Gated, Input, Keeps, Kept, Keys, Layout, PARALLEL_FROM, Pass,
    add_vectors, with_curve,
};
use crate::parallel;
use crate::stream::{Address, Rate};

/// The dropout of an epilogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drop {
    pub(crate) rate: Rate,
    pub(crate) scaling: Scaling,
    pub(crate) site: u16,
    pub(crate) share: Share,
}

/// An elementwise activation, then dropout; either may be absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Epilogue {
    pub(crate) activation: Activation,
    pub(crate) drop: Option<Drop>,
}

/// Where an epilogue reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a, T> {
    /// The output itself holds what the product gave; the bias, if any, is still to be added.
    InPlace { bias: Option<&'a [T]> },
    /// Other memory of the same shape.
    From(&'a [T]),
}

impl Epilogue {
    /// Gives back what it gets.
    pub(crate) const NONE: Epilogue = Epilogue { activation: Activation::Identity, drop: None };

    /// Whether the backward pass needs more than input and output: one element for each output.
    pub(crate) fn kept(&self, in_place: bool) -> bool {
        match with_curve!(self.activation, A => A::KEEPS) {
            Keeps::Output => false,
            Keeps::Activated => self.drop.is_some(),
            Keeps::Input => in_place,
        }
    }

    /// Vectors of bias gradients that are summed before their sums are, for rows of `vectors` vectors.
    pub(crate) fn partials(rows: usize, vectors: usize) -> usize {
        Layout::new(rows, vectors, 1).blocks()
    }

    /// Whether the forward pass gives its input back.
    pub(crate) fn is_identity<T: Scalar>(&self, context: &Context<'_, T>) -> bool {
        self.activation == Activation::Identity && matches!(self.gate(context), Gate::Open)
    }

    /// y = d(f(z + b)). `kept` is what [`Epilogue::kept`] asks for, or empty where no backward pass follows.
    pub(crate) fn forward<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        source: Source<'_, T>,
        width: usize,
        y: &mut [T],
        kept: &mut [T],
    ) {
        self.forward_through(self.gate(context), context, source, width, y, kept);
    }

    /// As [`Epilogue::forward`], with `gate` in place of the dropout's own.
    pub(crate) fn forward_through<T: Scalar>(
        &self,
        gate: Gate<T>,
        context: &Context<'_, T>,
        source: Source<'_, T>,
        width: usize,
        y: &mut [T],
        kept: &mut [T],
    ) {
        let (x, bias) = match source {
            Source::InPlace { bias } => (Input::InPlace, bias),
            Source::From(x) => (Input::From(x), None),
        };
        let layout = layout(context, width, y.len());
        let keeps = !kept.is_empty() && self.kept(matches!(source, Source::InPlace { .. }));
        let kept = if keeps { Some(&mut kept[..y.len()]) } else { None };
        let (gated, parallel) = (gated(gate, context, layout.width), goes_parallel(y.len()));
        with_curve!(self.activation, A => {
            let pass = Pass { layout, bias, activation: PhantomData::<A>, gated };
            ForwardBlocks { pass, blocks: 0..layout.blocks(), x, residual: None, y, kept }.run(parallel);
        });
    }

    /// dz from dy, in place; `bias_gradient` gets the sums over the rows.
    ///
    /// `x` is what the forward pass read (unused when it ran in place), `partials` has room for as many
    /// vectors of sums as [`Epilogue::partials`] says.
    pub(crate) fn backward<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: Option<&[T]>,
        width: usize,
        y: &[T],
        kept: &[T],
        dy: &mut [T],
        bias_gradient: Option<&mut [T]>,
        partials: &mut [T],
    ) {
        let gate = self.gate(context);
        self.backward_through(gate, context, x, width, y, kept, dy, bias_gradient, partials);
    }

    /// As [`Epilogue::backward`], with `gate` in place of the dropout's own.
    pub(crate) fn backward_through<T: Scalar>(
        &self,
        gate: Gate<T>,
        context: &Context<'_, T>,
        x: Option<&[T]>,
        width: usize,
        y: &[T],
        kept: &[T],
        dy: &mut [T],
        bias_gradient: Option<&mut [T]>,
        partials: &mut [T],
    ) {
        let layout = layout(context, width, y.len());
        let blocks = layout.blocks();
        let mut sums = bias_gradient.is_some().then(|| &mut partials[..blocks * width]);
        let (gated, parallel) = (gated(gate, context, layout.width), goes_parallel(y.len()));
        with_curve!(self.activation, A => {
            let pass = Pass { layout, bias: None, activation: PhantomData::<A>, gated };
            let kept = match A::KEEPS {
                Keeps::Output => Kept::Output(y),
                Keeps::Activated if self.drop.is_some() => Kept::Saved(&kept[..y.len()]),
                Keeps::Activated => Kept::Saved(y),
                Keeps::Input => x.map_or_else(|| Kept::Slope(&kept[..y.len()]), Kept::Saved),
            };
            let (dy, dx, sums) = (Input::InPlace, dy, sums.as_deref_mut());
            BackwardBlocks { pass, blocks: 0..blocks, kept, dy, dx, sums }.run(parallel);
        });
        if let (Some(gradient), Some(sums)) = (bias_gradient, sums) {
            gradient.fill(T::ZERO);
            add_vectors(context.isa, sums, gradient);
        }
    }

    /// What the dropout does in the pass of `context`.
    pub(crate) fn gate<T: Scalar>(&self, context: &Context<'_, T>) -> Gate<T> {
        let Some(Drop { rate, scaling, site, share }) = self.drop else { return Gate::Open };
        let shared = context.is_shared(share);
        let address = |domain| Address { seed: context.seed, domain, shared, site, ..Address::default() };
        Gate::new(rate, scaling, context.mode.domain().map(address))
    }
}

fn gated<'a, T: Scalar>(gate: Gate<T>, context: &Context<'a, T>, width: usize) -> Gated<'a, T> {
    let keys = Keys { ids: context.keys.ids, steps: context.keys.steps };
    Gated { isa: context.isa, gate, keys, width }
}

/// Rows of vectors of `features` elements.
fn layout<T>(context: &Context<'_, T>, features: usize, elements: usize) -> Layout {
    match elements / context.rows {
        width if width == features => Layout::rows(context.rows, features),
        width => Layout::new(context.rows, width, features),
    }
}

fn goes_parallel(elements: usize) -> bool {
    elements >= PARALLEL_FROM && parallel::current_threads() > 1
}
