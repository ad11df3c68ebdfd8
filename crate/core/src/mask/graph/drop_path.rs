//! Edges drop along random walks.

use super::drop_node::DropNode;
use super::filter::{each_kept, words};
use super::graph::Graph;
use super::walk::Walks;
use crate::error::{Code, Error, Result};
use crate::memory;
use crate::stream::Rate;

/// Path-wise masking (Li et al. 2023, MaskGAE): random walks start at some nodes, and the edges that they
/// pass drop.
///
/// A node starts walks with probability `rate`: it does iff [`DropNode`] with the same address would drop it.
/// Its walk j is called name * `per_node` + j, so what a walk draws follows from who it starts at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropPath {
    /// How walks go, and where their random bits come from.
    pub walks: Walks,
    /// How likely a node starts walks.
    pub rate: Rate,
    /// Walks from each node that starts any.
    pub per_node: u32,
}

impl DropPath {
    /// The packed keep bits of the edges. Returns how many walks there were.
    ///
    /// # Errors
    /// `ERR_OPTION` if the graph does not say how many nodes it has; `ERR_RANGE` if the names of walks do not
    /// fit into 32 bits, or there is not the memory that [`Walks::walk`] takes and 8 bytes for each walk;
    /// `ERR_ISA`.
    ///
    /// # Panics
    /// If `out` has not [`words`] words.
    pub fn keep(&self, graph: &Graph<'_>, out: &mut [u64]) -> Result<usize> {
        assert_eq!(out.len(), words(graph.edges().len()), "the words of the edges");
        let nodes = graph.nodes()?;
        let mut begins: Vec<u64> = memory::room("nodes", nodes, &[words(nodes)])?;
        begins.resize(words(nodes), 0);
        let draw = DropNode { address: self.walks.address, rate: self.rate };
        draw.keep(nodes, graph.node_ids(), &mut begins)?;
        for (at, word) in begins.iter_mut().enumerate() {
            let rest = nodes - at * 64;
            *word = !*word & if rest < 64 { (1 << rest) - 1 } else { u64::MAX };
        }
        let count = super::filter::count(&begins);
        let extents = [count, self.per_node as usize];
        let mut starts = memory::room("walksPerNode", self.per_node, &extents)?;
        let mut names = memory::room("walksPerNode", self.per_node, &extents)?;
        let mut fits = true;
        each_kept(&begins, |node| {
            let name = graph.node_ids().map_or(node as u32, |ids| ids[node]);
            for walk in 0..self.per_node {
                let name = u64::from(name) * u64::from(self.per_node) + u64::from(walk);
                fits &= u32::try_from(name).is_ok();
                starts.push(node as u32);
                names.push(name as u32);
            }
        });
        if !fits {
            let allowed = "so few that a node's id times their number stays below 2^32";
            return Err(Error::argument(Code::Range, "walksPerNode", self.per_node, allowed));
        }
        out.fill(u64::MAX);
        let last = graph.edges().len() % 64;
        if last > 0
            && let Some(word) = out.last_mut()
        {
            *word = (1 << last) - 1;
        }
        self.walks.walk(graph, &starts, &names, None, out)?;
        Ok(starts.len())
    }
}
