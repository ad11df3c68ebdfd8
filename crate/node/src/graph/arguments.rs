//! What calls about graphs are given: a graph, packed bits, a scaling.

use inverted_dropout::mask::graph::{EdgeIds, Edges, Graph, Rows, words};
use inverted_dropout::ops::graph::EdgeScaling;
use inverted_dropout::stream::Rate;
use inverted_dropout::{Code, Error, Result};
use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::sys;

use crate::memory::{Bytes, Names, Region, Relation, Words, overlap};

/// The caller's graph: an object of typed arrays.
pub struct GraphArgument<'call> {
    sources: Words<'call>,
    targets: Words<'call>,
    nodes: Option<f64>,
    node_ids: Option<Words<'call>>,
    edge_ids: Option<Names<'call>>,
}

impl FromNapiValue for GraphArgument<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: napi calls this with the values of the running call.
        let object = unsafe { Object::from_napi_value(env, value)? };
        let missing = || napi::Error::from_reason("expected a graph");
        Ok(GraphArgument {
            sources: object.get("sources")?.ok_or_else(missing)?,
            targets: object.get("targets")?.ok_or_else(missing)?,
            nodes: object.get::<Option<f64>>("nodes")?.flatten(),
            node_ids: object.get::<Option<Words<'_>>>("nodeIds")?.flatten(),
            edge_ids: object.get::<Option<Names<'_>>>("edgeIds")?.flatten(),
        })
    }
}

impl<'call> GraphArgument<'call> {
    /// The graph, checked. Nothing may write to its memory while it lives.
    pub(super) fn graph(&self) -> Result<Graph<'call>> {
        // SAFETY: only read: whoever writes asks `separate_from` first.
        unsafe {
            let edges = Edges::new(self.sources.0.as_slice(), self.targets.0.as_slice())?;
            let node_ids = self.node_ids.map(|ids| ids.0.as_slice());
            let edge_ids = self.edge_ids.map(|ids| match ids {
                Names::Short(ids) => EdgeIds::Short(ids.as_slice()),
                Names::Long(ids) => EdgeIds::Long(ids.as_slice()),
            });
            Graph::new(edges, self.nodes.map(|nodes| nodes as usize), node_ids, edge_ids)
        }
    }

    /// Refuses an output that lies in the memory of the graph.
    pub(super) fn separate_from<T>(&self, out: &Region<'_, T>) -> Result<()> {
        let ids = match self.edge_ids {
            None => Relation::Separate,
            Some(Names::Short(ids)) => ids.relation(out),
            Some(Names::Long(ids)) => ids.relation(out),
        };
        let node_ids = self.node_ids.map_or(Relation::Separate, |ids| ids.0.relation(out));
        let relations = [self.sources.0.relation(out), self.targets.0.relation(out), ids, node_ids];
        if relations.iter().all(|relation| *relation == Relation::Separate) {
            return Ok(());
        }
        Err(Error::argument(Code::Overlap, "out", "memory of the graph", "memory of its own"))
    }
}

/// An error for two arrays that may share no memory.
pub(super) fn shared(argument: &str, other: &str) -> Error {
    Error::argument(Code::Overlap, argument, format!("memory of `{other}`"), "memory of its own")
}

/// Packed bits of so many edges or nodes as the core has them.
pub(super) fn unpack(bits: &Bytes<'_>, length: usize) -> Result<Vec<u64>> {
    check_bytes(bits, length)?;
    // SAFETY: read while nobody writes: this is the only slice, and it ends here.
    let bytes = unsafe { bits.0.as_slice() };
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    Ok(bytes.chunks(8).map(word).collect())
}

/// Packed bits that `draw` makes, for JavaScript. `out` is a new array.
pub(super) fn packed<T>(
    out: &Bytes<'_>,
    length: usize,
    draw: impl FnOnce(&mut [u64]) -> Result<T>,
) -> Result<T> {
    check_bytes(out, length)?;
    let mut drawn = vec![0; words(length)];
    let result = draw(&mut drawn)?;
    // SAFETY: the only slice of a new array.
    let out = unsafe { out.0.as_mut_slice() };
    for (bytes, word) in out.chunks_mut(8).zip(&drawn) {
        bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
    }
    Ok(result)
}

fn check_bytes(bits: &Bytes<'_>, length: usize) -> Result<()> {
    if bits.0.len() == length.div_ceil(8) {
        return Ok(());
    }
    let allowed = format!("{} bytes, a bit for each of {length}", length.div_ceil(8));
    Err(Error::argument(Code::Shape, "bits", format!("{} bytes", bits.0.len()), allowed))
}

/// The scaling of a number: 0 none, 1 inverted, 2 inverted for edges that need both ends, 3 by degree.
pub(super) fn scaling(number: u32, rate: f64, rows: Rows) -> Result<EdgeScaling> {
    Ok(match number {
        1 => EdgeScaling::inverted(Rate::new(rate)?),
        2 => EdgeScaling::inverted_between(Rate::new(rate)?),
        3 => EdgeScaling::Degree(rows),
        _ => EdgeScaling::NONE,
    })
}

/// The slice of `x` to read, or nothing where it is `out` itself.
pub(super) fn source<'call, E>(x: &Region<'call, E>, out: &Region<'_, E>) -> Result<Option<&'call [E]>> {
    match x.relation(out) {
        Relation::Overlapping => Err(overlap("out", "x")),
        Relation::Same => Ok(None),
        // SAFETY: only `out` is written, and it is separate.
        Relation::Separate => Ok(Some(unsafe { x.as_slice() })),
    }
}
