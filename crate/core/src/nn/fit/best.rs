//! What the model was at its best epoch.

use crate::error::Result;
use crate::nn::Network;
use crate::nn::file::{BEST, BEST_BUFFERS, Container, TensorRef};

/// The weights of an epoch, and the running statistics that belong to them.
pub(super) struct Best {
    weights: Vec<f32>,
    buffers: Vec<f32>,
}

impl Best {
    /// Room for a model like this.
    pub(super) fn like(network: &Network<f32>) -> Self {
        Best { weights: vec![0.0; network.parameters().len()], buffers: vec![0.0; network.buffers().len()] }
    }

    /// Keeps these weights, the model's own or their moving average, and the model's statistics.
    pub(super) fn keep(&mut self, weights: &[f32], network: &Network<f32>) {
        self.weights.copy_from_slice(weights);
        self.buffers.copy_from_slice(network.buffers().values());
    }

    /// Makes the model what it was then.
    pub(super) fn restore(&self, network: &mut Network<f32>) {
        network.parameters_mut().values_mut().copy_from_slice(&self.weights);
        network.buffers_mut().values_mut().copy_from_slice(&self.buffers);
    }

    /// The tensors of a checkpoint.
    pub(super) fn tensors(&self) -> impl Iterator<Item = TensorRef<'_>> {
        let tensor =
            |name: &str, data| TensorRef { name: name.to_owned(), shape: vec![<[f32]>::len(data)], data };
        let buffers = (!self.buffers.is_empty()).then(|| tensor(BEST_BUFFERS, &self.buffers));
        std::iter::once(tensor(BEST, &self.weights)).chain(buffers)
    }

    /// Reads the tensors of a checkpoint. Returns their names.
    pub(super) fn read(&mut self, container: &Container<'_>) -> Result<&'static [&'static str]> {
        container.read(BEST, &[self.weights.len()], &mut self.weights)?;
        if self.buffers.is_empty() {
            return Ok(&[BEST]);
        }
        container.read(BEST_BUFFERS, &[self.buffers.len()], &mut self.buffers)?;
        Ok(&[BEST, BEST_BUFFERS])
    }
}
