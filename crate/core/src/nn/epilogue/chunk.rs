//! Rows cut into chunks of a fixed number of lanes, so that loops over them vectorise and tails need no code of
//! their own.

use crate::nn::Scalar;

/// Lanes of a chunk: one half of a word of keep bits.
pub(super) const LANES: usize = 32;

/// Values of up to [`LANES`] neighbouring elements.
pub(super) type Chunk<T> = [T; LANES];

/// Reads a chunk; lanes past the end of `from` are 0.
#[inline(always)]
pub(super) fn load<T: Scalar>(from: &[T]) -> Chunk<T> {
    match from.try_into() {
        Ok(full) => full,
        Err(_) => {
            let mut chunk = [T::ZERO; LANES];
            chunk[..from.len()].copy_from_slice(from);
            chunk
        }
    }
}

/// Writes as much of a chunk as `to` takes.
#[inline(always)]
pub(super) fn store<T: Scalar>(chunk: &Chunk<T>, to: &mut [T]) {
    match <&mut Chunk<T>>::try_from(&mut *to) {
        Ok(full) => *full = *chunk,
        Err(_) => to.copy_from_slice(&chunk[..to.len()]),
    }
}

/// Multiplies every lane.
#[inline(always)]
pub(super) fn scale<T: Scalar>(chunk: &mut Chunk<T>, factor: T) {
    for lane in chunk {
        *lane = *lane * factor;
    }
}

/// +0 in every lane whose bit is 0.
#[inline(always)]
pub(super) fn select<T: Scalar>(chunk: &mut Chunk<T>, keep: u32) {
    for j in 0..LANES {
        chunk[j] = if keep >> j & 1 == 1 { chunk[j] } else { T::ZERO };
    }
}

/// The keep bits of chunk `index` of a row.
#[inline(always)]
pub(super) fn bits(words: &[u64], index: usize) -> u32 {
    (words[index / 2] >> (index % 2 * LANES)) as u32
}
