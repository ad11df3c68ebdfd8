//! Applying masks with a structure, forward and backward.
//!
//! The keep bits of some rows are drawn into memory that stays in the nearest caches, then the rows are selected by
//! them. Whatever the mask is, it costs its bits and one pass over the elements.

use super::Element;
use super::dropout::{Memory, PARALLEL_FROM, Scaling, same_length};
use super::select::{Factors, SelectRows};
use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::mask::{Scratch, Structured};
use crate::parallel;
use crate::simd::run;
use crate::stream::bernoulli::{Steps, words_per_row};

/// Words of keep bits drawn at a time, where a row does not need more: 16 KiB.
const WORDS: usize = 2048;

/// Row i of `x` is the sample `ids[i]`: kept elements times the factor of the mask go to `out`, dropped ones become +0
/// whatever they were. With [`Scaling::Standard`] the factor is 1. The gradient is the same selection of the gradient
/// of the output.
///
/// # Errors
/// `ERR_SHAPE` if the lengths do not fit, `ERR_ISA` for a bad forced instruction set.
pub fn dropout_structured<E: Element>(
    mask: &Structured,
    scaling: Scaling,
    ids: &[u32],
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    same_length(x, out)?;
    // SAFETY: two slices of the same length that do not overlap.
    unsafe { apply(mask, scaling, ids, x.as_ptr(), out.as_mut_ptr(), x.len()) }
}

/// As [`dropout_structured`], in place.
///
/// # Errors
/// As for [`dropout_structured`].
pub fn dropout_structured_in_place<E: Element>(
    mask: &Structured,
    scaling: Scaling,
    ids: &[u32],
    x: &mut [E],
) -> Result<()> {
    // SAFETY: input and output are the same exclusive slice.
    unsafe { apply(mask, scaling, ids, x.as_ptr(), x.as_mut_ptr(), x.len()) }
}

/// Inference: all elements stay, with [`Scaling::Inverted`] as they are and with [`Scaling::Standard`] times their
/// probability of being kept (what is never kept becomes +0).
///
/// # Errors
/// `ERR_SHAPE` if the lengths differ or `x` is not made of whole rows.
pub fn inference_structured<E: Element>(
    mask: &Structured,
    scaling: Scaling,
    x: &[E],
    out: &mut [E],
) -> Result<()> {
    same_length(x, out)?;
    out.copy_from_slice(x);
    inference_structured_in_place(mask, scaling, out)
}

/// As [`inference_structured`], in place.
///
/// # Errors
/// As for [`inference_structured`].
pub fn inference_structured_in_place<E: Element>(
    mask: &Structured,
    scaling: Scaling,
    x: &mut [E],
) -> Result<()> {
    let width = mask.elements();
    if width == 0 || !x.len().is_multiple_of(width) {
        let allowed = format!("rows of {width} elements");
        return Err(Error::argument(Code::Shape, "x", format!("{} elements", x.len()), allowed));
    }
    if scaling == Scaling::Standard {
        let keeps = mask.position_keeps().unwrap_or_else(|| vec![1.0 - mask.expected_rate()]);
        let keeps: Vec<E> = keeps.into_iter().map(E::from_f64).collect();
        for (x, &keep) in x.iter_mut().zip(keeps.iter().cycle()) {
            *x = match keep {
                keep if keep == E::default() => E::default(),
                keep if keep == E::from_f64(1.0) => *x,
                keep => *x * keep,
            };
        }
    }
    Ok(())
}

