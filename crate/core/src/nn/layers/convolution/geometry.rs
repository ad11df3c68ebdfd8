//! Which inputs an output of a convolution looks at, and back.

use std::ops::Range;

use super::product::Run;
use crate::nn::config::Window;

/// The shape of a convolution over rows `[height, width, channels]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) windows: [Window; 2],
    pub(crate) channels: usize,
    pub(crate) filters: usize,
    pub(crate) groups: usize,
}

impl Shape {
    pub(super) fn inputs(&self) -> usize {
        self.windows[0].input * self.windows[1].input * self.channels
    }

    pub(super) fn outputs(&self) -> usize {
        self.windows[0].output * self.windows[1].output * self.filters
    }

    /// Channels of a group.
    pub(super) fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    /// Filters of a group.
    pub(super) fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Whether each channel has a filter of its own.
    pub(super) fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.channels && self.groups == self.filters
    }

    /// Taps of the kernel.
    pub(super) fn taps(&self) -> usize {
        self.windows[0].kernel * self.windows[1].kernel
    }

    pub(super) fn weights(&self) -> usize {
        self.filters * self.taps() * self.group_channels()
    }
}

/// The targets `phase + step q` of both axes, q = 0, 1, ...: all look at the sources around q in the same way.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// The first target along the width.
    pub(super) first: usize,
    /// What they look at, from the place of q = 0 in the view on, and the rows of packed weights it meets.
    pub(super) runs: Vec<Run>,
    /// The runs in parts of about [`DEPTH`] rows; one, if empty, where there are none.
    pub(super) parts: Vec<Range<usize>>,
}

/// Rows of packed weights that are worked off over several lines before others are: a panel of them takes a quarter of
/// the nearest cache.
const DEPTH: usize = 128;

/// A correlation of a source with packed weights: the forward pass, or the gradient of the input from that of the
/// output.
///
/// A source is looked at through a view that holds all that any target looks at: the source itself where nothing
/// overhangs, else a copy of some lines with zeros around.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    pub(super) source: [usize; 2],
    pub(super) channels: usize,
    pub(super) target: [usize; 2],
    pub(super) filters: usize,
    pub(super) groups: usize,
    /// Taps of a group times its channels: rows of packed weights.
    pub(super) depth: usize,
    /// Where the view begins in the source.
    pub(super) origin: [isize; 2],
    /// Extents of the view.
    pub(super) view: [usize; 2],
    /// From the place of one q to that of the next, in the view.
    pub(super) source_step: [usize; 2],
    /// Phases along each axis, and targets from one q to the next.
    pub(super) target_step: [usize; 2],
    /// Lines of the view that a target looks at past its own.
    pub(super) reach: usize,
    /// Row-major in the phases of height and width.
    pub(super) phases: Vec<Phase>,
}

/// Cuts runs that are longer than [`DEPTH`], and all of them into parts of that length.
fn parts(runs: &mut Vec<Run>) -> Vec<Range<usize>> {
    let pieces = |run: Run| {
        let pieces = run.length.div_ceil(DEPTH);
        (0..pieces).map(move |piece| {
            let (start, end) = (piece * run.length / pieces, (piece + 1) * run.length / pieces);
            Run { left: run.left + start, right: run.right + start, length: end - start }
        })
    };
    *runs = runs.iter().copied().flat_map(pieces).collect();
    let (mut parts, mut depth) = (Vec::from([Range::default()]), 0);
    for (index, run) in runs.iter().enumerate() {
        let last = parts.last_mut().expect("there is one");
        if depth > 0 && depth + run.length > DEPTH {
            parts.push(index..index + 1);
            depth = run.length;
        } else {
            last.end = index + 1;
            depth += run.length;
        }
    }
    parts
}

impl Correlation {
    /// The forward pass: y\[p\] = sum of w\[tap\] x\[p stride + tap dilation - before\].
    pub(super) fn forward(shape: &Shape) -> Self {
        let [height, width] = shape.windows;
        let taps =
            |window: Window| (0..window.kernel).map(|tap| (tap, (tap * window.dilation) as isize)).collect();
        Correlation::new(
            [height, width].map(|window| (window.input, window.output)),
            [height, width].map(|window| -(window.before as isize)),
            [height, width].map(|window| (window.stride, 1)),
            [vec![taps(height)], vec![taps(width)]],
            shape.windows.map(|window| window.kernel),
            [shape.channels, shape.filters, shape.groups],
        )
    }

