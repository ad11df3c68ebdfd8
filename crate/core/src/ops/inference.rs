//! Dropout in inference: nothing is dropped.

use super::Element;
use super::dropout::{Scaling, same_length};
use crate::error::Result;
use crate::stream::Rate;

/// `out[i]` = `x[i]` times [`Scaling::inference_factor`]: the same bits where the factor is 1, with
/// [`Scaling::Inverted`] or p = 0, and +0 where it is 0, with p = 1, NaN and infinities included.
///
/// # Errors
/// `ERR_SHAPE` if the lengths differ.
pub fn inference<E: Element>(rate: Rate, scaling: Scaling, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    match factor(rate, scaling) {
        Factor::One => out.copy_from_slice(x),
        Factor::Zero => out.fill(E::default()),
        Factor::Other(factor) => out.iter_mut().zip(x).for_each(|(out, x)| *out = *x * factor),
    }
    Ok(())
}

/// As [`inference`], in place.
pub fn inference_in_place<E: Element>(rate: Rate, scaling: Scaling, x: &mut [E]) {
    match factor(rate, scaling) {
        Factor::One => {}
        Factor::Zero => x.fill(E::default()),
        Factor::Other(factor) => x.iter_mut().for_each(|x| *x = *x * factor),
    }
}

/// What elements are multiplied by. A product with 1 would quieten a signalling NaN; one with 0 would keep signs and
/// make NaN of infinities.
enum Factor<E> {
    One,
    Zero,
    Other(E),
}

fn factor<E: Element>(rate: Rate, scaling: Scaling) -> Factor<E> {
    match scaling.inference_factor(rate) {
        1.0 => Factor::One,
        0.0 => Factor::Zero,
        factor => Factor::Other(E::from_f64(factor)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverted_is_the_identity_and_standard_multiplies_by_the_keep_probability() {
        let rate = Rate::new(0.2).unwrap();
        let x = [1.0f32, -0.0, f32::NAN, 10.0];
        let mut out = [0.0; 4];
        inference(rate, Scaling::Inverted, &x, &mut out).unwrap();
        assert_eq!(out.map(f32::to_bits), x.map(f32::to_bits));
        inference(rate, Scaling::Standard, &x, &mut out).unwrap();
        assert_eq!((out[0], out[1].to_bits(), out[3]), (0.8, (-0.0f32).to_bits(), 8.0));
        assert!(out[2].is_nan());
        assert!(inference(rate, Scaling::Inverted, &x, &mut out[..3]).is_err());
    }

    #[test]
    fn standard_scaling_at_its_ends_gives_the_input_and_plus_zero() {
        let signalling = f32::from_bits(0x7fa0_0001);
        let x = [1.0, -2.0, -0.0, f32::NAN, signalling, f32::INFINITY, f32::NEG_INFINITY];
        for (rate, expected) in [(0.0, x.map(f32::to_bits)), (1.0, [0; 7])] {
            let rate = Rate::new(rate).unwrap();
            let mut out = [7.0; 7];
            inference(rate, Scaling::Standard, &x, &mut out).unwrap();
            assert_eq!(out.map(f32::to_bits), expected);
            let mut in_place = x;
            inference_in_place(rate, Scaling::Standard, &mut in_place);
            assert_eq!(in_place.map(f32::to_bits), expected);
        }
    }
}
