//! One bit for several elements: masks over any axes, spread along the others.

use super::writer::{BitWriter, bit};
use crate::error::{Code, Error, Result};

/// Which elements of a sample share a bit: the noise shape of Keras and TensorFlow without its batch axis.
///
/// Lanes are counted row-major in the noise shape. Spatial dropout (Tompson et al. 2015) is the noise shape
/// `[C, 1, 1]` or `[1, 1, C]`, one mask for all time steps (Gal & Ghahramani 2016) `[1, F]`, a residual branch
/// (Huang et al. 2016) `[1, ..., 1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    shape: Vec<usize>,
    noise: Vec<usize>,
    /// Neighbouring axes of the same kind as one, from the outermost in; axes of size 1 are left out.
    axes: Vec<Axis>,
    elements: usize,
    lanes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Axis {
    size: usize,
    /// Whether the bits differ along it.
    own: bool,
}

impl Broadcast {
    /// Checks a noise shape against the shape of a sample.
    ///
    /// # Errors
    /// `ERR_SHAPE` unless both have as many axes, and each noise axis is 1 or as long as the sample's; `ERR_RANGE` if
    /// the elements cannot be counted.
    pub fn new(shape: &[usize], noise: &[usize]) -> Result<Self> {
        let fits = shape.len() == noise.len()
            && shape.iter().zip(noise).all(|(&size, &noise)| noise == 1 || noise == size);
        if !fits {
            let allowed = format!("{} axes, each 1 or as long as in {shape:?}", shape.len());
            return Err(Error::argument(Code::Shape, "noiseShape", format!("{noise:?}"), allowed));
        }
        let elements = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let Some(elements) = elements else {
            return Err(Error::argument(
                Code::Range,
                "shape",
                format!("{shape:?}"),
                "a number of elements that memory can hold",
            ));
        };
        let mut axes: Vec<Axis> = Vec::with_capacity(shape.len());
        for (&size, &noise) in shape.iter().zip(noise) {
            let own = noise != 1;
            match axes.last_mut() {
                _ if size == 1 => {}
                Some(last) if last.own == own => last.size *= size,
                _ => axes.push(Axis { size, own }),
            }
        }
        let lanes = noise.iter().product();
        Ok(Broadcast { shape: shape.to_vec(), noise: noise.to_vec(), axes, elements, lanes })
    }

    /// Elements of a sample.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Lanes of a sample.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The shape of a sample and its noise shape.
    pub(super) fn shapes(&self) -> (Vec<usize>, Vec<usize>) {
        (self.shape.clone(), self.noise.clone())
    }

    /// The lane of each element.
    pub(super) fn lanes_of_elements(&self) -> impl Iterator<Item = usize> {
        let strides = |sizes: &[usize]| -> Vec<usize> {
            (0..sizes.len()).map(|axis| sizes[axis + 1..].iter().product()).collect()
        };
        let own: Vec<usize> = strides(&self.noise);
        let axes: Vec<[usize; 4]> = strides(&self.shape)
            .into_iter()
            .zip(own)
            .zip(self.shape.iter().zip(&self.noise))
            .map(|((stride, own), (&size, &noise))| [stride, size, noise, own])
            .collect();
        (0..self.elements).map(move |element| {
            axes.iter().map(|&[stride, size, noise, own]| element / stride % size % noise * own).sum()
        })
    }

    /// Spreads the bits of a sample's lanes over its elements. `elements` must be zero.
    pub(super) fn spread(&self, lanes: &[u64], elements: &mut [u64]) {
        if self.elements > 0 {
            spread(&self.axes, lanes, 0, &mut BitWriter::new(elements));
        }
    }
}

/// Writes the elements of the inner `axes` whose lanes begin at `lane`; returns the lane after theirs.
fn spread(axes: &[Axis], lanes: &[u64], lane: usize, out: &mut BitWriter<'_>) -> usize {
    match *axes {
        [] => {
            out.push_slice(lanes, lane, 1);
            lane + 1
        }
        [Axis { size, own: true }] => {
            out.push_slice(lanes, lane, size);
            lane + size
        }
        [Axis { size, own: false }] => {
            out.push_run(bit(lanes, lane), size);
            lane + 1
        }
        [Axis { size, own: true }, ref inner @ ..] => {
            (0..size).fold(lane, |lane, _| spread(inner, lanes, lane, out))
        }
        [Axis { size, own: false }, ref inner @ ..] => {
            let start = out.at();
            let next = spread(inner, lanes, lane, out);
            out.repeat(out.at() - start, size);
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the definition: an element's lane has its coordinates, but 0 along the axes of size 1.
        #[test]
        fn every_element_has_the_bit_of_its_lane(
            axes in prop::collection::vec((1..7usize, any::<bool>()), 0..5),
            bits in prop::collection::vec(any::<u64>(), 264),
        ) {
            let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
            let noise: Vec<usize> = axes.iter().map(|axis| if axis.1 { axis.0 } else { 1 }).collect();
            let broadcast = Broadcast::new(&shape, &noise).unwrap();
            let elements: usize = shape.iter().product();
            prop_assert_eq!((broadcast.elements(), broadcast.lanes()), (elements, noise.iter().product()));
            let mut out = vec![0; elements.div_ceil(64)];
            broadcast.spread(&bits, &mut out);
            for element in 0..elements {
                let (mut rest, mut stride, mut lane) = (element, 1, 0);
                for (&size, &noise) in shape.iter().zip(&noise).rev() {
                    lane += rest % size % noise * stride;
                    stride *= noise;
                    rest /= size;
                }
                prop_assert_eq!(broadcast.lanes_of_elements().nth(element), Some(lane));
                let (got, expected) = (out[element / 64] >> (element % 64), bits[lane / 64] >> (lane % 64));
                prop_assert_eq!(got & 1, expected & 1, "element {} of {:?} by {:?}", element, shape, noise);
            }
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        for (shape, noise) in [(vec![4, 5], vec![4]), (vec![4, 5], vec![4, 4]), (vec![4], vec![0])] {
            let error = Broadcast::new(&shape, &noise).unwrap_err();
            assert!(error.to_string().starts_with("`noiseShape` must be"), "{error}");
        }
        assert_eq!(Broadcast::new(&[usize::MAX, 2], &[1, 1]).unwrap_err().code(), Code::Range);
    }
}
