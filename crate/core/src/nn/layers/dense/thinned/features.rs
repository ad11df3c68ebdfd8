//! The features of a row that one mask keeps for all rows.

use crate::nn::Scalar;
use crate::nn::epilogue::Drop;
use crate::nn::layers::Context;
use crate::stream::Address;
use crate::stream::bernoulli::{keep_groups, words_per_row};

/// Layers of more features are not thinned: the bits lie on the stack, so that a pass allocates nothing.
const MOST: usize = 1 << 14;

/// Which of `width` features are kept.
pub(crate) struct Features {
    bits: [u64; MOST / 64],
    width: usize,
    count: usize,
}

impl Features {
    /// All of them.
    pub(crate) fn all(width: usize) -> Self {
        Features { bits: [0; MOST / 64], width, count: width }
    }

    /// Those that `drop` keeps for all rows of the pass. `None` where rows have masks of their own, nothing is dropped,
    /// or nothing is kept.
    pub(crate) fn kept<T: Scalar>(context: &Context<'_, T>, drop: Drop, width: usize) -> Option<Self> {
        let Drop { rate, site, share, .. } = drop;
        if rate.never_drops() || rate.always_drops() || width > MOST || !context.is_shared(share) {
            return None;
        }
        let (domain, step) = (context.mode.domain()?, context.keys.steps.common()?);
        let address = Address { seed: context.seed, domain, shared: true, site, step, sample: 0 };
        let mut features = Features::all(width);
        keep_groups(context.isa, &address, rate, 0, &mut features.bits[..words_per_row(width)]);
        let words = width.div_ceil(64);
        features.bits[words..].fill(0);
        if !width.is_multiple_of(64) {
            features.bits[words - 1] &= (1 << (width % 64)) - 1;
        }
        features.count = features.bits.iter().map(|word| word.count_ones() as usize).sum();
        (features.count > 0).then_some(features)
    }

    /// How many are kept.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How many there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Whether some are not kept.
    pub(super) fn leave_out(&self) -> bool {
        self.count < self.width
    }

    /// Calls `each` with the number of every kept feature, in their order.
    #[inline(always)]
    pub(super) fn for_each(&self, mut each: impl FnMut(usize)) {
        if !self.leave_out() {
            return (0..self.width).for_each(each);
        }
        for (index, &word) in self.bits[..self.width.div_ceil(64)].iter().enumerate() {
            let mut left = word;
            while left != 0 {
                each(64 * index + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}
