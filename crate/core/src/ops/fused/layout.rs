//! Which elements belong together: samples, their vectors, blocks of vectors, tiles.
//!
//! A sample is what has an id and with it masks of its own: `width` elements, the lanes of its stream. It is made of
//! vectors of `features` elements: what a bias is added to and what is normalised.
//!
//! Work is cut into tiles that stay in the nearest cache while several plain loops go over them. One pass over memory
//! then costs as much as one loop would, and each loop is simple enough to be vectorised. Sums over vectors are made
//! block by block, so that they do not depend on how the blocks are split over threads.

use std::ops::Range;

/// Elements of a tile: 16 KiB in single precision, half of a usual L1 cache.
pub(crate) const ELEMENTS: usize = 4096;

/// Vectors whose gradients are summed in order before the sums of such blocks are. A block has fewer where it would
/// begin or end within a sample.
pub(crate) const BLOCK_VECTORS: usize = 32;

/// Elements from which on more than one thread pays.
pub const PARALLEL_FROM: usize = 1 << 17;

/// The shape of an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) samples: usize,
    /// Elements of a sample: a multiple of `features`.
    pub(crate) width: usize,
    pub(crate) features: usize,
    /// Samples of a block; 1 where a sample has several blocks.
    block_samples: usize,
    /// Blocks of a sample; 1 where a block has several samples.
    sample_blocks: usize,
}

/// Some whole samples, or a part of one: contiguous either way. Either whole vectors, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) samples: Range<usize>,
    /// The elements of each sample.
    pub(crate) lanes: Range<usize>,
    /// The elements of each vector.
    pub(crate) columns: Range<usize>,
    /// The block it belongs to.
    pub(crate) block: usize,
}

impl Layout {
    /// Samples of `width` elements in vectors of `features`, none of which may be 0.
    pub(crate) fn new(samples: usize, width: usize, features: usize) -> Self {
        let vectors = width / features;
        let block_samples = (BLOCK_VECTORS / vectors).max(1);
        Layout { samples, width, features, block_samples, sample_blocks: vectors.div_ceil(BLOCK_VECTORS) }
    }

    /// Samples of one vector each. Cheaper than [`new`](Self::new), which small networks feel.
    pub(crate) fn rows(samples: usize, width: usize) -> Self {
        Layout { samples, width, features: width, block_samples: BLOCK_VECTORS, sample_blocks: 1 }
    }

    pub(crate) fn elements(&self) -> usize {
        self.samples * self.width
    }

    pub(crate) fn blocks(&self) -> usize {
        self.samples.div_ceil(self.block_samples) * self.sample_blocks
    }

    /// The first element of a block; for the number of blocks, that of all elements.
    pub(crate) fn start(&self, block: usize) -> usize {
        let start = match self.sample_blocks {
            1 => block * self.block_samples * self.width,
            blocks => block / blocks * self.width + block % blocks * BLOCK_VECTORS * self.features,
        };
        start.min(self.elements())
    }

    /// Cuts blocks into tiles of no more than [`ELEMENTS`], in memory order.
    pub(crate) fn tiles(self, blocks: Range<usize>) -> Tiles {
        Tiles::new(self, blocks, ELEMENTS)
    }

    /// Cuts blocks into tiles of whole vectors, however large one is.
    pub(crate) fn chunks(self, blocks: Range<usize>) -> Tiles {
        Tiles::new(self, blocks, usize::MAX)
    }

    /// The samples of a block, and which of their elements.
    fn block(&self, block: usize) -> (Range<usize>, Range<usize>) {
        if self.sample_blocks == 1 {
            let first = block * self.block_samples;
            return (first..self.samples.min(first + self.block_samples), 0..self.width);
        }
        let (sample, size) = (block / self.sample_blocks, BLOCK_VECTORS * self.features);
        let lane = block % self.sample_blocks * size;
        (sample..sample + 1, lane..self.width.min(lane + size))
    }
}

/// The tiles of some blocks.
pub(crate) struct Tiles {
    layout: Layout,
    blocks: Range<usize>,
    /// What is left of the block, and how much of it goes into a tile.
    samples: Range<usize>,
    tall: usize,
    lanes: Range<usize>,
    wide: usize,
    /// Where the next tile begins.
    lane: usize,
    /// Elements of a part of a vector that is too large for a tile.
    part: usize,
}

impl Tiles {
    fn new(layout: Layout, blocks: Range<usize>, part: usize) -> Self {
        let mut tiles = Tiles { layout, blocks, samples: 0..0, tall: 0, lanes: 0..0, wide: 0, lane: 0, part };
        tiles.begin_block();
        tiles
    }

