//! Batch normalisation (Ioffe & Szegedy 2015): y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel.
//!
//! # Precision and determinism
//! The statistics are taken in two passes, first the mean, then the squared deviations from it: no cancellation, however
//! far from 0 the channels are. Sums are made in wide numbers, block by block, and do not depend on the number of threads.

mod kernels;

use std::ops::Range;

use super::split::{BLOCKS, for_each_block};
use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::{Mode, RowKeys, Scalar};
use crate::ops::{Element, Float};
use kernels::{Gradient, Standardize, Sums};

/// Rows of `vectors` vectors of channels.
#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    pub(crate) vectors: usize,
    pub(crate) channels: usize,
    /// Whether the vectors are steps of time, of which a row may have less than others.
    pub(crate) sequence: bool,
    pub(crate) momentum: f64,
    pub(crate) epsilon: f64,
    /// Where the parameters lie.
    pub(crate) gamma: Range<usize>,
    pub(crate) beta: Range<usize>,
    /// Where the running statistics lie among the buffers.
    pub(crate) running_mean: Range<usize>,
    pub(crate) running_variance: Range<usize>,
}

/// What a pass standardises with, one number for each channel.
struct Statistics<'a, T> {
    mean: &'a mut [T],
    variance: &'a mut [T],
    /// 1 / sqrt(variance + epsilon).
    inverse: &'a mut [T],
    /// How many vectors they were taken from; 0 where they are the running ones.
    count: &'a mut T,
}

impl<'a, T> Statistics<'a, T> {
    /// Lays them out in memory, with what is left.
    fn within(memory: &'a mut [T], channels: usize) -> (Self, &'a mut [T]) {
        let (mean, memory) = memory.split_at_mut(channels);
        let (variance, memory) = memory.split_at_mut(channels);
        let (inverse, memory) = memory.split_at_mut(channels);
        let (count, memory) = memory.split_first_mut().expect("room for the count");
        (Statistics { mean, variance, inverse, count }, memory)
    }

    const fn elements(channels: usize) -> usize {
        3 * channels + 1
    }
}

impl BatchNorm {
    /// Vectors of a row that count.
    fn counted<T>(&self, context: &Context<'_, T>, row: usize) -> usize {
        match context.keys.lengths {
            Some(lengths) if self.sequence => self.vectors.min(lengths[row] as usize),
            _ => self.vectors,
        }
    }

    /// Takes the statistics of the batch, or the running ones.
    fn take<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        statistics: &mut Statistics<'_, T>,
        partials: &mut [T],
    ) {
        let Statistics { mean, variance, inverse, count } = statistics;
        **count = T::ZERO;
        if context.mode == Mode::Train {
            let vectors: usize = (0..context.rows).map(|row| self.counted(context, row)).sum();
            **count = T::from_f64(vectors as f64);
            // Without any vector nothing is read, so that any numbers do.
            let share = T::Wide::ONE / T::Wide::from_f64(vectors.max(1) as f64);
            self.sums(context, [x, x], None, partials, |x, _, _| x);
            total(partials, mean, share);
            self.sums(context, [x, x], Some(mean), partials, |x, _, mean| (x - mean) * (x - mean));
            total(partials, variance, share);
        } else {
            mean.copy_from_slice(&context.buffers[self.running_mean.clone()]);
            variance.copy_from_slice(&context.buffers[self.running_variance.clone()]);
        }
        for (inverse, variance) in inverse.iter_mut().zip(&**variance) {
            *inverse = T::ONE / (*variance + T::from_f64(self.epsilon)).sqrt();
        }
    }

    /// The sums over blocks of rows of `of` two values and the mean of their channel; `partials` gets [`BLOCKS`] vectors
    /// of them, and is left without those that are not needed. Without a mean it is that of 0.
    fn sums<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        values: [&[T]; 2],
        mean: Option<&[T]>,
        partials: &mut [T],
        of: impl Fn(T, T, T) -> T + Copy + Sync,
    ) {
        let (channels, width) = (self.channels, self.vectors * self.channels);
        let rows = context.rows.div_ceil(BLOCKS);
        let blocks = context.rows.div_ceil(rows);
        partials[blocks * channels..].fill(T::ZERO);
        let partials = (&mut partials[..blocks * channels], channels);
        for_each_block(blocks, partials, (&mut [(); 0], 0), values[0].len(), |block, sums, _| {
            sums.fill(T::ZERO);
            for row in block * rows..context.rows.min((block + 1) * rows) {
                let counted = self.counted(context, row) * channels;
                let values = values.map(|values| &values[row * width..][..counted]);
                T::dispatch(context.isa, Sums { values, mean, sums, of });
            }
        });
    }

    /// Gradients of gamma and beta, and of the input.
    fn gradients<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        dy: &mut [T],
        statistics: &Statistics<'_, T>,
        gradients: &mut [T],
        scratch: &mut [T],
    ) {
        let (channels, width) = (self.channels, self.vectors * self.channels);
        let (gamma, count) = (&context.parameters[self.gamma.clone()], *statistics.count);
        let (partials, scratch) = scratch.split_at_mut(BLOCKS * channels);
        let Statistics { mean, inverse, .. } = statistics;
        // All vectors, those that did not count for the statistics too, were standardised with them.
        let all = Context { keys: RowKeys { lengths: None, ..context.keys }, ..*context };
        self.sums(&all, [dy, x], None, partials, |dy, _, _| dy);
        total(partials, &mut gradients[self.beta.clone()], T::Wide::ONE);
        self.sums(&all, [dy, x], Some(mean), partials, |dy, x, mean| dy * (x - mean));
        let dgamma = &mut gradients[self.gamma.clone()];
        total(partials, dgamma, T::Wide::ONE);
        dgamma.iter_mut().zip(&**inverse).for_each(|(dgamma, inverse)| *dgamma = *dgamma * *inverse);

        // dx = scale dy - slope (x - mean) - shift, the last two for vectors that the statistics were taken from.
        let [scale, slope, shift] = {
            let (scale, rest) = scratch.split_at_mut(channels);
            let (slope, rest) = rest.split_at_mut(channels);
            [scale, slope, &mut rest[..channels]]
        };
        for c in 0..channels {
            scale[c] = gamma[c] * inverse[c];
            let share = if count == T::ZERO { T::ZERO } else { scale[c] / count };
            slope[c] = share * gradients[self.gamma.start + c] * inverse[c];
            shift[c] = share * gradients[self.beta.start + c];
        }
        let (scale, slope, shift, amount) = (&*scale, &*slope, &*shift, x.len());
        for_each_block(context.rows, (dy, width), (&mut [(); 0], 0), amount, |row, dy, _| {
            let counted = self.counted(context, row) * channels;
            let (x, dy) = (&x[row * width..][..counted], dy);
            let (counted, others) = dy.split_at_mut(counted);
            T::dispatch(context.isa, Gradient { x, mean, scale, slope, shift, dy: counted });
            for dy in others.chunks_exact_mut(channels) {
                dy.iter_mut().zip(scale).for_each(|(dy, scale)| *dy = *dy * *scale);
            }
        });
    }
}

