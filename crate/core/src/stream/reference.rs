//! The portable reference: it reads like the contract and defines the truth for every back end.
//!
//! Lane i of a group is dropped iff its 64-bit uniform U is below the threshold T. U comes in planes: bit i of
//! the 128-bit output of (group, plane j), j = 0..7, is bit 63 - j of U; the low 56 bits are drawn only for
//! lanes that the first eight planes leave undecided (1 in 256), by one call whose plane is 128 + i.

use super::philox::philox;
use super::{Address, GROUP, Rate};

/// Planes drawn for all lanes before the undecided ones are resolved one by one.
pub const DENSE_PLANES: u32 = 8;

/// The keep bits of one group of 128 lanes: bit i is 1 iff lane i is kept.
pub fn keep_group(address: &Address, group: u32, rate: Rate) -> u128 {
    let Some(threshold) = rate.threshold() else { return 0 };
    let mut keep: u128 = 0;
    let mut undecided: u128 = !0;
    for plane in 0..DENSE_PLANES {
        if threshold << plane == 0 {
            break; // the rest of T is zero: no U can be below it any more
        }
        let random = words_to_bits(philox(address.counter(group, plane), address.key()));
        if threshold >> (63 - plane) & 1 == 1 {
            undecided &= random; // U's bit is 0 where T's is 1: below, dropped
        } else {
            keep |= undecided & random; // U's bit is 1 where T's is 0: above, kept
            undecided &= !random;
        }
    }
    let low = threshold & LOW_MASK;
    if low == 0 {
        return keep | undecided;
    }
    for lane in 0..GROUP as u32 {
        if undecided >> lane & 1 == 1 && low_bits(address, group, lane) >= low {
            keep |= 1 << lane;
        }
    }
    keep
}

/// The low 56 bits of a number.
pub const LOW_MASK: u64 = (1 << 56) - 1;

/// The low 56 bits of the uniform of one lane.
pub fn low_bits(address: &Address, group: u32, lane: u32) -> u64 {
    let words = philox(address.counter(group, 128 + lane), address.key());
    (words[0] as u64 | (words[1] as u64) << 32) & LOW_MASK
}

fn words_to_bits(words: [u32; 4]) -> u128 {
    words.iter().rev().fold(0, |bits, &word| bits << 32 | word as u128)
}

/// Whether one lane is kept.
///
/// # Panics
/// From lane 2^39 on: a stream has 2^32 groups and does not begin again.
pub fn keep_lane(address: &Address, lane: u64, rate: Rate) -> bool {
    let group = u32::try_from(lane / GROUP as u64).expect("a stream has 2^39 lanes");
    keep_group(address, group, rate) >> (lane % GROUP as u64) & 1 == 1
}
