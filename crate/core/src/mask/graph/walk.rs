//! Random walks, and dropping what they pass.

use std::ops::Range;

use super::csr::{RowLists, Rows};
use super::filter::words;
use super::graph::{Graph, NO_NODE};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::memory;
use crate::parallel;
use crate::simd::{Full, VectorKernel, run};
use crate::stream::Address;
use crate::stream::bernoulli::{Draws, Names};

/// The steps that a walk may have: each has a plane of the stream.
pub const MAX_HOPS: usize = 64;

/// The plane of a walk's first step.
const FIRST_PLANE: u32 = 32;

/// Random walks: each step goes to a neighbour, all of them equally likely.
///
/// At hop h, walk w draws U for each neighbour from counter words w and the neighbour's name, plane 32 + h,
/// and goes where U is smallest; ties go to the smaller name, then to the edge that is listed first. Since
/// the name is drawn for and not the edge, parallel edges to a neighbour do not make it more likely. A walk
/// ends where there is no edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walks {
    /// Where the random bits come from.
    pub address: Address,
    /// Steps of each walk, at most [`MAX_HOPS`].
    pub hops: usize,
    /// Whether edges may be passed in both directions.
    pub undirected: bool,
}

impl Walks {
    /// Walks of `hops` steps.
    ///
    /// # Errors
    /// `ERR_RANGE` for more than [`MAX_HOPS`].
    pub fn new(address: Address, hops: usize, undirected: bool) -> Result<Self> {
        if hops > MAX_HOPS {
            let allowed = format!("a whole number in [0, {MAX_HOPS}]");
            return Err(Error::argument(Code::Range, "length", hops, allowed));
        }
        Ok(Walks { address, hops, undirected })
    }

    /// The nodes on walks: walk i starts at node `starts[i]`, is called `names[i]`, and its `hops + 1` nodes
    /// stand in row i of `visited`, where that is given, filled up with [`NO_NODE`] where it ended early.
    /// Clears the bits of the edges passed in `keep`: all that are listed between two successive nodes (in
    /// both directions where undirected), or where edges have ids those with the id of the one that was
    /// taken.
    ///
    /// Makes the lists of neighbours in memory of its own, 8 bytes for each edge (16 where undirected) and 4
    /// for each node, and draws once for each neighbour of each node on a walk, on the threads of the pool
    /// that it is called in.
    ///
    /// # Errors
    /// `ERR_RANGE` for a start that is no node, `ERR_OPTION` if the graph does not say how many nodes it has,
    /// `ERR_ISA`.
    ///
    /// # Panics
    /// If the lists have other lengths than said.
    pub fn walk(
        &self,
        graph: &Graph<'_>,
        starts: &[u32],
        names: &[u32],
        visited: Option<&mut [u32]>,
        keep: &mut [u64],
    ) -> Result<()> {
        self.walk_on(WalkOn::Active(Isa::active()?), graph, starts, names, visited, keep)
    }

    pub(super) fn walk_on(
        &self,
        on: WalkOn,
        graph: &Graph<'_>,
        starts: &[u32],
        names: &[u32],
        visited: Option<&mut [u32]>,
        keep: &mut [u64],
    ) -> Result<()> {
        let nodes = graph.nodes()?;
        let width = self.hops + 1;
        assert_eq!(names.len(), starts.len(), "a name for each walk");
        assert_eq!(keep.len(), words(graph.edges().len()), "the words of the edges");
        if let Some(visited) = &visited {
            assert_eq!(visited.len(), starts.len() * width, "a place for each node of each walk");
        }
        if let Some(at) = starts.iter().position(|&start| start as usize >= nodes) {
            let allowed = format!("a node below {nodes}");
            return Err(Error::argument(Code::Range, format!("starts[{at}]"), starts[at], allowed));
        }
        let neighbours = &Neighbours::new(graph, self.undirected)?;
        let walk = |range: Range<usize>, visited: Option<&mut [u32]>, keep: &mut [u64]| {
            let (starts, names) = (&starts[range.clone()], &names[range]);
            let walk = Walk { walks: self, graph, neighbours, starts, names, visited, keep };
            match on {
                WalkOn::Active(isa) => run(isa, walk),
                #[cfg(test)]
                WalkOn::Test(back_end) => back_end.run(walk),
            }
        };
        let parts = parallel::current_threads();
        if parts == 1 || starts.len() < PARALLEL_FROM {
            walk(0..starts.len(), visited, keep);
            return Ok(());
        }
        // Each part has bits of its own: an edge is kept if it is in all of them.
        let each = starts.len().div_ceil(parts);
        let mut bits = memory::room("edges", graph.edges().len(), &[parts - 1, keep.len()])?;
        for _ in 1..parts {
            bits.extend_from_slice(keep);
        }
        let length = keep.len();
        rayon::scope(|scope| {
            let mut visited = visited;
            let others = bits.chunks_exact_mut(length.max(1));
            for (part, keep) in std::iter::once(&mut *keep).chain(others).enumerate() {
                let range = (part * each).min(starts.len())..((part + 1) * each).min(starts.len());
                let rows = match visited.take() {
                    None => None,
                    Some(all) => {
                        let (rows, rest) = all.split_at_mut(range.len() * width);
                        visited = Some(rest);
                        Some(rows)
                    }
                };
                let walk = &walk;
                scope.spawn(move |_| walk(range, rows, keep));
            }
        });
        for other in bits.chunks_exact(length.max(1)) {
            for (keep, other) in keep.iter_mut().zip(other) {
                *keep &= other;
            }
        }
        Ok(())
    }
}

/// Walks from which on several threads walk, where the caller is in a pool of them.
pub const PARALLEL_FROM: usize = 1 << 12;