/// `out` = `share` times the sum of some vectors of the same length.
fn total<T: Scalar>(vectors: &[T], out: &mut [T], share: T::Wide) {
    let channels = out.len();
    for (channel, out) in out.iter_mut().enumerate() {
        let mut sum = T::Wide::ZERO;
        for vector in vectors.chunks_exact(channels) {
            sum += vector[channel].widen();
        }
        *out = T::narrow(sum * share);
    }
}

impl<T: Scalar> Layer<T> for BatchNorm {
    fn input_width(&self) -> usize {
        self.vectors * self.channels
    }

    fn output_width(&self) -> usize {
        self.vectors * self.channels
    }

    fn memory(&self, _rows: usize) -> Memory {
        let statistics = Statistics::<T>::elements(self.channels);
        let scratch = statistics + (BLOCKS + 3) * self.channels;
        Memory { kept: statistics, scratch, flow: 0 }
    }

    fn trains(&self) -> bool {
        true
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let channels = self.channels;
        let (own, scratch) = room.scratch.split_at_mut(Statistics::<T>::elements(channels));
        let memory = if context.keeps { room.kept } else { own };
        let (mut statistics, _) = Statistics::within(memory, channels);
        let (partials, scratch) = scratch.split_at_mut(BLOCKS * channels);
        self.take(context, x, &mut statistics, partials);
        let Statistics { mean, inverse, .. } = &statistics;
        let (gamma, beta) = (&context.parameters[self.gamma.clone()], &context.parameters[self.beta.clone()]);
        let scale = &mut scratch[..channels];
        for (scale, (gamma, inverse)) in scale.iter_mut().zip(gamma.iter().zip(&**inverse)) {
            *scale = *gamma * *inverse;
        }
        let (scale, amount, width) = (&*scale, x.len(), self.vectors * channels);
        for_each_block(context.rows, (y, width), (&mut [(); 0], 0), amount, |row, y, _| {
            let x = &x[row * width..][..width];
            T::dispatch(context.isa, Standardize { x, mean, scale, beta, y });
        });
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
        let (statistics, _) = Statistics::within(room.kept, self.channels);
        self.gradients(context, x, &mut flow.current[..y.len()], &statistics, gradients, room.scratch);
    }

    fn update(&self, _rows: usize, kept: &[T], buffers: &mut [T]) {
        let (mean, kept) = kept.split_at(self.channels);
        let (variance, kept) = kept.split_at(self.channels);
        let count = kept[self.channels];
        if count == T::ZERO {
            return; // the pass was no training step
        }
        // A single vector has no unbiased variance; its 0 is taken as it is.
        let unbiased = if count > T::ONE { count / (count - T::ONE) } else { T::ONE };
        let momentum = T::from_f64(self.momentum);
        let mut approach = |running: &Range<usize>, batch: &[T], factor: T| {
            for (running, batch) in buffers[running.clone()].iter_mut().zip(batch) {
                *running += momentum * (*batch * factor - *running);
            }
        };
        approach(&self.running_mean, mean, T::ONE);
        approach(&self.running_variance, variance, unbiased);
    }
}
