//! Blocks of rows, worked off one after another or on several threads.

use std::ops::Range;

/// Memory of rows with the elements of a full block.
pub(super) struct Blocks<S> {
    memory: S,
    each: usize,
}

impl<S> Blocks<S> {
    pub(super) fn new(memory: S, each: usize) -> Self {
        Blocks { memory, each }
    }
}

/// Calls `work` for each of `blocks` with its part of every memory: those that are read and those that are written.
pub(super) fn for_each_block<T: Send + Sync, const R: usize, const W: usize>(
    parallel: bool,
    blocks: Range<usize>,
    read: [Blocks<&[T]>; R],
    written: [Blocks<&mut [T]>; W],
    work: &(impl Fn(usize, [&[T]; R], [&mut [T]; W]) + Sync),
) {
    if blocks.len() <= 1 {
        let read = read.map(|blocks| blocks.memory);
        return work(blocks.start, read, written.map(|blocks| blocks.memory));
    }
    let half = blocks.len() / 2;
    let middle = blocks.start + half;
    let reads = read.map(|Blocks { memory, each }| {
        let (first, second) = memory.split_at(half * each);
        (Blocks { memory: first, each }, Blocks { memory: second, each })
    });
    let (mut first_written, mut second_written) = (written, [const { None }; W]);
    for (first, second) in first_written.iter_mut().zip(&mut second_written) {
        let (before, after) = std::mem::take(&mut first.memory).split_at_mut(half * first.each);
        first.memory = before;
        *second = Some(Blocks { memory: after, each: first.each });
    }
    let second_written = second_written.map(|blocks| blocks.expect("every memory was split"));
    let [first_read, second_read] = [
        reads.each_ref().map(|(first, _)| Blocks { memory: first.memory, each: first.each }),
        reads.each_ref().map(|(_, second)| Blocks { memory: second.memory, each: second.each }),
    ];
    let first = || for_each_block(parallel, blocks.start..middle, first_read, first_written, work);
    let second = || for_each_block(parallel, middle..blocks.end, second_read, second_written, work);
    if parallel {
        rayon::join(first, second);
    } else {
        first();
        second();
    }
}
