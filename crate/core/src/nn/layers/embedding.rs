//! Embedding: y_t = d_w W[w], w = x_t, with d the dropout of whole words (Gal & Ghahramani 2016, section 4.2).

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;
use crate::nn::config::Share;
use crate::stream::bernoulli::keep_listed;
use crate::stream::{Address, GROUP, Rate};

/// A table of vectors.
#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    /// Steps of a row.
    pub(crate) time: usize,
    pub(crate) vocabulary: usize,
    pub(crate) units: usize,
    /// Where the table lies among the parameters.
    pub(crate) weight: Range<usize>,
    /// The dropout of words with its site, if they drop.
    pub(crate) drop: Option<(Rate, u16)>,
}

/// Words whose keep bits are drawn at a time.
const PIECE: usize = 64;

impl Embedding {
    /// Calls `each` for every step of every row with the place of its vector in the output, that in the table, and the
    /// factor of its word; `None` is a word that drops.
    fn for_each_word<T: Scalar>(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        mut each: impl FnMut(Range<usize>, Range<usize>, Option<T>),
    ) {
        let units = self.units;
        let drop = self.drop.zip(context.mode.domain());
        let factor = drop.map_or(T::ONE, |((rate, _), _)| T::from_f64(rate.inverse_keep()));
        let mut bits = [0u64; 2 * PIECE];
        for (index, words) in x.chunks(self.time).flat_map(|row| row.chunks(PIECE)).enumerate() {
            let (row, piece) = (index / self.time.div_ceil(PIECE), index % self.time.div_ceil(PIECE));
            if let Some(((rate, site), domain)) = drop {
                let (seed, shared) = (context.seed, context.is_shared(Share::None));
                let address = Address { seed, domain, shared, site, ..Address::default() };
                let (sample, step) = (context.keys.ids[row], context.keys.steps.of(row));
                let groups = words.iter().map(|word| [sample, (self.id(*word) / GROUP) as u32, step]);
                keep_listed(context.isa, &address, rate, groups, &mut bits[..2 * words.len()]);
            }
            for (at, word) in words.iter().enumerate() {
                let word = self.id(*word);
                let lane = word % GROUP;
                let kept = drop.is_none() || bits[2 * at + lane / 64] >> (lane % 64) & 1 == 1;
                let start = (row * self.time + piece * PIECE + at) * units;
                each(start..start + units, word * units..(word + 1) * units, kept.then_some(factor));
            }
        }
    }

    /// The id that a number stands for; the pass has checked that it is one.
    fn id<T: Scalar>(&self, x: T) -> usize {
        (x.to_f64() as usize).min(self.vocabulary - 1)
    }
}

impl<T: Scalar> Layer<T> for Embedding {
    fn input_width(&self) -> usize {
        self.time
    }

    fn output_width(&self) -> usize {
        self.time * self.units
    }

    fn memory(&self, rows: usize) -> Memory {
        Memory { flow: rows * self.time, ..Memory::default() }
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        self.drop.is_some()
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        let table = &context.parameters[self.weight.clone()];
        self.for_each_word(context, x, |to, from, factor| match factor {
            None => y[to].fill(T::ZERO),
            Some(factor) if self.drop.is_some() => {
                for (y, weight) in y[to].iter_mut().zip(&table[from]) {
                    *y = *weight * factor;
                }
            }
            Some(_) => y[to].copy_from_slice(&table[from]),
        });
    }

    /// Words are added up in the order of rows and steps, on one thread: sums of few numbers each.
    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        let dy = &flow.current[..y.len()];
        let gradient = &mut gradients[self.weight.clone()];
        gradient.fill(T::ZERO);
        self.for_each_word(context, x, |from, to, factor| {
            if let Some(factor) = factor {
                for (gradient, dy) in gradient[to].iter_mut().zip(&dy[from]) {
                    *gradient += *dy * factor;
                }
            }
        });
        if flow.wanted {
            flow.current[..x.len()].fill(T::ZERO); // ids do not vary
        }
    }
}