/// # Safety
/// `from` and `to` are valid for `length` elements; they are equal or do not overlap.
unsafe fn apply<E: Element>(
    mask: &Structured,
    scaling: Scaling,
    ids: &[u32],
    from: *const E,
    to: *mut E,
    length: usize,
) -> Result<()> {
    let width = mask.elements();
    if ids.len().checked_mul(width) != Some(length) {
        return Err(Error::argument(
            Code::Shape,
            "x",
            format!("{length} elements"),
            format!("{} rows of {width} elements", ids.len()),
        ));
    }
    if length == 0 {
        return Ok(());
    }
    let isa = Isa::active()?;
    let positions = match scaling {
        Scaling::Inverted => mask.position_factors(),
        Scaling::Standard => None,
    };
    let positions: Option<Vec<E>> = positions.map(|factors| factors.into_iter().map(E::from_f64).collect());
    let memory = Memory { from, to };
    parallel::for_each_range(ids.len(), 1, PARALLEL_FROM.div_ceil(width), |range| {
        let each = words_per_row(width);
        let together = (WORDS / each).clamp(1, range.len().max(1));
        // A spare word at the end, for what a register reads past the last row's bits.
        let mut bits = vec![0; together * each + 1];
        let mut scratch = Scratch::default();
        let mut own = Vec::with_capacity(together);
        for start in range.clone().step_by(together) {
            let ids = &ids[start..range.end.min(start + together)];
            let words = &mut bits[..ids.len() * each];
            mask.draw_on(isa, ids, Steps::One(mask.address.step), &mut scratch, words);
            let factors = match (scaling, &positions) {
                (Scaling::Standard, _) => Factors::One(E::from_f64(1.0)),
                (Scaling::Inverted, Some(positions)) => Factors::PerElement(positions),
                (Scaling::Inverted, None) => {
                    own.clear();
                    own.extend(words.chunks_exact(each).map(|row| E::from_f64(mask.row_factor(row))));
                    Factors::PerRow(&own)
                }
            };
            // SAFETY: the ranges are disjoint rows of what the caller guarantees.
            unsafe {
                let (from, to) = memory.at(start * width);
                run(isa, SelectRows { bits: &bits, factors, rows: ids.len(), width, from, to });
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{
        Block, BlockOptions, BlockScale, Border, Broadcast, Exactly, Layout, Rates, Rule, Structure,
    };
    use crate::stream::{Address, Rate};

    fn block(rate: f64, scale: BlockScale, layout: Layout) -> Structure {
        let options = BlockOptions {
            rate: Rate::new(rate).unwrap(),
            positions: vec![7, 7],
            block: vec![3, 3],
            channels: 2,
            layout,
            shared_by_channels: true,
            border: Border::Valid,
            rule: Rule::Exact,
            scale,
        };
        Structure::Block(Block::new(options).unwrap())
    }

    fn structures() -> Vec<Structure> {
        let rate = Rate::new(0.3).unwrap();
        let shape = Broadcast::new(&[3, 5, 7], &[3, 1, 7]).unwrap();
        let own = [0.0, 0.1, 0.5, 0.9, 1.0, 0.3, 0.7].map(|rate| Rate::new(rate).unwrap()).to_vec();
        vec![
            Structure::Broadcast { rates: Rates::One(rate), shape: shape.clone() },
            Structure::Broadcast { rates: Rates::each(own, 21).unwrap(), shape },
            Structure::Exactly(Exactly::new(20, 105).unwrap()),
            block(0.25, BlockScale::Sample, Layout::ChannelsFirst),
            block(0.25, BlockScale::Position, Layout::ChannelsLast),
            block(1.0, BlockScale::Sample, Layout::ChannelsLast),
            block(1.0, BlockScale::Position, Layout::ChannelsLast),
        ]
    }

    #[test]
    fn elements_are_kept_by_their_bits_and_scaled_by_their_factors() {
        let ids: Vec<u32> = (0..70).map(|i| i * 31).collect();
        for structure in structures() {
            let mask = Structured { address: Address { seed: 3, ..Address::default() }, structure };
            let width = mask.elements();
            let mut bits = vec![0; (ids.len() * width).div_ceil(8)];
            mask.bits(&ids, &mut bits).unwrap();
            let mut x: Vec<f32> = (0..ids.len() * width).map(|i| i as f32 + 1.0).collect();
            x[0] = f32::NAN;
            x[1] = f32::INFINITY;
            for scaling in [Scaling::Inverted, Scaling::Standard] {
                let mut out = vec![0.0; x.len()];
                dropout_structured(&mask, scaling, &ids, &x, &mut out).unwrap();
                let positions = mask.position_factors();
                for (i, (&x, &out)) in x.iter().zip(&out).enumerate() {
                    let row = &out_of(&bits, i / width * width, width);
                    let kept = row.iter().filter(|kept| **kept).count();
                    let factor = match (scaling, &positions, &mask.structure) {
                        (Scaling::Standard, ..) => 1.0,
                        (_, Some(factors), _) => factors[i % width],
                        (_, None, Structure::Block(_)) if kept == 0 => 0.0,
                        (_, None, Structure::Block(_)) => width as f64 / kept as f64,
                        (_, None, _) => mask.inverse_keep(),
                    };
                    let expected = if row[i % width] { x * factor as f32 } else { 0.0 };
                    assert!(out.to_bits() == expected.to_bits() || out.is_nan() && expected.is_nan(), "{i}");
                }
                let mut in_place = x.clone();
                dropout_structured_in_place(&mask, scaling, &ids, &mut in_place).unwrap();
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&in_place), bits(&out));
            }
        }
    }

    fn out_of(bits: &[u8], start: usize, count: usize) -> Vec<bool> {
        (start..start + count).map(|i| bits[i / 8] >> (i % 8) & 1 == 1).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let shape = Broadcast::new(&[64, 64], &[64, 1]).unwrap();
        let structure = Structure::Broadcast { rates: Rates::One(Rate::new(0.2).unwrap()), shape };
        let mask = Structured { address: Address::default(), structure };
        let ids: Vec<u32> = (0..200).collect();
        let x: Vec<f64> = (0..200 * 4096).map(f64::from).collect();
        let on = |threads| {
            let mut out = vec![0.0; x.len()];
            parallel::install(threads, || dropout_structured(&mask, Scaling::Inverted, &ids, &x, &mut out))
                .unwrap()
                .unwrap();
            out
        };
        assert!(on(1) == on(3));
        let error = dropout_structured(&mask, Scaling::Inverted, &ids[1..], &x, &mut x.clone()).unwrap_err();
        assert_eq!(error.code(), Code::Shape);
    }
}
