//! Which edges are kept, by their names.

use super::graph::{EdgeIds, Graph};
use crate::error::Result;
use crate::isa::Isa;
use crate::stream::bernoulli::{KeyList, Keyed, keep_keyed};
use crate::stream::{Address, Rate};

/// DropEdge (Rong, Huang, Xu & Huang 2020): each edge drops with probability `rate`, by its name.
///
/// | edges | drawn by |
/// |---|---|
/// | with ids | their id, whatever their ends |
/// | undirected | the smaller and the larger name of their ends: both directions of a pair drop together |
/// | directed | the names of source and target |
///
/// What has the same name drops together, so parallel edges need ids.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropEdge {
    /// Where the random bits come from.
    pub address: Address,
    /// How likely an edge drops.
    pub rate: Rate,
    /// Whether edges have no direction.
    pub undirected: bool,
}

impl DropEdge {
    /// The packed keep bits of the edges: edge i is bit `i % 64` of word `i / 64`, 1 = kept; bits past the
    /// last edge are 0. One Philox block for each edge, on the threads of the pool that it is called in.
    ///
    /// # Errors
    /// `ERR_ISA` for a bad forced instruction set.
    ///
    /// # Panics
    /// If `out` has not [`words`](super::words) words.
    pub fn keep(&self, graph: &Graph<'_>, out: &mut [u64]) -> Result<()> {
        let (isa, rate, address) = (Isa::active()?, self.rate, &self.address);
        match (graph.edge_ids(), self.undirected) {
            (Some(ids), _) => keep_keyed(isa, address, rate, Keyed::EdgeId, &ids, out),
            (None, true) => keep_keyed(isa, address, rate, Keyed::UndirectedEdge, &Pairs(graph), out),
            (None, false) => keep_keyed(isa, address, rate, Keyed::DirectedEdge, &Arrows(graph), out),
        }
        Ok(())
    }
}

/// Source and target of each edge.
struct Arrows<'a>(&'a Graph<'a>);

impl KeyList for Arrows<'_> {
    fn len(&self) -> usize {
        self.0.edges().len()
    }

    #[inline(always)]
    fn read(&self, at: usize, first: &mut [u64], second: &mut [u64]) {
        read_names(&self.0.edges().sources()[at..], self.0.node_ids(), first);
        read_names(&self.0.edges().targets()[at..], self.0.node_ids(), second);
    }
}

/// The smaller and the larger end of each edge.
struct Pairs<'a>(&'a Graph<'a>);

impl KeyList for Pairs<'_> {
    fn len(&self) -> usize {
        self.0.edges().len()
    }

    #[inline(always)]
    fn read(&self, at: usize, first: &mut [u64], second: &mut [u64]) {
        Arrows(self.0).read(at, first, second);
        for (a, b) in first.iter_mut().zip(second) {
            (*a, *b) = ((*a).min(*b), (*a).max(*b));
        }
    }
}

/// The low and the high word of each edge's id.
impl KeyList for EdgeIds<'_> {
    fn len(&self) -> usize {
        EdgeIds::len(self)
    }

    #[inline(always)]
    fn read(&self, at: usize, first: &mut [u64], second: &mut [u64]) {
        match self {
            EdgeIds::Short(ids) => {
                second.fill(0);
                for (first, &id) in first.iter_mut().zip(&ids[at..]) {
                    *first = u64::from(id);
                }
            }
            EdgeIds::Long(ids) => {
                for ((first, second), &id) in first.iter_mut().zip(second).zip(&ids[at..]) {
                    (*first, *second) = (id & 0xffff_ffff, id >> 32);
                }
            }
        }
    }
}

/// The names of nodes.
#[inline(always)]
fn read_names(nodes: &[u32], ids: Option<&[u32]>, out: &mut [u64]) {
    match ids {
        None => {
            for (out, &node) in out.iter_mut().zip(nodes) {
                *out = u64::from(node);
            }
        }
        Some(ids) => {
            for (out, &node) in out.iter_mut().zip(nodes) {
                *out = u64::from(ids[node as usize]);
            }
        }
    }
}
