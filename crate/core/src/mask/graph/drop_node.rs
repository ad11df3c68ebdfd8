//! Which nodes are kept, by their names, and the edges between them.

use super::filter::words;
use super::graph::Graph;
use crate::error::Result;
use crate::isa::Isa;
use crate::parallel;
use crate::stream::bernoulli::{KEYED_PARALLEL_FROM, KeyList, Keyed, keep_keyed};
use crate::stream::{Address, Rate};

/// DropNode (Feng et al. 2020, GRAND): each node drops with probability `rate`, by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropNode {
    /// Where the random bits come from.
    pub address: Address,
    /// How likely a node drops.
    pub rate: Rate,
}

impl DropNode {
    /// The packed keep bits of `nodes` nodes whose names are `ids`, or their indices. One Philox block for
    /// each node, on the threads of the pool that it is called in.
    ///
    /// # Errors
    /// `ERR_ISA` for a bad forced instruction set.
    ///
    /// # Panics
    /// If there are ids, but not one for each node, or `out` has not [`words`] words.
    pub fn keep(&self, nodes: usize, ids: Option<&[u32]>, out: &mut [u64]) -> Result<()> {
        let (isa, address) = (Isa::active()?, &self.address);
        assert!(ids.is_none_or(|ids| ids.len() == nodes), "an id for each node");
        keep_keyed(isa, address, self.rate, Keyed::Node, &Nodes { length: nodes, ids }, out);
        Ok(())
    }
}

/// Nodes by their names.
struct Nodes<'a> {
    length: usize,
    ids: Option<&'a [u32]>,
}

impl KeyList for Nodes<'_> {
    fn len(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn read(&self, at: usize, first: &mut [u64], second: &mut [u64]) {
        second.fill(0);
        match self.ids {
            None => {
                for (i, out) in first.iter_mut().enumerate() {
                    *out = (at + i) as u64;
                }
            }
            Some(ids) => {
                for (out, &id) in first.iter_mut().zip(&ids[at..]) {
                    *out = u64::from(id);
                }
            }
        }
    }
}

/// The keep bits of edges of which both ends are kept.
///
/// # Errors
/// `ERR_OPTION` if the graph does not say how many nodes it has.
///
/// # Panics
/// If `nodes` or `out` has not [`words`] words.
pub fn keep_between(graph: &Graph<'_>, nodes: &[u64], out: &mut [u64]) -> Result<()> {
    assert_eq!(nodes.len(), words(graph.nodes()?), "the words of the nodes");
    assert_eq!(out.len(), words(graph.edges().len()), "the words of the edges");
    let is_kept = |node: u32| nodes[node as usize / 64] >> (node % 64) & 1;
    parallel::for_each_chunk(out, KEYED_PARALLEL_FROM / 64, |first, out| {
        for (at, out) in out.iter_mut().enumerate() {
            let start = (first + at) * 64;
            let end = graph.edges().len().min(start + 64);
            let (sources, targets) = (graph.edges().sources(), graph.edges().targets());
            let mut bits = 0;
            for (i, (&source, &target)) in sources[start..end].iter().zip(&targets[start..end]).enumerate() {
                bits |= (is_kept(source) & is_kept(target)) << i;
            }
            *out = bits;
        }
    });
    Ok(())
}
