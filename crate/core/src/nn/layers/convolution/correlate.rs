//! Correlations line by line: forward passes and gradients of inputs.

use super::depthwise;
use super::geometry::{Correlation, Phase};
use super::product::{
    Plain, Registers, Run, Sides, Sums, Target, full, half, panel_columns, panels, tile, tiles,
};
use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::simd::{Full, VectorKernel};

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
pub struct Correlate<'a, T> {
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
        // SAFETY: plain numbers need no instructions.
        unsafe { self.with::<Plain>() }
    }
}

impl VectorKernel for Correlate<'_, f32> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: the caller guarantees `V`.
        unsafe { self.with::<Registers<V>>() }
    }
}

impl<T: Scalar> Correlate<'_, T> {
    /// # Safety
    /// The machine must have the instructions of `S`.
    #[inline(always)]
    unsafe fn with<S: Sums<T>>(self) {
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
            for (index, phase) in correlation.phases.iter().enumerate() {
                let first = index / correlation.target_step[1];
                // The lines of this phase.
                let skip = (first + correlation.target_step[0] - line % correlation.target_step[0])
                    % correlation.target_step[0];
                let lines = Lines { view, line: line + skip, target: &mut *lines, skip };
                if correlation.is_depthwise() {
                    lines.correlate_channels(correlation, phase, packed);
                } else {
                    // SAFETY: as the caller guarantees.
                    unsafe { lines.correlate::<S>(correlation, phase, packed) };
                }
            }
            (at, rest) = (at + count, later);
        }
    }
}

/// Lines of targets that are worked off together.
struct Lines<'a, T> {
    view: View<'a, T>,
    /// The number of the first line of a phase within its row, and where it stands among the lines.
    line: usize,
    skip: usize,
    target: &'a mut [T],
}

/// Where the targets of a phase and what they look at begin, and from one to the next.
struct Places {
    lines: usize,
    positions: usize,
    /// In the view: the first place, from line to line and from position to position.
    left: [usize; 3],
    /// The same in the targets.
    target: [usize; 3],
}

impl<T: Scalar> Lines<'_, T> {
    /// `None` if there are no targets. What the places and the runs of the phase name lies within view and targets.
    #[inline(always)]
    fn places(&self, correlation: &Correlation, phase: &Phase) -> Option<Places> {
        let Correlation { channels, filters, groups, .. } = *correlation;
        let [line_step, column_step] = correlation.target_step;
        let lines = (self.target.len() / correlation.line()).saturating_sub(self.skip).div_ceil(line_step);
        let positions = (correlation.target[1] - phase.first).div_ceil(column_step);
        if lines == 0 {
            return None;
        }
        let start = (correlation.view_start(self.line) - self.view.first) * correlation.view_line();
        let by_line = correlation.source_step[0] * correlation.view_line();
        let left = [start, by_line, correlation.source_step[1] * channels];
        let start = self.skip * correlation.line() + phase.first * filters;
        let target = [start, line_step * correlation.line(), column_step * filters];
        let last =
            |[start, by_line, step]: [usize; 3]| start + (lines - 1) * by_line + (positions - 1) * step;
        let reach = phase.runs.iter().map(|run| run.left + run.length).max().unwrap_or(0);
        let others = (groups - 1) * (channels / groups);
        assert!(reach == 0 || last(left) + reach + others <= self.view.lines.len());
        assert!(last(target) + filters <= self.target.len());
        Some(Places { lines, positions, left, target })
    }

    /// The targets of a phase. Weights stay in the nearest cache while all lines pass.
    ///
    /// # Safety
    /// The machine must have the instructions of `S`.
    #[inline(always)]
    unsafe fn correlate<S: Sums<T>>(self, correlation: &Correlation, phase: &Phase, packed: &[T]) {
        let Some(Places { lines, positions, left, target }) = self.places(correlation, phase) else { return };
        let Correlation { channels, filters, groups, depth, .. } = *correlation;
        let (inner, columns) = (channels / groups, filters / groups);
        let rows = phase.runs.iter().map(|run| run.right + run.length).max().unwrap_or(0);
        assert!(rows <= depth && groups * depth * panel_columns::<T>(columns) <= packed.len());
        for group in 0..groups {
            for (column, wide) in panels::<T>(columns) {
                let panel = (group * panel_columns::<T>(columns) + column) * depth;
                let by_right = if wide { full::<T>() } else { half::<T>() };
                for (part, runs) in phase.parts.iter().enumerate() {
                    for line in 0..lines {
                        for (position, count) in tiles(positions) {
                            let from = left[0] + line * left[1] + position * left[2] + group * inner;
                            let to = target[0] + line * target[1] + position * target[2];
                            // SAFETY: checked here and by `places`; the target is borrowed exclusively. The caller
                            // guarantees the instructions.
                            unsafe {
                                let sides = Sides {
                                    left: self.view.lines.as_ptr().wrapping_add(from),
                                    by_position: left[2],
                                    by_left: 1,
                                    right: packed.as_ptr().add(panel),
                                    by_right,
                                };
                                let to = Target {
                                    start: self.target.as_mut_ptr().add(to + group * columns + column),
                                    by_position: target[2],
                                    columns: (columns - column).min(by_right),
                                };
                                let runs = phase.runs[runs.clone()].iter().copied();
                                if part == 0 {
                                    columns_of::<T, S, false>(by_right, count, sides, runs, to);
                                } else {
                                    columns_of::<T, S, true>(by_right, count, sides, runs, to);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The targets of a phase of a depthwise convolution.
    #[inline(always)]
    fn correlate_channels(self, correlation: &Correlation, phase: &Phase, packed: &[T]) {
        let Some(Places { lines, positions, left, target }) = self.places(correlation, phase) else { return };
        let channels = correlation.channels;
        assert!(phase.runs.iter().all(|run| run.right < correlation.depth && run.length == 1));
        assert!(correlation.depth * channels <= packed.len());
        for line in 0..lines {
            for (position, count) in depthwise::tiles::<T>(positions) {
                let from = left[0] + line * left[1] + position * left[2];
                let to = target[0] + line * target[1] + position * target[2];
                for (channel, width) in depthwise::pieces::<T>(channels) {
                    // SAFETY: checked here and by `places`; the target is borrowed exclusively.
                    unsafe {
                        let sides = Sides {
                            left: self.view.lines.as_ptr().wrapping_add(from + channel),
                            by_position: left[2],
                            by_left: 1,
                            right: packed.as_ptr().add(channel),
                            by_right: channels,
                        };
                        let start = self.target.as_mut_ptr().add(to + channel);
                        let to = Target { start, by_position: target[2], columns: width };
                        depthwise::over_taps(width, count, sides, &phase.runs, to);
                    }
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
pub(super) unsafe fn columns_of<T: Scalar, S: Sums<T>, const ADD: bool>(
    columns: usize,
    positions: usize,
    sides: Sides<T>,
    runs: impl Iterator<Item = Run> + Clone,
    target: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        match columns {
            16 if full::<T>() == 16 => tile::<T, S, 16, ADD>(positions, sides, runs, target),
            8 if half::<T>() == 8 => tile::<T, S, 8, ADD>(positions, sides, runs, target),
            4 if half::<T>() == 4 => tile::<T, S, 4, ADD>(positions, sides, runs, target),
            _ => tile::<T, S, 1, ADD>(positions, sides, runs, target),
        }
    }
}
