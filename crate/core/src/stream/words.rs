//! Words, uniforms and sorting keys of a stream: plane 16.

use super::Address;
use super::philox::philox;

const WORD_PLANE: u32 = 16;

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
#[inline]
pub fn uniform_f32(word: u32) -> f32 {
    uniform_f64(word) as f32
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
