//! Bias, activation, dropout, residual.

use inverted_dropout::Result;
use inverted_dropout::ops::fused::BiasActivationDropout;
use napi_derive::napi;

use super::{Dropout, activation, with_threads};
use crate::errors::{self, guarded};
use crate::memory::{Floats, Seed, Words};
use crate::outputs::{Outputs, Typed, named, optional};

/// `out` = `residual` + dropout of the activation of `x` + `bias`; `out` may be `x` or `residual`.
#[napi]
pub fn bias_activation_dropout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] residual: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] bias: Option<Floats<'_>>,
    activation: String,
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
        let arrays = Forward { x, out, residual, bias };
        let run = match x {
            Floats::F32(_) => run::<f32>,
            Floats::F64(_) => run::<f64>,
        };
        run(arrays, &activation, dropout, ids, features as usize)
    })
}

struct Forward<'call> {
    x: Floats<'call>,
    out: Floats<'call>,
    residual: Option<Floats<'call>>,
    bias: Option<Floats<'call>>,
}

fn run<T: Typed>(
    arrays: Forward<'_>,
    name: &str,
    dropout: Dropout,
    ids: Words<'_>,
    features: usize,
) -> Result<()> {
    let outputs = Outputs::<T>::new(vec![named("out", &arrays.out)?])?;
    let x = outputs.input(named("x", &arrays.x)?)?;
    let residual = optional("residual", &arrays.residual)?.map(|named| outputs.input(named)).transpose()?;
    let bias = optional("bias", &arrays.bias)?.map(|named| outputs.read(named)).transpose()?;
    let dropout = dropout.of(outputs.ids(&ids)?);
    let kernel = BiasActivationDropout { features, bias, activation: activation(name)?, dropout };
    let [out] = outputs.write();
    with_threads(out.len(), || kernel.forward(x, residual, out))
}

/// The gradients by `x`, to `out`, which may be `x` or `dy`, and by the bias, to `d_bias`.
#[napi]
pub fn bias_activation_dropout_backward(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] dy: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] d_bias: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] bias: Option<Floats<'_>>,
    activation: String,
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
        let arrays = Backward { dy, x, out, d_bias, bias };
        let run = match dy {
            Floats::F32(_) => run_backward::<f32>,
            Floats::F64(_) => run_backward::<f64>,
        };
        run(arrays, &activation, dropout, ids, features as usize)
    })
}

struct Backward<'call> {
    dy: Floats<'call>,
    x: Floats<'call>,
    out: Floats<'call>,
    d_bias: Floats<'call>,
    bias: Option<Floats<'call>>,
}

fn run_backward<T: Typed>(
    arrays: Backward<'_>,
    name: &str,
    dropout: Dropout,
    ids: Words<'_>,
    features: usize,
) -> Result<()> {
    let outputs = Outputs::<T>::new(vec![named("out", &arrays.out)?, named("dBias", &arrays.d_bias)?])?;
    let (x, dy) = (outputs.input(named("x", &arrays.x)?)?, outputs.input(named("dy", &arrays.dy)?)?);
    let bias = optional("bias", &arrays.bias)?.map(|named| outputs.read(named)).transpose()?;
    let dropout = dropout.of(outputs.ids(&ids)?);
    let kernel = BiasActivationDropout { features, bias, activation: activation(name)?, dropout };
    let [out, d_bias] = outputs.write();
    with_threads(out.len(), || kernel.backward(x, dy, out, d_bias))
}
