//! The kernel for a range of one stream.
//!
//! Keep bits are made a batch of 2048 lanes at a time. While the bits of one batch are made, the elements of the
//! batch before are selected, a few after each plane, so that products and memory traffic overlap:
//!
//! ```text
//! raw <- bits of batch 0
//! for k = 0, 1, ...
//!     raw' <- bits of batch k + 1, selecting the elements of window k - 1 on the way
//!     window k <- the bits of raw, raw' from the first aligned element on
//! select the elements of the last window
//! ```
//!
//! A window begins where the output is aligned, so its bits begin anywhere in a group: they are moved down
//! together, by two shifts a register, and all that follows is aligned.

use crate::ops::Element;
use crate::simd::{Full, VectorKernel};
use crate::stream::bernoulli::{BATCH_GROUPS, BATCH_LANES, BATCH_WORDS, Between, Flat, Nothing, Threshold};
use crate::stream::{Address, GROUP};

/// Bytes of a cache line: what outputs are aligned to before whole registers are stored.
const LINE: usize = 64;

/// Shorter ranges are not worth the alignment.
const ALIGN_FROM: usize = 1024;

/// How far ahead of its use a line of the input is asked for. The machine's own prefetcher follows a steady
/// stream; ours comes in bursts between products. Half this distance and twice it were slower.
const READ_AHEAD: usize = 4096;

/// As [`READ_AHEAD`], for a line of the output that will be written in the caches.
const WRITE_AHEAD: usize = 2048;

/// Elements that are selected between two prefetches: a cache line, or a step where that is longer, as for dual numbers.
#[inline(always)]
fn line<E: Element, V: Full>() -> usize {
    (LINE / size_of::<E>()).max(E::step::<V>())
}

/// A range of lanes of one stream and the memory it applies to.
pub(super) struct FlatDropout<E> {
    pub(super) address: Address,
    pub(super) threshold: Threshold,
    pub(super) factor: E,
    /// The lane of the first element.
    pub(super) start: u64,
    pub(super) length: usize,
    pub(super) from: *const E,
    /// May equal `from`; otherwise the two do not overlap.
    pub(super) to: *mut E,
    /// Store past the caches.
    pub(super) stream: bool,
}

impl<E: Element> VectorKernel for FlatDropout<E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: whoever makes a `FlatDropout` guarantees its memory; the caller guarantees `V`.
        unsafe {
            if self.stream {
                self.pass::<V, true>();
                E::fence::<V>();
            } else {
                self.pass::<V, false>();
            }
        }
    }
}

/// Bits of two batches, and room for whole registers read past them.
#[repr(C, align(64))]
struct Raw([u64; 2 * BATCH_WORDS + 16]);

/// Bits of the window whose elements are being selected.
#[repr(C, align(64))]
struct Window<E> {
    bits: [u64; BATCH_WORDS + 8],
    from: *const E,
    to: *mut E,
    /// Elements done so far: whole cache lines.
    done: usize,
    /// Elements of the window.
    count: usize,
}

/// Between the planes of the next batch, some lines of the window.
struct Selecting<'a, E: Element, V: Full, const STREAM: bool> {
    window: &'a mut Window<E>,
    quota: usize,
    factor: E::Factor<V>,
}

impl<E: Element, V: Full, const STREAM: bool> Between for Selecting<'_, E, V, STREAM> {
    #[inline(always)]
    unsafe fn pause(&mut self) {
        // SAFETY: as the caller guarantees.
        unsafe { self.window.advance::<V, STREAM>(self.quota, self.factor) }
    }
}

impl<E: Element> FlatDropout<E> {
    #[inline(always)]
    unsafe fn pass<V: Full, const STREAM: bool>(self) {
        // SAFETY: as for `run`.
        unsafe {
            let flat = Flat::<V>::new(&self.address, self.threshold);
            let factor = self.factor.factor::<V>();
            let mut raw = Raw([0; 2 * BATCH_WORDS + 16]);
            let mut group = (self.start / GROUP as u64) as u32;
            let skip = (self.start % GROUP as u64) as usize;
            let mut groups = (skip + self.length).div_ceil(GROUP);

            let first = groups.min(BATCH_GROUPS);
            flat.batch(group, first, raw.0.as_mut_ptr(), &mut Nothing);
            groups -= first;

            let head = self.unaligned_head();
            self.select_head(head, &raw, skip);

            let offset = skip + head;
            let mut window = Window {
                bits: [0; BATCH_WORDS + 8],
                from: self.from.add(head),
                to: self.to.add(head),
                done: 0,
                count: 0,
            };
            let mut remaining = self.length - head;
            while remaining > 0 {
                if groups > 0 {
                    let next = groups.min(BATCH_GROUPS);
                    group = group.wrapping_add(BATCH_GROUPS as u32);
                    groups -= next;
                    let lines = window.count.div_ceil(line::<E, V>());
                    let quota = lines.div_ceil(flat.pauses(next));
                    let mut selecting = Selecting::<E, V, STREAM> { window: &mut window, quota, factor };
                    flat.batch(group, next, raw.0.as_mut_ptr().add(BATCH_WORDS), &mut selecting);
                }
                window.finish::<V, STREAM>(factor, self.factor);
                window.begin::<V>(&raw, offset, remaining.min(BATCH_LANES));
                remaining -= window.count;
                let (front, back) = raw.0.split_at_mut(BATCH_WORDS);
                front.copy_from_slice(&back[..BATCH_WORDS]);
            }
            window.finish::<V, STREAM>(factor, self.factor);
        }
    }

