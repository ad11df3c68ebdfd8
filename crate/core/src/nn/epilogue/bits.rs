//! Keep bits of a tile: drawn, applied, forgotten.

use super::tile::{ELEMENTS, Tile};
use crate::isa::Isa;
use crate::nn::{RowKeys, Scalar};
use crate::ops::select::{Factors, SelectRows};
use crate::simd::run;
use crate::stream::bernoulli::{keep_groups, keep_rows, words_per_row};
use crate::stream::{Address, GROUP, Rate};

/// Words of the largest tile: two for each begun group, and narrow rows begin many.
const WORDS: usize = 4 * ELEMENTS / GROUP;

/// Words past the last row's that a register may read along.
const SPARE: usize = 1;

/// Room for the keep bits of one tile.
pub(super) struct Bits([u64; WORDS + SPARE]);

impl Bits {
    pub(super) fn new() -> Self {
        Bits([0; WORDS + SPARE])
    }

    /// Draws the bits of a tile; `keys` are those of all rows.
    pub(super) fn draw(
        &mut self,
        isa: Isa,
        address: &Address,
        rate: Rate,
        keys: RowKeys<'_>,
        tile: &Tile,
        width: usize,
    ) {
        if tile.columns.len() == width {
            let RowKeys { ids, steps, .. } = keys.slice(tile.rows.clone());
            let words = &mut self.0[..tile.rows.len() * words_per_row(width)];
            keep_rows(isa, address, rate, ids, steps, width, words);
        } else {
            let row = tile.rows.start;
            let address = address.with_sample(keys.ids[row]).with_step(keys.steps.of(row));
            let words = &mut self.0[..words_per_row(tile.columns.len())];
            keep_groups(isa, &address, rate, (tile.columns.start / GROUP) as u32, words);
        }
    }

    /// Multiplies kept elements by `factor` and puts +0 in place of the dropped ones. `rows` are the drawn tile's,
    /// each `width` elements.
    pub(super) fn select<T: Scalar>(&self, isa: Isa, width: usize, factor: T, rows: &mut [T]) {
        assert!(rows.len().is_multiple_of(width));
        let (count, to) = (rows.len() / width, rows.as_mut_ptr());
        let factors = Factors::One(factor);
        run(isa, SelectRows { bits: &self.0, factors, rows: count, width, from: to, to });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tile::tiles;
    use super::*;
    use crate::stream::bernoulli::Steps;
    use crate::stream::reference::keep_lane;

    #[test]
    fn every_back_end_drops_what_the_reference_drops() {
        let ids: Vec<u32> = (0..40).map(|i| i * i + 3).collect();
        let steps: Vec<u32> = (0..40).map(|i| i / 7).collect();
        let keys = RowKeys { ids: &ids, steps: Steps::PerRow(&steps), seed: None };
        let address = Address { seed: 5, site: 2, ..Address::default() };
        let rate = Rate::new(0.3).unwrap();
        for width in [1, 2, 7, 8, 31, 64, 100, 127, 128, 129, 300, 5000] {
            for isa in Isa::available() {
                for tile in tiles(40, width) {
                    let mut x: Vec<f32> = tile.range(width).map(|i| i as f32 + 0.5).collect();
                    x[0] = f32::NAN;
                    let mut bits = Bits::new();
                    bits.draw(isa, &address, rate, keys, &tile, width);
                    bits.select(isa, tile.columns.len(), 1.25, &mut x);
                    for (i, x) in tile.range(width).zip(&x) {
                        let (row, lane) = (i / width, (i % width) as u64);
                        let address = address.with_sample(ids[row]).with_step(steps[row]);
                        let first = i == tile.range(width).start;
                        match keep_lane(&address, lane, rate) {
                            true if first => assert!(x.is_nan()),
                            true => assert_eq!(*x, (i as f32 + 0.5) * 1.25),
                            false => {
                                assert_eq!(x.to_bits(), 0, "width {width}, row {row}, lane {lane}, {isa}")
                            }
                        }
                    }
                }
            }
        }
    }
}
