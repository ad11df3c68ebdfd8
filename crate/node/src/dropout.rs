//! Dropout: the select of a mask applied to the caller's memory. Forward and backward are the same call.

use inverted_dropout::mask::Mask;
use inverted_dropout::ops::{self, Element, Scaling};
use inverted_dropout::{Result, parallel};
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Float64Array, Object, ToNapiValue};
use napi_derive::napi;

use crate::errors::{self, guarded};
use crate::jobs;
use crate::mask::recipe;
use crate::memory::{Floats, Region, Relation, Seed, Words, other_type, overlap};

/// Enters the pool only for what the core splits: below that, the calling thread is faster.
pub(crate) fn with_threads(elements: usize, work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    if elements < ops::dropout::PARALLEL_FROM {
        work()
    } else {
        parallel::install(parallel::default_threads()?, work)?
    }
}

/// What is done to the elements.
#[derive(Clone, Copy)]
struct Pass {
    mask: Mask,
    scaling: Scaling,
    training: bool,
}

impl Pass {
    fn new(mask: Mask, standard: bool, training: bool) -> Self {
        let scaling = if standard { Scaling::Standard } else { Scaling::Inverted };
        Pass { mask, scaling, training }
    }

    fn run<E: Element>(&self, rows: Option<Rows<'_>>, x: &[E], out: &mut [E]) -> Result<()> {
        let Pass { mask, scaling, training } = self;
        with_threads(x.len(), || match rows {
            _ if !training => ops::inference(mask.rate, *scaling, x, out),
            None => ops::dropout(mask, *scaling, x, out),
            Some(Rows { ids, width }) => ops::dropout_rows(mask, *scaling, ids, width, x, out),
        })
    }

    fn run_in_place<E: Element>(&self, rows: Option<Rows<'_>>, x: &mut [E]) -> Result<()> {
        let Pass { mask, scaling, training } = self;
        with_threads(x.len(), || match rows {
            _ if !training => {
                ops::inference_in_place(mask.rate, *scaling, x);
                Ok(())
            }
            None => ops::dropout_in_place(mask, *scaling, x),
            Some(Rows { ids, width }) => ops::dropout_rows_in_place(mask, *scaling, ids, width, x),
        })
    }

    /// On the caller's memory, in place where both are the same.
    fn run_on<E: Element>(&self, rows: Option<Rows<'_>>, x: Region<'_, E>, out: Region<'_, E>) -> Result<()> {
        match x.relation(&out) {
            Relation::Overlapping => Err(overlap("out", "x")),
            // SAFETY: `x` and `out` are the same memory and this is its only slice.
            Relation::Same => self.run_in_place(rows, unsafe { out.as_mut_slice() }),
            // SAFETY: the two do not overlap, and these are their only slices.
            Relation::Separate => self.run(rows, unsafe { x.as_slice() }, unsafe { out.as_mut_slice() }),
        }
    }
}

/// Which rows the elements belong to.
struct Rows<'a> {
    ids: &'a [u32],
    width: usize,
}

/// `out` = dropout of `x`; `out` may be `x` itself. With `ids`, by rows of `width` elements, row i at sample
/// `ids[i]`.
#[napi]
pub fn dropout(
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
    standard: bool,
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
        let pass = Pass::new(recipe(rate, seed, place, step, sample)?, standard, training);
        let rows = match &ids {
            None => None,
            Some(ids) => {
                if out.relation(&ids.0) != Relation::Separate {
                    return Err(overlap("ids", "out"));
                }
                // SAFETY: only `out` is written, and it is separate.
                Some(Rows { ids: unsafe { ids.0.as_slice() }, width: width as usize })
            }
        };
        match (x, out) {
            (Floats::F32(x), Floats::F32(out)) => pass.run_on(rows, x, out),
            (Floats::F64(x), Floats::F64(out)) => pass.run_on(rows, x, out),
            _ => Err(other_type(&x, &out)),
        }
    })
}

/// As [`dropout`], off the event loop: `x` and `ids` are copied before the call returns.
#[napi(ts_return_type = "Promise<Float32Array | Float64Array>")]
pub fn dropout_async(
    env: &Env,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    standard: bool,
    training: bool,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    width: u32,
) -> errors::Result<Object<'static>> {
    let mask = guarded(|| recipe(rate, seed, place, step, sample))?;
    let pass = Pass::new(mask, standard, training);
    // SAFETY: read and copied at once: JavaScript does not run during the call, so nobody writes.
    let ids = ids.map(|ids| unsafe { ids.0.as_slice() }.to_vec());
    match x {
        Floats::F32(x) => {
            // SAFETY: as above.
            let x = unsafe { x.as_slice() }.to_vec();
            run_off_loop(env, pass, ids, width as usize, x, Float32Array::new)
        }
        Floats::F64(x) => {
            // SAFETY: as above.
            let x = unsafe { x.as_slice() }.to_vec();
            run_off_loop(env, pass, ids, width as usize, x, Float64Array::new)
        }
    }
}

fn run_off_loop<E: Element, T: ToNapiValue + Send + 'static>(
    env: &Env,
    pass: Pass,
    ids: Option<Vec<u32>>,
    width: usize,
    mut x: Vec<E>,
    wrap: fn(Vec<E>) -> T,
) -> errors::Result<Object<'static>> {
    // A pass takes well under a second, so an environment that ends waits for it.
    let stop = || ();
    jobs::promise(env, "inverted-dropout-async", stop, move || {
        let rows = ids.as_deref().map(|ids| Rows { ids, width });
        pass.run_in_place(rows, &mut x)?;
        Ok(wrap(x))
    })
}
