//! Compressed sparse rows: the neighbours of each node, one node after another.

use std::ops::Range;

use super::buckets::Buckets;
use super::edges::Edges;
use super::filter::{each_kept_in, words};
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

/// What is done with each entry: a trait and no closure, which would be a call for each where there are several loops.
pub(super) trait Sink {
    fn take(&mut self, row: u32, column: u32, edge: u32);

    #[inline(always)]
    fn one(&mut self, rows: &[u32], columns: &[u32], edge: usize) {
        self.take(rows[edge], columns[edge], edge as u32);
    }

    /// An edge in the rows of both its ends.
    #[inline(always)]
    fn both(&mut self, rows: &[u32], columns: &[u32], edge: usize) {
        let (row, column) = (rows[edge], columns[edge]);
        self.take(row, column, edge as u32);
        if row != column {
            self.take(column, row, edge as u32);
        }
    }
}

/// Counts the entries of each row.
struct Degrees<'a>(&'a mut [u32]);

impl Sink for Degrees<'_> {
    #[inline(always)]
    fn take(&mut self, row: u32, _: u32, _: u32) {
        self.0[row as usize] += 1;
    }
}

/// Where rows are written to.
#[derive(Debug)]
pub struct RowLists<'a> {
    /// Row i has the entries `starts[i]..starts[i + 1]`: a place for each node and one more.
    pub starts: &'a mut [u32],
    /// The column of each entry.
    pub columns: &'a mut [u32],
    /// Of which edge each entry is.
    pub edges: &'a mut [u32],
}

impl Rows {
    /// The node in whose row an edge stands, the first of two where edges are mirrored.
    #[inline(always)]
    pub(crate) fn row(&self, edges: &Edges<'_>, edge: usize) -> u32 {
        if self.by_target { edges.targets()[edge] } else { edges.sources()[edge] }
    }

    /// Gives `sink` the entries of some words of `bits`, edge by edge.
    #[inline(always)]
    pub(super) fn each<S: Sink>(
        &self,
        edges: &Edges<'_>,
        bits: Option<&[u64]>,
        words: Range<usize>,
        sink: &mut S,
    ) {
        let (rows, columns) = (edges.sources(), edges.targets());
        let (rows, columns) = if self.by_target { (columns, rows) } else { (rows, columns) };
        let all = words.start * 64..edges.len().min(words.end * 64);
        match (bits, self.mirror) {
            (Some(bits), false) => each_kept_in(bits, words, |edge| sink.one(rows, columns, edge)),
            (Some(bits), true) => each_kept_in(bits, words, |edge| sink.both(rows, columns, edge)),
            (None, false) => all.for_each(|edge| sink.one(rows, columns, edge)),
            (None, true) => all.for_each(|edge| sink.both(rows, columns, edge)),
        }
    }

    /// How many entries each row has, of the edges whose bits are set or of all.
    ///
    /// # Panics
    /// If `degrees` has fewer places than the graph has nodes.
    pub fn degrees(&self, graph: &Graph<'_>, bits: Option<&[u64]>, degrees: &mut [u32]) {
        degrees.fill(0);
        let all = 0..words(graph.edges().len());
        self.each(graph.edges(), bits, all, &mut Degrees(degrees));
    }

    /// How many entries the rows have, of the edges whose bits are set or of all.
    ///
    /// # Errors
    /// `ERR_RANGE` for 2^32 entries or more.
    pub fn entries(&self, graph: &Graph<'_>, bits: Option<&[u64]>) -> Result<usize> {
        let edges = graph.edges();
        let mut entries = 0u64;
        for at in 0..words(edges.len()) {
            let length = (edges.len() - at * 64).min(64);
            let kept = bits.map_or(u64::MAX >> (64 - length), |bits| bits[at]);
            entries += u64::from(kept.count_ones());
            if self.mirror {
                entries += u64::from((kept & edges.unlike(at * 64, length)).count_ones());
            }
        }
        if entries > u64::from(u32::MAX) {
            return Err(Error::argument(Code::Range, "edges", entries, "fewer than 2^32 entries of rows"));
        }
        Ok(entries as usize)
    }

    /// Writes where the rows begin, and their [`entries`](Self::entries): those of a row in the order of the edges.
    ///
    /// Two passes over the edges and one over the entries, on the threads of the pool that it is called in; needs 12
    /// bytes for each entry while it works.
    ///
    /// # Errors
    /// `ERR_OPTION` if the graph does not say how many nodes it has, `ERR_RANGE` for more memory than there is.
    ///
    /// # Panics
    /// If the lists have not a place for each node and one more, and for each entry.
    pub fn write(&self, graph: &Graph<'_>, bits: Option<&[u64]>, out: RowLists<'_>) -> Result<()> {
        let nodes = graph.nodes()?;
        assert_eq!(out.starts.len(), nodes + 1, "a place for each node and one more");
        assert_eq!(out.columns.len(), out.edges.len(), "a place for each entry");
        Buckets::new(nodes, out.edges.len()).sort(self, graph.edges(), bits, out)
    }
}
