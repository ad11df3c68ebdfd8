//! Windows that move over an axis: what convolutions and pools have in common.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::nn::config::Shape;

/// Where the channels of an image stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ImageLayout {
    /// After the positions: `[height, width, channels]`, and `[time, channels]` of a sequence.
    #[default]
    #[serde(rename = "NHWC")]
    ChannelsLast,
    /// Before them: `[channels, height, width]`, as PyTorch has it.
    #[serde(rename = "NCHW")]
    ChannelsFirst,
}

impl ImageLayout {
    /// Whether it is the default, which configurations leave out.
    pub(super) fn is_default(&self) -> bool {
        *self == ImageLayout::default()
    }

    /// The extents before the channels, and the channels; `None` for a row of a single axis.
    pub(crate) fn split(self, shape: &Shape) -> Option<(&[usize], usize)> {
        match (self, shape.extents()) {
            (_, [] | [_]) => None,
            (ImageLayout::ChannelsLast, [positions @ .., channels])
            | (ImageLayout::ChannelsFirst, [channels, positions @ ..]) => Some((positions, *channels)),
        }
    }

    /// The shape of these positions and channels.
    pub(crate) fn join(self, positions: &[usize], channels: usize) -> Shape {
        Shape::new(match self {
            ImageLayout::ChannelsLast => [positions, &[channels]].concat(),
            ImageLayout::ChannelsFirst => [&[channels], positions].concat(),
        })
    }

    /// Height, width and channels of an image, or why it is none.
    pub(super) fn image(self, shape: &Shape) -> Result<([usize; 2], usize), String> {
        match (self.split(shape), self) {
            (Some((&[height, width], channels)), _) => Ok(([height, width], channels)),
            (_, ImageLayout::ChannelsLast) => {
                Err(format!("gets {shape}, but needs an image, [height, width, channels]"))
            }
            (_, ImageLayout::ChannelsFirst) => {
                Err(format!("gets {shape}, but needs an image, [channels, height, width]"))
            }
        }
    }
}

/// A number for height and width: in JSON one for both, or `[height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "OneOrTwo", into = "OneOrTwo")]
pub struct Pair(pub [usize; 2]);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(usize),
    Two([usize; 2]),
}

impl From<OneOrTwo> for Pair {
    fn from(numbers: OneOrTwo) -> Self {
        match numbers {
            OneOrTwo::One(number) => Pair([number; 2]),
            OneOrTwo::Two(numbers) => Pair(numbers),
        }
    }
}

impl From<Pair> for OneOrTwo {
    fn from(Pair(numbers): Pair) -> Self {
        if numbers[0] == numbers[1] { OneOrTwo::One(numbers[0]) } else { OneOrTwo::Two(numbers) }
    }
}

impl From<usize> for Pair {
    fn from(number: usize) -> Self {
        Pair([number; 2])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(numbers: [usize; 2]) -> Self {
        Pair(numbers)
    }
}

impl Default for Pair {
    /// 1 along both axes.
    fn default() -> Self {
        Pair([1; 2])
    }
}

/// What is put around the input of a window: in JSON `"valid"`, `"same"` or numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Padding<N> {
    /// Nothing: windows lie within the input.
    #[default]
    Valid,
    /// As much as gives `ceil(input / stride)` outputs; of an odd number the larger half comes after the input, as in
    /// TensorFlow and, at stride 1, PyTorch.
    Same,
    /// So much on each side.
    #[serde(untagged)]
    Amount(N),
}

impl<N> Padding<N> {
    /// Whether it is the default, which configurations leave out.
    pub(super) fn is_default(&self) -> bool {
        matches!(self, Padding::Valid)
    }

    /// The padding along one axis.
    pub(super) fn along(&self, of: impl FnOnce(&N) -> usize) -> Padding<usize> {
        match self {
            Padding::Valid => Padding::Valid,
            Padding::Same => Padding::Same,
            Padding::Amount(amount) => Padding::Amount(of(amount)),
        }
    }
}

/// Windows along one axis: output o looks at the inputs `o * stride + tap * dilation - before`, tap in `0..kernel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    /// Padding before the input.
    pub(crate) before: usize,
}

/// Why there are no windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoWindow {
    /// The first one reaches past the padded input, which has so many elements.
    TooLarge { extent: usize, padded: usize },
    /// The numbers cannot be counted in.
    Overflow,
}

impl fmt::Display for NoWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoWindow::TooLarge { extent, padded } => {
                write!(f, "its kernel spans {extent}, but the padded input has only {padded}")
            }
            NoWindow::Overflow => f.write_str("its kernel, dilation or padding is too large"),
        }
    }
}

impl Window {
    /// Of an axis that is not there.
    pub(crate) const ONE: Window =
        Window { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0 };

