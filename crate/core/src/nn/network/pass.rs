//! Forward and backward passes.

use std::ops::Range;

use super::plan::Program;
use super::{Network, Purpose, Workspace};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::nn::layers::{Context, Flow, Room};
use crate::nn::{Mode, RowKeys, Scalar};
use crate::stream::bernoulli::Steps;

impl<T: Scalar> Network<T> {
    /// Runs the network on the rows of `x`; the result is [`Workspace::output`].
    ///
    /// `keys` name the masks of the rows; [`Mode::Inference`] draws none and needs none.
    ///
    /// # Errors
    /// `ERR_SHAPE` if `x` is not whole rows, has more of them than the workspace, or `keys` has another number;
    /// `ERR_EMPTY` if there are no rows; `ERR_RANGE` if what an embedding reads is not an id of it; `ERR_ISA` if a forced instruction set is missing; `ERR_RANGE` if there is no
    /// memory to plan anew after a change of rates.
    pub fn forward(
        &self,
        workspace: &mut Workspace<T>,
        x: &[T],
        keys: RowKeys<'_>,
        mode: Mode,
    ) -> Result<()> {
        let operations = self.program(workspace.purpose).layers.len();
        self.run(workspace, 0..operations, x, keys, mode)
    }

    /// Elements of a row at the border that [`Network::forward_prefix`] runs up to.
    pub fn prefix_width(&self) -> usize {
        match self.sampling.layers[..self.sampling.prefix].last() {
            Some(layer) => layer.output_width(),
            None => self.input_width(),
        }
    }

    /// Runs what comes before the first mask: the same in every Monte Carlo pass. Needs a workspace for
    /// inference.
    ///
    /// # Errors
    /// As [`Network::forward`]; `ERR_OPTION` if the workspace is for training.
    pub fn forward_prefix(
        &self,
        workspace: &mut Workspace<T>,
        x: &[T],
        lengths: Option<&[u32]>,
    ) -> Result<()> {
        needs(workspace, Purpose::Inference)?;
        let keys = RowKeys { lengths, ..RowKeys::NONE };
        self.run(workspace, 0..self.sampling.prefix, x, keys, Mode::Inference)
    }

    /// Runs the rest on rows of [`Network::prefix_width`] elements that [`Network::forward_prefix`] gave,
    /// repeated as often as there are passes. Needs a workspace for inference.
    ///
    /// # Errors
    /// As [`Network::forward`]; `ERR_OPTION` if the workspace is for training.
    pub fn forward_suffix(
        &self,
        workspace: &mut Workspace<T>,
        x: &[T],
        keys: RowKeys<'_>,
        mode: Mode,
    ) -> Result<()> {
        needs(workspace, Purpose::Inference)?;
        self.run(workspace, self.sampling.prefix..self.sampling.layers.len(), x, keys, mode)
    }

    /// The gradients of all parameters, in their layout, from [`Workspace::output_gradient_mut`].
    ///
    /// `x`, `keys` and `mode` are those of the forward pass that went before in the same workspace.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the lengths are not those of that pass, `ERR_OPTION` if the workspace is for inference or rates
    /// were changed since.
    pub fn backward(
        &self,
        workspace: &mut Workspace<T>,
        x: &[T],
        keys: RowKeys<'_>,
        mode: Mode,
        gradients: &mut [T],
    ) -> Result<()> {
        needs(workspace, Purpose::Training)?;
        if !workspace.is_for(&self.training) {
            let got = "one whose forward pass ran before dropout rates were changed";
            return Err(Error::argument(Code::Option, "workspace", got, "that of the forward pass"));
        }
        expect("gradients", gradients.len(), self.parameters.len(), "one for each parameter")?;
        expect("x", x.len(), workspace.rows * self.input_width(), "the rows of the forward pass")?;
        let context = self.context(workspace.rows, keys, mode, true)?;
        let Workspace { outputs, places, kept, scratch, gradients: flowing, .. } = workspace;
        let [current, spare] = flowing;
        let mut flow = Flow { current, spare, wanted: true };
        let Program { layers, first_trained, .. } = &*self.training;
        for (index, layer) in layers.iter().enumerate().skip(*first_trained).rev() {
            if places[index] == places[index + 1] {
                continue; // the forward pass skipped it as an identity
            }
            let x = match places[index] {
                Some(place) => &outputs[place],
                None => x,
            };
            let y = &outputs[index];
            flow.wanted = index > *first_trained;
            layer.backward(
                &context,
                &x[..context.rows * layer.input_width()],
                &y[..context.rows * layer.output_width()],
                &mut flow,
                gradients,
                Room { kept: &mut kept[index], scratch },
            );
        }
        Ok(())
    }

    /// Takes in what a training step changes beside the parameters, from its forward pass: running statistics.
    ///
    /// # Errors
    /// `ERR_OPTION` as [`Network::backward`].
    pub fn update_buffers(&mut self, workspace: &Workspace<T>) -> Result<()> {
        needs(workspace, Purpose::Training)?;
        if self.buffers.is_empty() || !workspace.is_for(&self.training) {
            return Ok(());
        }
        let buffers = self.buffers.values_mut();
        for (layer, kept) in self.training.layers.iter().zip(&workspace.kept) {
            layer.update(workspace.rows, &kept[..layer.memory(workspace.rows).kept], buffers);
        }
        Ok(())
    }

