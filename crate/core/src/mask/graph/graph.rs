//! A graph: edges, nodes and who they are.

use super::edges::Edges;
use crate::error::{Code, Error, Result};

/// No node: what stands in the places that a walk did not reach. Nodes are below it.
pub const NO_NODE: u32 = u32::MAX;

/// The names of edges, which tell parallel ones apart.
#[derive(Clone, Copy, Debug)]
pub enum EdgeIds<'a> {
    /// Names below 2^32.
    Short(&'a [u32]),
    /// Any names of 64 bits.
    Long(&'a [u64]),
}

impl EdgeIds<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            EdgeIds::Short(ids) => ids.len(),
            EdgeIds::Long(ids) => ids.len(),
        }
    }

    /// The name of an edge.
    #[inline(always)]
    pub(super) fn get(&self, edge: usize) -> u64 {
        match self {
            EdgeIds::Short(ids) => u64::from(ids[edge]),
            EdgeIds::Long(ids) => ids[edge],
        }
    }
}

/// A graph as the caller has it: nothing is copied.
#[derive(Clone, Copy, Debug)]
pub struct Graph<'a> {
    edges: Edges<'a>,
    nodes: Option<usize>,
    node_ids: Option<&'a [u32]>,
    edge_ids: Option<EdgeIds<'a>>,
}

impl<'a> Graph<'a> {
    /// A graph of `nodes` nodes, or of as many as there are ids, or of nobody knows how many.
    ///
    /// `node_ids` are the nodes' names (default: their indices), `edge_ids` those of the edges (default: the
    /// names of their ends). Reads every edge once.
    ///
    /// # Errors
    /// `ERR_SHAPE` for ids of another number, `ERR_RANGE` for 2^32 nodes or more and for an edge whose end is
    /// none of them.
    pub fn new(
        edges: Edges<'a>,
        nodes: Option<usize>,
        node_ids: Option<&'a [u32]>,
        edge_ids: Option<EdgeIds<'a>>,
    ) -> Result<Self> {
        let nodes = nodes.or(node_ids.map(<[u32]>::len));
        if let (Some(nodes), Some(ids)) = (nodes, node_ids)
            && ids.len() != nodes
        {
            let allowed = format!("{nodes} ids, one for each node");
            return Err(Error::argument(Code::Shape, "nodeIds", format!("{} ids", ids.len()), allowed));
        }
        if let Some(ids) = edge_ids
            && ids.len() != edges.len()
        {
            let allowed = format!("{} ids, one for each edge", edges.len());
            return Err(Error::argument(Code::Shape, "edgeIds", format!("{} ids", ids.len()), allowed));
        }
        if let Some(nodes) = nodes {
            if nodes > NO_NODE as usize {
                return Err(Error::argument(Code::Range, "nodes", nodes, "fewer than 2^32"));
            }
            edges.check_ends(nodes)?;
        }
        Ok(Graph { edges, nodes, node_ids, edge_ids })
    }

    /// The edges.
    pub fn edges(&self) -> &Edges<'a> {
        &self.edges
    }

    /// The names of the edges, where they have any.
    pub(super) fn edge_ids(&self) -> Option<EdgeIds<'a>> {
        self.edge_ids
    }

    /// The names of the nodes, where they are not their indices.
    pub(super) fn node_ids(&self) -> Option<&'a [u32]> {
        self.node_ids
    }

    /// How many nodes there are.
    ///
    /// # Errors
    /// `ERR_OPTION` if nobody said so: nodes without edges would be missing.
    pub fn nodes(&self) -> Result<usize> {
        self.nodes.ok_or_else(|| {
            let allowed = "given where rows of nodes are asked for: not every node needs to have an edge";
            Error::argument(Code::Option, "nodes", "undefined", allowed)
        })
    }

    /// The names of an edge's ends.
    #[inline(always)]
    pub(super) fn ends(&self, edge: usize) -> [u32; 2] {
        let [source, target] = self.edges.get(edge);
        match self.node_ids {
            None => [source, target],
            Some(ids) => [ids[source as usize], ids[target as usize]],
        }
    }

    /// Whether an edge goes from a node to itself, or to one of the same name.
    #[inline(always)]
    pub fn is_loop(&self, edge: usize) -> bool {
        let [source, target] = self.ends(edge);
        source == target
    }

    /// How many edges are loops.
    pub fn loops(&self) -> usize {
        (0..self.edges.len()).filter(|&edge| self.is_loop(edge)).count()
    }
}
