//! The edges of a graph as the caller has them.

use crate::error::{Code, Error, Result};

/// A list of edges, each a source and a target, read where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Edges<'a> {
    sources: &'a [u32],
    targets: &'a [u32],
}

impl<'a> Edges<'a> {
    /// Edge i goes from `sources[i]` to `targets[i]`.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the lists are not equally long, `ERR_RANGE` for 2^32 - 1 edges or more.
    pub fn new(sources: &'a [u32], targets: &'a [u32]) -> Result<Self> {
        if sources.len() != targets.len() {
            let got = format!("{} sources and {} targets", sources.len(), targets.len());
            return Err(Error::argument(Code::Shape, "edges", got, "as many sources as targets"));
        }
        if sources.len() >= u32::MAX as usize {
            return Err(Error::argument(Code::Range, "edges", sources.len(), "fewer than 2^32 - 1 edges"));
        }
        Ok(Edges { sources, targets })
    }

    /// Edges of an array of shape `[2, edges]`: all sources, then all targets.
    ///
    /// # Errors
    /// `ERR_SHAPE` for an odd number of ends, `ERR_RANGE` as [`new`](Self::new).
    pub fn stacked(ends: &'a [u32]) -> Result<Self> {
        if !ends.len().is_multiple_of(2) {
            let allowed = "an even number of ends: all sources, then all targets";
            return Err(Error::argument(Code::Shape, "edges", format!("{} ends", ends.len()), allowed));
        }
        let (sources, targets) = ends.split_at(ends.len() / 2);
        Self::new(sources, targets)
    }

    /// How many edges there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The source of each edge.
    pub fn sources(&self) -> &'a [u32] {
        self.sources
    }

    /// The target of each edge.
    pub fn targets(&self) -> &'a [u32] {
        self.targets
    }

    /// Source and target of an edge.
    ///
    /// # Panics
    /// If there are not so many edges.
    #[inline(always)]
    pub fn get(&self, edge: usize) -> [u32; 2] {
        [self.sources[edge], self.targets[edge]]
    }

    /// Of up to 64 edges, bits of those between two different nodes.
    #[inline(always)]
    pub(super) fn unlike(&self, first: usize, length: usize) -> u64 {
        let range = first..first + length;
        let ends = self.sources[range.clone()].iter().zip(&self.targets[range]);
        ends.enumerate().fold(0, |bits, (at, (source, target))| bits | u64::from(source != target) << at)
    }

    /// Refuses ends that are none of `nodes` nodes.
    pub(super) fn check_ends(&self, nodes: usize) -> Result<()> {
        let outside = |ends: &[u32]| ends.iter().fold(0, |highest, &end| highest.max(end)) as usize >= nodes;
        if self.is_empty() || !(outside(self.sources) || outside(self.targets)) {
            return Ok(());
        }
        let found = (0..self.len()).find_map(|edge| {
            let end = self.get(edge).into_iter().find(|&end| end as usize >= nodes)?;
            Some((edge, end))
        });
        let (edge, end) = found.expect("the highest end is one of them");
        let allowed = format!("between nodes below {nodes}");
        Err(Error::argument(Code::Range, format!("edges[{edge}]"), format!("an end at node {end}"), allowed))
    }
}
