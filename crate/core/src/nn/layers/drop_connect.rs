//! DropConnect: y = d(f(x (m * W)' / q + b)) with a mask m of the weights (Wan et al. 2013).

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::mask::Mask;
use crate::nn::Scalar;
use crate::nn::config::Share;
use crate::nn::epilogue::{Epilogue, Source};
use crate::nn::product;
use crate::ops::{Scaling, dropout, dropout_in_place};
use crate::stream::{Address, Rate};

/// A dense layer whose weights [units, inputs] drop.
#[derive(Clone, Debug)]
pub(crate) struct DropConnect {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    /// Vectors of a row: the product of all its extents but the last.
    pub(crate) vectors: usize,
    /// Where the weights lie among the parameters.
    pub(crate) weight: Range<usize>,
    /// Where the bias lies, if there is one.
    pub(crate) bias: Option<Range<usize>>,
    pub(crate) rate: Rate,
    pub(crate) share: Share,
    pub(crate) site: u16,
    pub(crate) epilogue: Epilogue,
}

impl DropConnect {
    fn product(&self, rows: usize) -> product::Dense {
        product::Dense { rows: rows * self.vectors, inputs: self.inputs, units: self.units }
    }

    /// The mask of some row, its sample and step aside; none where nothing drops.
    fn mask<T: Scalar>(&self, context: &Context<'_, T>) -> Option<Mask> {
        let domain = context.mode.domain().filter(|_| !self.rate.never_drops())?;
        let shared = context.is_shared(self.share);
        let address = Address { seed: context.seed, domain, shared, site: self.site, ..Address::default() };
        Some(Mask { address, rate: self.rate })
    }

    /// Calls `each` with the mask of rows that have the same one, and which they are.
    fn for_each_mask<T: Scalar>(
        context: &Context<'_, T>,
        mask: Mask,
        mut each: impl FnMut(&Mask, Range<usize>),
    ) {
        let keys = &context.keys;
        let mut start = 0;
        while start < context.rows {
            let step = keys.steps.of(start);
            let mut end = start + 1;
            while mask.address.shared && end < context.rows && keys.steps.of(end) == step {
                end += 1;
            }
            let address = mask.address.with_sample(keys.ids[start]).with_step(step);
            each(&Mask { address, ..mask }, start..end);
            start = end;
        }
    }
}

/// Weights without those that drop.
fn thin<T: Scalar>(mask: &Mask, weight: &[T], thinned: &mut [T]) {
    dropout(mask, Scaling::Inverted, weight, thinned).expect("a matrix has fewer lanes than a stream");
}

impl<T: Scalar> Layer<T> for DropConnect {
    fn input_width(&self) -> usize {
        self.vectors * self.inputs
    }

    fn output_width(&self) -> usize {
        self.vectors * self.units
    }

    fn memory(&self, rows: usize) -> Memory {
        let elements = rows * self.vectors * self.units;
        let partials =
            if self.bias.is_some() { Epilogue::partials(rows, self.vectors) * self.units } else { 0 };
        Memory {
            kept: if self.epilogue.kept(true) { elements } else { 0 },
            // The weights that are left, and the gradient by them.
            scratch: partials + 2 * self.units * self.inputs,
            flow: 0,
        }
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        !self.rate.never_drops() || self.epilogue.drop.is_some()
    }

    fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        Some(&mut self.epilogue)
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let weight = &context.parameters[self.weight.clone()];
        match self.mask(context) {
            None => self.product(context.rows).outputs(x, weight, y),
            Some(mask) => Self::for_each_mask(context, mask, |mask, rows| {
                let thinned = &mut room.scratch[..weight.len()];
                thin(mask, weight, thinned);
                let (inputs, outputs) = (self.vectors * self.inputs, self.vectors * self.units);
                let x = &x[rows.start * inputs..rows.end * inputs];
                let y = &mut y[rows.start * outputs..rows.end * outputs];
                self.product(rows.len()).outputs(x, thinned, y);
            }),
        }
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
        let weight = &context.parameters[self.weight.clone()];
        let dz = &mut flow.current[..y.len()];
        let (thinned, scratch) = room.scratch.split_at_mut(weight.len());
        let (gradient, partials) = scratch.split_at_mut(weight.len());
        if self.bias.is_some() || !self.epilogue.is_identity(context) {
            let bias = self.bias.clone().map(|bias| &mut gradients[bias]);
            self.epilogue.backward(context, None, self.units, y, room.kept, dz, bias, partials);
        }
        let total = &mut gradients[self.weight.clone()];
        match self.mask(context) {
            None => {
                let product = self.product(context.rows);
                product.weight_gradient(dz, x, total);
                if flow.wanted {
                    product.input_gradient(dz, weight, &mut flow.spare[..x.len()]);
                }
            }
            Some(mask) => {
                total.fill(T::ZERO);
                Self::for_each_mask(context, mask, |mask, rows| {
                    let (inputs, outputs) = (self.vectors * self.inputs, self.vectors * self.units);
                    let inputs = rows.start * inputs..rows.end * inputs;
                    let dz = &dz[rows.start * outputs..rows.end * outputs];
                    let product = self.product(rows.len());
                    product.weight_gradient(dz, &x[inputs.clone()], gradient);
                    dropout_in_place(mask, Scaling::Inverted, gradient)
                        .expect("a matrix has fewer lanes than a stream");
                    for (total, gradient) in total.iter_mut().zip(&*gradient) {
                        *total += *gradient;
                    }
                    if flow.wanted {
                        thin(mask, weight, thinned);
                        product.input_gradient(dz, thinned, &mut flow.spare[inputs]);
                    }
                });
            }
        }
        if flow.wanted {
            flow.swap();
        }
    }
}
