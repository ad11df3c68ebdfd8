//! Fitting normalize layers to data.

use super::{Network, Purpose};
use crate::error::Result;
use crate::nn::layers::Moments;
use crate::nn::{Mode, RowKeys, Scalar};

/// Rows that are run at a time; the result does not depend on it.
const ROWS: usize = 256;

impl<T: Scalar> Network<T> {
    /// Whether the network has normalize layers.
    pub fn has_normalization(&self) -> bool {
        !self.sampling.normalizers.is_empty()
    }

    /// Fits every normalize layer to the rows of `x`: the mean and the population standard deviation of each
    /// feature that reaches it, with dropout off. Layers before it are run, first to last.
    ///
    /// # Errors
    /// As [`Network::forward`].
    pub fn fit_normalization(&mut self, x: &[T]) -> Result<()> {
        self.fit_normalization_by(|_, take| take(x))
    }

    /// The same for rows that come in parts: `read` passes all of them on, once for each layer.
    pub(crate) fn fit_normalization_by(
        &mut self,
        mut read: impl FnMut(&Self, &mut dyn FnMut(&[T]) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let width = self.input_width();
        let mut workspace = self.workspace(ROWS, Purpose::Inference)?;
        for (operation, layer) in self.sampling.normalizers.clone() {
            let mut moments = Moments::new(layer.width);
            read(self, &mut |x| {
                for rows in x.chunks(ROWS * width) {
                    if operation == 0 {
                        moments.add(rows);
                    } else {
                        self.run(&mut workspace, 0..operation, rows, RowKeys::NONE, Mode::Inference)?;
                        moments.add(workspace.output());
                    }
                }
                Ok(())
            })?;
            let buffers = self.buffers.values_mut();
            for feature in 0..layer.width {
                let (mean, inverse_deviation) = moments.of(feature, layer.epsilon);
                buffers[layer.mean.start + feature] = T::from_f64(mean);
                buffers[layer.inverse_deviation.start + feature] = T::from_f64(inverse_deviation);
            }
        }
        Ok(())
    }
}
