//! Masks with a structure. They live in native memory, since what follows from a recipe (a seed rate, thresholds of
//! lanes) is worked out once.

use inverted_dropout::mask::{Structure, Structured};
use inverted_dropout::ops::{self, Element, Real, Scaling};
use inverted_dropout::{Code, Error, Result};
use napi_derive::napi;

use crate::dropout::with_threads;
use crate::errors::{self, guarded};
use crate::memory::{Bytes, Floats, Region, Relation, Words, other_type, overlap};

/// A mask with a structure.
#[napi]
pub struct NativeMask(Structured);

#[napi]
impl NativeMask {
    /// The mask of a recipe as JSON.
    #[napi(constructor)]
    pub fn new(recipe: String) -> errors::Result<Self> {
        guarded(|| Structured::from_json(&recipe).map(NativeMask))
    }

    /// Elements of one row.
    #[napi]
    pub fn elements(&self) -> f64 {
        self.0.elements() as f64
    }

    /// The expected share of dropped elements.
    #[napi]
    pub fn expected_rate(&self) -> f64 {
        self.0.expected_rate()
    }

    /// How likely a position of a map is the seed of a block; undefined for masks without blocks.
    #[napi]
    pub fn seed_rate(&self) -> Option<f64> {
        match &self.0.structure {
            Structure::Block(block) => Some(block.seed_rate()),
            _ => None,
        }
    }

    /// How likely each position of a map drops; undefined for masks without blocks.
    #[napi]
    pub fn position_rates(&self) -> Option<Vec<f64>> {
        match &self.0.structure {
            Structure::Block(block) => Some(block.position_rates()),
            _ => None,
        }
    }

    /// `out` = dropout of the rows of `x`; `out` may be `x` itself.
    #[napi]
    pub fn apply(
        &self,
        #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
        #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
        standard: bool,
        training: bool,
        #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>,
    ) -> errors::Result<()> {
        let scaling = if standard { Scaling::Standard } else { Scaling::Inverted };
        guarded(|| {
            let ids = separate(&ids, &out)?;
            match (x, out) {
                (Floats::F32(x), Floats::F32(out)) => self.run(scaling, training, ids, x, out),
                (Floats::F64(x), Floats::F64(out)) => self.run(scaling, training, ids, x, out),
                _ => Err(other_type(&x, &out)),
            }
        })
    }

    fn run<E: Element>(
        &self,
        scaling: Scaling,
        training: bool,
        ids: &[u32],
        x: Region<'_, E>,
        out: Region<'_, E>,
    ) -> Result<()> {
        let relation = x.relation(&out);
        if relation == Relation::Overlapping {
            return Err(overlap("out", "x"));
        }
        // SAFETY: the only slice of `out` if `x` is the same memory or separate from it, as is `ids`.
        let out = unsafe { out.as_mut_slice() };
        // SAFETY: read only where `out` is separate from it.
        let x = (relation == Relation::Separate).then(|| unsafe { x.as_slice() });
        with_threads(out.len(), || match (x, training) {
            (Some(x), true) => ops::dropout_structured(&self.0, scaling, ids, x, out),
            (Some(x), false) => ops::inference_structured(&self.0, scaling, x, out),
            (None, true) => ops::dropout_structured_in_place(&self.0, scaling, ids, out),
            (None, false) => ops::inference_structured_in_place(&self.0, scaling, out),
        })
    }

    /// `out` = the kept weights of each query over their sum; with `dy` the gradient of that.
    #[napi]
    pub fn renormalize(
        &self,
        #[napi(ts_arg_type = "Float32Array | Float64Array")] weights: Floats<'_>,
        #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] dy: Option<Floats<'_>>,
        #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
        #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>,
    ) -> errors::Result<()> {
        guarded(|| {
            let ids = separate(&ids, &out)?;
            match (weights, dy, out) {
                (Floats::F32(weights), None, Floats::F32(out)) => self.renormalized(weights, None, out, ids),
                (Floats::F64(weights), None, Floats::F64(out)) => self.renormalized(weights, None, out, ids),
                (Floats::F32(weights), Some(Floats::F32(dy)), Floats::F32(out)) => {
                    self.renormalized(weights, Some(dy), out, ids)
                }
                (Floats::F64(weights), Some(Floats::F64(dy)), Floats::F64(out)) => {
                    self.renormalized(weights, Some(dy), out, ids)
                }
                (weights, _, out) => Err(other_type(&weights, &out)),
            }
        })
    }

    fn renormalized<E: Real>(
        &self,
        weights: Region<'_, E>,
        dy: Option<Region<'_, E>>,
        out: Region<'_, E>,
        ids: &[u32],
    ) -> Result<()> {
        if weights.relation(&out) != Relation::Separate {
            return Err(overlap("out", "weights"));
        }
        if dy.is_some_and(|dy| dy.relation(&out) != Relation::Separate) {
            return Err(overlap("out", "dy"));
        }
        // SAFETY: `out` overlaps none of the others, which are only read.
        let (weights, out) = unsafe { (weights.as_slice(), out.as_mut_slice()) };
        match dy {
            None => ops::renormalize(&self.0, ids, weights, out),
            // SAFETY: as above.
            Some(dy) => ops::renormalize_backward(&self.0, ids, weights, unsafe { dy.as_slice() }, out),
        }
    }

    /// Writes the keep bits of the rows into `out`, without gaps.
    #[napi]
    pub fn bits(
        &self,
        #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>,
        #[napi(ts_arg_type = "Uint8Array")] out: Bytes<'_>,
    ) -> errors::Result<()> {
        guarded(|| {
            if out.0.relation(&ids.0) != Relation::Separate {
                return Err(Error::argument(
                    Code::Overlap,
                    "out",
                    "the memory of the ids",
                    "memory of its own",
                ));
            }
            // SAFETY: the two are separate, and these are their only slices.
            let (ids, out) = unsafe { (ids.0.as_slice(), out.0.as_mut_slice()) };
            self.0.bits(ids, out)
        })
    }

    /// How many elements of the rows are kept.
    #[napi]
    pub fn count(&self, #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>) -> errors::Result<f64> {
        // SAFETY: only read.
        guarded(|| self.0.count(unsafe { ids.0.as_slice() }).map(|kept| kept as f64))
    }
}

/// The ids, which must not be where the result goes.
fn separate<'call>(ids: &Words<'call>, out: &Floats<'call>) -> Result<&'call [u32]> {
    if out.relation(&ids.0) != Relation::Separate {
        return Err(overlap("ids", "out"));
    }
    // SAFETY: only `out` is written, and it is separate.
    Ok(unsafe { ids.0.as_slice() })
}
