//! k of n lanes, without replacement.

use crate::error::{Code, Error, Result};
use crate::stream::{Address, key64};

/// Exactly `drop` of `size` lanes drop: those with the smallest (key, lane), where the keys are 64 random bits.
///
/// Every subset of that size is equally likely but for ties of keys, whose chance is n^2 / 2^65. The number of kept
/// lanes never varies, so neither does the sum of a constant input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exactly {
    drop: usize,
    size: usize,
}

impl Exactly {
    /// Lanes are counted by 32-bit words.
    const MAX_SIZE: usize = u32::MAX as usize;

    /// # Errors
    /// `ERR_RANGE` if more lanes should drop than there are, or there are more than the stream has keys for.
    pub fn new(drop: usize, size: usize) -> Result<Self> {
        if size > Self::MAX_SIZE {
            let allowed = format!("a whole number in [0, {}]", Self::MAX_SIZE);
            return Err(Error::argument(Code::Range, "size", size, allowed));
        }
        if drop > size {
            return Err(Error::argument(
                Code::Range,
                "drop",
                drop,
                format!("a whole number in [0, {size}], the lanes there are"),
            ));
        }
        Ok(Exactly { drop, size })
    }

    /// How many lanes drop.
    pub fn drop(&self) -> usize {
        self.drop
    }

    /// How many lanes there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The keep bits of one sample. `out` must be zero; `keys` is room that is used again.
    pub(super) fn draw(&self, address: &Address, keys: &mut Vec<(u64, u32)>, out: &mut [u64]) {
        keys.clear();
        keys.extend((0..self.size as u64).map(|lane| (key64(address, lane), lane as u32)));
        if self.drop < self.size {
            let (_, first, kept) = keys.select_nth_unstable(self.drop);
            for (_, lane) in std::iter::once(&*first).chain(&*kept) {
                out[*lane as usize / 64] |= 1 << (lane % 64);
            }
        }
    }
}
