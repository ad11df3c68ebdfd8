//! Masks over sequences, as factors: of each row's sequence or of each of its steps.

use crate::nn::Scalar;
use crate::nn::config::{MaskPer, SequenceDropout, Share, ZoneoutConfig};
use crate::nn::layers::Context;
use crate::stream::bernoulli::keep_groups;
use crate::stream::{Address, GROUP, Rate};

/// A mask of a recurrent layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask {
    rate: Rate,
    per: MaskPer,
    site: u16,
    zoneout: bool,
}

/// Which features of a step a mask is for, and how many a step has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) all: usize,
}

/// The factors of a mask: for each step [rows, features], or once for all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors<'a, T> {
    values: &'a [T],
    /// Elements of a step; 0 if all steps have the same.
    step: usize,
    elements: usize,
}

impl<'a, T> Factors<'a, T> {
    /// Those of a step.
    #[inline(always)]
    pub(super) fn at(&self, step: usize) -> &'a [T] {
        &self.values[step * self.step..][..self.elements]
    }
}

impl Mask {
    /// The mask of a dropout, if it ever drops.
    pub(super) fn dropout(config: Option<SequenceDropout>) -> Option<Self> {
        let SequenceDropout { rate, mask, site } = config?;
        Mask::new(rate, mask, site, false)
    }

    /// The mask of a zoneout, if any unit ever keeps its value.
    pub(super) fn zoneout(config: Option<ZoneoutConfig>) -> Option<Self> {
        let ZoneoutConfig { rate, site } = config?;
        Mask::new(rate, MaskPer::Step, site, true)
    }

    fn new(rate: f64, per: MaskPer, site: Option<u16>, zoneout: bool) -> Option<Self> {
        let rate = Rate::new(rate).expect("checked with the configuration");
        let site = site.expect("`with_sites` gave every mask one");
        (!rate.never_drops()).then_some(Mask { rate, per, site, zoneout })
    }

    /// Factors of a row of `time` steps of `features` elements.
    pub(super) fn elements(self, time: usize, features: usize) -> usize {
        match self.per {
            MaskPer::Step => time * features,
            MaskPer::Sequence => features,
        }
    }

    /// The factors for the rows from `first_row` on, in memory that [`Mask::elements`] of each fill; `None` where nothing
    /// is done to the values.
    ///
    /// Of a dropout they are 1 / keep or 0; of a zoneout 1 where the new value is taken and 0 where the previous one stays,
    /// or in inference how likely the new one is.
    pub(super) fn factors<'a, T: Scalar>(
        self,
        context: &Context<'_, T>,
        first_row: usize,
        rows: usize,
        features: Features,
        memory: &'a mut [T],
    ) -> Option<Factors<'a, T>> {
        let Features { first, count, all } = features;
        let elements = rows * count;
        match context.mode.domain() {
            None if self.zoneout => memory.fill(T::from_f64(self.rate.keep())),
            None => return None,
            Some(domain) => {
                let factor = T::from_f64(if self.zoneout { 1.0 } else { self.rate.inverse_keep() });
                let steps = memory.len() / elements;
                let shared = context.is_shared(Share::None);
                for row in 0..rows {
                    let (sample, step) =
                        (context.keys.ids[first_row + row], context.keys.steps.of(first_row + row));
                    let (seed, site) = (context.seed, self.site);
                    let address = Address { seed, domain, shared, site, step, sample };
                    let mut lanes = Lanes::new(self.rate, address);
                    for step in 0..steps {
                        let to = &mut memory[step * elements + row * count..][..count];
                        lanes.write(context, step * all + first, factor, to);
                    }
                }
            }
        }
        self.drawn_factors(context, elements, memory)
    }

    /// The same factors once they have been drawn, where a step has so many elements.
    pub(super) fn drawn_factors<'a, T: Scalar>(
        self,
        context: &Context<'_, T>,
        elements: usize,
        values: &'a [T],
    ) -> Option<Factors<'a, T>> {
        let step = if self.per == MaskPer::Step { elements } else { 0 };
        let acts = self.zoneout || context.mode.domain().is_some();
        acts.then_some(Factors { values, step, elements })
    }
}

/// Keep bits of one row that are read from the first lane to the last.
struct Lanes {
    rate: Rate,
    address: Address,
    /// The first lane of those drawn, and the one after the last.
    drawn: [usize; 2],
    words: [u64; Lanes::WORDS],
}

impl Lanes {
    /// Words drawn at a time: those of 16 groups.
    const WORDS: usize = 32;

    fn new(rate: Rate, address: Address) -> Self {
        Lanes { rate, address, drawn: [0, 0], words: [0; Lanes::WORDS] }
    }

    /// Writes `factor` for the lanes from `lane` on that are kept, else 0.
    fn write<T: Scalar>(&mut self, context: &Context<'_, T>, lane: usize, factor: T, to: &mut [T]) {
        let last = lane + to.len();
        for (lane, to) in (lane..).zip(to) {
            if !(self.drawn[0]..self.drawn[1]).contains(&lane) {
                self.draw(context, lane, last);
            }
            let at = lane - self.drawn[0];
            *to = if self.words[at / 64] >> (at % 64) & 1 == 1 { factor } else { T::ZERO };
        }
    }

    /// Draws the lanes from that of `lane`'s group on, at least up to `last` where there is room.
    fn draw<T>(&mut self, context: &Context<'_, T>, lane: usize, last: usize) {
        let group = lane / GROUP;
        let words = if self.drawn[1] > 0 { Lanes::WORDS } else { 2 * (last.div_ceil(GROUP) - group) };
        let words = words.min(Lanes::WORDS);
        let first = u32::try_from(group).expect("states are at most 2^31");
        keep_groups(context.isa, &self.address, self.rate, first, &mut self.words[..words]);
        self.drawn = [group * GROUP, group * GROUP + 64 * words];
    }
}
