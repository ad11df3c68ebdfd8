//! The fused kernels against plain loops, their gradients against finite differences, and what must not change a bit.

mod accuracy;
mod gradients;
mod invariance;
mod plain;

use super::{
    BiasActivationDropout, BiasActivationDropoutLayerNorm, EPSILON, Input, LayerNormGradients,
    LayerNormInputs, RowDropout, SoftmaxDropout,
};
use crate::isa::Isa;
use crate::mask::Mask;
use crate::ops::{Activation, Float, Scaling};
use crate::stream::{Address, Rate};

/// Samples, vectors of each, features: sizes of 1, odd tails, several blocks, and vectors larger than a tile.
const SHAPES: [[usize; 3]; 9] = [
    [1, 1, 1],
    [3, 1, 1],
    [70, 1, 7],
    [2, 5, 33],
    [33, 3, 130],
    [2, 70, 100],
    [1, 40, 129],
    [3, 1, 4099],
    [2, 3, 5000],
];

fn elementwise() -> impl Iterator<Item = Activation> + Clone {
    Activation::ALL.into_iter().filter(|activation| *activation != Activation::Softmax)
}

/// Numbers in (-3, 3) that depend on `salt`, none closer to 0 than the steps of finite differences.
fn numbers<T: Float>(length: usize, salt: usize) -> Vec<T> {
    let value =
        |i: usize| ((i * 7919 + salt * 104_729 + 1) as f64 * 0.618_033_988_749_895).fract() * 6.0 - 3.0;
    (0..length).map(value).map(|x| T::from_f64(if x.abs() < 0.01 { 0.5 } else { x })).collect()
}

fn ids(samples: usize) -> Vec<u32> {
    (0..samples as u32).map(|i| i * 13 + 5).collect()
}

fn dropout(rate: f64, ids: &[u32]) -> RowDropout<'_> {
    let address = Address { seed: 9, site: 3, step: 4, ..Address::default() };
    let mask = Mask { address, rate: Rate::new(rate).unwrap() };
    RowDropout { mask, scaling: Scaling::Inverted, training: true, ids }
}

fn bits<T: Float>(values: &[T]) -> Vec<u64> {
    // A NaN's payload depends on the order of operands, which IEEE 754 leaves open.
    values.iter().map(|x| if x.to_f64().is_nan() { u64::MAX } else { x.to_f64().to_bits() }).collect()
}

/// All that goes into a kernel.
struct Case<T> {
    shape: [usize; 3],
    ids: Vec<u32>,
    x: Vec<T>,
    bias: Vec<T>,
    residual: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
    dy: Vec<T>,
    activation: Activation,
    rate: f64,
}

/// What comes out of a kernel, forward and backward.
struct Results<T> {
    y: Vec<T>,
    statistics: [Vec<T>; 2],
    dx: Vec<T>,
    dresidual: Vec<T>,
    sums: [Vec<T>; 3],
}

impl<T: Float> Results<T> {
    fn bits(&self) -> Vec<Vec<u64>> {
        let Results { y, statistics: [mean, inverse], dx, dresidual, sums: [bias, gamma, beta] } = self;
        [y, mean, inverse, dx, dresidual, bias, gamma, beta].map(|values| bits(values)).to_vec()
    }
}

impl<T: Float> Case<T> {
    fn new(shape: [usize; 3], activation: Activation, rate: f64) -> Self {
        let (elements, features) = (shape.iter().product(), shape[2]);
        Case {
            shape,
            ids: ids(shape[0]),
            x: numbers(elements, 1),
            bias: numbers(features, 2),
            residual: numbers(elements, 3),
            gamma: numbers(features, 4),
            beta: numbers(features, 5),
            dy: numbers(elements, 6),
            activation,
            rate,
        }
    }

    fn elements(&self) -> usize {
        self.x.len()
    }

    fn vectors(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    fn kernel(&self) -> BiasActivationDropout<'_, T> {
        BiasActivationDropout {
            features: self.shape[2],
            bias: Some(&self.bias),
            activation: self.activation,
            dropout: dropout(self.rate, &self.ids),
        }
    }

    fn norm(&self) -> BiasActivationDropoutLayerNorm<'_, T> {
        let (gamma, beta) = (&self.gamma[..], &self.beta[..]);
        BiasActivationDropoutLayerNorm { inner: self.kernel(), gamma, beta, epsilon: EPSILON }
    }

    fn softmax(&self, renormalize: bool) -> SoftmaxDropout<'_> {
        let dropout = dropout(self.rate, &self.ids);
        SoftmaxDropout { features: self.shape[2], scale: 0.7, renormalize, dropout }
    }

    fn run(&self, isa: Isa) -> Results<T> {
        let (zeros, features) = (|length| vec![T::ZERO; length], self.shape[2]);
        let mut y = zeros(self.elements());
        let residual = Some(Input::From(&self.residual[..]));
        self.kernel().forward_on(isa, Input::From(&self.x), residual, &mut y).unwrap();
        let (mut dx, mut bias) = (zeros(self.elements()), zeros(features));
        let (x, dy) = (Input::From(&self.x[..]), Input::From(&self.dy[..]));
        self.kernel().backward_on(isa, x, dy, &mut dx, &mut bias).unwrap();
        let statistics = [Vec::new(), Vec::new()];
        Results { y, statistics, dx, dresidual: self.dy.clone(), sums: [bias, Vec::new(), Vec::new()] }
    }

    fn run_norm(&self, isa: Isa) -> Results<T> {
        let (zeros, features) = (|length| vec![T::ZERO; length], self.shape[2]);
        let (mut y, mut dx, mut dresidual) =
            (zeros(self.elements()), zeros(self.elements()), zeros(self.elements()));
        let (mut mean, mut inverse_deviation) = (zeros(self.vectors()), zeros(self.vectors()));
        let (x, residual) = (Input::From(&self.x[..]), Some(Input::From(&self.residual[..])));
        let (norm, dy) = (self.norm(), Input::From(&self.dy[..]));
        norm.forward_on(isa, x, residual, &mut y, &mut mean, &mut inverse_deviation).unwrap();
        let (mut bias, mut gamma, mut beta) = (zeros(features), zeros(features), zeros(features));
        let inputs = LayerNormInputs { x, residual, mean: &mean, inverse_deviation: &inverse_deviation, dy };
        let gradients = LayerNormGradients {
            x: &mut dx,
            residual: Some(&mut dresidual),
            bias: &mut bias,
            gamma: &mut gamma,
            beta: &mut beta,
        };
        norm.backward_on(isa, inputs, gradients).unwrap();
        Results { y, statistics: [mean, inverse_deviation], dx, dresidual, sums: [bias, gamma, beta] }
    }

    fn run_softmax(&self, isa: Isa, renormalize: bool) -> Results<T> {
        let (mut y, mut dx) = (vec![T::ZERO; self.elements()], vec![T::ZERO; self.elements()]);
        let (softmax, x) = (self.softmax(renormalize), Input::From(&self.x[..]));
        softmax.forward_on(isa, x, &mut y).unwrap();
        softmax.backward_on(isa, x, Input::From(&self.dy), &mut dx).unwrap();
        let none = || Vec::new();
        Results { y, statistics: [none(), none()], dx, dresidual: none(), sums: [none(), none(), none()] }
    }
}
