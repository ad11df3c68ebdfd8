//! Pools over rows `[height, width, channels]`: loops over the channels, which vectors do.

mod average;
mod global;
mod max;

pub(crate) use global::GlobalAveragePool;

use super::split::for_each_block;
use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::nn::config::Window;

/// What a pool makes of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    Max,
    Average,
}

/// Windows over height and width.
#[derive(Clone, Debug)]
pub(crate) struct Pool2d {
    pub(crate) pool: Pool,
    pub(crate) windows: [Window; 2],
    pub(crate) channels: usize,
}

/// One row of a pool.
struct Row<'a> {
    windows: &'a [Window; 2],
    channels: usize,
}

impl Row<'_> {
    /// Calls `each` with every output and every input that it looks at, row by row of the window, by where their
    /// channels begin; `each` is also told which input of the window it is.
    #[inline(always)]
    fn for_each_tap(&self, mut each: impl FnMut(usize, usize, usize)) {
        let [height, width] = self.windows;
        for y in 0..height.output {
            for x in 0..width.output {
                let output = (y * width.output + x) * self.channels;
                let mut tap = 0;
                for tap_y in height.taps(y) {
                    for tap_x in width.taps(x) {
                        let input = (height.at(y, tap_y) * width.input + width.at(x, tap_x)) * self.channels;
                        each(output, input, tap);
                        tap += 1;
                    }
                }
            }
        }
    }
}

impl<T: Scalar> Layer<T> for Pool2d {
    fn input_width(&self) -> usize {
        self.windows[0].input * self.windows[1].input * self.channels
    }

    fn output_width(&self) -> usize {
        self.windows[0].output * self.windows[1].output * self.channels
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        let (inputs, outputs) = (x.len() / context.rows, y.len() / context.rows);
        for_each_block(context.rows, (y, outputs), (&mut [(); 0], 0), x.len(), |row, y, _| {
            let x = &x[row * inputs..(row + 1) * inputs];
            let row = Row { windows: &self.windows, channels: self.channels };
            match self.pool {
                Pool::Max => T::dispatch(context.isa, max::Forward { row, x, y }),
                Pool::Average => T::dispatch(context.isa, average::Forward { row, x, y }),
            }
        });
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        _gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        if !flow.wanted {
            return;
        }
        let (inputs, outputs) = (x.len() / context.rows, y.len() / context.rows);
        let dx = (&mut flow.spare[..x.len()], inputs);
        // Max pools spend the gradients of the outputs on their inputs.
        let dy = (&mut flow.current[..y.len()], outputs);
        for_each_block(context.rows, dx, dy, x.len(), |index, dx, dy| {
            let row = Row { windows: &self.windows, channels: self.channels };
            let (x, y) = (&x[index * inputs..][..inputs], &y[index * outputs..][..outputs]);
            match self.pool {
                Pool::Max => T::dispatch(context.isa, max::Backward { row, x, y, dy, dx }),
                Pool::Average => T::dispatch(context.isa, average::Backward { row, dy, dx }),
            }
        });
        flow.swap();
    }
}
