//! What follows a product: bias, activation and dropout in one pass, and their backward in one pass, which
//! yields the bias gradient too.
//!
//! y = d(f(z + b)), with f an elementwise activation and d dropout. Nothing random is stored: the keep bits are
//! made again in the backward pass, and not even that where the output tells (ReLU: y > 0 says both "gate open"
//! and "kept"). Dropping selects, it does not multiply: a dropped element is +0, and so is its gradient, even
//! where NaN or an infinity stood.

mod backward;
mod bits;
pub(crate) mod curve;
mod forward;
mod gate;
#[cfg(test)]
mod tests;
mod tile;

use std::marker::PhantomData;

use backward::{AddRows, BackwardRows};
use curve::{Curve, Keeps, with_curve};
use forward::ForwardRows;
use gate::Gate;

use super::Scalar;
use super::config::Activation;
use super::layers::Context;
use crate::isa::dispatch;
use crate::ops::Scaling;
use crate::parallel;
use crate::stream::Rate;

/// Rows whose bias gradients are summed in order before the sums of such blocks are, so that the result does
/// not depend on how the rows are split over threads.
pub(crate) const BLOCK_ROWS: usize = 32;

/// Elements from which on more than one thread pays.
const PARALLEL_FROM: usize = 1 << 17;

/// The dropout of an epilogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drop {
    pub(crate) rate: Rate,
    pub(crate) scaling: Scaling,
    pub(crate) site: u16,
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

    /// Whether the forward pass gives its input back.
    pub(crate) fn is_identity<T: Scalar>(&self, context: &Context<'_, T>) -> bool {
        self.activation == Activation::Identity && matches!(Gate::<T>::of(self, context), Gate::Open)
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
        let bias = match source {
            Source::InPlace { bias } => bias,
            Source::From(x) => {
                y.copy_from_slice(x);
                None
            }
        };
        let gate = Gate::of(self, context);
        let keeps = !kept.is_empty() && self.kept(matches!(source, Source::InPlace { .. }));
        let kept = if keeps { Some(&mut kept[..y.len()]) } else { None };
        let parallel = goes_parallel(y.len());
        with_curve!(self.activation, A => {
            let keys = context.keys;
            let activation = PhantomData::<A>;
            ForwardRows { gate, keys, width, bias, y, kept, activation }.run(context.isa, parallel);
        });
    }

    /// dz from dy, in place; `bias_gradient` gets the sums over the rows.
    ///
    /// `x` is what the forward pass read (unused when it ran in place), `partials` has room for one row of sums for
    /// each begun block of [`BLOCK_ROWS`] rows.
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
        let gate = Gate::of(self, context);
        let blocks = context.rows.div_ceil(BLOCK_ROWS);
        let mut sums = bias_gradient.is_some().then(|| &mut partials[..blocks * width]);
        let parallel = goes_parallel(y.len());
        with_curve!(self.activation, A => {
            let kept = match A::KEEPS {
                Keeps::Activated if self.drop.is_some() => &kept[..y.len()],
                Keeps::Output | Keeps::Activated => y,
                Keeps::Input => x.unwrap_or_else(|| &kept[..y.len()]),
            };
            let (keys, gradient, sums) = (context.keys, dy, sums.as_deref_mut());
            let activation = PhantomData::<A>;
            BackwardRows { gate, keys, width, kept, gradient, sums, activation }.run(context.isa, parallel);
        });
        if let (Some(gradient), Some(rows)) = (bias_gradient, sums) {
            gradient.fill(T::ZERO);
            dispatch(context.isa, AddRows { rows, sums: gradient });
        }
    }
}

fn goes_parallel(elements: usize) -> bool {
    elements >= PARALLEL_FROM && parallel::current_threads() > 1
}
