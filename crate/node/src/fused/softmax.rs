//! Softmax and dropout.

use inverted_dropout::Result;
use inverted_dropout::ops::fused::SoftmaxDropout;
use napi_derive::napi;

use super::{Dropout, with_threads};
use crate::errors::{self, guarded};
use crate::memory::{Floats, Seed, Words};
use crate::outputs::{Outputs, Typed, named, optional};

/// `out` = dropout of the softmax of `x` times `scale`, or with `dy` the gradient by `x`; `out` may be `x` or `dy`.
#[napi]
pub fn softmax_dropout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] dy: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    scale: f64,
    renormalize: bool,
    standard: bool,
    training: bool,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>,
    features: u32,
) -> errors::Result<()> {
    guarded(|| {
        let dropout = Dropout::new(standard, training, rate, seed, place, step)?;
        let run = match x {
            Floats::F32(_) => run::<f32>,
            Floats::F64(_) => run::<f64>,
        };
        let settings = Settings { features: features as usize, scale, renormalize, dropout };
        run(x, dy, out, ids, settings)
    })
}

/// The kernel without its rows.
struct Settings {
    features: usize,
    scale: f64,
    renormalize: bool,
    dropout: Dropout,
}

fn run<T: Typed>(
    x: Floats<'_>,
    dy: Option<Floats<'_>>,
    out: Floats<'_>,
    ids: Words<'_>,
    settings: Settings,
) -> Result<()> {
    let outputs = Outputs::<T>::new(vec![named("out", &out)?])?;
    let x = outputs.input(named("x", &x)?)?;
    let dy = optional("dy", &dy)?.map(|named| outputs.input(named)).transpose()?;
    let Settings { features, scale, renormalize, dropout } = settings;
    let kernel = SoftmaxDropout { features, scale, renormalize, dropout: dropout.of(outputs.ids(&ids)?) };
    let [out] = outputs.write();
    with_threads(out.len(), || match dy {
        None => kernel.forward(x, out),
        Some(dy) => kernel.backward(x, dy, out),
    })
}
