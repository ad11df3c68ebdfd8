//! Residual: y = x + m F(x) / q, with one m for each row (He et al. 2016; Huang et al. 2016, stochastic depth).

use super::{Context, Flow, Layer, Memory, Room, Sequence};
use crate::nn::Scalar;
use crate::nn::config::Share;
use crate::ops::Scaling;
use crate::ops::fused::Gate;
use crate::stream::reference::keep_lane;
use crate::stream::{Address, Rate};

/// A branch beside the identity.
#[derive(Debug)]
pub(crate) struct Residual<T: Scalar> {
    pub(crate) branch: Sequence<T>,
    pub(crate) drop: Option<DropPath>,
}

/// The dropout of whole branches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DropPath {
    pub(crate) rate: Rate,
    pub(crate) site: u16,
}

impl DropPath {
    /// Multiplies each row by its factor: 1 / q where its branch is kept, and +0 in its place where it is dropped.
    fn apply<T: Scalar>(&self, context: &Context<'_, T>, width: usize, values: &mut [T]) {
        let shared = context.is_shared(Share::None);
        let (seed, site) = (context.seed, self.site);
        let address = |domain| Address { seed, domain, shared, site, ..Address::default() };
        let gate = Gate::<T>::new(self.rate, Scaling::Inverted, context.mode.domain().map(address));
        for (row, values) in values.chunks_exact_mut(width).enumerate() {
            let kept = match gate {
                Gate::Open | Gate::Scale(_) => continue,
                Gate::Closed => false,
                Gate::Select { address, rate, .. } => {
                    let address =
                        address.with_sample(context.keys.ids[row]).with_step(context.keys.steps.of(row));
                    keep_lane(&address, 0, rate)
                }
            };
            match gate.factor() {
                Some(factor) if kept => values.iter_mut().for_each(|value| *value = *value * factor),
                _ => values.fill(T::ZERO),
            }
        }
    }
}

impl<T: Scalar> Layer<T> for Residual<T> {
    fn input_width(&self) -> usize {
        self.branch.input_width()
    }

    fn output_width(&self) -> usize {
        self.branch.input_width()
    }

    fn memory(&self, rows: usize) -> Memory {
        let inner = self.branch.memory(rows);
        let elements = rows * self.input_width();
        // What the branch gave is kept: operations may look at their output in the backward pass.
        Memory { kept: inner.kept + elements, scratch: inner.scratch + elements, flow: inner.flow }
    }

    fn trains(&self) -> bool {
        self.branch.trains()
    }

    fn draws(&self) -> bool {
        self.drop.is_some() || self.branch.draws()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let Room { kept, scratch } = room;
        let (branch, kept, scratch) = if context.keeps {
            let (branch, kept) = kept.split_at_mut(x.len());
            (branch, kept, scratch)
        } else {
            let (branch, scratch) = scratch.split_at_mut(x.len());
            (branch, kept, scratch)
        };
        self.branch.forward(context, x, branch, Room { kept, scratch });
        y.copy_from_slice(branch);
        if let Some(drop) = &self.drop {
            drop.apply(context, self.input_width(), y);
        }
        for (y, x) in y.iter_mut().zip(x) {
            *y += *x;
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
        let (branch, kept) = room.kept.split_at_mut(y.len());
        let (passing, scratch) = room.scratch.split_at_mut(y.len());
        passing.copy_from_slice(&flow.current[..y.len()]);
        if let Some(drop) = &self.drop {
            drop.apply(context, self.input_width(), &mut flow.current[..y.len()]);
        }
        self.branch.backward(context, x, branch, flow, gradients, Room { kept, scratch });
        if flow.wanted {
            for (gradient, passing) in flow.current[..x.len()].iter_mut().zip(passing) {
                *gradient += *passing;
            }
        }
    }

    fn update(&self, rows: usize, kept: &[T], buffers: &mut [T]) {
        self.branch.update(rows, &kept[rows * self.input_width()..], buffers);
    }
}
