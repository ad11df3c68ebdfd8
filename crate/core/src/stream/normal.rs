//! Normal numbers of a stream: Box-Muller on pairs of words.

use std::mem::MaybeUninit;
use std::slice::from_raw_parts_mut;

use super::words::uniform_f32;
use super::{Address, BATCH_BLOCKS, BATCH_WORDS, WordBatch, WordBlocks};
use crate::isa::Isa;
use crate::math;
use crate::simd::{Full, Vector, VectorKernel, run};

/// The normal numbers of lanes 2j and 2j + 1 from words 2j and 2j + 1: sqrt(-2 ln u) times the cosine and the
/// sine of the angle 2 pi (second >> 8) / 2^24.
#[inline(always)]
pub fn normal_pair(first: u32, second: u32) -> (f32, f32) {
    // u is from 2^-33 to 1, so its logarithm has no special cases.
    let radius = (-2.0 * math::ln_of_normal(uniform_f32(first))).sqrt();
    let (sin, cos) = math::sin_cos_turns(second >> 8);
    (radius * cos, radius * sin)
}

/// Fills `out` with standard normal numbers: lane i of the stream is `out[i]`.
///
/// Box & Muller 1958. In single precision; u is at least 2^-33, so no value exceeds 6.77 in magnitude.
///
/// # Panics
/// From lane 2^34 on, where the stream ends.
pub fn normals(address: &Address, out: &mut [f32]) {
    normals_from(address, 0, out);
}

/// As [`normals`], from lane `first` on, a multiple of 4.
pub(crate) fn normals_from(address: &Address, first: u64, out: &mut [f32]) {
    assert!(first.is_multiple_of(4), "normal numbers are drawn in groups of 4");
    let end = first + out.len() as u64;
    assert!(end <= 1 << 34, "a stream has 2^34 normal numbers, and {end} is past them");
    // The bits are the same on every instruction set, so one that is forced and missing, which the kernels
    // report, need not fail here.
    run(Isa::active().unwrap_or(Isa::Portable), Normals { address, first_group: (first / 4) as u32, out });
}

struct Normals<'a> {
    address: &'a Address,
    first_group: u32,
    out: &'a mut [f32],
}

impl VectorKernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Full>(self) {
        // SAFETY: as the caller guarantees.
        let words = unsafe { WordBlocks::<V>::new(self.address) };
        let mut batch = WordBatch([0; BATCH_WORDS]);
        let mut group = self.first_group;
        for out in self.out.chunks_mut(BATCH_WORDS) {
            let blocks = out.len().div_ceil(4);
            // SAFETY: as the caller guarantees.
            unsafe {
                words.consecutive(self.address.sample_word(), group, blocks, &mut batch);
                words_to_normals::<V>(&mut batch, blocks);
            }

            for (out, normal) in out.iter_mut().zip(&batch.0) {
                *out = f32::from_bits(*normal);
            }
            group = group.wrapping_add(BATCH_BLOCKS as u32);
        }
    }
}

/// Replaces the words of `blocks` blocks by the bits of the normal numbers of their lanes; the number is rounded up to
/// whole registers.
///
/// The words of the pairs are taken apart and put together again by halves of 64-bit lanes, so that what is between is a
/// plain loop over single-precision numbers that fills the registers. The order of the pairs in it is of no account.
///
/// # Safety
/// The machine must have the instructions of `V`.
#[inline(always)]
pub(crate) unsafe fn words_to_normals<V: Vector>(words: &mut WordBatch, blocks: usize) {
    assert!(blocks <= BATCH_BLOCKS);
    let pairs = 2 * blocks.next_multiple_of(V::LANES);
    // Short rows should not pay for clearing what they do not use.
    let (mut first, mut second) = (MaybeUninit::<Half>::uninit(), MaybeUninit::<Half>::uninit());
    let (first, second) = (first.as_mut_ptr().cast::<u32>(), second.as_mut_ptr().cast::<u32>());
    let words = words.0.as_mut_ptr().cast::<u64>();
    // SAFETY: as the caller guarantees; `pairs` is a multiple of two registers' lanes, and at most what a batch holds.
    // The first loop writes as many as become slices.
    unsafe {
        let low = V::splat(u64::from(u32::MAX));
        for at in (0..pairs).step_by(2 * V::LANES) {
            let (a, b) = (V::load(words.add(at)), V::load(words.add(at + V::LANES)));
            a.and(low).or(b.low_to_high()).store(first.add(at).cast());
            a.high().and(low).or(b.and_not(low)).store(second.add(at).cast());
        }
        let (first, second) = (from_raw_parts_mut(first, pairs), from_raw_parts_mut(second, pairs));
        for (first, second) in first.iter_mut().zip(second.iter_mut()) {
            let (cosine, sine) = normal_pair(*first, *second);
            (*first, *second) = (cosine.to_bits(), sine.to_bits());
        }
        for at in (0..pairs).step_by(2 * V::LANES) {
            let cosine = V::load(first.as_ptr().add(at).cast());
            let sine = V::load(second.as_ptr().add(at).cast());
            cosine.and(low).or(sine.low_to_high()).store(words.add(at));
            cosine.high().and(low).or(sine.and_not(low)).store(words.add(at + V::LANES));
        }
    }
}

/// One word of each pair of a batch.
#[repr(C, align(64))]
struct Half([u32; BATCH_WORDS / 2]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::testing::BackEnd;
    use crate::stream::word;

    #[test]
    fn every_back_end_gives_the_pairs_of_the_words() {
        let address = Address { seed: 5, site: 3, step: 8, sample: 1 << 31, ..Address::default() };
        for (first_group, length) in
            [(0, 0), (0, 1), (7, 2), (0, 5), (3, 257), (0, 1023), (0, 1024), (1, 3001), (u32::MAX, 4)]
        {
            let at = |lane: usize| word(&address, 4 * u64::from(first_group) + lane as u64);
            let expected: Vec<u32> = (0..length)
                .map(|lane| {
                    let (cosine, sine) = normal_pair(at(lane / 2 * 2), at(lane / 2 * 2 + 1));
                    if lane % 2 == 0 { cosine.to_bits() } else { sine.to_bits() }
                })
                .collect();
            for back_end in BackEnd::all() {
                let mut out = vec![0.0; length];
                back_end.run(Normals { address: &address, first_group, out: &mut out });
                assert!(out.iter().map(|x| x.to_bits()).eq(expected.iter().copied()), "{back_end:?}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "past them")]
    fn a_stream_of_normal_numbers_ends() {
        normals_from(&Address::default(), (1 << 34) - 4, &mut [0.0; 5]);
    }
}
