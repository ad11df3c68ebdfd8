//! Philox4x32: a bijection of a 128-bit counter under a 64-bit key.
//!
//! Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11. The stream uses ten
//! rounds; the number is a parameter so that the published answers for seven rounds can be checked too.

/// The multiplier of counter word 0.
pub const M0: u32 = 0xD251_1F53;
/// The multiplier of counter word 2.
pub const M1: u32 = 0xCD9E_8D57;
/// What key word 0 grows by each round (the golden ratio).
pub const W0: u32 = 0x9E37_79B9;
/// What key word 1 grows by each round (the square root of 3, less 1).
pub const W1: u32 = 0xBB67_AE85;
/// The rounds of the stream.
pub const ROUNDS: u32 = 10;

/// One block: four output words for a counter and a key.
#[inline]
pub const fn philox4x32<const N: u32>(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    let mut round = 0;
    while round < N {
        let p0 = c0 as u64 * M0 as u64;
        let p1 = c2 as u64 * M1 as u64;
        c0 = (p1 >> 32) as u32 ^ c1 ^ k0;
        c1 = p1 as u32;
        c2 = (p0 >> 32) as u32 ^ c3 ^ k1;
        c3 = p0 as u32;
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
        round += 1;
    }
    [c0, c1, c2, c3]
}

/// One block of the stream: ten rounds.
#[inline]
pub const fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    philox4x32::<ROUNDS>(counter, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with Random123.
    #[test]
    fn known_answers() {
        let ones = u32::MAX;
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([ones; 4], [ones; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox(pi, [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
        assert_eq!(philox4x32::<7>([0; 4], [0; 2]), [0x5f6f_b709, 0x0d89_3f64, 0x4f12_1f81, 0x4f73_0a48]);
    }
}
