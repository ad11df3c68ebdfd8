//! The gradient of the weights: dW\[tap, c, o\] = sum over positions of x\[position stride + tap, c\] dy\[position, o\].

use super::correlate::{VIEW, columns_of};
use super::depthwise;
use super::geometry::Correlation;
use super::product::{Plain, Registers, Run, Sides, Sums, Target, full, half, tiles};
use crate::isa::Kernel;
use crate::nn::Scalar;
use crate::simd::{Full, VectorKernel};

/// Elements of the view and of the gradient that are worked off together: they stay in the nearest cache.
const NEAR: usize = 1 << 12;

/// Positions that are worked off together in any case, so that sums are not fetched more often than they are added to.
const LONG: usize = 64;

/// The sums over some lines of outputs, those of all rows counted together.
pub struct WeightGradient<'a, T> {
    /// The forward pass.
    pub(super) correlation: &'a Correlation,
    /// All rows.
    pub(super) x: &'a [T],
    /// How much of the width of each row counts.
    pub(super) limits: Option<&'a [u32]>,
    /// All rows.
    pub(super) dy: &'a [T],
    /// The first line.
    pub(super) first: usize,
    pub(super) lines: usize,
    /// [groups, depth, filters of a group].
    pub(super) sums: &'a mut [T],
    pub(super) room: &'a mut [T],
}

impl Correlation {
    /// Lines of outputs whose view and gradients stay in the nearest cache.
    pub(super) fn near(&self) -> usize {
        let each = self.view_line() * self.source_step[0] + self.line();
        (NEAR / each).max(LONG.div_ceil(self.target[1])).min(self.segment(VIEW))
    }
}

impl<T: Scalar> Kernel for WeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // SAFETY: plain numbers need no instructions.
        unsafe { self.with::<Plain>() }
    }
}

impl VectorKernel for WeightGradient<'_, f32> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: the caller guarantees `V`.
        unsafe { self.with::<Registers<V>>() }
    }
}

impl<T: Scalar> WeightGradient<'_, T> {
    /// # Safety
    /// The machine must have the instructions of `S`.
    #[inline(always)]
    unsafe fn with<S: Sums<T>>(self) {
        let WeightGradient { correlation, x, limits, dy, first, lines, sums, room } = self;
        let (height, line) = (correlation.target[0], correlation.line());
        sums.fill(T::ZERO);
        let (mut at, end) = (first, first + lines);
        while at < end {
            let (row, from) = (at / height, at % height);
            let count = correlation.near().min(height - from).min(end - at);
            let x = &x[row * correlation.sources()..(row + 1) * correlation.sources()];
            let limit = limits.map(|limits| limits[row] as usize);
            let view = correlation.look(x, limit, from, count, room);
            let start = (correlation.view_start(from) - view.first) * correlation.view_line();
            let (view, dy) = (&view.lines[start..], &dy[at * line..(at + count) * line]);
            if correlation.is_depthwise() {
                depthwise::add_lines(correlation, view, dy, count, sums);
            } else {
                // SAFETY: as the caller guarantees.
                unsafe { add_lines::<T, S>(correlation, view, dy, count, sums) };
            }
            at += count;
        }
    }
}

/// Adds what some lines of a row give.
///
/// # Safety
/// The machine must have the instructions of `S`.
#[inline(always)]
unsafe fn add_lines<T: Scalar, S: Sums<T>>(
    correlation: &Correlation,
    view: &[T],
    dy: &[T],
    lines: usize,
    sums: &mut [T],
) {
    let Correlation { channels, filters, groups, depth, .. } = *correlation;
    let (inner, columns, width) = (channels / groups, filters / groups, correlation.target[1]);
    let (by_line, step) =
        (correlation.source_step[0] * correlation.view_line(), correlation.source_step[1] * channels);
    let runs = &correlation.phases[0].runs;
    // What the pointers below name lies within the slices.
    let reach = runs.iter().map(|run| run.left + run.length).max().unwrap_or(0);
    let rows = runs.iter().map(|run| run.right + run.length).max().unwrap_or(0);
    assert!((lines - 1) * by_line + (width - 1) * step + reach + (groups - 1) * inner <= view.len());
    assert!(lines * width * filters <= dy.len());
    assert!(rows <= depth && groups * depth * columns <= sums.len());
    for group in 0..groups {
        for run in runs {
            for (tap, count) in tiles(run.length) {
                let mut column = 0;
                while column < columns {
                    let wide = match columns - column {
                        left if left >= full::<T>() => full::<T>(),
                        left if left >= half::<T>() => half::<T>(),
                        _ => 1,
                    };
                    // SAFETY: checked above; the sums are borrowed exclusively. The caller guarantees the instructions.
                    unsafe {
                        let sides = Sides {
                            left: view.as_ptr().add(group * inner + run.left + tap),
                            by_position: 1,
                            by_left: step,
                            right: dy.as_ptr().add(group * columns + column),
                            by_right: filters,
                        };
                        let at = (group * depth + run.right + tap) * columns + column;
                        let to =
                            Target { start: sums.as_mut_ptr().add(at), by_position: columns, columns: wide };
                        let of = |line| Run { left: line * by_line, right: line * width, length: width };
                        columns_of::<T, S, true>(wide, count, sides, (0..lines).map(of), to);
                    }
                    column += wide;
                }
            }
        }
    }
}