    fn begin_block(&mut self) {
        if self.blocks.is_empty() {
            return;
        }
        (self.samples, self.lanes) = self.layout.block(self.blocks.start);
        (self.lane, self.wide) = (self.lanes.start, self.lanes.len());
        self.tall = self.samples.len();
        if self.tall * self.wide > ELEMENTS {
            // Tiles of the same height, that of the largest that fits.
            let tiles = self.tall.div_ceil((ELEMENTS / self.wide).max(1));
            self.tall = self.tall.div_ceil(tiles);
        }
        if self.wide > ELEMENTS {
            let features = self.layout.features;
            self.wide = (ELEMENTS / features).max(1) * features;
        }
    }

    /// Moves on to the first tile that is not done, if there is one.
    fn seek(&mut self) -> Option<()> {
        if self.lane == self.lanes.end {
            self.lane = self.lanes.start;
            self.samples.start += self.tall;
        }
        if self.samples.start >= self.samples.end {
            self.blocks.next()?;
            self.begin_block();
        }
        (!self.blocks.is_empty()).then_some(())
    }
}

impl Iterator for Tiles {
    type Item = Tile;

    fn next(&mut self) -> Option<Tile> {
        self.seek()?;
        let features = self.layout.features;
        let samples = self.samples.start..self.samples.end.min(self.samples.start + self.tall);
        let (mut end, mut columns) = (self.lanes.end.min(self.lane + self.wide), 0..features);
        if features > ELEMENTS {
            let column = (self.lane - self.lanes.start) % features;
            columns = column..features.min(column.saturating_add(self.part));
            end = self.lane + columns.len();
        }
        let lanes = std::mem::replace(&mut self.lane, end)..end;
        Some(Tile { samples, lanes, columns, block: self.blocks.start })
    }
}

impl Tile {
    /// The tile's elements among those of all samples, which have `width` each.
    pub(crate) fn range(&self, width: usize) -> Range<usize> {
        self.samples.start * width + self.lanes.start..(self.samples.end - 1) * width + self.lanes.end
    }

    /// The number of elements.
    pub(crate) fn elements(&self) -> usize {
        self.samples.len() * self.lanes.len()
    }

    /// Cuts a tile that is one large vector into parts of no more than [`ELEMENTS`].
    pub(crate) fn parts(self) -> impl Iterator<Item = Tile> {
        let all = self.columns.len();
        (0..all).step_by(all.min(ELEMENTS)).map(move |column| {
            if all <= ELEMENTS {
                return self.clone();
            }
            let columns = column..all.min(column + ELEMENTS);
            let lanes = self.lanes.start + columns.start..self.lanes.start + columns.end;
            Tile { lanes, columns, ..self.clone() }
        })
    }
}

/// Where a run of blocks is cut for two threads, if it is worth it.
pub(crate) fn cut(layout: &Layout, blocks: &Range<usize>) -> Option<usize> {
    const LEAST: usize = PARALLEL_FROM / 8;
    let elements = layout.start(blocks.end) - layout.start(blocks.start);
    (blocks.len() > 1 && elements > LEAST).then(|| blocks.start + blocks.len().div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_all_elements_and_respect_blocks_and_vectors() {
        let shapes = [1, 2, 100, 128, 129, 512, 4096, 5000, 9000]
            .into_iter()
            .flat_map(|features| [1, 3, 32, 33, 70].map(|vectors| (features, vectors)));
        for (features, vectors) in shapes {
            for samples in [1, 2, 31, 33, 70] {
                let layout = Layout::new(samples, features * vectors, features);
                let blocks = layout.blocks();
                let mut next = 0;
                for block in 0..blocks {
                    assert_eq!(layout.start(block), next, "{layout:?}");
                    let parts: Vec<Tile> = layout.chunks(block..block + 1).flat_map(Tile::parts).collect();
                    assert_eq!(parts, layout.tiles(block..block + 1).collect::<Vec<_>>());
                    for chunk in layout.chunks(block..block + 1) {
                        assert_eq!(chunk.block, block);
                        let elements = chunk.elements();
                        assert!(elements.is_multiple_of(features), "{layout:?} {chunk:?}");
                        assert!(elements <= ELEMENTS || elements == features);
                        for tile in chunk.parts() {
                            assert_eq!(tile.range(layout.width).start, next);
                            assert!(tile.elements() <= ELEMENTS);
                            assert_eq!(tile.range(layout.width).len(), tile.elements());
                            assert_eq!(tile.lanes.start % features, tile.columns.start);
                            let whole = tile.columns == (0..features);
                            assert!(whole || tile.columns.len() == tile.elements());
                            next += tile.elements();
                        }
                    }
                }
                assert_eq!((next, layout.start(blocks)), (layout.elements(), layout.elements()));
                assert!(blocks >= (samples * vectors).div_ceil(BLOCK_VECTORS));
                let cut = cut(&layout, &(0..blocks));
                assert!(cut.is_none_or(|cut| 0 < cut && cut < blocks));
            }
        }
    }
}
