//! Words of the stream drawn for rows and used at once.

use super::span::Span;
use crate::simd::{Full, Vector, VectorKernel};
use crate::stream::{Address, BATCH_BLOCKS, BATCH_WORDS, BlockList, WordBatch, WordBlocks};

/// What is done with the words of some elements. The methods must be `#[inline(always)]`.
pub(super) trait UseWords {
    /// Turns whole blocks of words, four each, into what is wanted, in place; as `WordBlocks` it may go on to whole
    /// registers.
    ///
    /// # Safety
    /// The machine must have the instructions of `V`.
    unsafe fn prepare<V: Vector>(&mut self, words: &mut WordBatch, blocks: usize);

    /// Uses what `prepare` made, one word for each of the elements from `at` on.
    ///
    /// # Safety
    /// The elements must be there.
    unsafe fn apply(&mut self, words: &[u32], at: usize);
}

/// The words of a span, whose rows begin at a multiple of four lanes. Whoever makes one guarantees the elements.
pub(super) struct DrawWords<'a, U> {
    pub(super) address: &'a Address,
    pub(super) span: Span<'a>,
    pub(super) each: U,
}

/// Rows below this width share batches; above, a row's blocks are drawn as consecutive ones, which takes three rounds
/// less.
const WIDE: usize = 64;

impl<U: UseWords> VectorKernel for DrawWords<'_, U> {
    type Output = U;

    #[inline(always)]
    unsafe fn run<V: Full>(self) -> U {
        // SAFETY: as the caller and whoever made this guarantee.
        unsafe { if self.span.width >= WIDE { self.wide::<V>() } else { self.narrow::<V>() } }
    }
}

impl<U: UseWords> DrawWords<'_, U> {
    #[inline(always)]
    fn sample(&self, row: usize) -> u32 {
        if self.address.shared { 0 } else { self.span.ids[row] }
    }

    #[inline(always)]
    unsafe fn wide<V: Full>(mut self) -> U {
        let Span { ids, lane, width, at } = self.span;
        let mut batch = WordBatch([0; BATCH_WORDS]);
        // SAFETY: as for `run`; the pieces of all rows add up to the span's elements.
        unsafe {
            let words = WordBlocks::<V>::new(self.address);
            for row in 0..ids.len() {
                let sample = self.sample(row);
                for start in (0..width).step_by(BATCH_WORDS) {
                    let count = BATCH_WORDS.min(width - start);
                    let blocks = count.div_ceil(4);
                    let first = at + row * width + start;
                    words.consecutive(sample, ((lane + start as u64) / 4) as u32, blocks, &mut batch);
                    self.each.prepare::<V>(&mut batch, blocks);
                    self.each.apply(&batch.0[..count], first);
                }
            }
        }
        self.each
    }

    #[inline(always)]
    unsafe fn narrow<V: Full>(mut self) -> U {
        let Span { ids, lane, width, at } = self.span;
        if width == 0 {
            return self.each;
        }
        let blocks = width.div_ceil(4);
        let (mut batch, mut list) = (WordBatch([0; BATCH_WORDS]), BlockList::new());
        let together = BATCH_BLOCKS / blocks;
        // SAFETY: as above.
        unsafe {
            let words = WordBlocks::<V>::new(self.address);
            for first in (0..ids.len()).step_by(together) {
                let rows = together.min(ids.len() - first);
                list.clear();
                for row in first..first + rows {
                    for block in 0..blocks {
                        list.push(self.sample(row), (lane / 4) as u32 + block as u32);
                    }
                }
                words.listed(&list, &mut batch);
                self.each.prepare::<V>(&mut batch, blocks * rows);
                close_up(&mut batch.0, 4 * blocks, width, rows);
                self.each.apply(&batch.0[..rows * width], at + first * width);
            }
        }
        self.each
    }
}

/// Moves rows of `width` words, which begin `stride` words after each other, together.
#[inline(always)]
fn close_up(words: &mut [u32], stride: usize, width: usize, rows: usize) {
    if stride == width {
        return;
    }
    for row in 1..rows {
        for i in 0..width {
            words[row * width + i] = words[row * stride + i];
        }
    }
}
