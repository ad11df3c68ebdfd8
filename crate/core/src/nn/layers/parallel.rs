//! Parallel branches with one input, added or put side by side.

use super::{Context, Flow, Layer, Memory, Room, Sequence};
use crate::nn::Scalar;
use crate::nn::config::Combine;

/// Branches, each with the last extent of its output.
#[derive(Debug)]
pub(crate) struct Parallel<T: Scalar> {
    pub(crate) input: usize,
    pub(crate) branches: Vec<(Sequence<T>, usize)>,
    pub(crate) combine: Combine,
}

impl<T: Scalar> Parallel<T> {
    /// Elements of all branches' outputs.
    fn all(&self) -> usize {
        self.branches.iter().map(|(branch, _)| branch.output_width()).sum()
    }

    /// The last extent of the result.
    fn features(&self) -> usize {
        match self.combine {
            Combine::Add => self.branches[0].1,
            Combine::Concatenate => self.branches.iter().map(|(_, features)| features).sum(),
        }
    }

    /// Calls `each` with the parts of `result` that belong to a branch, and those of the branch, in turn.
    fn parts(
        &self,
        features: usize,
        before: usize,
        length: usize,
        mut each: impl FnMut(std::ops::Range<usize>, std::ops::Range<usize>),
    ) {
        match self.combine {
            Combine::Add => each(0..length, 0..length),
            Combine::Concatenate => {
                for vector in 0..length / features {
                    let start = vector * self.features() + before;
                    each(start..start + features, vector * features..(vector + 1) * features);
                }
            }
        }
    }
}

impl<T: Scalar> Layer<T> for Parallel<T> {
    fn input_width(&self) -> usize {
        self.input
    }

    fn output_width(&self) -> usize {
        match self.combine {
            Combine::Add => self.branches[0].0.output_width(),
            Combine::Concatenate => self.all(),
        }
    }

    fn memory(&self, rows: usize) -> Memory {
        let mut memory = Memory { kept: rows * self.all(), scratch: 0, flow: rows * self.output_width() };
        for (branch, _) in &self.branches {
            let inner = branch.memory(rows);
            memory.kept += inner.kept;
            memory.scratch = memory.scratch.max(inner.scratch);
            memory.flow = memory.flow.max(inner.flow).max(rows * branch.output_width());
        }
        // The gradient of the output and the sum of those of the input; in inference the branches' outputs.
        memory.scratch += rows * (self.output_width() + self.input).max(self.all());
        memory
    }

    fn trains(&self) -> bool {
        self.branches.iter().any(|(branch, _)| branch.trains())
    }

    fn draws(&self) -> bool {
        self.branches.iter().any(|(branch, _)| branch.draws())
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let Room { mut kept, scratch } = room;
        let (mut turns, scratch) =
            scratch.split_at_mut(if context.keeps { 0 } else { context.rows * self.all() });
        let mut before = 0;
        for (index, (branch, features)) in self.branches.iter().enumerate() {
            let length = context.rows * branch.output_width();
            let output = if context.keeps { &mut kept } else { &mut turns };
            let (output, rest) = std::mem::take(output).split_at_mut(length);
            let own = if context.keeps {
                let (own, rest) = rest.split_at_mut(branch.memory(context.rows).kept);
                kept = rest;
                own
            } else {
                turns = rest;
                &mut []
            };
            branch.forward(context, x, output, Room { kept: own, scratch: &mut *scratch });
            let adds = index > 0 && self.combine == Combine::Add;
            self.parts(*features, before, length, |to, from| {
                for (y, output) in y[to].iter_mut().zip(&output[from]) {
                    *y = if adds { *y + *output } else { *output };
                }
            });
            before += features;
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
        let mut kept = room.kept;
        let (dy, scratch) = room.scratch.split_at_mut(y.len());
        let (dx, scratch) = scratch.split_at_mut(x.len());
        dy.copy_from_slice(&flow.current[..y.len()]);
        dx.fill(T::ZERO);
        let mut before = 0;
        for (branch, features) in &self.branches {
            let length = context.rows * branch.output_width();
            let (output, rest) = kept.split_at_mut(length);
            let (own, rest) = rest.split_at_mut(branch.memory(context.rows).kept);
            kept = rest;
            self.parts(*features, before, length, |from, to| flow.current[to].copy_from_slice(&dy[from]));
            before += features;
            branch.backward(context, x, output, flow, gradients, Room { kept: own, scratch: &mut *scratch });
            if flow.wanted {
                for (dx, gradient) in dx.iter_mut().zip(&flow.current[..x.len()]) {
                    *dx += *gradient;
                }
            }
        }
        if flow.wanted {
            flow.current[..x.len()].copy_from_slice(dx);
        }
    }

    fn penalty(&self, parameters: &[T], gradients: &mut [T]) -> T {
        let mut sum = T::ZERO;
        for (layer, _) in &self.branches {
            sum += layer.penalty(parameters, gradients);
        }
        sum
    }

    fn constrain(&self, parameters: &mut [T]) {
        for (layer, _) in &self.branches {
            layer.constrain(parameters);
        }
    }

    fn update(&self, rows: usize, kept: &[T], buffers: &mut [T]) {
        let mut kept = kept;
        for (branch, _) in &self.branches {
            let (own, rest) = kept[rows * branch.output_width()..].split_at(branch.memory(rows).kept);
            branch.update(rows, own, buffers);
            kept = rest;
        }
    }
}
