//! What kept edges are multiplied by.

use crate::error::Result;
use crate::mask::graph::{Graph, Rows};
use crate::memory;
use crate::ops::Element;
use crate::stream::Rate;

/// What the rows of kept edges are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EdgeScaling {
    /// One factor, and another for loops, which are kept with another probability.
    Kept {
        /// Of edges between two nodes.
        edge: f64,
        /// Of loops.
        on_loop: f64,
    },
    /// Degree over kept degree of the node in whose row the edge stands, both counted in entries of rows:
    /// after it, a sum over kept neighbours is their mean times the degree. This is dropping first and
    /// renormalising then, and biased: a node that keeps nothing gets nothing.
    Degree(Rows),
}

impl EdgeScaling {
    /// No factor.
    pub const NONE: EdgeScaling = EdgeScaling::Kept { edge: 1.0, on_loop: 1.0 };

    /// 1 / (1 - p) for edges that drop on their own.
    pub fn inverted(rate: Rate) -> Self {
        EdgeScaling::Kept { edge: rate.inverse_keep(), on_loop: rate.inverse_keep() }
    }

    /// 1 / (1 - p)^2 for edges that need both their ends, and 1 / (1 - p) for loops.
    pub fn inverted_between(rate: Rate) -> Self {
        EdgeScaling::Kept { edge: rate.inverse_keep() * rate.inverse_keep(), on_loop: rate.inverse_keep() }
    }

    pub(super) fn resolve<'a, E: Element>(
        self,
        graph: &'a Graph<'a>,
        bits: &[u64],
    ) -> Result<Factors<'a, E>> {
        match self {
            EdgeScaling::Kept { edge, on_loop } if edge == on_loop => Ok(Factors::One(E::from_f64(edge))),
            EdgeScaling::Kept { edge, on_loop } => {
                Ok(Factors::Loops { graph, edge: E::from_f64(edge), on_loop: E::from_f64(on_loop) })
            }
            EdgeScaling::Degree(rows) => {
                let mut degrees = zeros(graph.nodes()?)?;
                let mut kept = zeros(graph.nodes()?)?;
                rows.degrees(graph, None, &mut degrees);
                rows.degrees(graph, Some(bits), &mut kept);
                let factors = degrees.iter().zip(&kept).map(|(&all, &kept)| over(all, kept)).collect();
                Ok(Factors::Rows { graph, rows, factors })
            }
        }
    }
}

pub(super) fn over<E: Element>(all: u32, kept: u32) -> E {
    E::from_f64(if kept == 0 { 0.0 } else { f64::from(all) / f64::from(kept) })
}

pub(super) fn zeros(nodes: usize) -> Result<Vec<u32>> {
    let mut zeros = memory::room("nodes", nodes, &[nodes])?;
    zeros.resize(nodes, 0);
    Ok(zeros)
}

/// The factor of each edge.
pub(super) enum Factors<'a, E> {
    One(E),
    Loops { graph: &'a Graph<'a>, edge: E, on_loop: E },
    Rows { graph: &'a Graph<'a>, rows: Rows, factors: Vec<E> },
}

impl<E: Element> Factors<'_, E> {
    #[inline(always)]
    pub(super) fn of(&self, edge: usize) -> E {
        match self {
            Factors::One(factor) => *factor,
            Factors::Loops { graph, edge: factor, on_loop } => {
                if graph.is_loop(edge) {
                    *on_loop
                } else {
                    *factor
                }
            }
            Factors::Rows { graph, rows, factors } => factors[rows.row(graph.edges(), edge) as usize],
        }
    }
}
