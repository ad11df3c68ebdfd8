//! Gaussian, alpha and concrete dropout, and zoneout, on the caller's memory.

mod concrete;
mod zoneout;

use inverted_dropout::mask::Mask;
use inverted_dropout::ops::noise::{self, Concrete, NoiseElement, Rows};
use inverted_dropout::ops::{Scaling, inference, inference_in_place};
use inverted_dropout::stream::Rate;
use inverted_dropout::{Code, Error, Result};
use napi_derive::napi;

use crate::dropout::with_threads;
use crate::errors::{self, guarded};
use crate::mask::recipe;
use crate::memory::{Floats, Region, Relation, Seed, Words, overlap};

/// What is done to the elements of one array.
#[derive(Clone, Copy)]
enum Pass {
    Inference,
    /// Forward and backward.
    Gaussian(Mask),
    Alpha(Mask),
    AlphaBackward(Mask),
    Concrete(Concrete),
}

impl Pass {
    fn run<E: NoiseElement>(&self, rows: Rows<'_>, x: &[E], out: &mut [E]) -> Result<()> {
        with_threads(x.len(), || match self {
            Pass::Inference => inference(Rate::ZERO, Scaling::Inverted, x, out),
            Pass::Gaussian(mask) => noise::gaussian_dropout(mask, rows, x, out),
            Pass::Alpha(mask) => noise::alpha_dropout(mask, rows, x, out),
            Pass::AlphaBackward(mask) => noise::alpha_dropout_backward(mask, rows, x, out),
            Pass::Concrete(concrete) => noise::concrete_dropout(concrete, rows, x, out),
        })
    }

    fn run_in_place<E: NoiseElement>(&self, rows: Rows<'_>, x: &mut [E]) -> Result<()> {
        with_threads(x.len(), || match self {
            Pass::Inference => {
                inference_in_place(Rate::ZERO, Scaling::Inverted, x);
                Ok(())
            }
            Pass::Gaussian(mask) => noise::gaussian_dropout_in_place(mask, rows, x),
            Pass::Alpha(mask) => noise::alpha_dropout_in_place(mask, rows, x),
            Pass::AlphaBackward(mask) => noise::alpha_dropout_backward_in_place(mask, rows, x),
            Pass::Concrete(concrete) => noise::concrete_dropout_in_place(concrete, rows, x),
        })
    }

    fn run_on<E: NoiseElement>(&self, rows: Rows<'_>, x: Region<'_, E>, out: Region<'_, E>) -> Result<()> {
        match source(&x, "x", &out)? {
            // SAFETY: `x` and `out` are the same memory and this is its only slice.
            None => self.run_in_place(rows, unsafe { out.as_mut_slice() }),
            // SAFETY: the two do not overlap, and these are their only slices.
            Some(x) => self.run(rows, x, unsafe { out.as_mut_slice() }),
        }
    }

    fn apply(&self, rows: Rows<'_>, x: Floats<'_>, out: Floats<'_>) -> Result<()> {
        match (x, out) {
            (Floats::F32(x), Floats::F32(out)) => self.run_on(rows, x, out),
            (Floats::F64(x), Floats::F64(out)) => self.run_on(rows, x, out),
            _ => Err(other_type("out", &out, &x)),
        }
    }
}

/// The elements of an input, or `None` where it is the output itself.
fn source<'a, E>(x: &Region<'a, E>, argument: &str, out: &Region<'_, E>) -> Result<Option<&'a [E]>> {
    match x.relation(out) {
        Relation::Overlapping => Err(overlap("out", argument)),
        Relation::Same => Ok(None),
        // SAFETY: only outputs are written, and this input is separate.
        Relation::Separate => Ok(Some(unsafe { x.as_slice() })),
    }
}

/// The elements of an input that may not be the output itself.
fn separate<'a, E>(x: &Region<'a, E>, argument: &str, out: &Region<'_, E>, name: &str) -> Result<&'a [E]> {
    match x.relation(out) {
        // SAFETY: only outputs are written, and this input is separate.
        Relation::Separate => Ok(unsafe { x.as_slice() }),
        _ => Err(shared(name, argument)),
    }
}

fn shared(argument: &str, other: &str) -> Error {
    let allowed = format!("memory that does not overlap `{other}`");
    Error::argument(Code::Overlap, argument, "a view that overlaps it", allowed)
}

fn other_type(argument: &str, got: &Floats<'_>, first: &Floats<'_>) -> Error {
    let allowed = format!("a {} as the input is", first.class());
    Error::argument(Code::Type, argument, got.class(), allowed)
}

/// The rows of a call; `ids` must be separate from all that is written.
fn rows<'a>(ids: &Option<Words<'a>>, width: u32, outputs: &[(&str, &Floats<'_>)]) -> Result<Rows<'a>> {
    let Some(ids) = ids else { return Ok(Rows::One) };
    for (name, output) in outputs {
        if output.relation(&ids.0) != Relation::Separate {
            return Err(overlap("ids", name));
        }
    }
    // SAFETY: only the outputs are written, and they are separate.
    Ok(Rows::ByIds { ids: unsafe { ids.0.as_slice() }, width: width as usize })
}

/// `out` = Gaussian dropout of `x`, or of its gradient; `out` may be `x` itself.
#[napi]
pub fn gaussian_dropout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    training: bool,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<()> {
    guarded(|| {
        let mask = recipe(rate, seed, place, step, sample)?;
        let pass = if training { Pass::Gaussian(mask) } else { Pass::Inference };
        pass.apply(rows(&ids, width, &[("out", &out)])?, x, out)
    })
}

/// `out` = alpha dropout of `x`, or with `backward` of its gradient; `out` may be `x` itself.
#[napi]
pub fn alpha_dropout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    backward: bool,
    training: bool,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<()> {
    guarded(|| {
        let mask = recipe(rate, seed, place, step, sample)?;
        let pass = match (training, backward) {
            (false, _) => Pass::Inference,
            (true, false) => Pass::Alpha(mask),
            (true, true) => Pass::AlphaBackward(mask),
        };
        pass.apply(rows(&ids, width, &[("out", &out)])?, x, out)
    })
}
