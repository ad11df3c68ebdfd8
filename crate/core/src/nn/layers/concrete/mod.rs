//! Concrete dropout: y = x (1 - z) / (1 - p) with a learnt p (Gal, Hron & Kendall 2017).

mod kernel;

pub(crate) use kernel::{ConcreteGates, Relaxed};

use super::noise::for_each_step;
use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::ops::noise::Rows;

/// A relaxed mask on single elements in training; the identity in inference.
#[derive(Clone, Debug)]
pub(crate) struct ConcreteDropout {
    pub(crate) width: usize,
    /// Masks of a step: what the regulariser counts.
    pub(crate) features: usize,
    /// Where the logit of p lies among the parameters.
    pub(crate) logit: usize,
    pub(crate) temperature: f64,
    pub(crate) regularizer: f64,
    pub(crate) site: u16,
}

impl ConcreteDropout {
    /// Calls `each` for rows that share a step, with their elements, if there is noise.
    fn for_each_part<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        mut each: impl FnMut(&Relaxed<T>, Rows<'_>, std::ops::Range<usize>),
    ) {
        let width = self.width;
        let logit = context.parameters[self.logit];
        for_each_step(context, self.site, |address, rows| {
            let relaxed = Relaxed { address: *address, logit, temperature: self.temperature };
            let ids = &context.keys.ids[rows.clone()];
            each(&relaxed, Rows::ByIds { ids, width }, rows.start * width..rows.end * width);
        });
    }
}

impl<T: Scalar> Layer<T> for ConcreteDropout {
    fn input_width(&self) -> usize {
        self.width
    }

    fn output_width(&self) -> usize {
        self.width
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        true
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        y.copy_from_slice(x);
        self.for_each_part(context, |relaxed, rows, elements| {
            T::concrete(relaxed, rows, &mut y[elements]);
        });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        let gradient = &mut flow.current[..y.len()];
        let mut by_logit = T::ZERO.widen();
        self.for_each_part(context, |relaxed, rows, elements| {
            by_logit += T::concrete_back(relaxed, rows, &x[elements.clone()], &mut gradient[elements]);
        });
        gradients[self.logit] = T::narrow(by_logit);
    }

    /// regularizer features (p ln p + q ln q), whose derivative by the logit l is regularizer features p q l.
    fn penalty(&self, parameters: &[T], gradients: &mut [T]) -> T {
        let factor = T::from_f64(self.regularizer * self.features as f64);
        let logit = parameters[self.logit];
        // From the tail that does not cancel: with s = e^-|l|, the smaller of p and q is s / (1 + s).
        let tail = (-logit.abs()).exp();
        let (large, small) = (T::ONE / (T::ONE + tail), tail / (T::ONE + tail));
        let log = tail.ln_1p();
        gradients[self.logit] += factor * large * small * logit;
        -factor * (large * log + small * (log + logit.abs()))
    }
}