    /// The windows of a kernel over `input` elements; kernel, stride and dilation are at least 1.
    pub(crate) fn new(
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        padding: Padding<usize>,
    ) -> Result<Self, NoWindow> {
        let extent = (kernel - 1).checked_mul(dilation).and_then(|reach| reach.checked_add(1));
        let extent = extent.ok_or(NoWindow::Overflow)?;
        let (before, padded) = match padding {
            Padding::Valid => (0, Some(input)),
            Padding::Amount(amount) => {
                (amount, amount.checked_mul(2).and_then(|both| both.checked_add(input)))
            }
            Padding::Same => {
                let reach = ((input - 1) / stride * stride).checked_add(extent);
                let both = reach.ok_or(NoWindow::Overflow)?.saturating_sub(input);
                (both / 2, input.checked_add(both))
            }
        };
        let padded = padded.filter(|padded| *padded <= isize::MAX as usize).ok_or(NoWindow::Overflow)?;
        if extent > padded {
            return Err(NoWindow::TooLarge { extent, padded });
        }
        Ok(Window { input, output: (padded - extent) / stride + 1, kernel, stride, dilation, before })
    }

    /// The taps of output `o` that lie within the input.
    pub(crate) fn taps(&self, output: usize) -> std::ops::Range<usize> {
        let start = output * self.stride;
        let first = self.before.saturating_sub(start).div_ceil(self.dilation);
        let last = (self.input + self.before).saturating_sub(start).div_ceil(self.dilation);
        first.min(self.kernel)..last.min(self.kernel).max(first.min(self.kernel))
    }

    /// The input at a tap of output `o` that lies within the input.
    pub(crate) fn at(&self, output: usize, tap: usize) -> usize {
        output * self.stride + tap * self.dilation - self.before
    }
}

/// The windows over both axes of an image, or why there are none.
pub(super) fn windows(
    shape: &Shape,
    positions: [usize; 2],
    [kernel, stride, dilation]: [Pair; 3],
    padding: Padding<Pair>,
) -> Result<[Window; 2], String> {
    let window = |axis: usize| {
        let padding = padding.along(|amount| amount.0[axis]);
        Window::new(positions[axis], kernel.0[axis], stride.0[axis], dilation.0[axis], padding)
            .map_err(|problem| format!("gets {shape}; along the {} {problem}", ["height", "width"][axis]))
    };
    Ok([window(0)?, window(1)?])
}

/// Refuses a 0 among numbers that count.
pub(super) fn at_least_one_each(name: &str, Pair(numbers): Pair) -> Result<(), String> {
    if numbers.contains(&0) {
        return Err(format!("`{name}` must be at least 1 along both axes; got {numbers:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        padding: Padding<usize>,
    ) -> Window {
        Window::new(input, kernel, stride, dilation, padding).unwrap()
    }

    /// Worked out by hand: floor((input + 2 padding - extent) / stride) + 1, and ceil(input / stride) for `same`.
    #[test]
    fn outputs_are_counted_and_padding_shared_as_documented() {
        let of = |window: Window| (window.output, window.before);
        assert_eq!(of(window(7, 3, 1, 1, Padding::Valid)), (5, 0));
        assert_eq!(of(window(7, 3, 2, 2, Padding::Valid)), (2, 0));
        assert_eq!(of(window(7, 3, 2, 1, Padding::Amount(1))), (4, 1));
        assert_eq!(of(window(7, 4, 1, 1, Padding::Same)), (7, 1));
        assert_eq!(of(window(7, 3, 2, 1, Padding::Same)), (4, 1));
        assert_eq!(of(window(8, 3, 2, 1, Padding::Same)), (4, 0));
        assert_eq!(of(window(5, 1, 3, 1, Padding::Same)), (2, 0));
        assert_eq!(of(window(1, 5, 1, 3, Padding::Same)), (1, 6));
    }

    #[test]
    fn impossible_windows_are_refused() {
        let new = Window::new;
        assert_eq!(new(4, 3, 1, 2, Padding::Valid), Err(NoWindow::TooLarge { extent: 5, padded: 4 }));
        assert_eq!(new(4, 3, 1, usize::MAX, Padding::Valid), Err(NoWindow::Overflow));
        assert_eq!(new(4, 3, 1, 1, Padding::Amount(usize::MAX)), Err(NoWindow::Overflow));
        assert_eq!(new(4, 3, 1, 1, Padding::Amount(usize::MAX / 2)), Err(NoWindow::Overflow));
        assert_eq!(new(4, usize::MAX, 1, 1, Padding::Same), Err(NoWindow::Overflow));
    }

    #[test]
    fn taps_are_those_within_the_input() {
        for input in 1..9 {
            for kernel in 1..5 {
                for stride in 1..4 {
                    for dilation in 1..4 {
                        for padding in [Padding::Valid, Padding::Same, Padding::Amount(1), Padding::Amount(9)]
                        {
                            let Ok(window) = Window::new(input, kernel, stride, dilation, padding) else {
                                continue;
                            };
                            for output in 0..window.output {
                                let within = |tap: &usize| {
                                    let at =
                                        (output * stride + tap * dilation) as isize - window.before as isize;
                                    (0..input as isize).contains(&at)
                                };
                                let taps: Vec<usize> = (0..kernel).filter(within).collect();
                                assert_eq!(
                                    window.taps(output).collect::<Vec<_>>(),
                                    taps,
                                    "{window:?} {output}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
