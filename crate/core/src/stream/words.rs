//! Words, uniforms and sorting keys of a stream: plane 16.

use super::Address;
use super::philox::philox;

/// The plane of words.
pub(super) const WORD_PLANE: u32 = 16;

/// Word `index` (32 random bits) of the stream: output word `index & 3` of the block at group `index >> 2`.
///
/// # Panics
/// From index 2^34 on: a stream has 2^32 groups and does not begin again.
#[inline]
pub fn word(address: &Address, index: u64) -> u32 {
    block(address, index >> 2)[(index & 3) as usize]
}

/// Words `4 * group .. 4 * group + 4`.
#[inline]
pub(crate) fn block(address: &Address, group: u64) -> [u32; 4] {
    assert!(group <= u32::MAX as u64, "a stream has 2^32 groups, and {group} is past them");
    philox(address.counter(group as u32, WORD_PLANE), address.key())
}

/// The uniform in (0, 1) of a word, (word + 1/2) / 2^32, exact in a double.
#[inline]
pub fn uniform_f64(word: u32) -> f64 {
    (word as f64 + 0.5) * (1.0 / 4_294_967_296.0)
}

/// The uniform in (0, 1] of a word, (word + 1/2) / 2^32, rounded once to single precision.
#[inline(always)]
pub fn uniform_f32(word: u32) -> f32 {
    // Both terms are exact, so that the sum is rounded once; no doubles, which would halve a register's lanes.
    let high = (word >> 16) as i32 as f32 * 65_536.0;
    let low = (word & 0xffff) as i32 as f32 + 0.5;
    (high + low) * (1.0 / 4_294_967_296.0)
}

/// The 64-bit key of lane `index`: word 2i below word 2i + 1.
///
/// # Panics
/// From lane 2^33 on, as [`word`].
#[inline]
pub fn key64(address: &Address, index: u64) -> u64 {
    word(address, 2 * index) as u64 | (word(address, 2 * index + 1) as u64) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Rate;
    use crate::stream::reference::keep_lane;

    #[test]
    fn the_single_precision_uniform_is_the_double_one_rounded_once() {
        let near_ties = (16..32)
            .flat_map(|bit| (0..1u32 << 12).map(move |i| (1 << bit) + (i << (bit - 16)) + (i >> 4) - 3));
        let all = (0..u32::MAX).step_by(257).chain(0..1 << 18).chain(u32::MAX - (1 << 18)..=u32::MAX);
        for word in all.chain(near_ties) {
            assert_eq!(uniform_f32(word).to_bits(), (uniform_f64(word) as f32).to_bits(), "{word}");
        }
    }

    #[test]
    fn a_stream_ends_and_does_not_begin_again() {
        let address = Address::default();
        let rate = Rate::new(0.5).unwrap();
        word(&address, (1 << 34) - 1);
        key64(&address, (1 << 33) - 1);
        keep_lane(&address, (1 << 39) - 1, rate);
        assert!(std::panic::catch_unwind(|| word(&address, 1 << 34)).is_err());
        assert!(std::panic::catch_unwind(|| key64(&address, 1 << 33)).is_err());
        assert!(std::panic::catch_unwind(|| keep_lane(&address, 1 << 39, rate)).is_err());
    }
}
