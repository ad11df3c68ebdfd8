//! Positional encodings, added: sinusoids (Vaswani et al. 2017, section 3.5) or learned vectors.

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::nn::Scalar;

/// A vector for each position of a row.
#[derive(Clone, Debug)]
pub(crate) enum Positional<T> {
    /// Vectors that stay as they are.
    Fixed(Vec<T>),
    /// Where learned ones lie among the parameters.
    Learned(Range<usize>),
}

impl<T: Scalar> Positional<T> {
    /// p[t, 2i] = sin(t / 10000^(2i / units)), p[t, 2i + 1] = cos(t / 10000^(2i / units)).
    pub(crate) fn sinusoids(time: usize, units: usize) -> Self {
        let at = |index: usize| {
            let (t, feature) = ((index / units) as f64, index % units);
            let wave = t * (-(10_000f64.ln()) * (feature / 2 * 2) as f64 / units as f64).exp();
            T::from_f64(if feature % 2 == 0 { libm::sin(wave) } else { libm::cos(wave) })
        };
        Positional::Fixed((0..time * units).map(at).collect())
    }

    fn width(&self) -> usize {
        match self {
            Positional::Fixed(vectors) => vectors.len(),
            Positional::Learned(range) => range.len(),
        }
    }
}

impl<T: Scalar> Layer<T> for Positional<T> {
    fn input_width(&self) -> usize {
        self.width()
    }

    fn output_width(&self) -> usize {
        self.width()
    }

    fn memory(&self, _rows: usize) -> Memory {
        Memory::default()
    }

    fn trains(&self) -> bool {
        matches!(self, Positional::Learned(_))
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], _room: Room<'_, T>) {
        let vectors = match self {
            Positional::Fixed(vectors) => vectors,
            Positional::Learned(range) => &context.parameters[range.clone()],
        };
        for (x, y) in x.chunks(vectors.len()).zip(y.chunks_mut(vectors.len())) {
            for (y, (x, vector)) in y.iter_mut().zip(x.iter().zip(vectors)) {
                *y = *x + *vector;
            }
        }
    }

    /// The gradient of the input is that of the output.
    fn backward(
        &self,
        _context: &Context<'_, T>,
        _x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        _room: Room<'_, T>,
    ) {
        if let Positional::Learned(range) = self {
            let gradient = &mut gradients[range.clone()];
            gradient.fill(T::ZERO);
            for dy in flow.current[..y.len()].chunks(gradient.len()) {
                for (gradient, dy) in gradient.iter_mut().zip(dy) {
                    *gradient += *dy;
                }
            }
        }
    }
}
