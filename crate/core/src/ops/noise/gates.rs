//! Keep bits of the stream drawn for rows and used at once.
//!
//! The bits become gates, 1 or 0 for each element, in memory that stays in the nearest cache: then rows of any width lie
//! one after another, and what is done with them is a plain loop.

use std::marker::PhantomData;

use super::element::NoiseElement;
use super::span::Span;
use crate::simd::{Full, VectorKernel};
use crate::stream::bernoulli::{BATCH_GROUPS, BATCH_LANES, Batch, Flat, GroupList, Nothing, Rows, Threshold};
use crate::stream::{Address, GROUP};

/// What is done with the gates of some elements. The method must be `#[inline(always)]`.
pub(super) trait UseGates<E> {
    /// Uses one gate, 1 for kept and 0 for dropped, for each of the elements from `at` on.
    ///
    /// # Safety
    /// The elements must be there.
    unsafe fn apply(&self, gates: &[E], at: usize);
}

/// The keep bits of a span. Whoever makes one guarantees the elements.
pub(super) struct DrawGates<'a, E, U> {
    pub(super) address: &'a Address,
    pub(super) threshold: Threshold,
    pub(super) span: Span<'a>,
    pub(super) elements: PhantomData<E>,
    pub(super) each: U,
}

/// Gates of a batch.
#[repr(C, align(64))]
struct Gates<E>([E; BATCH_LANES]);

impl<E: NoiseElement> Gates<E> {
    #[inline(always)]
    fn new() -> Self {
        Gates([E::default(); BATCH_LANES])
    }

    /// Opens `count` gates from `at` on by their bits.
    ///
    /// # Safety
    /// The machine must have the instructions of `V`; `bits` has a spare word.
    #[inline(always)]
    unsafe fn open<V: Full>(&mut self, bits: &[u64], at: usize, count: usize) {
        let (one, step) = (E::from_f64(1.0), E::step::<V>());
        let ones = [one; 16];
        let whole = count / step * step;
        let (bits, to) = (bits.as_ptr().cast::<u8>(), self.0[at..at + count].as_mut_ptr());
        // SAFETY: as the caller guarantees; no step is longer than 16.
        unsafe {
            let factor = one.factor::<V>();
            for i in (0..whole).step_by(step) {
                E::select::<V, false>(bits.add(i / 8), ones.as_ptr(), to.add(i), factor);
            }
            if whole < count {
                let (bits, to) = (bits.add(whole / 8), to.add(whole));
                E::select_some::<V>(bits, ones.as_ptr(), to, one, count - whole);
            }
        }
    }
}

impl<E: NoiseElement, U: UseGates<E>> VectorKernel for DrawGates<'_, E, U> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: as the caller and whoever made this guarantee.
        unsafe { if self.span.width >= BATCH_LANES { self.wide::<V>() } else { self.narrow::<V>() } }
    }
}

impl<E: NoiseElement, U: UseGates<E>> DrawGates<'_, E, U> {
    /// Batches of consecutive groups of each row.
    #[inline(always)]
    unsafe fn wide<V: Full>(self) {
        let Span { ids, lane, width, at } = self.span;
        let (mut batch, mut gates) = (Batch::new(), Gates::<E>::new());
        for (row, &id) in ids.iter().enumerate() {
            // SAFETY: as for `run`; the pieces of a row add up to its elements.
            unsafe {
                let flat = Flat::<V>::new(&self.address.with_sample(id), self.threshold);
                let mut done = 0;
                while done < width {
                    let first = lane + done as u64;
                    let skip = (first % GROUP as u64) as usize;
                    let count = (BATCH_LANES - skip).min(width - done);
                    let groups = (skip + count).div_ceil(GROUP);
                    let words = batch.0.as_mut_ptr();
                    flat.batch((first / GROUP as u64) as u32, groups, words, &mut Nothing);
                    move_down(&mut batch.0, skip);
                    gates.open::<V>(&batch.0, 0, count);
                    self.each.apply(&gates.0[..count], at + row * width + done);
                    done += count;
                }
            }
        }
    }

    /// Groups of several rows as one batch.
    #[inline(always)]
    unsafe fn narrow<V: Full>(self) {
        let Span { ids, lane, width, mut at } = self.span;
        let skip = (lane % GROUP as u64) as usize;
        let groups = if width == 0 { 0 } else { (skip + width).div_ceil(GROUP) };
        let (mut list, mut batch, mut gates) = (GroupList::new(), Batch::new(), Gates::<E>::new());
        let (mut row, mut group) = (0, 0);
        let mut left = ids.len() * groups;
        // SAFETY: as above.
        unsafe {
            let rows = Rows::<V>::new(self.address, self.threshold);
            while left > 0 {
                let now = left.min(BATCH_GROUPS);
                left -= now;
                list.clear();
                let mut piece = group;
                for _ in 0..now {
                    let sample = if self.address.shared { 0 } else { ids[row] };
                    list.push(sample, (lane / GROUP as u64) as u32 + group as u32, self.address.step);
                    group += 1;
                    if group == groups {
                        (row, group) = (row + 1, 0);
                    }
                }
                rows.batch(&list, batch.0.as_mut_ptr());
                let mut open = 0;
                for i in 0..now {
                    let skip = if piece == 0 { skip } else { 0 };
                    let end = (piece + 1) * GROUP;
                    let begin = piece * GROUP + skip;
                    let count = end.min(self.first_end(width)) - begin;
                    piece = if piece + 1 == groups { 0 } else { piece + 1 };
                    move_down(&mut batch.0[2 * i..2 * i + 2], skip);
                    gates.open::<V>(&batch.0[2 * i..], open, count);
                    open += count;
                }
                self.each.apply(&gates.0[..open], at);
                at += open;
            }
        }
    }

    /// The end of a row, counted from the first lane of its first group.
    #[inline(always)]
    fn first_end(&self, width: usize) -> usize {
        (self.span.lane % GROUP as u64) as usize + width
    }
}

/// Moves all bits down by `bits`, less than a group.
#[inline(always)]
fn move_down(words: &mut [u64], bits: usize) {
    if bits == 0 {
        return;
    }
    let (whole, part) = (bits / 64, bits % 64);
    let at = |words: &[u64], i: usize| words.get(i).copied().unwrap_or(0);
    for i in 0..words.len() {
        let (low, high) = (at(words, i + whole), at(words, i + whole + 1));
        words[i] = if part == 0 { low } else { low >> part | high << (64 - part) };
    }
}
