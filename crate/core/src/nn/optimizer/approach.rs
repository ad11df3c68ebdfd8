//! A step of an array towards another one: what weighted and moving averages are made of.

use super::{PARALLEL, PIECE};
use crate::error::Result;
use crate::isa::{Isa, Kernel};
use crate::nn::scalar::Scalar;
use crate::parallel;

/// Values that are put aside and then changed: they are still in the nearest cache.
const BLOCK: usize = 4096;

/// `values` = `values` + `share` (`towards` - `values`); what `values` were goes into `previous`, where there is one.
///
/// One pass over memory, shared out among the threads of the current pool where there is enough of it; the bits do not
/// depend on their number. Allocates nothing.
///
/// # Errors
/// `ERR_ISA` if the forced instruction set does not exist here.
///
/// # Panics
/// If the lengths differ.
pub(in crate::nn) fn approach<T: Scalar>(
    values: &mut [T],
    previous: Option<&mut [T]>,
    towards: &[T],
    share: f64,
) -> Result<()> {
    assert_eq!(values.len(), towards.len());
    assert!(previous.as_ref().is_none_or(|previous| previous.len() == values.len()));
    let isa = Isa::active()?;
    let piece = Approach { values, previous, towards, share: T::from_f64(share) };
    if towards.len() < PARALLEL || parallel::current_threads() == 1 {
        T::dispatch(isa, piece);
    } else {
        in_parallel(isa, piece);
    }
    Ok(())
}

/// Splits at a multiple of [`PIECE`] until pieces are left.
fn in_parallel<T: Scalar>(isa: Isa, all: Approach<'_, T>) {
    let Approach { values, previous, towards, share } = all;
    if towards.len() <= PIECE {
        return T::dispatch(isa, Approach { values, previous, towards, share });
    }
    let middle = towards.len().div_ceil(PIECE) / 2 * PIECE;
    let (values, values2) = values.split_at_mut(middle);
    let (towards, towards2) = towards.split_at(middle);
    let (previous, previous2) = previous.map(|previous| previous.split_at_mut(middle)).unzip();
    rayon::join(
        || in_parallel(isa, Approach { values, previous, towards, share }),
        || in_parallel(isa, Approach { values: values2, previous: previous2, towards: towards2, share }),
    );
}

/// A piece of the arrays, compiled for each instruction set.
struct Approach<'a, T> {
    values: &'a mut [T],
    previous: Option<&'a mut [T]>,
    towards: &'a [T],
    share: T,
}

impl<T: Scalar> Kernel for Approach<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Approach { values, mut previous, towards, share } = self;
        for (block, (values, towards)) in values.chunks_mut(BLOCK).zip(towards.chunks(BLOCK)).enumerate() {
            if let Some(previous) = &mut previous {
                previous[block * BLOCK..][..values.len()].copy_from_slice(values);
            }
            for (value, &towards) in values.iter_mut().zip(towards) {
                *value += share * (towards - *value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, factor: f32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * factor).sin()).collect()
    }

    #[test]
    fn every_element_moves_by_its_share_and_leaves_what_it_was() {
        for count in [0, 1, BLOCK - 1, BLOCK + 1, 2 * PARALLEL + 77] {
            let (start, towards) = (numbers(count, 0.7), numbers(count, 0.3));
            let expected: Vec<f32> = start.iter().zip(&towards).map(|(a, b)| a + 0.25 * (b - a)).collect();
            for threads in [1, 3] {
                let (mut values, mut previous) = (start.clone(), vec![f32::NAN; count]);
                let run = || approach(&mut values, Some(&mut previous), &towards, 0.25);
                parallel::install(threads, run).unwrap().unwrap();
                assert!(values == expected, "{count} on {threads} threads");
                assert!(previous == start, "{count} on {threads} threads");
                let mut values = start.clone();
                parallel::install(threads, || approach(&mut values, None, &towards, 0.25)).unwrap().unwrap();
                assert!(values == expected, "{count} on {threads} threads, without `previous`");
            }
        }
    }
}
