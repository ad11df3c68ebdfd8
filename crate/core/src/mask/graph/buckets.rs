//! Entries of rows in the order of their rows: a counting sort in two passes.
//!
//! Sorted in one pass, every entry of a large graph goes to a place of its own far from the last one, and each waits
//! for memory. So entries first go to buckets, of a range of rows each: few enough to be written side by side. Then
//! one bucket after another is sorted where it lies in the cache. Both passes keep the order of what has the same row.

use std::ops::Range;

use super::csr::{RowLists, Rows, Sink};
use super::edges::Edges;
use super::filter::words;
use crate::error::Result;
use crate::{memory, parallel};

/// Entries of a bucket, about: what they are sorted to stays in the cache of the second level.
const ENTRIES: usize = 1 << 12;

/// The first cache has lines for twice as many buckets, which are written side by side.
const MOST: usize = 128;

/// Entries from which on several threads pay.
const PARALLEL_FROM: usize = 1 << 15;

/// Buckets of 2^`shift` rows each.
pub(super) struct Buckets {
    shift: u32,
    count: usize,
    entries: usize,
}

/// Row, column and edge.
type Entry = [u32; 3];

/// What one thread has read, bucket after bucket.
#[derive(Default)]
struct Part {
    entries: Vec<Entry>,
    /// Where each bucket ends.
    ends: Vec<u32>,
}

impl Part {
    fn bucket(&self, at: usize) -> &[Entry] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.entries[start..self.ends[at] as usize]
    }
}

/// Counts the entries of each bucket.
struct Count<'a> {
    shift: u32,
    lengths: &'a mut [u32],
}

impl Sink for Count<'_> {
    #[inline(always)]
    fn take(&mut self, row: u32, _: u32, _: u32) {
        self.lengths[row as usize >> self.shift] += 1;
    }
}

/// Writes entries to their buckets. What ends there counts up from its start to its end.
struct Fill<'a> {
    shift: u32,
    ends: &'a mut [u32],
    entries: &'a mut [Entry],
}

impl Sink for Fill<'_> {
    #[inline(always)]
    fn take(&mut self, row: u32, column: u32, edge: u32) {
        let end = &mut self.ends[row as usize >> self.shift];
        self.entries[*end as usize] = [row, column, edge];
        *end += 1;
    }
}

impl Buckets {
    /// Buckets for so many entries of so many rows.
    pub(super) fn new(rows: usize, entries: usize) -> Self {
        let wanted = (entries / ENTRIES).clamp(1, MOST);
        let shift = (rows / wanted).max(1).ilog2();
        Buckets { shift, count: rows.div_ceil(1 << shift).max(1), entries }
    }

    /// Writes rows.
    ///
    /// # Errors
    /// `ERR_RANGE` for more memory than there is.
    ///
    /// # Panics
    /// If there are not so many entries or rows as said.
    pub(super) fn sort(
        &self,
        rows: &Rows,
        edges: &Edges<'_>,
        bits: Option<&[u64]>,
        out: RowLists<'_>,
    ) -> Result<()> {
        let threads = if self.entries < PARALLEL_FROM { 1 } else { parallel::current_threads() };
        let words = words(edges.len());
        let each = words.div_ceil(threads).max(1);
        let starts = (0..words).step_by(each);
        let mut parts: Vec<_> =
            starts.map(|start| (start..(start + each).min(words), Ok(Part::default()))).collect();
        parallel::for_each(parts.iter_mut().collect(), threads > 1, |(words, part)| {
            *part = self.part(rows, edges, bits, words.clone());
        });
        let parts = parts.into_iter().map(|(_, part)| part).collect::<Result<Vec<_>>>()?;
        let total: usize = parts.iter().map(|part| part.entries.len()).sum();
        assert_eq!(total, self.entries, "a place for each entry");
        self.gather(&parts, threads, out);
        Ok(())
    }

    /// The entries of some words of bits in their buckets.
    fn part(
        &self,
        rows: &Rows,
        edges: &Edges<'_>,
        bits: Option<&[u64]>,
        words: Range<usize>,
    ) -> Result<Part> {
        let mut ends = vec![0; self.count];
        rows.each(edges, bits, words.clone(), &mut Count { shift: self.shift, lengths: &mut ends });
        let mut start = 0;
        for end in &mut ends {
            (*end, start) = (start, start + *end);
        }
        let mut entries = memory::room("edges", edges.len(), &[start as usize])?;
        entries.resize(start as usize, [0; 3]);
        let mut fill = Fill { shift: self.shift, ends: &mut ends, entries: &mut entries };
        rows.each(edges, bits, words, &mut fill);
        Ok(Part { entries, ends })
    }

    /// Sorts the buckets of all parts into the rows; each thread takes buckets of about as many entries.
    fn gather(&self, parts: &[Part], threads: usize, out: RowLists<'_>) {
        let (first, mut starts) = out.starts.split_at_mut(1);
        first[0] = 0;
        let (mut columns, mut edges) = (out.columns, out.edges);
        let (mut start, mut bucket) = (0, 0);
        let tasks = (1..=threads).map(|task| {
            let (from, before) = (bucket, start);
            while bucket < self.count && (start < self.entries * task / threads || task == threads) {
                start += parts.iter().map(|part| part.bucket(bucket).len()).sum::<usize>();
                bucket += 1;
            }
            let rows = ((bucket - from) << self.shift).min(starts.len());
            Task {
                buckets: from..bucket,
                start: before as u32,
                ends: starts.split_off_mut(..rows).expect("room"),
                columns: columns.split_off_mut(..start - before).expect("room"),
                edges: edges.split_off_mut(..start - before).expect("room"),
            }
        });
        let tasks: Vec<_> = tasks.collect();
        parallel::for_each(tasks, threads > 1, |task| task.run(self.shift, parts));
    }
}

/// Buckets and what belongs to their rows.
struct Task<'a> {
    buckets: Range<usize>,
    /// Entries before them.
    start: u32,
    /// Where each row ends.
    ends: &'a mut [u32],
    columns: &'a mut [u32],
    edges: &'a mut [u32],
}

impl Task<'_> {
    fn run(mut self, shift: u32, parts: &[Part]) {
        for (bucket, ends) in self.buckets.zip(self.ends.chunks_mut(1 << shift)) {
            let first = (bucket << shift) as u32;
            ends.fill(0);
            for part in parts {
                for [row, ..] in part.bucket(bucket) {
                    ends[(row - first) as usize] += 1;
                }
            }
            let mut length = 0;
            for end in ends.iter_mut() {
                (*end, length) = (length, length + *end);
            }
            let columns = self.columns.split_off_mut(..length as usize).expect("room");
            let edges = self.edges.split_off_mut(..length as usize).expect("room");
            // Lines that are written one after another come sooner than those that are written here and there.
            columns.fill(0);
            edges.fill(0);
            for part in parts {
                for &[row, column, edge] in part.bucket(bucket) {
                    let end = &mut ends[(row - first) as usize];
                    columns[*end as usize] = column;
                    edges[*end as usize] = edge;
                    *end += 1;
                }
            }
            for end in ends {
                *end += self.start;
            }
            self.start += length;
        }
    }
}
