//! Layer norm: y = gamma n + beta, n = (x - mean) / sqrt(variance + epsilon), over the last axis.
//!
//! With g = gamma dy: dx = (g - mean(g) - n mean(g n)) / sqrt(variance + epsilon), dGamma = sum of dy n, dBeta = sum of
//! dy over all vectors (Ba, Kiros & Hinton 2016, equations 3 and 4).

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::isa::{Isa, Kernel};
use crate::nn::Scalar;
use crate::nn::config::Shape;
use crate::ops::fused::reduce::{dot, dot_centered, squares, sum};
use crate::ops::fused::{PARALLEL_FROM, add_vectors};
use crate::parallel;

/// Vectors whose gradients are summed in order before the sums of such blocks are.
const BLOCK: usize = 32;

/// Vectors of `features` numbers, normalised each by itself.
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    width: usize,
    features: usize,
    epsilon: f64,
    gamma: Range<usize>,
    beta: Range<usize>,
}

impl LayerNorm {
    /// With gamma and beta in `tensors`, on rows of `input`.
    pub(crate) fn new(epsilon: f64, tensors: &[Range<usize>], input: &Shape) -> Self {
        let [gamma, beta] = [0, 1].map(|tensor: usize| tensors[tensor].clone());
        LayerNorm { width: input.width(), features: input.last(), epsilon, gamma, beta }
    }

    fn vectors(&self, rows: usize) -> usize {
        rows * self.width / self.features
    }
}

impl<T: Scalar> Layer<T> for LayerNorm {
    fn input_width(&self) -> usize {
        self.width
    }

    fn output_width(&self) -> usize {
        self.width
    }

    fn memory(&self, rows: usize) -> Memory {
        let vectors = self.vectors(rows);
        // Of each vector the mean and 1 / sqrt(variance + epsilon); of each block the sums for gamma and beta.
        let kept = 2 * vectors;
        Memory { kept, scratch: kept.max(2 * vectors.div_ceil(BLOCK) * self.features), flow: 0 }
    }

    fn trains(&self) -> bool {
        true
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let vectors = self.vectors(context.rows);
        let moments = if context.keeps { room.kept } else { room.scratch };
        let (mean, inverse) = moments[..2 * vectors].split_at_mut(vectors);
        let forward = Forward {
            gamma: &context.parameters[self.gamma.clone()],
            beta: &context.parameters[self.beta.clone()],
            epsilon: T::from_f64(self.epsilon),
            x,
            y,
            mean,
            inverse,
        };
        forward.split(context.isa, goes_parallel(x.len()));
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
        let vectors = self.vectors(context.rows);
        let (mean, inverse) = room.kept[..2 * vectors].split_at(vectors);
        let sums = &mut room.scratch[..2 * vectors.div_ceil(BLOCK) * self.features];
        sums.fill(T::ZERO);
        let (gamma_sums, beta_sums) = sums.split_at_mut(sums.len() / 2);
        let backward = Backward {
            gamma: &context.parameters[self.gamma.clone()],
            x,
            mean,
            inverse,
            gradient: &mut flow.current[..y.len()],
            gamma_sums: &mut *gamma_sums,
            beta_sums: &mut *beta_sums,
        };
        backward.split(context.isa, goes_parallel(x.len()));
        for (range, sums) in [(&self.gamma, gamma_sums), (&self.beta, beta_sums)] {
            let gradient = &mut gradients[range.clone()];
            gradient.fill(T::ZERO);
            add_vectors(context.isa, sums, gradient);
        }
    }
}

fn goes_parallel(elements: usize) -> bool {
    elements >= PARALLEL_FROM && parallel::current_threads() > 1
}

/// Some vectors.
struct Forward<'a, T> {
    gamma: &'a [T],
    beta: &'a [T],
    epsilon: T,
    x: &'a [T],
    y: &'a mut [T],
    mean: &'a mut [T],
    inverse: &'a mut [T],
}

/// Where some blocks of vectors are halved for two threads: a number of vectors, or none where they are too few.
fn middle(vectors: usize, features: usize, parallel: bool) -> Option<usize> {
    let blocks = vectors.div_ceil(BLOCK);
    (parallel && blocks > 1 && vectors * features > PARALLEL_FROM / 8).then(|| blocks.div_ceil(2) * BLOCK)
}

