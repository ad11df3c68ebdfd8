//! Gaussian and alpha dropout.

mod kernel;

pub(crate) use kernel::Noise;

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::mask::Mask;
use crate::nn::Scalar;
use crate::nn::config::Share;
use crate::ops::noise::Rows;
use crate::stream::{Address, Rate};

/// Which noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoiseKind {
    /// y = x (1 + sqrt(p / (1 - p)) n), n ~ N(0, 1).
    Gaussian,
    /// y = a (x where kept, alpha' where dropped) + b.
    Alpha,
}

/// Noise on single elements in training; the identity in inference.
#[derive(Clone, Debug)]
pub(crate) struct Noisy {
    pub(crate) width: usize,
    pub(crate) kind: NoiseKind,
    /// Above 0.
    pub(crate) rate: Rate,
    pub(crate) site: u16,
}

impl Noisy {
    /// Calls `each` with the recipe of rows that share a step and their elements, if there is noise.
    fn for_each_part<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        mut each: impl FnMut(&Mask, Rows<'_>, Range<usize>),
    ) {
        let (width, site) = (self.width, self.site);
        for_each_step(context, site, |address, rows| {
            let ids = &context.keys.ids[rows.clone()];
            let mask = Mask { address: *address, rate: self.rate };
            each(&mask, Rows::ByIds { ids, width }, rows.start * width..rows.end * width);
        });
    }
}

/// Calls `each` for neighbouring rows that share a step, with the address of their random numbers, their samples aside;
/// never in inference.
pub(super) fn for_each_step<T: Scalar>(
    context: &Context<'_, T>,
    site: u16,
    mut each: impl FnMut(&Address, Range<usize>),
) {
    let Some(domain) = context.mode.domain() else { return };
    let shared = context.is_shared(Share::None);
    let address = Address { seed: context.seed, domain, shared, site, ..Address::default() };
    let steps = &context.keys.steps;
    let mut start = 0;
    while start < context.rows {
        let step = steps.of(start);
        let mut end = start + 1;
        while end < context.rows && steps.of(end) == step {
            end += 1;
        }
        each(&address.with_step(step), start..end);
        start = end;
    }
}

impl<T: Scalar> Layer<T> for Noisy {
    fn input_width(&self) -> usize {
        self.width
    }

    fn output_width(&self) -> usize {
        self.width
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn draws(&self) -> bool {
        true
    }

    fn is_identity(&self, context: &Context<'_, T>) -> bool {
        context.mode.domain().is_none()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        y.copy_from_slice(x);
        self.for_each_part(context, |mask, rows, elements| match self.kind {
            NoiseKind::Gaussian => T::gaussian(context.isa, mask, rows, &mut y[elements]),
            NoiseKind::Alpha => T::alpha(context.isa, mask, rows, &mut y[elements]),
        });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        _x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        let gradient = &mut flow.current[..y.len()];
        self.for_each_part(context, |mask, rows, elements| match self.kind {
            NoiseKind::Gaussian => T::gaussian(context.isa, mask, rows, &mut gradient[elements]),
            NoiseKind::Alpha => T::alpha_back(context.isa, mask, rows, &mut gradient[elements]),
        });
    }
}
