//! The features of a row that one mask keeps for all rows.

use crate::nn::Scalar;
use crate::nn::epilogue::Drop;
use crate::nn::layers::Context;
use crate::stream::Address;
use crate::stream::bernoulli::{keep_groups, words_per_row};

/// Layers of more features are not thinned: bits and lists lie on the stack, so that a pass allocates nothing.
const MOST: usize = 1 << 14;

/// Features up to which a short list does: clearing a long one takes as long as a small layer.
const FEW: usize = 1 << 9;

/// Which of `width` features are kept.
pub(crate) struct Features {
    bits: [u64; MOST / 64],
    width: usize,
    count: usize,
}

/// Features in their order.
#[derive(Clone, Copy)]
pub(super) enum Kept<'a> {
    /// All of so many.
    All(usize),
    /// Some.
    Some(&'a [u16]),
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
        let words = width.div_ceil(64);
        keep_groups(context.isa, &address, rate, 0, &mut features.bits[..words_per_row(width)]);
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

    /// Calls `work` with the kept features.
    pub(super) fn listed(&self, work: impl FnOnce(Kept<'_>)) {
        match self.width {
            _ if !self.leave_out() => work(Kept::All(self.width)),
            ..=FEW => work(Kept::Some(self.list(&mut [0; FEW]))),
            _ => work(Kept::Some(self.list(&mut [0; MOST]))),
        }
    }

    /// Writes the kept features into a list that is long enough.
    fn list<'a>(&self, list: &'a mut [u16]) -> &'a [u16] {
        let mut count = 0;
        for (index, &word) in self.bits[..self.width.div_ceil(64)].iter().enumerate() {
            let mut left = word;
            while left != 0 {
                list[count] = (64 * index) as u16 + left.trailing_zeros() as u16;
                count += 1;
                left &= left - 1;
            }
        }
        &list[..count]
    }
}

impl Kept<'_> {
    /// How many there are.
    pub(super) fn count(self) -> usize {
        match self {
            Kept::All(width) => width,
            Kept::Some(list) => list.len(),
        }
    }

    /// The one that `before` others are before.
    pub(super) fn nth(self, before: usize) -> usize {
        match self {
            Kept::All(_) => before,
            Kept::Some(list) => usize::from(list[before]),
        }
    }

    /// How many are before `feature`.
    pub(super) fn before(self, feature: usize) -> usize {
        match self {
            Kept::All(_) => feature,
            Kept::Some(list) => list.partition_point(|&kept| usize::from(kept) < feature),
        }
    }
}
