//! The mean over all positions: y\[c\] = 1 / n sum over p of x\[p, c\] (Lin, Chen, Yan 2014).

use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::nn::layers::split::for_each_block;
use crate::nn::layers::{Context, Flow, Layer, Memory, Room};

/// Rows `[positions, channels]` to `[channels]`.
#[derive(Clone, Debug)]
pub(crate) struct GlobalAveragePool {
    pub(crate) positions: usize,
    pub(crate) channels: usize,
    /// Whether the positions are time, of which a row may have less than others.
    pub(crate) sequence: bool,
}

impl GlobalAveragePool {
    /// Positions of a row that count.
    fn counted<T>(&self, context: &Context<'_, T>, row: usize) -> usize {
        match context.keys.lengths {
            Some(lengths) if self.sequence => self.positions.min(lengths[row] as usize),
            _ => self.positions,
        }
    }
}

/// One over a number of positions, 0 where there is none.
fn share<T: Scalar>(positions: usize) -> T {
    if positions == 0 { T::ZERO } else { T::ONE / T::from_f64(positions as f64) }
}

impl<T: Scalar> Layer<T> for GlobalAveragePool {
    fn input_width(&self) -> usize {
        self.positions * self.channels
    }

    fn output_width(&self) -> usize {
        self.channels
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        let (width, channels) = (self.positions * self.channels, self.channels);
        for_each_block(context.rows, (y, channels), (&mut [(); 0], 0), x.len(), |row, y, _| {
            let positions = self.counted(context, row);
            let x = &x[row * width..][..positions * channels];
            T::dispatch(context.isa, Mean { x, y, share: share(positions) });
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
        let dx = (&mut flow.spare[..x.len()], self.positions * self.channels);
        let dy = (&mut flow.current[..y.len()], self.channels);
        for_each_block(context.rows, dx, dy, x.len(), |row, dx, dy| {
            let positions = self.counted(context, row);
            let share = share::<T>(positions);
            dy.iter_mut().for_each(|dy| *dy = *dy * share);
            let (counted, others) = dx.split_at_mut(positions * self.channels);
            counted.chunks_exact_mut(self.channels).for_each(|dx| dx.copy_from_slice(dy));
            others.fill(T::ZERO);
        });
        flow.swap();
    }
}

struct Mean<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    share: T,
}

/// Channels whose sums are in registers at a time.
const LANES: usize = 16;

impl<T: Scalar> Kernel for Mean<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Mean { x, y, share } = self;
        let channels = y.len();
        for (start, y) in (0..).step_by(LANES).zip(y.chunks_mut(LANES)) {
            let mut sums = [T::Wide::default(); LANES];
            for x in x.chunks_exact(channels) {
                for (sum, x) in sums.iter_mut().zip(&x[start..start + y.len()]) {
                    *sum += x.widen();
                }
            }
            for (y, sum) in y.iter_mut().zip(sums) {
                *y = T::narrow(sum * share.widen());
            }
        }
    }
}
