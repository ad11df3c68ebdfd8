//! What masks on graphs do to numbers: rows of edges and nodes, and the values of an adjacency matrix.
//!
//! Forward and backward are the same call: a factor never depends on the numbers it scales.

mod scaling;
#[cfg(test)]
mod tests;

pub use scaling::EdgeScaling;
use scaling::{Factors, over, zeros};

use super::Element;
use super::dropout::{Memory, PARALLEL_FROM, same_length};
use super::select::{Factors as Same, SelectRows};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::graph::{Graph, Rows, count, each_kept};
use crate::parallel;
use crate::simd::run;
use crate::stream::bernoulli::words_per_row;

/// Rows of features, one for each node: where its bit is set times `factor`, else +0 whatever they were.
///
/// # Errors
/// `ERR_SHAPE` unless input and output are equally long and a multiple of `rows`; `ERR_ISA`.
///
/// # Panics
/// If there are fewer bits than rows.
pub fn drop_rows<E: Element>(bits: &[u64], rows: usize, factor: f64, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    let factors = Factors::One(E::from_f64(factor));
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { apply(bits, rows, &factors, x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`drop_rows`], in place.
///
/// # Errors
/// As [`drop_rows`].
///
/// # Panics
/// As [`drop_rows`].
pub fn drop_rows_in_place<E: Element>(bits: &[u64], rows: usize, factor: f64, x: &mut [E]) -> Result<()> {
    let factors = Factors::One(E::from_f64(factor));
    // SAFETY: input and output are the same exclusive slice.
    unsafe { apply(bits, rows, &factors, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// Rows of weights or attributes, one for each edge: where its bit is set times the factor of the edge, else
/// +0 whatever they were.
///
/// # Errors
/// `ERR_SHAPE` unless input and output are equally long and a multiple of the number of edges; `ERR_OPTION`
/// if degrees are asked for and the graph has no number of nodes, or its edges are mirrored, so that an edge
/// has two factors; `ERR_RANGE` for more memory than there is; `ERR_ISA`.
///
/// # Panics
/// If there are fewer bits than edges.
pub fn drop_edge_rows<E: Element>(
    graph: &Graph<'_>,
    bits: &[u64],
    scaling: EdgeScaling,
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    same_length(x, out)?;
    check_one_factor(scaling)?;
    let factors = scaling.resolve(graph, bits)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { apply(bits, graph.edges().len(), &factors, x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`drop_edge_rows`], in place.
///
/// # Errors
/// As [`drop_edge_rows`].
///
/// # Panics
/// As [`drop_edge_rows`].
pub fn drop_edge_rows_in_place<E: Element>(
    graph: &Graph<'_>,
    bits: &[u64],
    scaling: EdgeScaling,
    x: &mut [E],
) -> Result<()> {
    check_one_factor(scaling)?;
    let factors = scaling.resolve(graph, bits)?;
    // SAFETY: input and output are the same exclusive slice.
    unsafe { apply(bits, graph.edges().len(), &factors, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// The rows of kept edges only, one after another, times their factors.
///
/// # Errors
/// As [`drop_edge_rows`]; `ERR_SHAPE` unless `out` has room for the kept rows.
///
/// # Panics
/// If there are fewer bits than edges.
pub fn gather_edge_rows<E: Element>(
    graph: &Graph<'_>,
    bits: &[u64],
    scaling: EdgeScaling,
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    check_one_factor(scaling)?;
    let width = width(x.len(), graph.edges().len())?;
    if out.len() != count(bits) * width {
        let allowed = format!("{} elements, {width} for each kept edge", count(bits) * width);
        return Err(Error::argument(Code::Shape, "out", format!("{} elements", out.len()), allowed));
    }
    let factors = scaling.resolve(graph, bits)?;
    let mut at = 0;
    each_kept(bits, |edge| {
        let factor = factors.of(edge);
        for (out, x) in out[at..at + width].iter_mut().zip(&x[edge * width..(edge + 1) * width]) {
            *out = *x * factor;
        }
        at += width;
    });
    Ok(())
}

/// The values of rows of kept edges, as [`Rows::write`] made them: the edge's weight (default 1) times its
/// factor, or that of its row.
///
/// # Errors
/// `ERR_SHAPE` unless there is a weight for each edge and room for each entry; `ERR_OPTION`, `ERR_RANGE` as
/// [`drop_edge_rows`].
///
/// # Panics
/// If the rows are another graph's.
pub fn row_values<E: Element>(
    graph: &Graph<'_>,
    scaling: EdgeScaling,
    row_ptr: &[u32],
    edges: &[u32],
    weights: Option<&[E]>,
    out: &mut [E],
) -> Result<()> {
    if out.len() != edges.len() {
        let allowed = format!("{} elements, one for each entry", edges.len());
        return Err(Error::argument(Code::Shape, "values", format!("{} elements", out.len()), allowed));
    }
    if let Some(weights) = weights
        && weights.len() != graph.edges().len()
    {
        let allowed = format!("{} weights, one for each edge", graph.edges().len());
        return Err(Error::argument(Code::Shape, "weights", format!("{} weights", weights.len()), allowed));
    }
    let weight = |edge: u32| weights.map_or(E::from_f64(1.0), |weights| weights[edge as usize]);
    let EdgeScaling::Degree(rows) = scaling else {
        let factors = scaling.resolve(graph, &[])?;
        parallel::for_each_chunk(out, PARALLEL_FROM, |start, out| {
            for (out, &edge) in out.iter_mut().zip(&edges[start..]) {
                *out = weight(edge) * factors.of(edge as usize);
            }
        });
        return Ok(());
    };
    let mut degrees = zeros(graph.nodes()?)?;
    rows.degrees(graph, None, &mut degrees);
    for (&all, ends) in degrees.iter().zip(row_ptr.windows(2)) {
        let range = ends[0] as usize..ends[1] as usize;
        let factor: E = over(all, ends[1] - ends[0]);
        for (out, &edge) in out[range.clone()].iter_mut().zip(&edges[range]) {
            *out = weight(edge) * factor;
        }
    }
    Ok(())
}

/// A mirrored edge stands in two rows, and each row has its own factor.
fn check_one_factor(scaling: EdgeScaling) -> Result<()> {
    match scaling {
        EdgeScaling::Degree(Rows { mirror: true, .. }) => {
            let allowed =
                "'inverted' or 'none' for values of mirrored edges, which stand in two rows: see `csr`";
            Err(Error::argument(Code::Option, "scaling", "'degree'", allowed))
        }
        _ => Ok(()),
    }
}

/// Elements in each of `rows` rows.
fn width(length: usize, rows: usize) -> Result<usize> {
    if rows == 0 && length == 0 {
        return Ok(0);
    }
    if rows == 0 || !length.is_multiple_of(rows) {
        let allowed = format!("as many for each of {rows} rows");
        return Err(Error::argument(Code::Shape, "x", format!("{length} elements"), allowed));
    }
    Ok(length / rows)
}

/// # Safety
/// `from` and `to` are valid for `length` elements; they are equal or do not overlap.
unsafe fn apply<E: Element>(
    bits: &[u64],
    rows: usize,
    factors: &Factors<'_, E>,
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    let width = width(length, rows)?;
    assert!(bits.len() * 64 >= rows, "a bit for each row");
    if length == 0 {
        return Ok(());
    }
    if let Factors::One(factor) = factors {
        if *factor == E::from_f64(1.0) && count(bits) == rows {
            if !std::ptr::eq(from, to) {
                // SAFETY: as the caller guarantees; they are not the same.
                unsafe { from.copy_to_nonoverlapping(to, length) };
            }
            return Ok(());
        }
        if width == 1 {
            return select(bits, *factor, from, to, length);
        }
    }
    let memory = Memory { from, to };
    parallel::for_each_range(rows, 1, PARALLEL_FROM.div_ceil(width), |range| {
        for row in range {
            // SAFETY: the rows are disjoint parts of what the caller guarantees.
            unsafe {
                let (from, to) = memory.at(row * width);
                if bits[row / 64] >> (row % 64) & 1 == 0 {
                    to.write_bytes(0, width);
                    continue;
                }
                let factor = factors.of(row);
                for i in 0..width {
                    *to.add(i) = *from.add(i) * factor;
                }
            }
        }
    });
    Ok(())
}

/// One element for each bit, as one long row. A register may read past the last word, so the last ones are
/// copied.
fn select<E: Element>(bits: &[u64], factor: E, from: *const E, to: *mut E, length: usize) -> Result<()> {
    let isa = Isa::active()?;
    const LANES: usize = 1 << 14;
    let mut room = [0; words_per_row(LANES) + 1];
    for start in (0..length).step_by(LANES) {
        let width = LANES.min(length - start);
        let words = &bits[start / 64..(start + width).div_ceil(64)];
        room[..words.len()].copy_from_slice(words);
        // SAFETY: parts of what the caller of `apply` guarantees.
        let (from, to) = unsafe { (from.add(start), to.add(start)) };
        run(isa, SelectRows { bits: &room, factors: Same::One(factor), rows: 1, width, from, to });
    }
    Ok(())
}
