//! Gates of words, and what they do to elements and gradients.

use crate::ops::noise::element::NoiseElement;
use crate::ops::noise::map::map;
use crate::ops::noise::words::UseWords;
use crate::simd::Vector;
use crate::stream::{BATCH_WORDS, WordBatch};

/// The gates of a rate and a temperature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates<E> {
    pub(super) inverse_temperature: E,
    /// The logit of the rate over the temperature.
    pub(super) offset: E,
    pub(super) inverse_keep: E,
}

impl<E: NoiseElement> Gates<E> {
    /// 1 - z and z for a word.
    #[inline(always)]
    pub(super) fn of(&self, word: u32) -> (E, E) {
        E::logit_of_uniform(word).fused(self.inverse_temperature, self.offset).sigmoids()
    }

    /// x (1 - z) / q, given 1 - z.
    #[inline(always)]
    pub(super) fn apply(&self, x: E, kept: E) -> E {
        let y = x * (kept * self.inverse_keep);
        if kept == E::default() { E::default() } else { y }
    }
}

pub(super) struct Forward<E> {
    pub(super) gates: Gates<E>,
    pub(super) from: *const E,
    pub(super) to: *mut E,
}

impl<E: NoiseElement> UseWords for Forward<E> {
    #[inline(always)]
    unsafe fn prepare<V: Vector>(&mut self, _words: &mut WordBatch, _blocks: usize) {}

    #[inline(always)]
    unsafe fn apply(&mut self, words: &[u32], at: usize) {
        let gates = self.gates;
        // SAFETY: the caller guarantees the elements, and whoever made this that they lie in the memory.
        unsafe {
            map(
                words,
                self.from.add(at),
                self.to.add(at),
                #[inline(always)]
                |word, x| gates.apply(x, gates.of(word).0),
            );
        }
    }
}

pub(super) struct Backward<'a, E> {
    pub(super) gates: Gates<E>,
    pub(super) x: *const E,
    pub(super) dy: *const E,
    pub(super) dx: *mut E,
    pub(super) scratch: &'a mut Scratch<E>,
    /// The sums of dy x (1 - z) and of dy x (1 - z) z.
    pub(super) sums: [f64; 2],
}

/// Room for a batch.
pub(super) struct Scratch<E> {
    /// 1 - z and z.
    gates: [[E; BATCH_WORDS]; 2],
    /// dy x (1 - z), and the same times z.
    terms: [[f64; BATCH_WORDS]; 2],
}

impl<E: NoiseElement> Scratch<E> {
    pub(super) fn new() -> Self {
        Scratch { gates: [[E::default(); BATCH_WORDS]; 2], terms: [[0.0; BATCH_WORDS]; 2] }
    }
}

impl<E: NoiseElement> UseWords for Backward<'_, E> {
    #[inline(always)]
    unsafe fn prepare<V: Vector>(&mut self, _words: &mut WordBatch, _blocks: usize) {}

    #[inline(always)]
    unsafe fn apply(&mut self, words: &[u32], at: usize) {
        let (gates, zero) = (self.gates, E::default());
        let count = words.len();
        let Scratch { gates: [kept, dropped], terms: [first, second] } = &mut *self.scratch;
        let (kept, dropped) = (&mut kept[..count], &mut dropped[..count]);
        let (first, second) = (&mut first[..count], &mut second[..count]);
        // In three loops, each with few enough streams of memory to be vectorised.
        for i in 0..count {
            (kept[i], dropped[i]) = gates.of(words[i]);
        }
        // SAFETY: the caller guarantees the elements, and whoever made this that they lie in the memory.
        unsafe {
            let (x, dy) = (self.x.add(at), self.dy.add(at));
            for i in 0..count {
                let product = (*dy.add(i)).to_f64() * (*x.add(i)).to_f64() * kept[i].to_f64();
                first[i] = if kept[i] == zero { 0.0 } else { product };
                second[i] = first[i] * dropped[i].to_f64();
            }
            map(
                kept,
                dy,
                self.dx.add(at),
                #[inline(always)]
                |kept, dy| gates.apply(dy, kept),
            );
        }
        self.sums[0] += sum(first);
        self.sums[1] += sum(second);
    }
}

/// The sum of numbers in sixteen partial sums.
#[inline(always)]
fn sum(terms: &[f64]) -> f64 {
    let mut partial = [0.0; 16];
    let (whole, rest) = terms.as_chunks::<16>();
    for terms in whole {
        for i in 0..16 {
            partial[i] += terms[i];
        }
    }
    for (partial, term) in partial.iter_mut().zip(rest) {
        *partial += term;
    }
    partial.iter().sum()
}
