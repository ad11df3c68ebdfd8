//! Correlations line by line: forward passes and gradients of inputs.

use super::geometry::{Correlation, Phase};
use super::product::{Run, Sides, Target, full, half, panel_columns, panels, tile, tiles};
use crate::isa::Kernel;
use crate::nn::Scalar;

/// Elements of a view, where a line does not need more: with the weights it stays in the second cache.
pub(super) const VIEW: usize = 1 << 14;

/// The source as targets look at it: some lines, from `first` on, of `view_line` elements.
#[derive(Clone, Copy)]
pub(super) struct View<'a, T> {
    pub(super) lines: &'a [T],
    pub(super) first: usize,
}

impl Correlation {
    /// The view that `count` lines of targets from `line` on look at; a copy goes into `room`. Sources at `limit` of
    /// the width and after it count as zeros.
    #[inline(always)]
    pub(super) fn look<'a, T: Scalar>(
        &self,
        source: &'a [T],
        limit: Option<usize>,
        line: usize,
        count: usize,
        room: &'a mut [T],
    ) -> View<'a, T> {
        if limit.is_none() && self.is_direct() {
            return View { lines: source, first: 0 };
        }
        let first = self.view_start(line);
        let lines = self.view_start(line + count - 1) - first + self.reach + 1;
        let lines = &mut room[..lines * self.view_line()];
        let limit = limit.unwrap_or(self.source[1]).min(self.source[1]) as isize;
        // The columns of the view that are columns of the source.
        let within = |column: isize| (column - self.origin[1]).clamp(0, self.view[1] as isize) as usize;
        let (start, end) = (within(0), within(limit));
        let from = (start as isize + self.origin[1]) as usize;
        for (index, to) in lines.chunks_exact_mut(self.view_line()).enumerate() {
            let at = (first + index) as isize + self.origin[0];
            if at < 0 || at >= self.source[0] as isize || start >= end {
                to.fill(T::ZERO);
                continue;
            }
            let from = (at as usize * self.source[1] + from) * self.channels;
            let (start, end) = (start * self.channels, end * self.channels);
            to[..start].fill(T::ZERO);
            to[start..end].copy_from_slice(&source[from..from + end - start]);
            to[end..].fill(T::ZERO);
        }
        View { lines, first }
    }

    /// Elements that a copy of the view may take.
    pub(super) fn room(&self) -> usize {
        self.view_lines(self.segment(VIEW)) * self.view_line()
    }
}

/// Some lines of targets, those of all rows counted together.
pub(super) struct Correlate<'a, T> {
    pub(super) correlation: &'a Correlation,
    /// All rows.
    pub(super) source: &'a [T],
    /// How much of the width of each row's source counts.
    pub(super) limits: Option<&'a [u32]>,
    pub(super) packed: &'a [T],
    /// The first line.
    pub(super) first: usize,
    pub(super) target: &'a mut [T],
    pub(super) room: &'a mut [T],
}

impl<T: Scalar> Kernel for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Correlate { correlation, source, limits, packed, first, target, room } = self;
        let (height, width) = (correlation.target[0], correlation.line());
        let segment = correlation.segment(VIEW);
        let (mut at, mut rest) = (first, target);
        while !rest.is_empty() {
            let (row, line) = (at / height, at % height);
            let count = segment.min(height - line).min(rest.len() / width);
            let (lines, later) = rest.split_at_mut(count * width);
            let source = &source[row * correlation.sources()..(row + 1) * correlation.sources()];
            let limit = limits.map(|limits| limits[row] as usize);
            let view = correlation.look(source, limit, line, count, room);
            for (index, target) in lines.chunks_exact_mut(width).enumerate() {
                let start = (correlation.view_start(line + index) - view.first) * correlation.view_line();
                let phases = correlation.target_step[1];
                let phase = (line + index) % correlation.target_step[0] * phases;
                for phase in &correlation.phases[phase..phase + phases] {
                    line_of(correlation, phase, &view.lines[start..], packed, target);
                }
            }
            (at, rest) = (at + count, later);
        }
    }
}

/// The targets of a phase in one line.
#[inline(always)]
fn line_of<T: Scalar>(correlation: &Correlation, phase: &Phase, view: &[T], packed: &[T], target: &mut [T]) {
    let Correlation { channels, filters, groups, depth, .. } = *correlation;
    let (step, by_target) = (correlation.source_step[1] * channels, correlation.target_step[1] * filters);
    let positions = (correlation.target[1] - phase.first).div_ceil(correlation.target_step[1]);
    let (inner, columns) = (channels / groups, filters / groups);
    // What the pointers below name lies within the slices.
    let reach = phase.runs.iter().map(|run| run.left + run.length).max().unwrap_or(0);
    let rows = phase.runs.iter().map(|run| run.right + run.length).max().unwrap_or(0);
    assert!(reach == 0 || (positions - 1) * step + reach + (groups - 1) * inner <= view.len());
    assert!(rows <= depth && groups * depth * panel_columns::<T>(columns) <= packed.len());
    assert!(phase.first * filters + (positions - 1) * by_target + filters <= target.len());
    for group in 0..groups {
        for (start, wide) in panels::<T>(columns) {
            let first = (group * panel_columns::<T>(columns) + start) * depth;
            for (position, count) in tiles(positions) {
                // SAFETY: checked above; the target is borrowed exclusively.
                unsafe {
                    let sides = Sides {
                        left: view.as_ptr().add(position * step + group * inner),
                        by_position: step,
                        by_left: 1,
                        right: packed.as_ptr().add(first),
                        by_right: if wide { full::<T>() } else { half::<T>() },
                    };
                    let at = phase.first * filters + position * by_target + group * columns + start;
                    let to = Target {
                        start: target.as_mut_ptr().add(at),
                        by_position: by_target,
                        columns: (columns - start).min(sides.by_right),
                    };
                    let runs = phase.runs.iter().copied();
                    columns_of::<T, false>(sides.by_right, count, sides, runs, to);
                }
            }
        }
    }
}

/// [`tile`] for a number of columns that is full, half or one.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
pub(super) unsafe fn columns_of<T: Scalar, const ADD: bool>(
    columns: usize,
    positions: usize,
    sides: Sides<T>,
    runs: impl Iterator<Item = Run> + Clone,
    target: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        match columns {
            16 if full::<T>() == 16 => tile::<T, 16, ADD>(positions, sides, runs, target),
            8 if half::<T>() == 8 => tile::<T, 8, ADD>(positions, sides, runs, target),
            4 if half::<T>() == 4 => tile::<T, 4, ADD>(positions, sides, runs, target),
            _ => tile::<T, 1, ADD>(positions, sides, runs, target),
        }
    }
}
