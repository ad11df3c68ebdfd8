//! Zoneout of a previous state and a candidate.

use inverted_dropout::Result;
use inverted_dropout::ops::noise::{self, NoiseElement, Rows, Zoneout};
use napi_derive::napi;

use super::{other_type, rows, separate, shared, source};
use crate::dropout::with_threads;
use crate::errors::{self, guarded};
use crate::mask::recipe;
use crate::memory::{Floats, Region, Relation, Seed, Words};

/// `out` = zoneout of the previous state and the candidate at a time step; `out` may be either of them.
#[napi]
pub fn zoneout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] previous: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] candidate: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    training: bool,
    time: u32,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<()> {
    guarded(|| {
        let zoneout = Zoneout { mask: recipe(rate, seed, place, step, sample)?, time };
        let rows = rows(&ids, width, &[("out", &out)])?;
        match (previous, candidate, out) {
            (Floats::F32(previous), Floats::F32(candidate), Floats::F32(out)) => {
                zoneout_on(&zoneout, rows, training, previous, candidate, out)
            }
            (Floats::F64(previous), Floats::F64(candidate), Floats::F64(out)) => {
                zoneout_on(&zoneout, rows, training, previous, candidate, out)
            }
            _ if candidate.class() == previous.class() => Err(other_type("out", &out, &previous)),
            _ => Err(other_type("candidate", &candidate, &previous)),
        }
    })
}

fn zoneout_on<E: NoiseElement>(
    zoneout: &Zoneout,
    rows: Rows<'_>,
    training: bool,
    previous: Region<'_, E>,
    candidate: Region<'_, E>,
    out: Region<'_, E>,
) -> Result<()> {
    let (previous, candidate) =
        (source(&previous, "previous", &out)?, source(&candidate, "candidate", &out)?);
    // SAFETY: the only slice of `out`: what is the same memory did not become one.
    let out = unsafe { out.as_mut_slice() };
    if !training {
        return Zoneout::expected(zoneout.mask.rate, previous, candidate, out);
    }
    with_threads(out.len(), || noise::zoneout(zoneout, rows, previous, candidate, out))
}

/// The gradients by both inputs of zoneout, in memory of their own.
#[napi]
pub fn zoneout_backward(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] dh: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] d_previous: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] d_candidate: Floats<'_>,
    training: bool,
    time: u32,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<()> {
    guarded(|| {
        let zoneout = Zoneout { mask: recipe(rate, seed, place, step, sample)?, time };
        let outputs = [("out.dPrevious", &d_previous), ("out.dCandidate", &d_candidate)];
        let rows = rows(&ids, width, &outputs)?;
        match (dh, d_previous, d_candidate) {
            (Floats::F32(dh), Floats::F32(previous), Floats::F32(candidate)) => {
                zoneout_backward_on(&zoneout, rows, training, dh, previous, candidate)
            }
            (Floats::F64(dh), Floats::F64(previous), Floats::F64(candidate)) => {
                zoneout_backward_on(&zoneout, rows, training, dh, previous, candidate)
            }
            _ if d_previous.class() == dh.class() => Err(other_type("out.dCandidate", &d_candidate, &dh)),
            _ => Err(other_type("out.dPrevious", &d_previous, &dh)),
        }
    })
}

fn zoneout_backward_on<E: NoiseElement>(
    zoneout: &Zoneout,
    rows: Rows<'_>,
    training: bool,
    dh: Region<'_, E>,
    d_previous: Region<'_, E>,
    d_candidate: Region<'_, E>,
) -> Result<()> {
    separate(&dh, "dh", &d_previous, "out.dPrevious")?;
    let dh = separate(&dh, "dh", &d_candidate, "out.dCandidate")?;
    if d_previous.relation(&d_candidate) != Relation::Separate {
        return Err(shared("out.dCandidate", "out.dPrevious"));
    }
    // SAFETY: the three do not overlap, and these are their only slices.
    let (d_previous, d_candidate) = unsafe { (d_previous.as_mut_slice(), d_candidate.as_mut_slice()) };
    if !training {
        return Zoneout::expected_backward(zoneout.mask.rate, dh, d_previous, d_candidate);
    }
    with_threads(dh.len(), || noise::zoneout_backward(zoneout, rows, dh, d_previous, d_candidate))
}
