//! Fused kernels: `ops::fused` on the caller's memory.

mod activation_dropout;
mod layer_norm;
mod softmax;

use inverted_dropout::mask::Mask;
use inverted_dropout::ops::fused::{PARALLEL_FROM, RowDropout};
use inverted_dropout::ops::{Activation, Scaling};
use inverted_dropout::{Code, Error, Result, parallel};

use crate::mask::recipe;
use crate::memory::Seed;

/// The activation of a name.
fn activation(name: &str) -> Result<Activation> {
    let named = Activation::ALL.into_iter().find(|activation| activation.name() == name);
    named.ok_or_else(|| Error::argument(Code::Option, "activation", name, "the name of an activation"))
}

/// A dropout without its rows.
#[derive(Clone, Copy)]
struct Dropout {
    mask: Mask,
    scaling: Scaling,
    training: bool,
}

impl Dropout {
    fn new(standard: bool, training: bool, rate: f64, seed: Seed, place: u32, step: u32) -> Result<Self> {
        let scaling = if standard { Scaling::Standard } else { Scaling::Inverted };
        Ok(Dropout { mask: recipe(rate, seed, place, step, 0)?, scaling, training })
    }

    fn of(self, ids: &[u32]) -> RowDropout<'_> {
        let Dropout { mask, scaling, training } = self;
        RowDropout { mask, scaling, training, ids }
    }
}

/// Enters the pool only for what the core splits: below that, the calling thread is faster.
fn with_threads(elements: usize, work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    if elements < PARALLEL_FROM { work() } else { parallel::install(parallel::default_threads()?, work)? }
}