    /// Elements before the first aligned one.
    #[inline(always)]
    fn unaligned_head(&self) -> usize {
        if self.length < ALIGN_FROM && !self.stream {
            return 0;
        }
        let past = self.to as usize % LINE;
        let bytes = if past == 0 { 0 } else { LINE - past };
        (bytes / size_of::<E>()).min(self.length)
    }

    #[inline(always)]
    unsafe fn select_head(&self, head: usize, raw: &Raw, skip: usize) {
        for i in 0..head {
            let keep = raw.0[(skip + i) / 64] >> ((skip + i) % 64) & 1 == 1;
            // SAFETY: `head` is at most the length.
            unsafe { *self.to.add(i) = if keep { *self.from.add(i) * self.factor } else { E::default() } };
        }
    }
}

impl<E: Element> Window<E> {
    /// Takes up the next `count` elements, whose bits begin at bit `offset` of `raw`.
    #[inline(always)]
    unsafe fn begin<V: Full>(&mut self, raw: &Raw, offset: usize, count: usize) {
        let (word, bit) = (offset / 64, (offset % 64) as u32);
        // SAFETY: an offset is below 192 = 3 words, and `raw` has room past its batches.
        unsafe {
            let raw = raw.0.as_ptr().add(word);
            for i in (0..count.div_ceil(64)).step_by(V::LANES) {
                let low = V::load(raw.add(i)).shift_right(bit);
                let high = V::load(raw.add(i + 1)).shift_left(64 - bit);
                low.or(high).store(self.bits.as_mut_ptr().add(i));
            }
        }
        self.done = 0;
        self.count = count;
    }

    /// Selects up to `quota` further whole lines.
    #[inline(always)]
    unsafe fn advance<V: Full, const STREAM: bool>(&mut self, quota: usize, factor: E::Factor<V>) {
        let (line, step) = (line::<E, V>(), E::step::<V>());
        let until = (self.done + quota * line).min(self.count / line * line);
        let mut at = self.done;
        while at < until {
            // SAFETY: whole lines below `count` lie within the range and the window's bits, a line is a whole
            // number of steps, and prefetched addresses need not be valid.
            unsafe {
                let (from, to) = (self.from.add(at), self.to.add(at));
                V::prefetch_read(from.cast::<u8>().wrapping_add(READ_AHEAD));
                if !STREAM {
                    V::prefetch_write(to.cast::<u8>().wrapping_add(WRITE_AHEAD));
                }
                for i in (0..line).step_by(step) {
                    let bits = self.bits.as_ptr().cast::<u8>().add((at + i) / 8);
                    E::select::<V, STREAM>(bits, from.add(i), to.add(i), factor);
                }
            }
            at += line;
        }
        self.done = until;
    }

    /// Selects all that is left and moves on to the next window's memory.
    #[inline(always)]
    unsafe fn finish<V: Full, const STREAM: bool>(&mut self, factor: E::Factor<V>, plain: E) {
        let step = E::step::<V>();
        // SAFETY: as for `advance`; less than a line is left after it.
        unsafe {
            self.advance::<V, STREAM>(self.count, factor);
            let mut at = self.done;
            while at < self.count {
                let bits = self.bits.as_ptr().cast::<u8>().add(at / 8);
                let (from, to, rest) = (self.from.add(at), self.to.add(at), self.count - at);
                if rest >= step {
                    E::select::<V, false>(bits, from, to, factor);
                } else {
                    E::select_some::<V>(bits, from, to, plain, rest);
                }
                at += step;
            }
            self.from = self.from.add(self.count);
            self.to = self.to.add(self.count);
        }
        self.count = 0;
        self.done = 0;
    }
}
