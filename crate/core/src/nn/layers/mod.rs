//! The layers that do the work, planned from a configuration.

mod attention;
mod batch_norm;
mod concrete;
mod convolution;
mod dense;
mod drop_connect;
mod elementwise;
mod embedding;
mod layer_norm;
mod max_norm;
mod noise;
mod normalize;
mod parallel;
mod pooling;
mod positional;
mod recurrent;
mod residual;
mod select;
mod sequence;
mod softmax;
mod split;
mod structured;
#[cfg(test)]
mod tests;
mod transpose;

pub(crate) use attention::{Attend, SelfAttention};
pub(crate) use batch_norm::BatchNorm;
pub(crate) use concrete::{ConcreteDropout, ConcreteGates};
pub(crate) use convolution::{Convolution, Convolve, Shape as ConvolutionShape};
pub(crate) use dense::{Dense, Thinning};
pub(crate) use drop_connect::DropConnect;
pub(crate) use elementwise::Elementwise;
pub(crate) use embedding::Embedding;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use noise::{Noise, NoiseKind, Noisy};
pub(crate) use normalize::{Moments, Normalize};
pub(crate) use parallel::Parallel;
pub(crate) use pooling::{GlobalAveragePool, Pool, Pool2d};
pub(crate) use positional::Positional;
pub(crate) use recurrent::{Gru, Lstm, Recurrent, Rnn};
pub(crate) use residual::{DropPath, Residual};
pub(crate) use select::Select;
pub(crate) use sequence::Sequence;
pub(crate) use softmax::Softmax;
pub(crate) use structured::StructuredDropout;
pub(crate) use transpose::Transpose;

use std::fmt::Debug;

use super::config::Share;
use super::epilogue::Epilogue;
use super::{Mode, RowKeys, Scalar};
use crate::isa::Isa;

/// What every layer may read in a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a, T> {
    pub(crate) isa: Isa,
    pub(crate) mode: Mode,
    pub(crate) seed: u64,
    pub(crate) keys: RowKeys<'a>,
    pub(crate) rows: usize,
    /// Whether a backward pass follows, for which layers keep what it needs.
    pub(crate) keeps: bool,
    pub(crate) parameters: &'a [T],
    pub(crate) buffers: &'a [T],
}

impl<T> Context<'_, T> {
    /// Whether all rows have one mask.
    pub(crate) fn is_shared(&self, share: Share) -> bool {
        self.keys.shared || share == Share::Batch
    }
}

/// Memory that a layer needs beside its input and output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Elements kept from the forward to the backward pass.
    pub(crate) kept: usize,
    /// Elements of scratch, in the forward and in the backward pass; shared with the other layers.
    pub(crate) scratch: usize,
    /// Elements of each half of the [`Flow`], if that is more than its input and its output have.
    pub(crate) flow: usize,
}

/// The memory that a layer asked for. `kept` is empty where no backward pass follows.
pub(crate) struct Room<'a, T> {
    pub(crate) kept: &'a mut [T],
    pub(crate) scratch: &'a mut [T],
}

/// The gradient on its way back: `current` holds dL/dy when a layer is called and must hold dL/dx when it
/// returns; `spare` is free memory of at least the same size, and the two may be swapped.
pub(crate) struct Flow<'a, T> {
    pub(crate) current: &'a mut [T],
    pub(crate) spare: &'a mut [T],
    /// Whether anybody reads dL/dx.
    pub(crate) wanted: bool,
}

impl<T> Flow<'_, T> {
    pub(crate) fn swap(&mut self) {
        std::mem::swap(&mut self.current, &mut self.spare);
    }
}

/// Has neighbours that both can leave out what the first one's dropout drops from all rows do so.
pub(crate) fn thin<T: Scalar>(layers: &mut [Box<dyn Layer<T>>]) {
    for index in 1..layers.len() {
        let [before, after] = &mut layers[index - 1..=index] else { unreachable!("two neighbours") };
        let drop = before.epilogue_mut().and_then(|epilogue| epilogue.drop);
        let Some(drop) = drop.filter(|drop| drop.share == Share::Batch) else { continue };
        if let (Some(before), Some(after)) = (before.thinning_mut(), after.thinning_mut()) {
            (before.output, after.input) = (true, Some(drop));
        }
    }
}

/// One operation of a planned network. Rows are row-major; widths are elements of a row.
pub(crate) trait Layer<T: Scalar>: Debug + Send + Sync {
    /// Elements of an input row.
    fn input_width(&self) -> usize;

    /// Elements of an output row.
    fn output_width(&self) -> usize;

    /// Memory for `rows` rows.
    fn memory(&self, rows: usize) -> Memory;

    /// Whether it has parameters.
    fn trains(&self) -> bool {
        false
    }

    /// Whether it draws a mask.
    fn draws(&self) -> bool {
        false
    }

    /// What is done to its output in the same pass, where something can be.
    fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        None
    }

    /// What it leaves out where a dropout drops features from all rows; `None` if it cannot leave out anything.
    fn thinning_mut(&mut self) -> Option<&mut Thinning> {
        None
    }

    /// Whether the forward pass would only copy.
    fn is_identity(&self, _context: &Context<'_, T>) -> bool {
        false
    }

    /// y from x.
    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>);

    /// dL/dx from dL/dy and the layer's part of `gradients`, which it overwrites.
    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        room: Room<'_, T>,
    );

    /// What the layer adds to the loss of a training step beside what the data say. Adds the gradient of it to
    /// `gradients`.
    fn penalty(&self, _parameters: &[T], _gradients: &mut [T]) -> T {
        T::ZERO
    }

    /// Brings the parameters back to where the layer allows them, after the optimiser's step.
    fn constrain(&self, _parameters: &mut [T]) {}

    /// What a training step changes beside the parameters: running statistics, from what the forward pass kept.
    fn update(&self, _rows: usize, _kept: &[T], _buffers: &mut [T]) {}
}
