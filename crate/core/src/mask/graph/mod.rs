//! Masks on graphs: edges, nodes and random walks.
//!
//! What drops has a name, not a place: an edge is drawn for by the names of its ends or by its id, a node by
//! its own, so relabelling and reordering a graph changes nothing. Each kind of mask answers with packed keep
//! bits; from these follow lists of what is kept and compressed sparse rows ([`Rows`]), whoever drew them.

mod buckets;
mod csr;
mod drop_edge;
mod drop_node;
mod drop_path;
mod edges;
mod filter;
#[expect(clippy::module_inception, reason = "the graph itself is one of the ideas")]
mod graph;
#[cfg(test)]
mod tests;
mod walk;

pub use csr::{RowLists, Rows};
pub use drop_edge::DropEdge;
pub use drop_node::{DropNode, keep_between};
pub use drop_path::DropPath;
pub use edges::Edges;
pub(crate) use filter::each_kept;
pub use filter::{count, kept, kept_edges, words};
pub use graph::{EdgeIds, Graph, NO_NODE};
pub use walk::{MAX_HOPS, PARALLEL_FROM, Walks};
