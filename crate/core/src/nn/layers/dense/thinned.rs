//! Dense layers in a thinned network (Srivastava et al. 2014, section 2): where all rows have one mask, the units it
//! drops leave the products. The layer that drops hands on the kept features alone, one after another, and the layer
//! after it takes them with the columns of its weights that belong to them.

mod features;
mod gather;

pub(crate) use features::Features;

use super::Dense;
use crate::nn::Scalar;
use crate::nn::epilogue::{Drop, Source};
use crate::nn::layers::{Context, Flow, Room};
use crate::nn::product;
use crate::ops::fused::Gate;
use gather::{gather_matrix, gather_vector, scatter_matrix, scatter_vector};

/// What a layer may leave out, as far as its neighbours do the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Thinning {
    /// The dropout of the layer before, which leaves what it drops from all rows out of its output.
    pub(crate) input: Option<Drop>,
    /// Whether the layer after takes an output without what this one's dropout drops from all rows.
    pub(crate) output: bool,
}

impl Thinning {
    /// Elements of scratch for a layer of so many inputs and units, beside the sums of its bias gradient: the weights
    /// that are left (or the gradient by them), and the bias.
    pub(super) fn scratch(&self, inputs: usize, units: usize) -> usize {
        if self.input.is_some() || self.output { inputs * units + units } else { 0 }
    }
}

/// A dense layer in one pass: the features that its input and its output keep.
pub(super) struct Thinned<'a> {
    layer: &'a Dense,
    inputs: Features,
    units: Features,
}

impl<'a> Thinned<'a> {
    /// `None` where nothing is left out in this pass.
    pub(super) fn new<T: Scalar>(layer: &'a Dense, context: &Context<'_, T>) -> Option<Self> {
        let Thinning { input, output } = layer.thinning;
        let inputs = input.and_then(|drop| Features::kept(context, drop, layer.inputs));
        let units = layer.epilogue.drop.filter(|_| output);
        let units = units.and_then(|drop| Features::kept(context, drop, layer.units));
        if inputs.is_none() && units.is_none() {
            return None;
        }
        let inputs = inputs.unwrap_or_else(|| Features::all(layer.inputs));
        Some(Thinned { layer, inputs, units: units.unwrap_or_else(|| Features::all(layer.units)) })
    }

    fn product(&self, rows: usize) -> product::Dense {
        product::Dense { rows, inputs: self.inputs.count(), units: self.units.count() }
    }

    /// What is left of the layer's own dropout: where it drops units as such, their scale.
    fn gate<T: Scalar>(&self, context: &Context<'_, T>) -> Gate<T> {
        match self.layer.epilogue.gate(context) {
            Gate::Select { factor, .. } if self.units.leave_out() => Gate::Scale(factor),
            gate => gate,
        }
    }

    pub(super) fn forward<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &mut [T],
        room: Room<'_, T>,
    ) {
        let Dense { weight, bias, epilogue, .. } = self.layer;
        let Thinned { inputs, units, .. } = self;
        let (x, y) = (&x[..context.rows * inputs.count()], &mut y[..context.rows * units.count()]);
        let (weights, rest) = room.scratch.split_at_mut(inputs.count() * units.count());
        gather_matrix(&context.parameters[weight.clone()], units, inputs, weights);
        self.product(context.rows).outputs(x, weights, y);
        let bias = bias.clone().map(|bias| {
            let kept = &mut rest[..units.count()];
            gather_vector(&context.parameters[bias], units, kept);
            &*kept
        });
        epilogue.forward_through(
            self.gate(context),
            context,
            Source::InPlace { bias },
            units.count(),
            y,
            room.kept,
        );
    }

    pub(super) fn backward<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        room: Room<'_, T>,
    ) {
        let Dense { weight, bias, epilogue, .. } = self.layer;
        let Thinned { inputs, units, .. } = self;
        let (x, y) = (&x[..context.rows * inputs.count()], &y[..context.rows * units.count()]);
        let (weights, rest) = room.scratch.split_at_mut(inputs.count() * units.count());
        let (kept_bias, partials) = rest.split_at_mut(units.count());
        let dz = &mut flow.current[..y.len()];
        let bias_gradient = bias.is_some().then_some(&mut *kept_bias);
        let gate = self.gate(context);
        epilogue.backward_through(
            gate,
            context,
            None,
            units.count(),
            y,
            room.kept,
            dz,
            bias_gradient,
            partials,
        );
        if let Some(bias) = bias.clone() {
            scatter_vector(kept_bias, units, &mut gradients[bias]);
        }
        let product = self.product(context.rows);
        product.weight_gradient(dz, x, weights);
        scatter_matrix(weights, units, inputs, &mut gradients[weight.clone()]);
        if flow.wanted {
            gather_matrix(&context.parameters[weight.clone()], units, inputs, weights);
            product.input_gradient(dz, weights, &mut flow.spare[..x.len()]);
            flow.swap();
        }
    }
}
