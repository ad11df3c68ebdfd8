//! The features of a row that one mask keeps for all rows.

use crate::nn::Scalar;
use crate::nn::epilogue::Drop;
use crate::nn::layers::Context;
use crate::stream::Address;
use crate::stream::bernoulli::{keep_groups, words_per_row};

/// Layers of more features are not thinned: the list lies on the stack, so that a pass allocates nothing.
const MOST: usize = 1 << 14;

/// Which of `width` features are kept.
pub(crate) struct Features {
    /// Those that are kept, in their order, if some are not.
    kept: [u16; MOST],
    width: usize,
    count: usize,
}

impl Features {
    /// All of them.
    pub(crate) fn all(width: usize) -> Self {
        Features { kept: [0; MOST], width, count: width }
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
        let mut bits = [0; MOST / 64];
        let bits = &mut bits[..words_per_row(width)];
        keep_groups(context.isa, &address, rate, 0, bits);
        let mut features = Features { count: 0, ..Features::all(width) };
        for feature in (0..width).filter(|feature| bits[feature / 64] >> (feature % 64) & 1 == 1) {
            features.kept[features.count] = feature as u16;
            features.count += 1;
        }
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

    /// The kept features in their order, if some are not kept.
    pub(super) fn list(&self) -> Option<&[u16]> {
        self.leave_out().then(|| &self.kept[..self.count])
    }

    /// The feature that `before` kept ones are before.
    pub(super) fn nth(&self, before: usize) -> usize {
        self.list().map_or(before, |kept| usize::from(kept[before]))
    }

    /// How many features before `feature` are kept.
    pub(super) fn before(&self, feature: usize) -> usize {
        self.list().map_or(feature, |kept| kept.partition_point(|&kept| usize::from(kept) < feature))
    }
}
