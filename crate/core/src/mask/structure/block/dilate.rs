//! Blocks grown from their seeds, many bits at a time.
//!
//! The maps of a sample stand one after another without gaps, as its lanes do, so that growing along an axis is an or
//! with all bits moved by the axis' stride, whatever the width of a row. A distance of b takes log2(b) moves. Where a
//! moved bit would come from beyond the border of its map, a mask takes it out; seeds whose blocks lie within the map
//! need none.

use super::rate::Axis;
use crate::isa::{Isa, Kernel, dispatch};
use crate::mask::structure::writer::BitWriter;
use crate::stream::bernoulli::words_per_row;

/// How the seeds of a sample's maps become blocks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Growth {
    /// The positions that may be seeds.
    seeds: Vec<u64>,
    /// From the innermost axis out.
    axes: Vec<Reach>,
}

/// How far blocks reach along an axis.
#[derive(Clone, Debug, PartialEq)]
struct Reach {
    above: Vec<Move>,
    below: Vec<Move>,
}

/// Bits moved to positions further on, or back, by a distance.
#[derive(Clone, Debug, PartialEq)]
struct Move {
    by: usize,
    /// Where moved bits may arrive; everywhere if there is none.
    within: Option<Vec<u64>>,
}

impl Growth {
    pub(super) fn new(axes: &[Axis; 3], maps: usize) -> Self {
        let clips = |axis: &Axis| axis.reach().0 > 0;
        let [_, height, width] = axes.map(|axis| axis.size);
        let strides = [height * width, width, 1];
        let mut reaches = Vec::new();
        for (at, (axis, stride)) in axes.iter().zip(strides).enumerate().rev() {
            let (below, above) = axis.reach();
            let clipped = clips(axis) || axis.seeds() == axis.size;
            let moves = |reach: usize, up: bool| {
                let moved = |by: usize| {
                    let arrives = |position: [usize; 3]| match up {
                        true => position[at] >= by,
                        false => position[at] + by < axis.size,
                    };
                    Move { by: by * stride, within: clipped.then(|| tiled(axes, maps, arrives)) }
                };
                doubling(reach).into_iter().map(moved).collect()
            };
            reaches.push(Reach { above: moves(above, true), below: moves(below, false) });
        }
        let is_seed = |position: [usize; 3]| (0..3).all(|at| position[at] < axes[at].seeds());
        Growth { seeds: tiled(axes, maps, is_seed), axes: reaches }
    }

    /// Turns the keep bits of the lanes into what drops. `spare` is room that is used again.
    pub(super) fn grow(&self, isa: Isa, bits: &mut Vec<u64>, spare: &mut [Vec<u64>; 2]) {
        dispatch(isa, Grow { growth: self, bits, spare });
    }
}

/// The bits of all maps at whose positions `is_set`.
fn tiled(axes: &[Axis; 3], maps: usize, is_set: impl Fn([usize; 3]) -> bool) -> Vec<u64> {
    let [depth, height, width] = axes.map(|axis| axis.size);
    let positions = depth * height * width;
    let mut words = vec![0; words_per_row(maps * positions)];
    if words.is_empty() {
        return words;
    }
    let mut writer = BitWriter::new(&mut words);
    for position in 0..positions {
        let at = [position / width / height, position / width % height, position % width];
        writer.push_run(is_set(at), 1);
    }
    writer.repeat(positions, maps);
    words
}

/// Distances that together reach `reach`: each at most what is covered already.
fn doubling(reach: usize) -> Vec<usize> {
    let mut distances = Vec::new();
    let mut covered = 1;
    while covered <= reach {
        let by = covered.min(reach + 1 - covered);
        distances.push(by);
        covered += by;
    }
    distances
}

struct Grow<'a> {
    growth: &'a Growth,
    bits: &'a mut Vec<u64>,
    spare: &'a mut [Vec<u64>; 2],
}

impl Kernel for Grow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Grow { growth: Growth { seeds, axes }, bits, spare: [back, next] } = self;
        for (bits, seeds) in bits.iter_mut().zip(seeds) {
            *bits = !*bits & seeds;
        }
        next.clear();
        next.resize(bits.len(), 0);
        for Reach { above, below } in axes {
            if !below.is_empty() {
                back.clone_from(bits);
            }
            for step in above {
                move_up(bits, step.by, next);
                arrive(bits, next, &step.within);
            }
            for step in below {
                move_down(back, step.by, next);
                arrive(back, next, &step.within);
            }
            if !below.is_empty() {
                bits.iter_mut().zip(&*back).for_each(|(bits, back)| *bits |= back);
            }
        }
    }
}

/// `bits |= moved`, where it may arrive.
#[inline(always)]
fn arrive(bits: &mut [u64], moved: &[u64], within: &Option<Vec<u64>>) {
    match within {
        None => bits.iter_mut().zip(moved).for_each(|(bits, moved)| *bits |= moved),
        Some(within) => {
            let moved = moved.iter().zip(within).map(|(moved, within)| moved & within);
            bits.iter_mut().zip(moved).for_each(|(bits, moved)| *bits |= moved);
        }
    }
}

/// `to` = `from` moved up by `by` bits.
#[inline(always)]
fn move_up(from: &[u64], by: usize, to: &mut [u64]) {
    let (words, bits) = ((by / 64).min(from.len()), by % 64);
    to[..words].fill(0);
    let Some(first) = to.get_mut(words) else { return };
    *first = from[0] << bits;
    // The word before gives its high bits; two shifts, since one by 64 is none.
    for ((to, here), before) in to[words + 1..].iter_mut().zip(&from[1..]).zip(from) {
        *to = here << bits | before >> 1 >> (63 - bits);
    }
}

/// `to` = `from` moved down by `by` bits.
#[inline(always)]
fn move_down(from: &[u64], by: usize, to: &mut [u64]) {
    let (words, bits) = ((by / 64).min(from.len()), by % 64);
    let left = from.len() - words;
    to[left..].fill(0);
    let Some(last) = left.checked_sub(1) else { return };
    to[last] = from[from.len() - 1] >> bits;
    for ((to, here), after) in to[..last].iter_mut().zip(&from[words..]).zip(&from[words + 1..]) {
        *to = here >> bits | after << 1 << (63 - bits);
    }
}
