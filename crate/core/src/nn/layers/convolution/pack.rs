//! Weights in the order in which products read them, and gradients back in the order of files.

use super::geometry::{Correlation, Shape};
use super::product::{full, half, panel_columns, panels};
use crate::nn::Scalar;

/// For each group and each panel of its columns: depth rows of the panel's columns, zeros past the last one.
fn pack<T: Scalar>(
    [groups, depth, columns]: [usize; 3],
    packed: &mut [T],
    weight: impl Fn(usize, usize, usize) -> T,
) {
    let each = depth * panel_columns::<T>(columns);
    for (group, packed) in packed.chunks_exact_mut(each).take(groups).enumerate() {
        let mut rest = packed;
        for (start, wide) in panels::<T>(columns) {
            let width = if wide { full::<T>() } else { half::<T>() };
            let (panel, later) = rest.split_at_mut(depth * width);
            for (row, values) in panel.chunks_exact_mut(width).enumerate() {
                for (column, value) in (start..).zip(values) {
                    *value = if column < columns { weight(group, row, column) } else { T::ZERO };
                }
            }
            rest = later;
        }
    }
}

/// Elements of the packed weights of a correlation.
pub(super) fn packed<T>(correlation: &Correlation) -> usize {
    let Correlation { filters, groups, depth, .. } = *correlation;
    if correlation.is_depthwise() {
        depth * filters
    } else {
        groups * depth * panel_columns::<T>(filters / groups)
    }
}

/// [taps, channels] from [channels, taps].
fn pack_depthwise<T: Scalar>(
    shape: &Shape,
    weights: &[T],
    packed: &mut [T],
    tap_of: impl Fn(usize) -> usize,
) {
    for (tap, packed) in packed.chunks_exact_mut(shape.channels).enumerate() {
        for (channel, packed) in packed.iter_mut().enumerate() {
            *packed = weights[channel * shape.taps() + tap_of(tap)];
        }
    }
}

/// Weights [filters, channels of a group, taps] for the forward pass: rows are taps, then channels.
pub(super) fn pack_forward<T: Scalar>(shape: &Shape, weights: &[T], packed: &mut [T]) {
    if shape.is_depthwise() {
        return pack_depthwise(shape, weights, packed, |tap| tap);
    }
    let (taps, channels, filters) = (shape.taps(), shape.group_channels(), shape.group_filters());
    pack([shape.groups, taps * channels, filters], packed, |group, row, column| {
        weights[((group * filters + column) * channels + row % channels) * taps + row / channels]
    });
}

/// For the gradient of the input: rows are taps, those of the width in reverse, then filters; columns are channels.
pub(super) fn pack_backward<T: Scalar>(shape: &Shape, weights: &[T], packed: &mut [T]) {
    let (taps, channels, filters) = (shape.taps(), shape.group_channels(), shape.group_filters());
    let width = shape.windows[1].kernel;
    let reversed = |tap: usize| tap / width * width + width - 1 - tap % width;
    if shape.is_depthwise() {
        return pack_depthwise(shape, weights, packed, reversed);
    }
    pack([shape.groups, taps * filters, channels], packed, |group, row, column| {
        let (tap, filter) = (reversed(row / filters), row % filters);
        weights[((group * filters + filter) * channels + column) * taps + tap]
    });
}

/// The gradient [filters, channels of a group, taps] from sums [groups, taps, channels of a group, filters of a group],
/// or [taps, channels] of a depthwise convolution.
pub(super) fn unpack_gradient<T: Scalar>(shape: &Shape, sums: &[T], gradient: &mut [T]) {
    let (taps, channels, filters) = (shape.taps(), shape.group_channels(), shape.group_filters());
    for (filter, gradient) in gradient.chunks_exact_mut(channels * taps).enumerate() {
        let (group, column) = (filter / filters, filter % filters);
        if shape.is_depthwise() {
            let sums = sums.iter().skip(filter).step_by(shape.channels);
            gradient.iter_mut().zip(sums).for_each(|(gradient, sum)| *gradient = *sum);
            continue;
        }
        for (channel, gradient) in gradient.chunks_exact_mut(taps).enumerate() {
            for (tap, gradient) in gradient.iter_mut().enumerate() {
                *gradient = sums[((group * taps + tap) * channels + channel) * filters + column];
            }
        }
    }
}
