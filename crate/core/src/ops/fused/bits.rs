//! Keep bits of a tile: drawn, applied, forgotten.

use super::layout::{ELEMENTS, Tile};
use crate::isa::Isa;
use crate::mask::shift_down;
use crate::ops::Float;
use crate::ops::select::{Factors, SelectRows};
use crate::simd::run;
use crate::stream::bernoulli::{Steps, keep_groups, keep_rows, words_per_row};
use crate::stream::{Address, GROUP, Rate};

/// Words of the largest tile: two for each begun group, and narrow samples begin many.
const WORDS: usize = 4 * ELEMENTS / GROUP;

/// Words past the last sample's that a register may read along.
const SPARE: usize = 1;

/// Who the samples are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys<'a> {
    pub(crate) ids: &'a [u32],
    pub(crate) steps: Steps<'a>,
}

impl<'a> Keys<'a> {
    fn slice(self, samples: std::ops::Range<usize>) -> Self {
        let steps = match self.steps {
            Steps::PerRow(steps) => Steps::PerRow(&steps[samples.clone()]),
            one => one,
        };
        Keys { ids: &self.ids[samples], steps }
    }
}

/// Room for the keep bits of one tile.
pub(crate) struct Bits([u64; WORDS + SPARE]);

impl Bits {
    pub(crate) fn new() -> Self {
        Bits([0; WORDS + SPARE])
    }

    /// Draws the bits of a tile; `keys` are those of all samples, `width` the lanes of each.
    pub(crate) fn draw(
        &mut self,
        isa: Isa,
        address: &Address,
        rate: Rate,
        keys: Keys<'_>,
        tile: &Tile,
        width: usize,
    ) {
        if tile.lanes.len() == width {
            let Keys { ids, steps } = keys.slice(tile.samples.clone());
            let words = &mut self.0[..tile.samples.len() * words_per_row(width)];
            keep_rows(isa, address, rate, ids, steps, width, words);
        } else {
            let sample = tile.samples.start;
            let address = address.with_sample(keys.ids[sample]).with_step(keys.steps.of(sample));
            let (group, skip) = (tile.lanes.start / GROUP, tile.lanes.start % GROUP);
            let words = words_per_row(skip + tile.lanes.len());
            keep_groups(isa, &address, rate, group as u32, &mut self.0[..words]);
            if skip > 0 {
                shift_down(&mut self.0[..words + SPARE], skip);
            }
        }
    }

    /// Multiplies kept elements by `factor` and puts +0 in place of the dropped ones. `values` are those of the drawn
    /// tile, `lanes` for each of its samples.
    pub(crate) fn select<T: Float>(&self, isa: Isa, lanes: usize, factor: T, values: &mut [T]) {
        assert!(values.len().is_multiple_of(lanes));
        let (count, to) = (values.len() / lanes, values.as_mut_ptr());
        let factors = Factors::One(factor);
        run(isa, SelectRows { bits: &self.0, factors, rows: count, width: lanes, from: to, to });
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::Layout;
    use super::*;
    use crate::stream::reference::keep_lane;

    #[test]
    fn every_back_end_drops_what_the_reference_drops() {
        let ids: Vec<u32> = (0..40).map(|i| i * i + 3).collect();
        let steps: Vec<u32> = (0..40).map(|i| i / 7).collect();
        let keys = Keys { ids: &ids, steps: Steps::PerRow(&steps) };
        let address = Address { seed: 5, site: 2, ..Address::default() };
        let rate = Rate::new(0.3).unwrap();
        let of_one = [1, 2, 7, 8, 31, 64, 100, 127, 128, 129, 300, 5000].map(|width| (width, width));
        let of_many = [(6, 2), (700, 100), (9000, 100), (9000, 1500), (15_000, 5000)];
        for (width, features) in of_one.into_iter().chain(of_many) {
            let layout = Layout::new(40, width, features);
            for isa in Isa::available() {
                for tile in layout.tiles(0..layout.blocks()) {
                    let mut x: Vec<f32> = tile.range(width).map(|i| i as f32 + 0.5).collect();
                    x[0] = f32::NAN;
                    let mut bits = Bits::new();
                    bits.draw(isa, &address, rate, keys, &tile, width);
                    bits.select(isa, tile.lanes.len(), 1.25, &mut x);
                    for (i, x) in tile.range(width).zip(&x) {
                        let (sample, lane) = (i / width, (i % width) as u64);
                        let address = address.with_sample(ids[sample]).with_step(steps[sample]);
                        let first = i == tile.range(width).start;
                        match keep_lane(&address, lane, rate) {
                            true if first => assert!(x.is_nan()),
                            true => assert_eq!(*x, (i as f32 + 0.5) * 1.25),
                            false => {
                                assert_eq!(x.to_bits(), 0, "width {width}, row {sample}, lane {lane}, {isa}")
                            }
                        }
                    }
                }
            }
        }
    }
}
