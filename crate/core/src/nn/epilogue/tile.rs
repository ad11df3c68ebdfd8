//! Rows cut into tiles that stay in the nearest cache while several plain loops go over them.
//!
//! One pass over memory then costs as much as one loop would, and each loop is simple enough to be vectorised.

use std::ops::Range;

use super::BLOCK_ROWS;

/// Elements of a tile: 16 KiB in single precision, half of a usual L1 cache. A multiple of the lanes of a group.
pub(super) const ELEMENTS: usize = 4096;

/// Some whole rows, or a part of one wide row: contiguous either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Tile {
    /// The tile's elements among those of all rows.
    pub(super) fn range(&self, width: usize) -> Range<usize> {
        self.rows.start * width + self.columns.start..(self.rows.end - 1) * width + self.columns.end
    }
}

/// The tiles of `rows` rows, in memory order. No tile crosses the border of a block of [`BLOCK_ROWS`] rows, and
/// every tile begins at the border of a group of lanes.
pub(super) fn tiles(rows: usize, width: usize) -> impl Iterator<Item = Tile> {
    let tall = match (ELEMENTS / width).min(BLOCK_ROWS) {
        0 => 1,
        tall => 1 << tall.ilog2(),
    };
    (0..rows).step_by(tall).flat_map(move |row| {
        let wide = if tall == 1 { ELEMENTS } else { width };
        (0..width).step_by(wide).map(move |column| Tile {
            rows: row..rows.min(row + tall),
            columns: column..width.min(column + wide),
        })
    })
}

/// Where rows are cut for two threads: at the border of a block. `None` if there is but one block.
pub(super) fn cut(rows: usize) -> Option<usize> {
    (rows > BLOCK_ROWS).then(|| (rows / 2).next_multiple_of(BLOCK_ROWS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_all_elements_and_respect_blocks() {
        for width in [1, 2, 100, 128, 129, 512, 4096, 5000, 9000] {
            for rows in [1, 31, 32, 33, 100] {
                let mut next = 0;
                for tile in tiles(rows, width) {
                    assert_eq!(tile.range(width).start, next);
                    assert!(tile.range(width).len() <= ELEMENTS);
                    assert_eq!(tile.rows.start / BLOCK_ROWS, (tile.rows.end - 1) / BLOCK_ROWS);
                    next = tile.range(width).end;
                }
                assert_eq!(next, rows * width);
                assert!(cut(rows).is_none_or(|cut| cut < rows && cut.is_multiple_of(BLOCK_ROWS)));
            }
        }
    }
}
