//! y = d(softmax(scale x)) over vectors, and its gradient.

use std::ops::Range;

use super::activation_dropout::goes_parallel;
use super::bits::Bits;
use super::gate::{Gate, Gated};
use super::layout::{ELEMENTS, Layout, Tile, cut};
use super::reduce::{dot, largest, sum};
use super::{Input, RowDropout};
use crate::error::{Code, Error, Result};
use crate::isa::{Isa, Kernel};
use crate::ops::Float;

/// y = d(softmax(scale x)) over vectors of `features` elements: e^(scale x_i) / sum_j e^(scale x_j), then dropout.
///
/// Dropped elements are +0. Inverted scaling keeps the expected value of every element, so the sum of a vector is 1 in
/// expectation only; with `renormalize` the softmax is that of the kept elements alone and sums to 1, or all of the
/// vector is 0 where nothing is kept.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxDropout<'a> {
    /// Elements of a vector: the last extent of the shape.
    pub features: usize,
    /// What x is multiplied by, above 0: 1 / sqrt(d) in attention.
    pub scale: f64,
    /// Whether what is kept is divided by its sum instead of the keep probability.
    pub renormalize: bool,
    /// d.
    pub dropout: RowDropout<'a>,
}

impl<'a> SoftmaxDropout<'a> {
    /// Writes y; x may lie in its memory.
    ///
    /// # Errors
    /// `ERR_SHAPE` if the lengths do not fit, `ERR_RANGE` for a scale that is not above 0, `ERR_ISA` for a bad forced
    /// instruction set.
    pub fn forward<T: Float>(&self, x: Input<'_, T>, y: &mut [T]) -> Result<()> {
        self.forward_on(Isa::active()?, x, y)
    }

    /// As [`forward`](Self::forward), on an instruction set that is available.
    pub(super) fn forward_on<T: Float>(&self, isa: Isa, x: Input<'_, T>, y: &mut [T]) -> Result<()> {
        x.check("x", y.len())?;
        let Some(layout) = self.layout::<T>(y.len())? else { return Ok(()) };
        let rows = self.rows(isa, layout);
        Blocks { rows, blocks: 0..layout.blocks(), x, dy: None, out: y }.run(goes_parallel(&layout));
        Ok(())
    }

    /// Writes the gradient of the loss by x from that by y and from x, whose softmax is made again; both may lie in its
    /// memory. With s the softmax and g the gradient by it: dx_i = scale s_i (g_i - sum_j s_j g_j).
    ///
    /// # Errors
    /// As for [`forward`](Self::forward).
    pub fn backward<T: Float>(&self, x: Input<'_, T>, dy: Input<'_, T>, dx: &mut [T]) -> Result<()> {
        self.backward_on(Isa::active()?, x, dy, dx)
    }

    /// As [`backward`](Self::backward), on an instruction set that is available.
    pub(super) fn backward_on<T: Float>(
        &self,
        isa: Isa,
        x: Input<'_, T>,
        dy: Input<'_, T>,
        dx: &mut [T],
    ) -> Result<()> {
        x.check("x", dx.len())?;
        dy.check("dy", dx.len())?;
        let Some(layout) = self.layout::<T>(dx.len())? else { return Ok(()) };
        let rows = self.rows(isa, layout);
        Blocks { rows, blocks: 0..layout.blocks(), x, dy: Some(dy), out: dx }.run(goes_parallel(&layout));
        Ok(())
    }

    fn layout<T: Float>(&self, elements: usize) -> Result<Option<Layout>> {
        let scale = T::from_f64(self.scale);
        if !(scale > T::ZERO && scale.is_finite()) {
            return Err(Error::argument(Code::Range, "scale", self.scale, "a finite number above 0"));
        }
        self.dropout.layout(elements, self.features)
    }

    fn rows<T: Float>(&self, isa: Isa, layout: Layout) -> Rows<'a, T> {
        let gated = self.dropout.gated(isa, &layout);
        let renormalize = self.renormalize && matches!(gated.gate, Gate::Select { .. } | Gate::Closed);
        let gated = if self.renormalize { gated.unscaled() } else { gated };
        Rows { layout, scale: T::from_f64(self.scale), renormalize, gated }
    }
}

/// What is done to all vectors.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    layout: Layout,
    scale: T,
    /// Whether dropped elements take no part in the softmax.
    renormalize: bool,
    gated: Gated<'a, T>,
}

