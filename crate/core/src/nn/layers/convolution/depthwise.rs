//! Depthwise convolutions, a filter for each channel: y\[p, c\] = sum over taps of w\[tap, c\] x\[p stride + tap, c\].
//!
//! No channel meets another, so registers hold neighbouring channels instead of the sums of neighbouring filters. Packed
//! weights are [taps, channels].

use super::geometry::Correlation;
use super::product::{Run, Sides, Target, full, half, is_fast};
use crate::nn::Scalar;

/// Positions, or taps, whose sums are in registers at a time.
const TOGETHER: usize = 4;

/// Widths of the pieces that channels are cut into: where each begins, and how many there are.
pub(super) fn pieces<T>(channels: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let width = match channels - at {
            0 => return None,
            left if left >= full::<T>() => full::<T>(),
            left if left >= half::<T>() => half::<T>(),
            _ => 1,
        };
        at += width;
        Some((at - width, width))
    })
}

/// Cuts a count into tiles of at most [`TOGETHER`].
pub(super) fn tiles<T>(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = if is_fast::<T>() { TOGETHER } else { 1 };
    (0..count).step_by(most).map(move |start| (start, most.min(count - start)))
}

/// Sums over taps for some positions and `width` channels.
///
/// # Safety
/// The elements of both sides and of the target must be there, and those of the target nowhere else.
#[inline(always)]
pub(super) unsafe fn over_taps<T: Scalar>(
    width: usize,
    positions: usize,
    sides: Sides<T>,
    runs: &[Run],
    target: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        match width {
            16 if full::<T>() == 16 => over_taps_of::<T, 16>(positions, sides, runs, target),
            8 if half::<T>() == 8 => over_taps_of::<T, 8>(positions, sides, runs, target),
            4 if half::<T>() == 4 => over_taps_of::<T, 4>(positions, sides, runs, target),
            _ => over_taps_of::<T, 1>(positions, sides, runs, target),
        }
    }
}

#[inline(always)]
unsafe fn over_taps_of<T: Scalar, const N: usize>(
    positions: usize,
    sides: Sides<T>,
    runs: &[Run],
    target: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        match positions {
            TOGETHER if is_fast::<T>() => tap_sums::<T, TOGETHER, N>(sides, runs, target),
            _ => {
                for position in 0..positions {
                    let left = sides.left.add(position * sides.by_position);
                    let start = target.start.add(position * target.by_position);
                    tap_sums::<T, 1, N>(Sides { left, ..sides }, runs, Target { start, ..target });
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn tap_sums<T: Scalar, const P: usize, const N: usize>(
    sides: Sides<T>,
    runs: &[Run],
    target: Target<T>,
) {
    let mut sums = [[T::ZERO; N]; P];
    // SAFETY: as the caller guarantees.
    unsafe {
        for run in runs {
            let right = sides.right.add(run.right * sides.by_right).cast::<[T; N]>().read();
            for (position, sums) in sums.iter_mut().enumerate() {
                let left = sides.left.add(run.left + position * sides.by_position);
                let left = left.cast::<[T; N]>().read();
                for (sum, (left, right)) in sums.iter_mut().zip(left.into_iter().zip(right)) {
                    *sum = left.mul_add(right, *sum);
                }
            }
        }
        for (position, sums) in sums.iter().enumerate() {
            target.start.add(position * target.by_position).cast::<[T; N]>().write(*sums);
        }
    }
}

/// Adds to the sums [taps, channels] of the weight gradient what some lines of a row give.
#[inline(always)]
pub(super) fn add_lines<T: Scalar>(
    correlation: &Correlation,
    view: &[T],
    dy: &[T],
    lines: usize,
    sums: &mut [T],
) {
    let (channels, width) = (correlation.channels, correlation.target[1]);
    let by_line = correlation.source_step[0] * correlation.view_line();
    let step = correlation.source_step[1] * channels;
    let runs = &correlation.phases[0].runs;
    // What the pointers below name lies within the slices.
    let reach = runs.iter().map(|run| run.left).max().unwrap_or(0) + channels;
    assert!((lines - 1) * by_line + (width - 1) * step + reach <= view.len());
    assert!(lines * width * channels <= dy.len() && correlation.depth * channels <= sums.len());
    for (first, count) in tiles::<T>(runs.len()) {
        let runs = &runs[first..first + count];
        for (channel, piece) in pieces::<T>(channels) {
            // SAFETY: checked above; the sums are borrowed exclusively.
            unsafe {
                let sides = Sides {
                    left: view.as_ptr().add(channel),
                    by_position: step,
                    by_left: by_line,
                    right: dy.as_ptr().add(channel),
                    by_right: channels,
                };
                let sums =
                    Target { start: sums.as_mut_ptr().add(channel), by_position: channels, columns: piece };
                over_positions(runs, [lines, width], sides, sums);
            }
        }
    }
}

/// # Safety
/// As for [`over_taps`].
#[inline(always)]
unsafe fn over_positions<T: Scalar>(runs: &[Run], extents: [usize; 2], sides: Sides<T>, sums: Target<T>) {
    // SAFETY: as the caller guarantees.
    unsafe {
        match sums.columns {
            16 if full::<T>() == 16 => over_positions_of::<T, 16>(runs, extents, sides, sums),
            8 if half::<T>() == 8 => over_positions_of::<T, 8>(runs, extents, sides, sums),
            4 if half::<T>() == 4 => over_positions_of::<T, 4>(runs, extents, sides, sums),
            _ => over_positions_of::<T, 1>(runs, extents, sides, sums),
        }
    }
}

#[inline(always)]
unsafe fn over_positions_of<T: Scalar, const N: usize>(
    runs: &[Run],
    extents: [usize; 2],
    sides: Sides<T>,
    sums: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        match <[Run; TOGETHER]>::try_from(runs) {
            Ok(runs) if is_fast::<T>() => position_sums::<T, TOGETHER, N>(runs, extents, sides, sums),
            _ => {
                for run in runs {
                    position_sums::<T, 1, N>([*run], extents, sides, sums);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn position_sums<T: Scalar, const P: usize, const N: usize>(
    runs: [Run; P],
    [lines, width]: [usize; 2],
    sides: Sides<T>,
    target: Target<T>,
) {
    // SAFETY: as the caller guarantees.
    unsafe {
        let to = runs.map(|run| target.start.add(run.right * target.by_position).cast::<[T; N]>());
        let mut sums = to.map(|to| to.read());
        for line in 0..lines {
            for position in 0..width {
                let right = sides.right.add((line * width + position) * sides.by_right);
                let right = right.cast::<[T; N]>().read();
                let left = sides.left.add(line * sides.by_left + position * sides.by_position);
                for (run, sums) in runs.iter().zip(&mut sums) {
                    let left = left.add(run.left).cast::<[T; N]>().read();
                    for (sum, (left, right)) in sums.iter_mut().zip(left.into_iter().zip(right)) {
                        *sum = left.mul_add(right, *sum);
                    }
                }
            }
        }
        for (to, sums) in to.into_iter().zip(sums) {
            to.write(sums);
        }
    }
}
