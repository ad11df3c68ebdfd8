//! Weights, attributes and features under masks on graphs.

use inverted_dropout::Result;
use inverted_dropout::mask::graph::Rows;
use inverted_dropout::ops::Element;
use inverted_dropout::ops::graph::{self, EdgeScaling};
use inverted_dropout::stream::Rate;
use napi_derive::napi;

use super::arguments::{GraphArgument, scaling, source, unpack};
use crate::dropout::with_threads;
use crate::errors::{self, guarded};
use crate::memory::{Bytes, Floats, Region, other_type};

/// Features of nodes: kept rows, inverted or as they are, and zeros. `out` may be `x`.
#[napi]
pub fn graph_apply_nodes(
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    nodes: f64,
    inverted: bool,
    rate: f64,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let nodes = nodes as usize;
        let bits = unpack(&bits, nodes)?;
        let factor = if inverted { Rate::new(rate)?.inverse_keep() } else { 1.0 };
        match (x, out) {
            (Floats::F32(x), Floats::F32(out)) => apply_nodes(&bits, nodes, factor, x, out),
            (Floats::F64(x), Floats::F64(out)) => apply_nodes(&bits, nodes, factor, x, out),
            _ => Err(other_type(&x, &out)),
        }
    })
}

fn apply_nodes<E: Element>(
    bits: &[u64],
    nodes: usize,
    factor: f64,
    x: Region<'_, E>,
    out: Region<'_, E>,
) -> Result<()> {
    let x = source(&x, &out)?;
    // SAFETY: the only slice of `out`: what is read is separate from it.
    let out = unsafe { out.as_mut_slice() };
    with_threads(out.len(), || match x {
        Some(x) => graph::drop_rows(bits, nodes, factor, x, out),
        None => graph::drop_rows_in_place(bits, nodes, factor, out),
    })
}

/// Weights or attributes of edges: those of kept edges times their factors, and zeros; or those of kept edges
/// only, one after another. `out` may be `x` for the former.
#[napi]
pub fn graph_apply_edges(
    #[napi(ts_arg_type = "object")] graph: GraphArgument<'_>,
    #[napi(ts_arg_type = "Uint8Array")] bits: Bytes<'_>,
    number: u32,
    rate: f64,
    by_target: bool,
    gather: bool,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] x: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array | Float64Array")] out: Floats<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let scaling = scaling(number, rate, Rows { by_target, mirror: false })?;
        match (x, out) {
            (Floats::F32(x), Floats::F32(out)) => apply_edges(&graph, &bits, scaling, gather, x, out),
            (Floats::F64(x), Floats::F64(out)) => apply_edges(&graph, &bits, scaling, gather, x, out),
            _ => Err(other_type(&x, &out)),
        }
    })
}

fn apply_edges<E: Element>(
    argument: &GraphArgument<'_>,
    bits: &Bytes<'_>,
    scaling: EdgeScaling,
    gather: bool,
    x: Region<'_, E>,
    out: Region<'_, E>,
) -> Result<()> {
    argument.separate_from(&out)?;
    let graph = argument.graph()?;
    let bits = unpack(bits, graph.edges().len())?;
    let x = source(&x, &out)?;
    // SAFETY: the only slice of `out`: what is read, the graph too, is separate from it.
    let out = unsafe { out.as_mut_slice() };
    with_threads(out.len(), || match x {
        Some(x) if gather => graph::gather_edge_rows(&graph, &bits, scaling, x, out),
        Some(x) => graph::drop_edge_rows(&graph, &bits, scaling, x, out),
        None => graph::drop_edge_rows_in_place(&graph, &bits, scaling, out),
    })
}
