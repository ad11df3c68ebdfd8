//! Concrete dropout and the gradient of its rate.

use inverted_dropout::Result;
use inverted_dropout::ops::noise::{self, Concrete, NoiseElement, RateGradient, Rows};
use inverted_dropout::stream::Rate;
use napi_derive::napi;

use super::{Pass, other_type, rows, separate, source};
use crate::dropout::with_threads;
use crate::errors::{self, guarded};
use crate::mask::recipe;
use crate::memory::{Floats, Region, Seed, Words};

/// `out` = concrete dropout of `x`; `out` may be `x` itself.
#[napi]
pub fn concrete_dropout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    training: bool,
    temperature: f64,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<()> {
    guarded(|| {
        let concrete = Concrete::new(recipe(rate, seed, place, step, sample)?, temperature)?;
        let pass = if training { Pass::Concrete(concrete) } else { Pass::Inference };
        pass.apply(rows(&ids, width, &[("out", &out)])?, x, out)
    })
}

/// `out` = the gradient by the input of concrete dropout; `out` may be `dy` itself. The result is the gradient by the
/// rate and by its logit.
#[napi]
pub fn concrete_dropout_backward(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] dy: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    training: bool,
    temperature: f64,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<Vec<f64>> {
    guarded(|| {
        let concrete = Concrete::new(recipe(rate, seed, place, step, sample)?, temperature)?;
        let rows = rows(&ids, width, &[("out", &out)])?;
        let gradient = match (x, dy, out) {
            (Floats::F32(x), Floats::F32(dy), Floats::F32(out)) => {
                concrete_backward(&concrete, rows, training, x, dy, out)?
            }
            (Floats::F64(x), Floats::F64(dy), Floats::F64(out)) => {
                concrete_backward(&concrete, rows, training, x, dy, out)?
            }
            _ if dy.class() == x.class() => return Err(other_type("out", &out, &x)),
            _ => return Err(other_type("dy", &dy, &x)),
        };
        Ok(vec![gradient.rate, gradient.logit])
    })
}

fn concrete_backward<E: NoiseElement>(
    concrete: &Concrete,
    rows: Rows<'_>,
    training: bool,
    x: Region<'_, E>,
    dy: Region<'_, E>,
    out: Region<'_, E>,
) -> Result<RateGradient> {
    if !training {
        Pass::Inference.run_on(rows, dy, out)?;
        return Ok(RateGradient::default());
    }
    let (x, dy) = (separate(&x, "x", &out, "out")?, source(&dy, "dy", &out)?);
    // SAFETY: the only slice of `out`: `x` is separate, and `dy` is separate or not a slice.
    let out = unsafe { out.as_mut_slice() };
    let mut gradient = RateGradient::default();
    with_threads(x.len(), || {
        gradient = noise::concrete_dropout_backward(concrete, rows, x, dy, out)?;
        Ok(())
    })?;
    Ok(gradient)
}

/// The regulariser of a rate, its gradient by the rate and by the logit.
#[napi]
pub fn concrete_regularizer(rate: f64) -> errors::Result<Vec<f64>> {
    guarded(|| {
        let (value, gradient) = noise::concrete_regularizer(Rate::new(rate)?);
        Ok(vec![value, gradient.rate, gradient.logit])
    })
}