impl<T: Float> Rows<'_, T> {
    /// The softmax of a chunk's vectors, before dropout, in place of x.
    fn softmax(&self, chunk: &Tile, bits: &mut Bits, scratch: &mut [T], values: &mut [T]) {
        if self.renormalize {
            self.each_part(chunk, values, |tile, values| {
                let ones = &mut scratch[..values.len()];
                ones.fill(T::ONE);
                self.gated.apply(tile, bits, ones);
                T::dispatch(self.gated.isa, Exclude { kept: ones, values });
            });
        }
        let (features, scale) = (self.layout.features, self.scale);
        T::dispatch(self.gated.isa, Softmax { features, scale, values });
    }

    /// Drops and scales a chunk's elements.
    fn drop(&self, chunk: &Tile, bits: &mut Bits, values: &mut [T]) {
        self.each_part(chunk, values, |tile, values| self.gated.apply(tile, bits, values));
    }

    fn each_part(&self, chunk: &Tile, values: &mut [T], mut work: impl FnMut(&Tile, &mut [T])) {
        let mut rest = values;
        for tile in chunk.clone().parts() {
            let (values, after) = rest.split_at_mut(tile.elements());
            work(&tile, values);
            rest = after;
        }
    }

    fn forward(&self, chunk: &Tile, bits: &mut Bits, scratch: &mut [T], y: &mut [T]) {
        self.softmax(chunk, bits, scratch, y);
        self.drop(chunk, bits, y);
    }

    /// dx from dy, in place; `softmax` is that of the chunk.
    fn backward(&self, chunk: &Tile, bits: &mut Bits, softmax: &[T], gradient: &mut [T]) {
        self.drop(chunk, bits, gradient);
        let (features, scale) = (self.layout.features, self.scale);
        T::dispatch(self.gated.isa, Differentiate { features, scale, softmax, gradient });
        if self.renormalize {
            self.drop(chunk, bits, gradient);
        }
    }
}

/// Blocks to be worked off: y from x, or dx from x and dy.
struct Blocks<'a, T> {
    rows: Rows<'a, T>,
    blocks: Range<usize>,
    x: Input<'a, T>,
    dy: Option<Input<'a, T>>,
    out: &'a mut [T],
}

impl<T: Float> Blocks<'_, T> {
    /// Works the blocks off, on several threads if `parallel`.
    fn run(self, parallel: bool) {
        match cut(&self.rows.layout, &self.blocks) {
            Some(block) if parallel => {
                let (first, second) = self.split_at(block);
                rayon::join(|| first.run(true), || second.run(true));
            }
            _ => self.run_here(),
        }
    }

    fn run_here(self) {
        let Blocks { rows, blocks, x, dy, out } = self;
        let (layout, offset) = (rows.layout, rows.layout.start(blocks.start));
        let mut bits = Bits::new();
        let mut scratch = if rows.renormalize { vec![T::ZERO; ELEMENTS] } else { Vec::new() };
        let mut softmax =
            if dy.is_some() { vec![T::ZERO; ELEMENTS.max(layout.features)] } else { Vec::new() };
        for chunk in layout.chunks(blocks) {
            let range = chunk.range(layout.width);
            let range = range.start - offset..range.end - offset;
            let out = &mut out[range.clone()];
            let (x, dy) = (x.part(range.clone()), dy.map(|dy| dy.part(range)));
            let Some(dy) = dy else {
                if let Input::From(x) = x {
                    out.copy_from_slice(x);
                }
                rows.forward(&chunk, &mut bits, &mut scratch, out);
                continue;
            };
            let softmax = &mut softmax[..out.len()];
            softmax.copy_from_slice(x.or(out));
            rows.softmax(&chunk, &mut bits, &mut scratch, softmax);
            if let Input::From(dy) = dy {
                out.copy_from_slice(dy);
            }
            rows.backward(&chunk, &mut bits, softmax, out);
        }
    }

    fn split_at(self, block: usize) -> (Self, Self) {
        let Blocks { rows, blocks, x, dy, out } = self;
        let middle = rows.layout.start(block) - rows.layout.start(blocks.start);
        let (x, x2) = x.split_at(middle);
        let (dy, dy2) = dy.map(|dy| dy.split_at(middle)).unzip();
        let (out, out2) = out.split_at_mut(middle);
        (
            Blocks { rows, blocks: blocks.start..block, x, dy, out },
            Blocks { rows, blocks: block..blocks.end, x: x2, dy: dy2, out: out2 },
        )
    }
}

/// Puts -infinity where nothing was kept.
struct Exclude<'a, T> {
    kept: &'a [T],
    values: &'a mut [T],
}

impl<T: Float> Kernel for Exclude<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let lowest = T::from_f64(f64::NEG_INFINITY);
        for (value, kept) in self.values.iter_mut().zip(self.kept) {
            *value = if *kept == T::ZERO { lowest } else { *value };
        }
    }
}

/// Softmax of each vector, in place.
struct Softmax<'a, T> {
    features: usize,
    scale: T,
    values: &'a mut [T],
}

impl<T: Float> Kernel for Softmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Softmax { features, scale, values } = self;
        for vector in values.chunks_exact_mut(features) {
            let largest = largest(vector);
            for value in vector.iter_mut() {
                *value = ((*value - largest) * scale).exp();
            }
            let inverse = T::ONE / sum(vector);
            for value in vector.iter_mut() {
                *value = *value * inverse;
            }
        }
    }
}

/// scale s_i (g_i - sum_j s_j g_j) in place of g.
struct Differentiate<'a, T> {
    features: usize,
    scale: T,
    softmax: &'a [T],
    gradient: &'a mut [T],
}

impl<T: Float> Kernel for Differentiate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Differentiate { features, scale, softmax, gradient } = self;
        for (s, g) in softmax.chunks_exact(features).zip(gradient.chunks_exact_mut(features)) {
            let mean = dot(s, g);
            for (s, g) in s.iter().zip(g) {
                *g = *s * (*g - mean) * scale;
            }
        }
    }
}
