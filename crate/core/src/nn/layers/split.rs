//! Work in blocks of fixed sizes, on the threads of the pool it runs in.

use crate::parallel;

/// Blocks that batches are cut into where their results are summed or where each needs scratch: fixed, so that sums do
/// not depend on the number of threads.
pub(crate) const BLOCKS: usize = 16;

/// Multiply-adds, or elements, from which on more than one thread pays.
pub(crate) const PARALLEL_FROM: usize = 1 << 17;

/// Calls `work` with the number of each block and its parts of `a` and `b`, of `each` elements but for the last.
pub(crate) fn for_each_block<A: Send, B: Send>(
    blocks: usize,
    (a, each_a): (&mut [A], usize),
    (b, each_b): (&mut [B], usize),
    amount: usize,
    work: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    let parallel = amount >= PARALLEL_FROM && parallel::current_threads() > 1;
    halve(0, blocks, (a, each_a), (b, each_b), parallel, &work);
}

fn halve<A: Send, B: Send>(
    first: usize,
    blocks: usize,
    (a, each_a): (&mut [A], usize),
    (b, each_b): (&mut [B], usize),
    parallel: bool,
    work: &(impl Fn(usize, &mut [A], &mut [B]) + Sync),
) {
    match blocks {
        0 => {}
        1 => {
            let (a_end, b_end) = (each_a.min(a.len()), each_b.min(b.len()));
            work(first, &mut a[..a_end], &mut b[..b_end]);
        }
        _ => {
            let half = blocks / 2;
            let (a, a_rest) = a.split_at_mut((half * each_a).min(a.len()));
            let (b, b_rest) = b.split_at_mut((half * each_b).min(b.len()));
            let mut lower = || halve(first, half, (a, each_a), (b, each_b), parallel, work);
            let mut upper =
                || halve(first + half, blocks - half, (a_rest, each_a), (b_rest, each_b), parallel, work);
            if parallel {
                rayon::join(lower, upper);
            } else {
                lower();
                upper();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_gets_its_parts_once() {
        for (length, each) in [(10, 3), (9, 3), (1, 5), (0, 4)] {
            for threads in [1, 3] {
                let (mut a, mut b) = (vec![0; length], vec![0; 2 * length]);
                let blocks = length.div_ceil(each);
                let run = || {
                    for_each_block(
                        blocks,
                        (&mut a, each),
                        (&mut b, 2 * each),
                        PARALLEL_FROM,
                        |block, a, b| {
                            assert_eq!(b.len(), 2 * a.len());
                            a.iter_mut().chain(b).for_each(|value| *value += block + 1);
                        },
                    );
                };
                parallel::install(threads, run).unwrap();
                assert!(a.iter().enumerate().all(|(i, value)| *value == i / each + 1));
                assert!(b.iter().enumerate().all(|(i, value)| *value == i / 2 / each + 1));
            }
        }
    }
}
