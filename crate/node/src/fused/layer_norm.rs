//! Bias, activation, dropout, residual, layer norm.

use inverted_dropout::Result;
use inverted_dropout::ops::fused::{
    BiasActivationDropout, BiasActivationDropoutLayerNorm, LayerNormGradients, LayerNormInputs,
};
use napi_derive::napi;

use super::{Dropout, activation, with_threads};
use crate::errors::{self, guarded};
use crate::memory::{Floats, Seed, Words};
use crate::outputs::{Outputs, Typed, named, optional};

/// `out` = layer norm of `residual` + dropout of the activation of `x` + `bias`, with the statistics of every vector;
/// `out` may be `x` or `residual`.
#[napi]
pub fn bias_activation_dropout_layer_norm(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] mean: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] inverse_deviation: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] residual: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] bias: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] gamma: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] beta: Floats<'_>,
    epsilon: f64,
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
        let inputs = Inputs { x, residual, bias, gamma, beta, epsilon };
        let run = match x {
            Floats::F32(_) => run::<f32>,
            Floats::F64(_) => run::<f64>,
        };
        run(inputs, [out, mean, inverse_deviation], &activation, dropout, ids, features as usize)
    })
}

struct Inputs<'call> {
    x: Floats<'call>,
    residual: Option<Floats<'call>>,
    bias: Option<Floats<'call>>,
    gamma: Floats<'call>,
    beta: Floats<'call>,
    epsilon: f64,
}

impl<'call> Inputs<'call> {
    /// The kernel that these make; `outputs` are what the call writes.
    fn kernel<T: Typed>(
        &self,
        outputs: &Outputs<'call, T>,
        name: &str,
        dropout: Dropout,
        ids: Words<'call>,
        features: usize,
    ) -> Result<BiasActivationDropoutLayerNorm<'call, T>> {
        let bias = optional("bias", &self.bias)?.map(|named| outputs.read(named)).transpose()?;
        let dropout = dropout.of(outputs.ids(&ids)?);
        Ok(BiasActivationDropoutLayerNorm {
            inner: BiasActivationDropout { features, bias, activation: activation(name)?, dropout },
            gamma: outputs.read(named("gamma", &self.gamma)?)?,
            beta: outputs.read(named("beta", &self.beta)?)?,
            epsilon: self.epsilon,
        })
    }
}

fn run<T: Typed>(
    inputs: Inputs<'_>,
    [out, mean, inverse_deviation]: [Floats<'_>; 3],
    name: &str,
    dropout: Dropout,
    ids: Words<'_>,
    features: usize,
) -> Result<()> {
    let outputs = Outputs::<T>::new(vec![
        named("out", &out)?,
        named("mean", &mean)?,
        named("inverseDeviation", &inverse_deviation)?,
    ])?;
    let x = outputs.input(named("x", &inputs.x)?)?;
    let residual = optional("residual", &inputs.residual)?.map(|named| outputs.input(named)).transpose()?;
    let kernel = inputs.kernel(&outputs, name, dropout, ids, features)?;
    let [out, mean, inverse_deviation] = outputs.write();
    with_threads(out.len(), || kernel.forward(x, residual, out, mean, inverse_deviation))
}

/// The gradients by `x`, to `out`, which may be `x`, `residual` or `dy`, by the residual, if it is wanted, and by the
/// vectors of parameters.
#[napi]
pub fn bias_activation_dropout_layer_norm_backward(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] dy: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] mean: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] inverse_deviation: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] d_residual: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] d_bias: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] d_gamma: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] d_beta: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] residual: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] bias: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] gamma: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] beta: Floats<'_>,
    epsilon: f64,
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
        let inputs = Inputs { x, residual, bias, gamma, beta, epsilon };
        let backward =
            Backward { dy, mean, inverse_deviation, out, d_residual, sums: [d_bias, d_gamma, d_beta] };
        let run = match x {
            Floats::F32(_) => run_backward::<f32>,
            Floats::F64(_) => run_backward::<f64>,
        };
        run(inputs, backward, &activation, dropout, ids, features as usize)
    })
}

struct Backward<'call> {
    dy: Floats<'call>,
    mean: Floats<'call>,
    inverse_deviation: Floats<'call>,
    out: Floats<'call>,
    d_residual: Option<Floats<'call>>,
    sums: [Floats<'call>; 3],
}

fn run_backward<T: Typed>(
    inputs: Inputs<'_>,
    backward: Backward<'_>,
    name: &str,
    dropout: Dropout,
    ids: Words<'_>,
    features: usize,
) -> Result<()> {
    let [d_bias, d_gamma, d_beta] = &backward.sums;
    let mut written = vec![
        named("out", &backward.out)?,
        named("dBias", d_bias)?,
        named("dGamma", d_gamma)?,
        named("dBeta", d_beta)?,
    ];
    written.extend(optional("dResidual", &backward.d_residual)?);
    let outputs = Outputs::<T>::new(written)?;
    let mean = outputs.read(named("mean", &backward.mean)?)?;
    let inverse_deviation = outputs.read(named("inverseDeviation", &backward.inverse_deviation)?)?;
    let x = outputs.input(named("x", &inputs.x)?)?;
    let dy = outputs.input(named("dy", &backward.dy)?)?;
    let residual = optional("residual", &inputs.residual)?.map(|named| outputs.input(named)).transpose()?;
    let kernel = inputs.kernel(&outputs, name, dropout, ids, features)?;
    let (x_gradient, sums, residual_gradient) = if backward.d_residual.is_some() {
        let [out, bias, gamma, beta, residual] = outputs.write();
        (out, [bias, gamma, beta], Some(residual))
    } else {
        let [out, bias, gamma, beta] = outputs.write();
        (out, [bias, gamma, beta], None)
    };
    let [bias, gamma, beta] = sums;
    let inputs = LayerNormInputs { x, residual, mean, inverse_deviation, dy };
    let gradients = LayerNormGradients { x: x_gradient, residual: residual_gradient, bias, gamma, beta };
    with_threads(gradients.x.len(), || kernel.backward(inputs, gradients))
}