/// Whose registers draw.
#[derive(Clone, Copy)]
pub(super) enum WalkOn {
    Active(Isa),
    #[cfg(test)]
    Test(crate::simd::testing::BackEnd),
}

/// The neighbours of each node.
struct Neighbours {
    starts: Vec<u32>,
    nodes: Vec<u32>,
    edges: Vec<u32>,
}

impl Neighbours {
    fn new(graph: &Graph<'_>, undirected: bool) -> Result<Self> {
        let rows = Rows { by_target: false, mirror: undirected };
        let mut starts = zeros(graph.nodes()? + 1, "nodes")?;
        let entries = rows.entries(graph, None)?;
        let (mut nodes, mut edges) = (zeros(entries, "edges")?, zeros(entries, "edges")?);
        let lists = RowLists { starts: &mut starts, columns: &mut nodes, edges: &mut edges };
        rows.write(graph, None, lists)?;
        Ok(Neighbours { starts, nodes, edges })
    }

    /// The neighbours of a node and the edges that lead there.
    #[inline(always)]
    fn of(&self, node: u32) -> (&[u32], &[u32]) {
        let node = node as usize;
        let range = self.starts[node] as usize..self.starts[node + 1] as usize;
        (&self.nodes[range.clone()], &self.edges[range])
    }
}

fn zeros(length: usize, argument: &str) -> Result<Vec<u32>> {
    let mut zeros = memory::room(argument, length, &[length])?;
    zeros.resize(length, 0);
    Ok(zeros)
}

struct Walk<'a> {
    walks: &'a Walks,
    graph: &'a Graph<'a>,
    neighbours: &'a Neighbours,
    starts: &'a [u32],
    names: &'a [u32],
    visited: Option<&'a mut [u32]>,
    keep: &'a mut [u64],
}

/// Walks that go on side by side: each step of a walk waits for memory that only the step before names, so several walks
/// ask for theirs at a time.
const ABREAST: usize = 16;

impl VectorKernel for Walk<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(mut self) {
        // SAFETY: the caller guarantees the instructions.
        let draws = unsafe { Draws::<V>::new(&self.walks.address) };
        let mut drawn = Names::new();
        for first in (0..self.starts.len()).step_by(ABREAST) {
            let walks = first..(first + ABREAST).min(self.starts.len());
            let mut here = [NO_NODE; ABREAST];
            here[..walks.len()].copy_from_slice(&self.starts[walks.clone()]);
            self.visit(&walks, 0, &here);
            for hop in 0..self.walks.hops {
                let mut near = [(&[][..], &[][..]); ABREAST];
                for (near, &node) in near.iter_mut().zip(&here) {
                    if node != NO_NODE {
                        *near = self.neighbours.of(node);
                    }
                }
                for (nodes, edges) in &near {
                    // Read now and not needed yet, so that no walk waits for it.
                    let ends = [nodes.first(), nodes.last(), edges.first(), edges.last()];
                    std::hint::black_box(ends.map(Option::<&u32>::copied));
                }
                for (at, (nodes, edges)) in near.into_iter().enumerate().take(walks.len()) {
                    here[at] = NO_NODE;
                    if nodes.is_empty() {
                        continue;
                    }
                    let name = self.names[first + at];
                    // SAFETY: as above.
                    let next =
                        unsafe { smallest(&draws, hop, name, nodes, self.graph.node_ids(), &mut drawn) };
                    here[at] = nodes[next];
                    drop_passed(self.graph, nodes, edges, next, self.keep);
                }
                self.visit(&walks, hop + 1, &here);
            }
        }
    }
}

impl Walk<'_> {
    /// Notes where some walks are after so many steps.
    #[inline(always)]
    fn visit(&mut self, walks: &Range<usize>, hop: usize, here: &[u32; ABREAST]) {
        let width = self.walks.hops + 1;
        if let Some(visited) = &mut self.visited {
            for (walk, &node) in walks.clone().zip(here) {
                visited[walk * width + hop] = node;
            }
        }
    }
}

/// The place of the neighbour with the smallest U that a walk of this name draws.
#[inline(always)]
unsafe fn smallest<V: Full>(
    draws: &Draws<V>,
    hop: usize,
    name: u32,
    nodes: &[u32],
    ids: Option<&[u32]>,
    drawn: &mut Names,
) -> usize {
    if nodes.len() == 1 {
        return 0;
    }
    let drawn_for = nodes.len().next_multiple_of(V::LANES).min(Names::ROOM);
    drawn.first[..drawn_for].fill(u64::from(name));
    let (mut best, mut least) = (0, (u64::MAX, u64::MAX));
    for (chunk, nodes) in nodes.chunks(Names::ROOM).enumerate() {
        for (i, &node) in nodes.iter().enumerate() {
            drawn.second[i] = u64::from(ids.map_or(node, |ids| ids[node as usize]));
        }
        // SAFETY: as the caller guarantees.
        unsafe { draws.uniforms(FIRST_PLANE + hop as u32, drawn, nodes.len()) };
        for i in 0..nodes.len() {
            let candidate = (drawn.uniform[i], drawn.second[i]);
            if candidate < least {
                (best, least) = (chunk * Names::ROOM + i, candidate);
            }
        }
    }
    best
}

/// Clears the bits of the edges that share the name of the one at `taken` among those of a node.
#[inline(always)]
fn drop_passed(graph: &Graph<'_>, nodes: &[u32], edges: &[u32], taken: usize, keep: &mut [u64]) {
    for i in 0..nodes.len() {
        let (edge, passed) = (edges[i] as usize, edges[taken] as usize);
        let same_id = graph.edge_ids().is_none_or(|ids| ids.get(edge) == ids.get(passed));
        if nodes[i] == nodes[taken] && same_id {
            keep[edge / 64] &= !(1 << (edge % 64));
        }
    }
}
