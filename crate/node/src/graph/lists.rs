//! What is kept as lists and as compressed sparse rows. All outputs are new arrays.

use inverted_dropout::mask::graph::{Rows, count, kept_edges};
use napi_derive::napi;

use super::arguments::{GraphArgument, unpack};
use crate::errors::{self, guarded};
use crate::memory::{Bytes, Words};

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
        for out in [&sources, &targets, &index] {
            graph.separate_from(&out.0)?;
        }
        let graph = graph.graph()?;
        let bits = unpack(&bits, graph.edges().len())?;
        // SAFETY: three parts of new memory, apart from the graph.
        let (sources, targets, index) =
            unsafe { (sources.0.as_mut_slice(), targets.0.as_mut_slice(), index.0.as_mut_slice()) };
        kept_edges(graph.edges(), &bits, sources, targets, index);
        Ok(())
    })
}

/// Where rows of kept edges begin and end. Returns how many entries they have.
#[napi]
pub fn graph_rows(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    by_target: bool,
    mirror: bool,
    #[napi(ts_arg_type = "Uint32Array")] row_pointers: Words<'_>,
) -> errors::Result<f64> {
    guarded(|| {
        graph.separate_from(&row_pointers.0)?;
        let graph = graph.graph()?;
        let bits = unpack(&bits, graph.edges().len())?;
        // SAFETY: the only slice of a new array, apart from the graph.
        let row_pointers = unsafe { row_pointers.0.as_mut_slice() };
        let entries = Rows { by_target, mirror }.starts(&graph, Some(&bits), row_pointers)?;
        Ok(entries as f64)
    })
}

/// The entries of the rows that [`graph_rows`] found: columns and edges.
#[napi]
pub fn graph_row_entries(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    by_target: bool,
    mirror: bool,
    #[napi(ts_arg_type = "Uint32Array")] row_pointers: Words<'_>,
    #[napi(ts_arg_type = "Uint32Array")] columns: Words<'_>,
    #[napi(ts_arg_type = "Uint32Array")] edges: Words<'_>,
) -> errors::Result<()> {
    guarded(|| {
        for out in [&row_pointers, &columns, &edges] {
            graph.separate_from(&out.0)?;
        }
        let graph = graph.graph()?;
        let bits = unpack(&bits, graph.edges().len())?;
        // SAFETY: three new arrays, apart from the graph.
        let (row_pointers, columns, edges) =
            unsafe { (row_pointers.0.as_mut_slice(), columns.0.as_mut_slice(), edges.0.as_mut_slice()) };
        Rows { by_target, mirror }.entries(&graph, Some(&bits), row_pointers, columns, edges);
        Ok(())
    })
}
