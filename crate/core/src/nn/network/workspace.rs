//! The memory of passes, planned once.

use std::sync::Arc;

use super::Network;
use super::plan::Program;
use crate::error::Result;
use crate::memory;
use crate::nn::Scalar;
use crate::nn::layers::Memory;

/// What a workspace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Forward passes only: two buffers take turns.
    Inference,
    /// Forward and backward passes: every layer's output is kept.
    Training,
}

/// Memory for passes over up to `max_rows` rows. Nothing is allocated after it has been made, packing inside
/// the matrix products aside, until a dropout rate is changed: which operations a network consists of
/// depends on where it drops, so the next forward pass plans anew.
#[derive(Debug)]
pub struct Workspace<T: Scalar> {
    pub(super) purpose: Purpose,
    /// What the memory is planned for; `None` only where planning failed.
    pub(super) program: Option<Arc<Program<T>>>,
    /// What the caller calls the number of rows.
    argument: &'static str,
    pub(super) max_rows: usize,
    /// Rows of the last forward pass.
    pub(super) rows: usize,
    pub(super) outputs: Vec<Vec<T>>,
    /// The output that each operation of the last pass read, and the one that the last operation wrote; `None` is
    /// the input of the network.
    pub(super) places: Vec<Option<usize>>,
    /// Elements of a row of the last pass's result.
    pub(super) output_width: usize,
    pub(super) kept: Vec<Vec<T>>,
    pub(super) scratch: Vec<T>,
    pub(super) gradients: [Vec<T>; 2],
}

/// Elements of a workspace.
struct Plan {
    outputs: Vec<usize>,
    kept: Vec<usize>,
    scratch: usize,
    gradient: usize,
}

impl Plan {
    fn of<T: Scalar>(program: &Program<T>, rows: usize, purpose: Purpose) -> Self {
        let memory: Vec<Memory> = program.layers.iter().map(|layer| layer.memory(rows)).collect();
        let widths = || program.layers.iter().map(|layer| layer.output_width());
        let widest = rows * widths().max().unwrap_or(0).max(program.input_width());
        let scratch = memory.iter().map(|memory| memory.scratch).max().unwrap_or(0);
        let flow = memory.iter().skip(program.first_trained).map(|memory| memory.flow).max().unwrap_or(0);
        match purpose {
            Purpose::Inference => {
                Plan { outputs: vec![widest; 2], kept: vec![0; memory.len()], scratch, gradient: 0 }
            }
            Purpose::Training => Plan {
                outputs: widths().map(|width| rows * width).collect(),
                kept: memory.iter().map(|memory| memory.kept).collect(),
                scratch,
                // Gradients flow back no further than the input of the second operation with parameters.
                gradient: (rows * widths().skip(program.first_trained).max().unwrap_or(0)).max(flow),
            },
        }
    }

    fn bytes<T>(&self) -> usize {
        let elements =
            self.outputs.iter().chain(&self.kept).sum::<usize>() + self.scratch + 2 * self.gradient;
        elements * size_of::<T>()
    }
}

impl<T: Scalar> Network<T> {
    /// Memory for passes over up to `max_rows` rows.
    ///
    /// # Errors
    /// `ERR_RANGE` if the system has not that much.
    pub fn workspace(&self, max_rows: usize, purpose: Purpose) -> Result<Workspace<T>> {
        self.workspace_for("rows", max_rows, purpose)
    }

    /// As [`Network::workspace`], where the number of rows is an argument of another name.
    pub(crate) fn workspace_for(
        &self,
        argument: &'static str,
        max_rows: usize,
        purpose: Purpose,
    ) -> Result<Workspace<T>> {
        let mut workspace = Workspace {
            purpose,
            program: None,
            argument,
            max_rows,
            rows: 0,
            outputs: Vec::new(),
            places: Vec::new(),
            output_width: 0,
            kept: Vec::new(),
            scratch: Vec::new(),
            gradients: [Vec::new(), Vec::new()],
        };
        workspace.plan(self.program(purpose))?;
        Ok(workspace)
    }

    /// Bytes that [`Network::workspace`] takes.
    pub fn workspace_bytes(&self, max_rows: usize, purpose: Purpose) -> usize {
        Plan::of(self.program(purpose), max_rows, purpose).bytes::<T>()
    }
}

impl<T: Scalar> Workspace<T> {
    /// Plans the memory for `program`, unless that has been done.
    pub(super) fn plan(&mut self, program: &Arc<Program<T>>) -> Result<()> {
        if self.is_for(program) {
            return Ok(());
        }
        self.program = None;
        let plan = Plan::of(program, self.max_rows, self.purpose);
        let whole = memory::size(plan.bytes::<T>() as f64);
        let got = format_args!("{} rows with {whole} in all", self.max_rows);
        let fit = |memory: &mut Vec<T>, length: usize| {
            if length > memory.len() {
                *memory = Vec::new(); // what it held is not needed, so the two need not fit side by side
                *memory = memory::zeros(self.argument, got, &[length])?;
            }
            memory.truncate(length);
            Ok(())
        };
        let fit_all = |memory: &mut Vec<Vec<T>>, lengths: &[usize]| -> Result<()> {
            memory.resize_with(lengths.len(), Vec::new);
            memory.iter_mut().zip(lengths).try_for_each(|(memory, &length)| fit(memory, length))
        };
        fit_all(&mut self.outputs, &plan.outputs)?;
        fit_all(&mut self.kept, &plan.kept)?;
        fit(&mut self.scratch, plan.scratch)?;
        self.gradients.iter_mut().try_for_each(|gradient| fit(gradient, plan.gradient))?;
        self.places = vec![None; program.layers.len() + 1];
        (self.rows, self.output_width) = (0, 0);
        self.program = Some(Arc::clone(program));
        Ok(())
    }

    /// Whether the memory is planned for `program`.
    pub(super) fn is_for(&self, program: &Arc<Program<T>>) -> bool {
        self.program.as_ref().is_some_and(|planned| Arc::ptr_eq(planned, program))
    }

    /// Rows that fit.
    pub fn max_rows(&self) -> usize {
        self.max_rows
    }

    /// The result of the last forward pass, row-major: what comes before the model's output function.
    pub fn output(&self) -> &[T] {
        let last = self.places.last().copied().flatten().unwrap_or(0);
        &self.outputs[last][..self.rows * self.output_width]
    }

    /// Where the gradient of the loss with respect to [`Workspace::output`] goes before a backward pass.
    /// Empty in a workspace for inference.
    pub fn output_gradient_mut(&mut self) -> &mut [T] {
        let length = self.rows * self.output_width;
        let gradient = &mut self.gradients[0];
        let length = length.min(gradient.len());
        &mut gradient[..length]
    }

    /// The result of the last forward pass and the place for its gradient, at once.
    pub fn output_and_gradient(&mut self) -> (&[T], &mut [T]) {
        let length = self.rows * self.output_width;
        let last = self.places.last().copied().flatten().unwrap_or(0);
        let gradient = &mut self.gradients[0];
        let room = length.min(gradient.len());
        (&self.outputs[last][..length], &mut gradient[..room])
    }
}