    /// What layers add to the loss of a training step beside what the data say: the regularisers of learnt rates. Adds
    /// their gradient to `gradients`.
    ///
    /// # Errors
    /// `ERR_SHAPE` if there is not a gradient for each parameter.
    pub fn penalty(&self, gradients: &mut [T]) -> Result<T> {
        expect("gradients", gradients.len(), self.parameters.len(), "one for each parameter")?;
        let mut sum = T::ZERO;
        for layer in &self.training.layers {
            sum += layer.penalty(self.parameters.values(), gradients);
        }
        Ok(sum)
    }

    /// Brings the parameters back to where layers allow them, after an optimiser's step: norms to their limits.
    pub fn constrain(&mut self) {
        for layer in &self.training.layers {
            layer.constrain(self.parameters.values_mut());
        }
    }

    /// Runs some operations of the workspace's program.
    pub(super) fn run(
        &self,
        workspace: &mut Workspace<T>,
        operations: Range<usize>,
        x: &[T],
        keys: RowKeys<'_>,
        mode: Mode,
    ) -> Result<()> {
        let program = self.program(workspace.purpose);
        workspace.plan(program)?;
        let layers = &program.layers;
        let input_width = match layers.get(operations.start) {
            Some(layer) => layer.input_width(),
            None => self.output_width(),
        };
        let rows = rows_of(x.len(), input_width, workspace.max_rows)?;
        if operations.start == 0 {
            self.check_ids("x", x)?;
        }
        let context = self.context(rows, keys, mode, workspace.purpose == Purpose::Training)?;
        let Workspace { purpose, outputs, places, kept, scratch, .. } = &mut *workspace;
        let mut place = None;
        let mut width = input_width;
        places.fill(None);
        for index in operations {
            let layer = &layers[index];
            places[index] = place;
            // A first operation that is an identity copies, so that the result is always in the workspace.
            if place.is_none() || !layer.is_identity(&context) {
                let target = match purpose {
                    Purpose::Training => index,
                    Purpose::Inference => place.map_or(0, |place| 1 - place),
                };
                let (x, y) = match place {
                    None => (x, &mut outputs[target]),
                    Some(place) => {
                        let [x, y] =
                            outputs.get_disjoint_mut([place, target]).expect("an output is not its input");
                        (&x[..], y)
                    }
                };
                width = layer.output_width();
                let (x, y) = (&x[..rows * layer.input_width()], &mut y[..rows * width]);
                layer.forward(&context, x, y, Room { kept: &mut kept[index], scratch });
                place = Some(target);
            }
        }
        if place.is_none() {
            outputs[0][..x.len()].copy_from_slice(x);
        }
        *places.last_mut().expect("one more than operations") = place;
        (workspace.rows, workspace.output_width) = (rows, width);
        Ok(())
    }

    fn context<'a>(
        &'a self,
        rows: usize,
        keys: RowKeys<'a>,
        mode: Mode,
        keeps: bool,
    ) -> Result<Context<'a, T>> {
        let lengths = keys.lengths;
        if let Some(lengths) = lengths {
            expect("lengths", lengths.len(), rows, "one for each row")?;
        }
        let keys = if mode.domain().is_some() { keys } else { RowKeys { lengths, ..RowKeys::NONE } };
        if mode.domain().is_some() {
            expect("ids", keys.ids.len(), rows, "one for each row")?;
            if let Steps::PerRow(steps) = keys.steps {
                expect("steps", steps.len(), rows, "one for each row")?;
            }
        }
        let (parameters, buffers) = (self.parameters.values(), self.buffers.values());
        let seed = keys.seed.unwrap_or(self.config.seed);
        Ok(Context { isa: Isa::active()?, mode, seed, keys, rows, keeps, parameters, buffers })
    }
}

fn rows_of(elements: usize, width: usize, max_rows: usize) -> Result<usize> {
    if elements == 0 {
        return Err(Error::argument(Code::Empty, "x", "no rows", "at least one row"));
    }
    if !elements.is_multiple_of(width) || elements / width > max_rows {
        let (got, allowed) =
            (format!("{elements} elements"), format!("1 to {max_rows} rows of {width} elements"));
        return Err(Error::argument(Code::Shape, "x", got, allowed));
    }
    Ok(elements / width)
}

fn expect(argument: &str, got: usize, wanted: usize, what: &str) -> Result<()> {
    if got == wanted {
        Ok(())
    } else {
        Err(Error::argument(Code::Shape, argument, format!("{got} elements"), format!("{wanted}, {what}")))
    }
}

fn needs<T: Scalar>(workspace: &Workspace<T>, purpose: Purpose) -> Result<()> {
    if workspace.purpose == purpose {
        Ok(())
    } else {
        let name = |purpose| match purpose {
            Purpose::Training => "one for training",
            Purpose::Inference => "one for inference",
        };
        Err(Error::argument(Code::Option, "workspace", name(workspace.purpose), name(purpose)))
    }
}
