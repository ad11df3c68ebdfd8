//! Compressed sparse rows of kept edges, with their values.

use inverted_dropout::Result;
use inverted_dropout::mask::graph::{RowLists, Rows};
use inverted_dropout::ops::Element;
use inverted_dropout::ops::graph::{self, EdgeScaling};
use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::sys;
use napi_derive::napi;

use super::arguments::{GraphArgument, scaling, shared, unpack};
use super::with_threads;
use crate::errors::{self, guarded};
use crate::memory::{Bytes, Floats, Region, Relation, Words, other_type};

/// How many entries the rows of kept edges have.
#[napi]
pub fn graph_entries(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    by_target: bool,
    mirror: bool,
) -> errors::Result<f64> {
    guarded(|| {
        let graph = graph.graph()?;
        let bits = unpack(&bits, graph.edges().len())?;
        Ok(Rows { by_target, mirror }.entries(&graph, Some(&bits))? as f64)
    })
}

/// The arrays that rows are written to.
pub struct RowArrays<'call> {
    starts: Words<'call>,
    columns: Words<'call>,
    edges: Words<'call>,
    values: Floats<'call>,
}

impl FromNapiValue for RowArrays<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: napi calls this with the values of the running call.
        let object = unsafe { Object::from_napi_value(env, value)? };
        let missing = || napi::Error::from_reason("expected arrays of rows");
        Ok(RowArrays {
            starts: object.get("rowPointers")?.ok_or_else(missing)?,
            columns: object.get("columns")?.ok_or_else(missing)?,
            edges: object.get("edges")?.ok_or_else(missing)?,
            values: object.get("values")?.ok_or_else(missing)?,
        })
    }
}

impl RowArrays<'_> {
    /// Refuses arrays that share memory with each other, with the graph or with what else is read.
    fn check_separate(&self, graph: &GraphArgument<'_>, weights: Option<&Floats<'_>>) -> Result<()> {
        let words = [
            ("out.rowPointers", &self.starts.0),
            ("out.columns", &self.columns.0),
            ("out.edges", &self.edges.0),
        ];
        for (at, (name, list)) in words.iter().enumerate() {
            graph.separate_from(list)?;
            let others = words[..at].iter().map(|(name, other)| (*name, list.relation(other)));
            let weights = weights.map(|weights| ("weights", weights.relation(list)));
            let values = [("out.values", self.values.relation(list))];
            for (other, relation) in others.chain(weights).chain(values) {
                if relation != Relation::Separate {
                    return Err(shared(name, other));
                }
            }
        }
        Ok(())
    }
}

/// Rows of kept edges, with as many entries as [`graph_entries`] says: where they begin, columns, edges and the
/// weights of the edges, scaled.
#[napi]
pub fn graph_rows(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    number: u32,
    rate: f64,
    by_target: bool,
    mirror: bool,
    #[napi(ts_arg_type = "Float32Array | Float64Array | undefined")] weights: Option<Floats<'_>>,
    #[napi(ts_arg_type = "object")] out: RowArrays<'_>,
) -> errors::Result<()> {
    guarded(|| {
        out.check_separate(&graph, weights.as_ref())?;
        let rows = Rows { by_target, mirror };
        let write =
            Write { argument: &graph, bits: &bits, rows, scaling: scaling(number, rate, rows)?, out: &out };
        match (weights, out.values) {
            (None, Floats::F32(values)) => write.run(None, values),
            (None, Floats::F64(values)) => write.run(None, values),
            (Some(Floats::F32(weights)), Floats::F32(values)) => write.run(Some(weights), values),
            (Some(Floats::F64(weights)), Floats::F64(values)) => write.run(Some(weights), values),
            (Some(weights), values) => Err(other_type(&weights, &values)),
        }
    })
}

struct Write<'a, 'call> {
    argument: &'a GraphArgument<'call>,
    bits: &'a Bytes<'call>,
    rows: Rows,
    scaling: EdgeScaling,
    out: &'a RowArrays<'call>,
}

impl Write<'_, '_> {
    fn run<E: Element>(&self, weights: Option<Region<'_, E>>, values: Region<'_, E>) -> Result<()> {
        self.argument.separate_from(&values)?;
        if weights.is_some_and(|weights| weights.relation(&values) != Relation::Separate) {
            return Err(shared("out.values", "weights"));
        }
        let graph = self.argument.graph()?;
        let bits = unpack(self.bits, graph.edges().len())?;
        // SAFETY: all that is written is apart from each other and from what is read.
        let (weights, starts, columns, edges, values) = unsafe {
            (
                weights.map(|weights| weights.as_slice()),
                self.out.starts.0.as_mut_slice(),
                self.out.columns.0.as_mut_slice(),
                self.out.edges.0.as_mut_slice(),
                values.as_mut_slice(),
            )
        };
        let (rows, scaling) = (self.rows, self.scaling);
        with_threads(graph.edges().len(), || {
            rows.write(&graph, Some(&bits), RowLists { starts, columns, edges })?;
            graph::row_values(&graph, scaling, starts, edges, weights, values)
        })
    }
}
