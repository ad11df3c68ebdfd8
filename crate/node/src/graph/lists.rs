//! What is kept, counted and as lists.

use inverted_dropout::mask::graph::{count, kept_edges};
use napi_derive::napi;

use super::arguments::{GraphArgument, shared, unpack};
use super::with_threads;
use crate::errors::{self, guarded};
use crate::memory::{Bytes, Relation, Words};

/// How many bits are set.
#[napi]
pub fn graph_count(#[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>) -> errors::Result<f64> {
    guarded(|| Ok(count(&unpack(&bits, bits.0.len() * 8)?) as f64))
}

/// Sources, targets and indices of the kept edges, as many as [`graph_count`] says.
#[napi]
pub fn graph_list(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    #[napi(ts_arg_type = "Uint32Array")] sources: Words<'_>,
    #[napi(ts_arg_type = "Uint32Array")] targets: Words<'_>,
    #[napi(ts_arg_type = "Uint32Array")] index: Words<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let lists = [&sources.0, &targets.0, &index.0];
        for (at, list) in lists.iter().enumerate() {
            graph.separate_from(list)?;
            if lists[..at].iter().any(|other| list.relation(other) != Relation::Separate) {
                return Err(shared("out.indices", "out.edges"));
            }
        }
        let graph = graph.graph()?;
        let bits = unpack(&bits, graph.edges().len())?;
        // SAFETY: three parts of memory, apart from each other and from the graph.
        let (sources, targets, index) =
            unsafe { (sources.0.as_mut_slice(), targets.0.as_mut_slice(), index.0.as_mut_slice()) };
        with_threads(bits.len() * 64, || {
            kept_edges(graph.edges(), &bits, sources, targets, index);
            Ok(())
        })
    })
}