impl<T: Scalar> Forward<'_, T> {
    fn split(self, isa: Isa, parallel: bool) {
        let features = self.gamma.len();
        let Some(middle) = middle(self.mean.len(), features, parallel) else { return T::dispatch(isa, self) };
        let Forward { gamma, beta, epsilon, x, y, mean, inverse } = self;
        let (x, x2) = x.split_at(middle * features);
        let (y, y2) = y.split_at_mut(middle * features);
        let (mean, mean2) = mean.split_at_mut(middle);
        let (inverse, inverse2) = inverse.split_at_mut(middle);
        let first = Forward { gamma, beta, epsilon, x, y, mean, inverse };
        let second = Forward { gamma, beta, epsilon, x: x2, y: y2, mean: mean2, inverse: inverse2 };
        rayon::join(|| first.split(isa, true), || second.split(isa, true));
    }
}

impl<T: Scalar> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Forward { gamma, beta, epsilon, x, y, mean, inverse } = self;
        let features = gamma.len();
        let count = T::from_f64(features as f64);
        let vectors = x.chunks_exact(features).zip(y.chunks_exact_mut(features));
        for ((x, y), (mean, inverse)) in vectors.zip(mean.iter_mut().zip(inverse)) {
            // Mean first, then the squares about it: no cancellation.
            let center = sum(x) / count;
            let scale = T::ONE / (squares(x, center) / count + epsilon).sqrt();
            for i in 0..features {
                y[i] = (x[i] - center) * scale * gamma[i] + beta[i];
            }
            (*mean, *inverse) = (center, scale);
        }
    }
}

/// Some blocks of vectors: dx in the place of dy, and each block's sums.
struct Backward<'a, T> {
    gamma: &'a [T],
    x: &'a [T],
    mean: &'a [T],
    inverse: &'a [T],
    gradient: &'a mut [T],
    gamma_sums: &'a mut [T],
    beta_sums: &'a mut [T],
}

impl<T: Scalar> Backward<'_, T> {
    fn split(self, isa: Isa, parallel: bool) {
        let features = self.gamma.len();
        let Some(middle) = middle(self.mean.len(), features, parallel) else { return T::dispatch(isa, self) };
        let Backward { gamma, x, mean, inverse, gradient, gamma_sums, beta_sums } = self;
        let (x, x2) = x.split_at(middle * features);
        let (mean, mean2) = mean.split_at(middle);
        let (inverse, inverse2) = inverse.split_at(middle);
        let (gradient, gradient2) = gradient.split_at_mut(middle * features);
        let (gamma_sums, gamma_sums2) = gamma_sums.split_at_mut(middle / BLOCK * features);
        let (beta_sums, beta_sums2) = beta_sums.split_at_mut(middle / BLOCK * features);
        let first = Backward { gamma, x, mean, inverse, gradient, gamma_sums, beta_sums };
        let second = Backward {
            gamma,
            x: x2,
            mean: mean2,
            inverse: inverse2,
            gradient: gradient2,
            gamma_sums: gamma_sums2,
            beta_sums: beta_sums2,
        };
        rayon::join(|| first.split(isa, true), || second.split(isa, true));
    }
}

impl<T: Scalar> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Backward { gamma, x, mean, inverse, gradient, gamma_sums, beta_sums } = self;
        let features = gamma.len();
        let count = T::from_f64(features as f64);
        let vectors = x.chunks_exact(features).zip(gradient.chunks_exact_mut(features));
        for (index, ((x, dy), (mean, inverse))) in vectors.zip(mean.iter().zip(inverse)).enumerate() {
            let block = index / BLOCK * features;
            let gamma_sums = &mut gamma_sums[block..block + features];
            let beta_sums = &mut beta_sums[block..block + features];
            for i in 0..features {
                gamma_sums[i] += dy[i] * ((x[i] - *mean) * *inverse);
                beta_sums[i] += dy[i];
            }
            let along = dot(dy, gamma) / count;
            let across = dot_centered(dy, x, *mean, gamma) * *inverse / count;
            for i in 0..features {
                let normalized = (x[i] - *mean) * *inverse;
                dy[i] = (dy[i] * gamma[i] - along - normalized * across) * *inverse;
            }
        }
    }
}
