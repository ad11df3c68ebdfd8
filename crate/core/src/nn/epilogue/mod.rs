//! What follows a product: bias, activation and dropout in one pass, and their backward in one pass, which
//! yields the bias gradient too.
//!
//! y = d(f(z + b)), with f an elementwise activation and d dropout. Nothing random is stored: the keep bits are
//! made again in the backward pass, and not even that where the output tells (ReLU: y > 0 says both "gate open"
//! and "kept"). Dropping selects, it does not multiply: a dropped element is +0, and so is its gradient, even
//! where NaN or an infinity stood.

mod backward;
mod chunk;
pub(crate) mod curve;
mod forward;
mod gate;

use backward::BackwardRows;
use curve::{Curve, Keeps, with_curve};
use forward::ForwardRows;
use gate::Gate;

use super::Scalar;
use super::config::Activation;
use super::layers::Context;
use crate::ops::Scaling;
use crate::parallel;
use crate::stream::Rate;
use crate::stream::bernoulli::words_per_row;

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

    /// 64-bit words of keep bits that a pass needs for a row.
    pub(crate) fn words(&self, width: usize) -> usize {
        if self.drop.is_some() { words_per_row(width) } else { 0 }
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
        words: &mut [u64],
    ) {
        let parallel = goes_parallel(y.len());
        let gate = Gate::of(self, context);
        let (input, bias) = match source {
            Source::InPlace { bias } => (None, bias),
            Source::From(x) => (Some(x), None),
        };
        with_curve!(self.activation, A => {
            let rows = y.len() / width;
            let words = if gate.draws() { &mut words[..rows * words_per_row(width)] } else { &mut [][..] };
            let kept = (!kept.is_empty() && (A::KEEPS != Keeps::Input || input.is_none())).then(|| &mut kept[..y.len()]);
            ForwardRows::<T, A>::new(gate, context.keys, width, input, bias, y, kept, words).run(context.isa, parallel);
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
        words: &mut [u64],
    ) {
        let parallel = goes_parallel(y.len());
        let gate = Gate::of(self, context);
        let rows = y.len() / width;
        let blocks = rows.div_ceil(BLOCK_ROWS);
        let partials = if bias_gradient.is_some() { &mut partials[..blocks * width] } else { &mut [][..] };
        with_curve!(self.activation, A => {
            let draws = gate.draws() && !A::ZERO_IS_FLAT;
            let words = if draws { &mut words[..rows * words_per_row(width)] } else { &mut [][..] };
            let kept = match A::KEEPS {
                Keeps::Output => y,
                Keeps::Activated => if self.drop.is_some() { &kept[..y.len()] } else { y },
                Keeps::Input => x.unwrap_or_else(|| &kept[..y.len()]),
            };
            let sums = bias_gradient.is_some().then_some(&mut *partials);
            BackwardRows::<T, A>::new(gate, context.keys, width, kept, dy, sums, words).run(context.isa, parallel);
        });
        if let Some(gradient) = bias_gradient {
            add_rows(partials, gradient);
        }
    }
}

/// The sum of rows, from the first to the last.
fn add_rows<T: Scalar>(rows: &[T], sum: &mut [T]) {
    sum.fill(T::ZERO);
    for row in rows.chunks_exact(sum.len()) {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += *value;
        }
    }
}

fn goes_parallel(elements: usize) -> bool {
    elements >= PARALLEL_FROM && parallel::current_threads() > 1
}
