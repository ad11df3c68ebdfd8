//! Blocks grown from their seeds, many bits at a time.

/// A map of bits: rows of whole words.
#[derive(Default)]
pub(crate) struct Map {
    words: Vec<u64>,
    /// Words of a row.
    wide: usize,
}

impl Map {
    /// Makes room for `rows` rows of `columns` bits, all 0.
    pub(super) fn clear(&mut self, rows: usize, columns: usize) {
        self.wide = columns.div_ceil(64);
        self.words.clear();
        self.words.resize(rows * self.wide, 0);
    }

    pub(super) fn row(&self, row: usize) -> &[u64] {
        &self.words[row * self.wide..(row + 1) * self.wide]
    }

    pub(super) fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.words[row * self.wide..(row + 1) * self.wide]
    }

    /// Grows every set bit to the `below` bits before it and the `above` bits after it in its row.
    pub(super) fn grow_columns(&mut self, below: usize, above: usize) {
        if self.wide == 1 {
            for word in &mut self.words {
                let (up, down) =
                    (grown(above, *word, |word, by| word << by), grown(below, *word, |word, by| word >> by));
                *word = up | down;
            }
            return;
        }
        if self.wide == 0 {
            return;
        }
        let mut copy = vec![0; self.wide];
        for row in self.words.chunks_exact_mut(self.wide) {
            copy.copy_from_slice(row);
            doubling(above, |by| shift_up(row, by));
            doubling(below, |by| shift_down(&mut copy, by));
            row.iter_mut().zip(&copy).for_each(|(row, copy)| *row |= copy);
        }
    }

    /// Grows every set bit to the `below` rows before its own and the `above` rows after it, within each of the
    /// slices of `slice` rows; a row stands for `stride` of them.
    pub(super) fn grow_rows(&mut self, below: usize, above: usize, slice: usize, stride: usize) {
        if self.wide == 0 || below + above == 0 {
            return;
        }
        let step = stride * self.wide;
        let mut copy = if below > 0 { self.words.clone() } else { Vec::new() };
        for slice in self.words.chunks_exact_mut(slice * step) {
            doubling(above, |by| {
                for at in (by * step..slice.len()).rev() {
                    slice[at] |= slice[at - by * step];
                }
            });
        }
        for slice in copy.chunks_exact_mut(slice * step) {
            doubling(below, |by| {
                for at in 0..slice.len().saturating_sub(by * step) {
                    slice[at] |= slice[at + by * step];
                }
            });
        }
        self.words.iter_mut().zip(&copy).for_each(|(word, copy)| *word |= copy);
    }
}

/// Calls `grow` with distances that together reach `reach`: each at most what is covered already.
fn doubling(reach: usize, mut grow: impl FnMut(usize)) {
    let mut covered = 1;
    while covered <= reach {
        let by = covered.min(reach + 1 - covered);
        grow(by);
        covered += by;
    }
}

fn grown(reach: usize, mut word: u64, shift: impl Fn(u64, usize) -> u64) -> u64 {
    doubling(reach, |by| word |= shift(word, by));
    word
}

/// `row |= row << by`
fn shift_up(row: &mut [u64], by: usize) {
    let (words, bits) = (by / 64, by % 64);
    for at in (words..row.len()).rev() {
        let high = row[at - words] << bits;
        let low = if bits > 0 && at > words { row[at - words - 1] >> (64 - bits) } else { 0 };
        row[at] |= high | low;
    }
}

/// `row |= row >> by`
fn shift_down(row: &mut [u64], by: usize) {
    let (words, bits) = (by / 64, by % 64);
    for at in 0..row.len().saturating_sub(words) {
        let low = row[at + words] >> bits;
        let high = match row.get(at + words + 1) {
            Some(next) if bits > 0 => next << (64 - bits),
            _ => 0,
        };
        row[at] |= high | low;
    }
}
