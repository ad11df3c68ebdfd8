//! What a dropout layer does in a pass.

use super::Epilogue;
use crate::nn::Scalar;
use crate::nn::layers::Context;
use crate::stream::{Address, Rate};

/// What happens to an element after its activation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gate<T> {
    /// Nothing.
    Open,
    /// Multiplied: the inference of standard dropout.
    Scale(T),
    /// +0 whatever it was: the same where everything drops.
    Closed,
    /// Multiplied if kept, +0 if dropped.
    Select { factor: T, address: Address, rate: Rate },
}

impl<T: Scalar> Gate<T> {
    /// What the dropout of `epilogue` does in the pass of `context`.
    pub(super) fn of(epilogue: &Epilogue, context: &Context<'_, T>) -> Self {
        let Some(drop) = epilogue.drop else { return Gate::Open };
        match context.mode.domain() {
            Some(_) if drop.rate.never_drops() => Gate::Open,
            Some(domain) => Gate::Select {
                factor: T::from_f64(drop.scaling.training_factor(drop.rate)),
                address: Address { seed: context.seed, domain, site: drop.site, ..Address::default() },
                rate: drop.rate,
            },
            None => match drop.scaling.inference_factor(drop.rate) {
                1.0 => Gate::Open,
                0.0 => Gate::Closed,
                factor => Gate::Scale(T::from_f64(factor)),
            },
        }
    }

    /// What every element is multiplied by; `None` leaves the bits alone.
    pub(super) fn scale(&self) -> Option<T> {
        match self {
            Gate::Scale(factor) => Some(*factor),
            Gate::Open | Gate::Closed | Gate::Select { .. } => None,
        }
    }

    /// What the elements that are kept are multiplied by; `None` leaves their bits alone.
    pub(super) fn factor(&self) -> Option<T> {
        match self {
            Gate::Open | Gate::Closed => None,
            Gate::Scale(factor) | Gate::Select { factor, .. } => Some(*factor),
        }
    }
}
