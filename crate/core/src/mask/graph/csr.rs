//! Compressed sparse rows: the neighbours of each node, one node after another.

use super::edges::Edges;
use super::filter::each_kept;
use super::graph::Graph;
use crate::error::{Code, Error, Result};

/// How the rows of an adjacency matrix follow from a list of edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Rows are targets and columns sources, instead of the other way round.
    pub by_target: bool,
    /// Each edge stands in the rows of both its ends, a loop once: for undirected edges that are listed once.
    pub mirror: bool,
}

impl Rows {
    /// Row and column of an edge.
    #[inline(always)]
    fn entry(&self, edges: &Edges<'_>, edge: usize) -> [u32; 2] {
        let [source, target] = edges.get(edge);
        if self.by_target { [target, source] } else { [source, target] }
    }

    /// The node in whose row an edge stands, the first of two where edges are mirrored.
    #[inline(always)]
    pub(crate) fn row(&self, edges: &Edges<'_>, edge: usize) -> u32 {
        self.entry(edges, edge)[0]
    }

    /// Calls `each` with row, column and edge of every entry that the edges of `bits` have, edge by edge.
    #[inline(always)]
    fn each(&self, edges: &Edges<'_>, bits: Option<&[u64]>, mut each: impl FnMut(u32, u32, usize)) {
        let visit = |edge: usize| {
            let [row, column] = self.entry(edges, edge);
            each(row, column, edge);
            if self.mirror && row != column {
                each(column, row, edge);
            }
        };
        match bits {
            Some(bits) => each_kept(bits, visit),
            None => (0..edges.len()).for_each(visit),
        }
    }

    /// How many entries each row has, of the edges whose bits are set or of all.
    ///
    /// # Panics
    /// If `degrees` has fewer places than the graph has nodes.
    pub fn degrees(&self, graph: &Graph<'_>, bits: Option<&[u64]>, degrees: &mut [u32]) {
        degrees.fill(0);
        self.each(graph.edges(), bits, |row, _, _| degrees[row as usize] += 1);
    }

    /// Where the rows begin and end: row i has the entries `row_ptr[i]..row_ptr[i + 1]`. Returns how many
    /// there are.
    ///
    /// # Errors
    /// `ERR_OPTION` if the graph does not say how many nodes it has, `ERR_RANGE` for 2^32 entries or more.
    ///
    /// # Panics
    /// If `row_ptr` has not a place for each node and one more.
    pub fn starts(&self, graph: &Graph<'_>, bits: Option<&[u64]>, row_ptr: &mut [u32]) -> Result<usize> {
        let nodes = graph.nodes()?;
        assert_eq!(row_ptr.len(), nodes + 1, "a place for each node and one more");
        row_ptr[0] = 0;
        self.degrees(graph, bits, &mut row_ptr[1..]);
        let mut entries = 0u64;
        for end in &mut row_ptr[1..] {
            entries += u64::from(*end);
            *end = entries as u32;
        }
        if entries > u64::from(u32::MAX) {
            return Err(Error::argument(Code::Range, "edges", entries, "fewer than 2^32 entries of rows"));
        }
        Ok(entries as usize)
    }

    /// The entries of the rows that [`starts`](Self::starts) found: their columns, and of which edge each is.
    /// The entries of a row are in the order of the edges.
    ///
    /// # Panics
    /// If the lists have not a place for each entry, or `row_ptr` is another graph's.
    pub fn entries(
        &self,
        graph: &Graph<'_>,
        bits: Option<&[u64]>,
        row_ptr: &mut [u32],
        columns: &mut [u32],
        edges: &mut [u32],
    ) {
        let entries = row_ptr.last().map_or(0, |&end| end as usize);
        assert_eq!((columns.len(), edges.len()), (entries, entries), "a place for each entry");
        // While a row is filled, its end counts up from its start; that is the start of the row one place on.
        let nodes = row_ptr.len() - 1;
        row_ptr.copy_within(..nodes, 1);
        self.each(graph.edges(), bits, |row, column, edge| {
            let end = &mut row_ptr[row as usize + 1];
            columns[*end as usize] = column;
            edges[*end as usize] = edge as u32;
            *end += 1;
        });
    }
}
