//! Masks on graphs: `mask::graph` and `ops::graph` on the caller's memory. Bits travel packed.

mod arguments;
mod lists;
mod rows;
mod values;

use inverted_dropout::mask::graph::{self, DropEdge, DropNode, DropPath, Walks};
use inverted_dropout::stream::bernoulli::KEYED_PARALLEL_FROM;
use inverted_dropout::{Result, parallel};
use napi_derive::napi;

use crate::errors::{self, guarded};
use crate::mask::recipe;
use crate::memory::{Bytes, Seed, Words};
use arguments::{GraphArgument, packed, unpack};

/// Enters the pool only for what the core splits: below that, the calling thread is faster.
fn with_threads<T: Send>(elements: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if elements < KEYED_PARALLEL_FROM {
        work()
    } else {
        parallel::install(parallel::default_threads()?, work)?
    }
}

/// Checks a graph. Returns how many of its edges are loops.
#[napi]
pub fn graph_loops(#[napi(ts_arg_type = "object")] graph: GraphArgument<'_>) -> errors::Result<f64> {
    guarded(|| Ok(graph.graph()?.loops() as f64))
}

/// The keep bits of edges that drop on their own.
#[napi]
pub fn graph_keep_edges(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    undirected: bool,
    #[napi(ts_arg_type = "Uint8Array")] out: Bytes<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let (mask, graph) = (recipe(rate, seed, place, step, 0)?, graph.graph()?);
        let mask = DropEdge { address: mask.address, rate: mask.rate, undirected };
        let edges = graph.edges().len();
        packed(&out, edges, |out| with_threads(edges, || mask.keep(&graph, out)))
    })
}

/// The keep bits of nodes, of as many as there are ids or as are said.
#[napi]
pub fn graph_keep_nodes(
    nodes: f64,
    #[napi(ts_arg_type = "Uint32Array | undefined")] ids: Option<Words<'_>>,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    #[napi(ts_arg_type = "Uint8Array")] out: Bytes<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let mask = recipe(rate, seed, place, step, 0)?;
        let mask = DropNode { address: mask.address, rate: mask.rate };
        // SAFETY: only read; what is written is a new array.
        let ids = ids.map(|ids| unsafe { ids.0.as_slice() });
        let nodes = nodes as usize;
        packed(&out, nodes, |out| with_threads(nodes, || mask.keep(nodes, ids, out)))
    })
}

/// The keep bits of edges between kept nodes.
#[napi]
pub fn graph_keep_between(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] nodes: Bytes<'_>,
    #[napi(ts_arg_type = "Uint8Array")] out: Bytes<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let graph = graph.graph()?;
        let nodes = unpack(&nodes, graph.nodes()?)?;
        let edges = graph.edges().len();
        packed(&out, edges, |out| with_threads(edges, || graph::keep_between(&graph, &nodes, out)))
    })
}

/// The keep bits of edges that walks do not pass. Returns how many walks there were.
#[napi]
pub fn graph_keep_paths(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    undirected: bool,
    length: u32,
    per_node: u32,
    #[napi(ts_arg_type = "Uint8Array")] out: Bytes<'_>,
) -> errors::Result<f64> {
    guarded(|| {
        let (mask, graph) = (recipe(rate, seed, place, step, 0)?, graph.graph()?);
        let walks = Walks::new(mask.address, length as usize, undirected)?;
        let mask = DropPath { walks, rate: mask.rate, per_node };
        let edges = graph.edges().len();
        let walked = packed(&out, edges, |out| with_threads(edges, || mask.keep(&graph, out)))?;
        Ok(walked as f64)
    })
}
