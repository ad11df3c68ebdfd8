//! Operations one after another inside of a block: what the network itself does, on memory that the block is lent.
//!
//! What a sequence keeps for its backward pass lies in this order: the outputs of all operations but the last, which
//! writes the block's own output, then what each operation keeps itself.

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room, thin};
use crate::nn::Scalar;

/// Some operations, none at all being the identity.
#[derive(Debug)]
pub(crate) struct Sequence<T: Scalar> {
    layers: Vec<Box<dyn Layer<T>>>,
    width: usize,
}

impl<T: Scalar> Sequence<T> {
    /// Operations on rows of `width` elements.
    pub(crate) fn new(mut layers: Vec<Box<dyn Layer<T>>>, width: usize) -> Self {
        thin(&mut layers);
        Sequence { layers, width }
    }

    /// The operations whose outputs are not the block's.
    fn inner(&self) -> &[Box<dyn Layer<T>>] {
        &self.layers[..self.layers.len().saturating_sub(1)]
    }

    /// Elements of the outputs before operation `index`.
    fn outputs_before(&self, index: usize, rows: usize) -> usize {
        self.inner()[..index.min(self.inner().len())].iter().map(|layer| rows * layer.output_width()).sum()
    }

    /// Where the output of operation `index` lies among those of all operations but the last.
    fn output_of(&self, index: usize, rows: usize) -> Range<usize> {
        self.outputs_before(index, rows)..self.outputs_before(index + 1, rows)
    }

    /// Where lies what operation `index` keeps, behind the outputs.
    fn kept_of(&self, index: usize, rows: usize) -> Range<usize> {
        let start = self.layers[..index].iter().map(|layer| layer.memory(rows).kept).sum();
        start..start + self.layers[index].memory(rows).kept
    }

    /// The largest output of all operations but the last.
    fn widest(&self, rows: usize) -> usize {
        self.inner().iter().map(|layer| rows * layer.output_width()).max().unwrap_or(0)
    }

    /// Every operation keeps its output.
    fn forward_keeping(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let rows = context.rows;
        let (outputs, kept) = room.kept.split_at_mut(self.outputs_before(self.layers.len(), rows));
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, after) = outputs.split_at_mut(self.outputs_before(index, rows));
            let x = if index == 0 { x } else { &before[self.output_of(index - 1, rows)] };
            let y =
                if index == self.inner().len() { &mut *y } else { &mut after[..rows * layer.output_width()] };
            let kept = &mut kept[self.kept_of(index, rows)];
            layer.forward(context, x, y, Room { kept, scratch: &mut *room.scratch });
        }
    }

    /// Two buffers take turns.
    fn forward_only(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let rows = context.rows;
        let widest = self.widest(rows);
        let (turns, scratch) = room.scratch.split_at_mut(2 * widest);
        for (index, layer) in self.layers.iter().enumerate() {
            let (even, odd) = turns.split_at_mut(widest);
            let (before, after) = if index % 2 == 0 { (odd, even) } else { (even, odd) };
            let x = if index == 0 { x } else { &before[..rows * self.layers[index - 1].output_width()] };
            let y =
                if index == self.inner().len() { &mut *y } else { &mut after[..rows * layer.output_width()] };
            layer.forward(context, x, y, Room { kept: &mut [], scratch: &mut *scratch });
        }
    }
}

impl<T: Scalar> Layer<T> for Sequence<T> {
    fn input_width(&self) -> usize {
        self.width
    }

    fn output_width(&self) -> usize {
        self.layers.last().map_or(self.width, |layer| layer.output_width())
    }

    fn memory(&self, rows: usize) -> Memory {
        let (mut kept, mut scratch) = (self.outputs_before(self.layers.len(), rows), 0);
        let mut flow = self.widest(rows).max(rows * self.width);
        for layer in &self.layers {
            let memory = layer.memory(rows);
            kept += memory.kept;
            scratch = memory.scratch.max(scratch);
            flow = memory.flow.max(flow);
        }
        // Inference lets outputs take turns where training keeps them.
        Memory { kept, scratch: scratch + 2 * self.widest(rows), flow }
    }

    fn trains(&self) -> bool {
        self.layers.iter().any(|layer| layer.trains())
    }

    fn draws(&self) -> bool {
        self.layers.iter().any(|layer| layer.draws())
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        if self.layers.is_empty() {
            y.copy_from_slice(x);
        } else if context.keeps {
            self.forward_keeping(context, x, y, room);
        } else {
            self.forward_only(context, x, y, room);
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
        let rows = context.rows;
        let (outputs, kept) = room.kept.split_at_mut(self.outputs_before(self.layers.len(), rows));
        let wanted = flow.wanted;
        let first_trained = self.layers.iter().position(|layer| layer.trains()).unwrap_or(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate().rev() {
            if !wanted && index < first_trained {
                break;
            }
            let x = if index == 0 { x } else { &outputs[self.output_of(index - 1, rows)] };
            let y = if index == self.inner().len() { y } else { &outputs[self.output_of(index, rows)] };
            flow.wanted = wanted || index > first_trained;
            let kept = &mut kept[self.kept_of(index, rows)];
            layer.backward(context, x, y, flow, gradients, Room { kept, scratch: &mut *room.scratch });
        }
        flow.wanted = wanted;
    }

    fn penalty(&self, parameters: &[T], gradients: &mut [T]) -> T {
        let mut sum = T::ZERO;
        for layer in &self.layers {
            sum += layer.penalty(parameters, gradients);
        }
        sum
    }

    fn constrain(&self, parameters: &mut [T]) {
        for layer in &self.layers {
            layer.constrain(parameters);
        }
    }

    fn update(&self, rows: usize, kept: &[T], buffers: &mut [T]) {
        let kept = &kept[self.outputs_before(self.layers.len(), rows)..];
        for (index, layer) in self.layers.iter().enumerate() {
            layer.update(rows, &kept[self.kept_of(index, rows)], buffers);
        }
    }
}
