//! An activation, a dropout, or one after the other, where no product precedes them.

use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::nn::epilogue::{Epilogue, Source};

/// y = d(f(x)).
#[derive(Clone, Debug)]
pub(crate) struct Elementwise {
    pub(crate) width: usize,
    pub(crate) epilogue: Epilogue,
}

impl<T: Scalar> Layer<T> for Elementwise {
    fn input_width(&self) -> usize {
        self.width
    }

    fn output_width(&self) -> usize {
        self.width
    }

    fn memory(&self, rows: usize) -> Memory {
        Memory { kept: if self.epilogue.kept(false) { rows * self.width } else { 0 }, ..Memory::default() }
    }

    fn draws(&self) -> bool {
        self.epilogue.drop.is_some()
    }

    fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        Some(&mut self.epilogue)
    }

    fn is_identity(&self, context: &Context<'_, T>) -> bool {
        self.epilogue.is_identity(context)
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        self.epilogue.forward(context, Source::From(x), self.width, y, room.kept);
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        room: Room<'_, T>,
    ) {
        let gradient = &mut flow.current[..y.len()];
        let Room { kept, scratch } = room;
        self.epilogue.backward(context, Some(x), self.width, y, kept, gradient, None, scratch);
    }
}
