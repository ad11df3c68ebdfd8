//! Dense: y = d(f(x W' + b)), the epilogue d(f(. + b)) in one pass over the product.

mod thinned;

pub(crate) use thinned::Thinning;

use std::ops::Range;

use super::max_norm::limit_norms;
use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::nn::epilogue::{Epilogue, Source};
use crate::nn::product;
use thinned::Thinned;

/// Weights [units, inputs], a bias if any, an epilogue; applied to every vector of a row.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    /// Vectors of a row: the product of all its extents but the last.
    pub(crate) vectors: usize,
    /// Where the weights lie among the parameters.
    pub(crate) weight: Range<usize>,
    /// Where the bias lies, if there is one.
    pub(crate) bias: Option<Range<usize>>,
    pub(crate) epilogue: Epilogue,
    /// The largest norm of a unit's weights.
    pub(crate) max_norm: Option<f64>,
    pub(crate) thinning: Thinning,
}

impl Dense {
    fn product(&self, rows: usize) -> product::Dense {
        product::Dense { rows: rows * self.vectors, inputs: self.inputs, units: self.units }
    }
}

impl<T: Scalar> Layer<T> for Dense {
    fn input_width(&self) -> usize {
        self.vectors * self.inputs
    }

    fn output_width(&self) -> usize {
        self.vectors * self.units
    }

    fn memory(&self, rows: usize) -> Memory {
        let partials =
            if self.bias.is_some() { Epilogue::partials(rows, self.vectors) * self.units } else { 0 };
        Memory {
            kept: if self.epilogue.kept(true) { rows * self.vectors * self.units } else { 0 },
            scratch: partials + self.thinning.scratch(self.inputs, self.units),
            flow: 0,
        }
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        self.epilogue.drop.is_some()
    }

    fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        Some(&mut self.epilogue)
    }

    fn thinning_mut(&mut self) -> Option<&mut Thinning> {
        // Of rows of several vectors a mask drops features of each vector by itself.
        (self.vectors == 1).then_some(&mut self.thinning)
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        if let Some(thinned) = Thinned::new(self, context) {
            return thinned.forward(context, x, y, room);
        }
        self.product(context.rows).outputs(x, &context.parameters[self.weight.clone()], y);
        let bias = self.bias.clone().map(|bias| &context.parameters[bias]);
        if bias.is_some() || !self.epilogue.is_identity(context) {
            self.epilogue.forward(context, Source::InPlace { bias }, self.units, y, room.kept);
        }
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        room: Room<'_, T>,
    ) {
        if let Some(thinned) = Thinned::new(self, context) {
            return thinned.backward(context, x, y, flow, gradients, room);
        }
        let dz = &mut flow.current[..y.len()];
        if self.bias.is_some() || !self.epilogue.is_identity(context) {
            let bias = self.bias.clone().map(|bias| &mut gradients[bias]);
            self.epilogue.backward(context, None, self.units, y, room.kept, dz, bias, room.scratch);
        }
        let product = self.product(context.rows);
        product.weight_gradient(dz, x, &mut gradients[self.weight.clone()]);
        if flow.wanted {
            let weight = &context.parameters[self.weight.clone()];
            product.input_gradient(dz, weight, &mut flow.spare[..x.len()]);
            flow.swap();
        }
    }

    fn constrain(&self, parameters: &mut [T]) {
        if let Some(most) = self.max_norm {
            limit_norms(&mut parameters[self.weight.clone()], self.inputs, most);
        }
    }
}
