//! Shuffles: rows sorted by their random keys.

use super::{Address, key64};

/// The order of `rows` rows: sorted by (key, index), where the key is the 64-bit key of the row's index.
///
/// For the shuffle of an epoch the address has domain [`Shuffle`](super::Domain::Shuffle), sample 0 and the
/// epoch as its step. `order` is cleared and filled, so a buffer of sufficient capacity is reused.
pub fn permutation(address: &Address, rows: usize, order: &mut Vec<u32>) {
    assert!(rows <= u32::MAX as usize, "rows are counted by 32-bit words");
    order.clear();
    order.extend(0..rows as u32);
    order.sort_by_cached_key(|&row| (key64(address, row as u64), row));
}
