//! What dropout does to elements, and doing it.

use super::bits::{Bits, Keys};
use super::layout::Tile;
use crate::isa::{Isa, Kernel};
use crate::ops::{Float, Scaling};
use crate::stream::{Address, Rate};

/// What happens to the elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gate<T> {
    /// Nothing.
    Open,
    /// All are multiplied: the inference of standard dropout.
    Scale(T),
    /// All become +0 whatever they were.
    Closed,
    /// Multiplied if kept, +0 if dropped.
    Select { factor: T, address: Address, rate: Rate },
}

impl<T: Float> Gate<T> {
    /// The gate of a dropout; without an address it is that of inference.
    pub(crate) fn new(rate: Rate, scaling: Scaling, address: Option<Address>) -> Self {
        match address {
            Some(_) if rate.never_drops() => Gate::Open,
            Some(_) if rate.always_drops() => Gate::Closed,
            Some(address) => {
                Gate::Select { factor: T::from_f64(scaling.training_factor(rate)), address, rate }
            }
            None => match scaling.inference_factor(rate) {
                1.0 => Gate::Open,
                0.0 => Gate::Closed,
                factor => Gate::Scale(T::from_f64(factor)),
            },
        }
    }

    /// The same without a factor for what is kept.
    pub(crate) fn unscaled(self) -> Self {
        match self {
            Gate::Scale(_) => Gate::Open,
            Gate::Select { address, rate, .. } => Gate::Select { factor: T::ONE, address, rate },
            Gate::Open | Gate::Closed => self,
        }
    }

    /// What the elements that are kept are multiplied by; `None` leaves their bits alone.
    pub(crate) fn factor(&self) -> Option<T> {
        match self {
            Gate::Open | Gate::Closed => None,
            Gate::Scale(factor) | Gate::Select { factor, .. } => Some(*factor),
        }
    }
}

/// A gate and the rows it is applied to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gated<'a, T> {
    pub(crate) isa: Isa,
    pub(crate) gate: Gate<T>,
    pub(crate) keys: Keys<'a>,
    /// Lanes of a sample.
    pub(crate) width: usize,
}

impl<T: Float> Gated<'_, T> {
    /// Drops and scales the elements of a tile, in place.
    pub(crate) fn apply(&self, tile: &Tile, bits: &mut Bits, values: &mut [T]) {
        match self.gate {
            Gate::Open => {}
            Gate::Scale(factor) => T::dispatch(self.isa, Multiply { values, factor }),
            Gate::Closed => values.fill(T::ZERO),
            Gate::Select { factor, address, rate } => {
                bits.draw(self.isa, &address, rate, self.keys, tile, self.width);
                bits.select(self.isa, tile.lanes.len(), factor, values);
            }
        }
    }

    /// The same gate without a factor.
    pub(crate) fn unscaled(self) -> Self {
        Gated { gate: self.gate.unscaled(), ..self }
    }
}

struct Multiply<'a, T> {
    values: &'a mut [T],
    factor: T,
}

impl<T: Float> Kernel for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.values {
            *value = *value * self.factor;
        }
    }
}
