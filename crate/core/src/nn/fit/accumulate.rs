//! Gradient accumulation: a batch is worked off in parts whose gradients add up to that of the batch.
//!
//! The gradient of a part is that of its mean loss, so the batch's is their mean, weighted by what the parts weigh: rows
//! with their weights, classes and steps that count. It is built up part by part, g = g + (w / W) (g_part - g) with W
//! the weight so far, which needs no second look at the data and cannot overflow where the parts do not.

use crate::error::Result;
use crate::memory;
use crate::nn::Network;
use crate::nn::loss::WeightedSum;
use crate::nn::optimizer::approach;

/// What a batch in parts needs beside the memory of a part.
pub(super) struct Accumulation {
    /// The gradient of the part under way; empty where batches have one part.
    gradients: Vec<f32>,
    /// The running statistics before the batch, likewise.
    buffers: Vec<f32>,
}

/// Rows of a part, where batches of `batch_size` rows are worked off in `parts` parts.
pub(in crate::nn) fn rows_of_part(batch_size: usize, parts: usize) -> usize {
    batch_size.div_ceil(parts)
}

impl Accumulation {
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(super) fn new(network: &Network<f32>, parts: usize) -> Result<Self> {
        let (parameters, buffers) = match parts {
            1 => (0, 0),
            _ => (network.parameters().len(), network.buffers().len()),
        };
        let zeros = |count: usize| memory::zeros("parameters", format_args!("{count} of them"), &[count]);
        Ok(Accumulation { gradients: zeros(parameters)?, buffers: zeros(buffers)? })
    }

    /// Remembers the running statistics before the first of several parts.
    pub(super) fn begin(&mut self, network: &Network<f32>) {
        self.buffers.copy_from_slice(network.buffers().values());
    }

    /// Takes the running statistics of the first parts back where the batch came to nothing.
    pub(super) fn give_up(&self, network: &mut Network<f32>) {
        network.buffers_mut().values_mut().copy_from_slice(&self.buffers);
    }

    /// Where the gradient of a part goes that is not the first of its batch.
    pub(super) fn part(&mut self) -> &mut [f32] {
        &mut self.gradients
    }

    /// Takes the part's gradient into `gradients`, that of the parts before; `part` is its loss, `sum` that of all parts
    /// so far, this one included.
    pub(super) fn add(&self, gradients: &mut [f32], part: WeightedSum, sum: WeightedSum) -> Result<()> {
        if part.weight == 0.0 {
            return Ok(()); // where nothing has any weight yet the gradient is 0 as it is
        }
        approach(gradients, None, &self.gradients, part.weight / sum.weight)
    }
}
