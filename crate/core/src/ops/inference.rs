//! Dropout in inference: nothing is dropped.

use super::Element;
use super::dropout::{Scaling, same_length};
use crate::error::Result;
use crate::stream::Rate;

/// `out[i]` = `x[i]` times [`Scaling::inference_factor`]; with [`Scaling::Inverted`] the same bits.
///
/// # Errors
/// `ERR_SHAPE` if the lengths differ.
pub fn inference<E: Element>(rate: Rate, scaling: Scaling, x: &[E], out: &mut [E]) -> Result<()> {
    same_length(x, out)?;
    out.copy_from_slice(x);
    inference_in_place(rate, scaling, out);
    Ok(())
}

/// As [`inference`], in place.
pub fn inference_in_place<E: Element>(rate: Rate, scaling: Scaling, x: &mut [E]) {
    if scaling == Scaling::Inverted {
        return; // a product with 1 would quieten a signalling NaN
    }
    let factor = E::from_f64(scaling.inference_factor(rate));
    for x in x {
        *x = *x * factor;
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
}