    /// The gradient of the input: dx\[i\] = sum of w\[tap\] dy\[(i + before - tap dilation) / stride\] over the taps
    /// where that is whole. Weights are packed with the taps of the width in reverse, so that neighbours in memory meet.
    pub(super) fn backward(shape: &Shape) -> Self {
        let phases = |window: Window, reverse: bool| -> Vec<Vec<(usize, isize)>> {
            let stride = window.stride as isize;
            let of = |phase: usize| {
                let taps = (0..window.kernel).rev().filter_map(|tap| {
                    let at = (phase + window.before) as isize - (tap * window.dilation) as isize;
                    let index = if reverse { window.kernel - 1 - tap } else { tap };
                    (at.rem_euclid(stride) == 0).then(|| (index, at.div_euclid(stride)))
                });
                taps.collect()
            };
            (0..window.stride.min(window.input)).map(of).collect()
        };
        let [height, width] = shape.windows;
        Correlation::new(
            [height, width].map(|window| (window.output, window.input)),
            [0, 0],
            [height, width].map(|window| (1, window.stride.min(window.input))),
            [phases(height, false), phases(width, true)],
            shape.windows.map(|window| window.kernel),
            [shape.filters, shape.channels, shape.groups],
        )
    }

    /// `steps` are those of source and target, `taps` the index and the place of each tap for each phase of an axis.
    fn new(
        extents: [(usize, usize); 2],
        origin: [isize; 2],
        steps: [(usize, usize); 2],
        taps: [Vec<Vec<(usize, isize)>>; 2],
        kernel: [usize; 2],
        [channels, filters, groups]: [usize; 3],
    ) -> Self {
        let places = |axis: usize| taps[axis].iter().flatten().map(|&(_, place)| place);
        let lowest = [0, 1].map(|axis| places(axis).min().unwrap_or(0));
        let reach = [0, 1].map(|axis| (places(axis).max().unwrap_or(0) - lowest[axis]) as usize);
        let view = [0, 1].map(|axis| {
            let ((_, target), (source_step, target_step)) = (extents[axis], steps[axis]);
            (target - 1) / target_step * source_step + reach[axis] + 1
        });
        let origin = [0, 1].map(|axis| origin[axis] + lowest[axis]);
        let source = extents.map(|(source, _)| source);
        let mut correlation = Correlation {
            source,
            channels,
            target: extents.map(|(_, target)| target),
            filters,
            groups,
            depth: kernel[0] * kernel[1] * (channels / groups),
            origin,
            view,
            source_step: steps.map(|(source, _)| source),
            target_step: steps.map(|(_, target)| target),
            reach: reach[0],
            phases: Vec::new(),
        };
        if correlation.is_direct() {
            correlation.view = source;
        }
        let each = channels / groups;
        for lines in &taps[0] {
            for (first, columns) in taps[1].iter().enumerate() {
                let mut runs: Vec<Run> = Vec::new();
                for &(tap_y, y) in lines {
                    for &(tap_x, x) in columns {
                        let place = (y - lowest[0]) as usize * correlation.view[1] + (x - lowest[1]) as usize;
                        let run = Run {
                            left: place * channels,
                            right: (tap_y * kernel[1] + tap_x) * each,
                            length: each,
                        };
                        match runs.last_mut() {
                            Some(last)
                                if last.left + last.length == run.left
                                    && last.right + last.length == run.right =>
                            {
                                last.length += each;
                            }
                            _ => runs.push(run),
                        }
                    }
                }
                correlation.phases.push(Phase { first, parts: parts(&mut runs), runs });
            }
        }
        correlation
    }

    /// Whether the source may be looked at as it lies.
    pub(super) fn is_direct(&self) -> bool {
        (0..2).all(|axis| self.origin[axis] == 0 && self.view[axis] <= self.source[axis])
    }

    /// Whether each channel has a filter of its own.
    pub(super) fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.channels && self.groups == self.filters
    }

    /// Elements of a source.
    pub(super) fn sources(&self) -> usize {
        self.source[0] * self.source[1] * self.channels
    }

    /// Elements of a line of targets.
    pub(super) fn line(&self) -> usize {
        self.target[1] * self.filters
    }

    /// Elements of a line of the view.
    pub(super) fn view_line(&self) -> usize {
        self.view[1] * self.channels
    }

    /// The first line of the view that target line `line` looks at.
    pub(super) fn view_start(&self, line: usize) -> usize {
        line / self.target_step[0] * self.source_step[0]
    }

    /// Lines of the view that `lines` lines of targets look at, at most.
    pub(super) fn view_lines(&self, lines: usize) -> usize {
        // Lines that do not begin with a phase reach into one q more.
        let places =
            (lines - 1).div_ceil(self.target_step[0]).min((self.target[0] - 1) / self.target_step[0]);
        places * self.source_step[0] + self.reach + 1
    }

    /// Lines of targets that are worked off together, so that their view takes about `elements`.
    pub(super) fn segment(&self, elements: usize) -> usize {
        let each = (self.view_line() * self.source_step[0]).div_ceil(self.target_step[0]);
        (elements / each).clamp(1, self.target[0])
    }
}
