//! A drop rate, checked, with what follows from it.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// A drop probability in `[0, 1]`.
///
/// # Precision
/// A lane is dropped iff its 64-bit uniform is below `threshold` = round(p * 2^64): the realised probability is
/// the requested one to within 2^-65, and exact for every p of at least 2^-11 that a double can hold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

impl TryFrom<f64> for Rate {
    type Error = Error;

    fn try_from(rate: f64) -> Result<Self> {
        Rate::new(rate)
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> f64 {
        rate.get()
    }
}

impl Rate {
    /// Never drops.
    pub const ZERO: Rate = Rate(0.0);

    /// Checks a drop probability.
    ///
    /// # Errors
    /// `ERR_RATE` if it is NaN or outside `[0, 1]`.
    pub fn new(rate: f64) -> Result<Rate> {
        Rate::named("rate", rate)
    }

    /// As [`Rate::new`], for an argument of another name.
    ///
    /// # Errors
    /// `ERR_RATE` if it is NaN or outside `[0, 1]`.
    pub fn named(argument: &str, rate: f64) -> Result<Rate> {
        if (0.0..=1.0).contains(&rate) {
            Ok(Rate(rate + 0.0)) // -0 becomes +0
        } else {
            Err(Error::argument(Code::Rate, argument, rate, "a number in [0, 1]"))
        }
    }

    /// The drop probability as given.
    #[inline]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// round(p * 2^64). `None` for p = 1, where no 64-bit threshold would do.
    #[inline]
    pub fn threshold(self) -> Option<u64> {
        const TWO_64: f64 = 18_446_744_073_709_551_616.0;
        (self.0 < 1.0).then(|| (self.0 * TWO_64).round_ties_even() as u64)
    }

    /// The probability that a lane is kept, for the threshold actually used.
    #[inline]
    pub fn keep(self) -> f64 {
        match self.threshold() {
            None => 0.0,
            Some(0) => 1.0,
            // 2^64 - threshold, rounded once to a double and scaled exactly.
            Some(threshold) => threshold.wrapping_neg() as f64 / 18_446_744_073_709_551_616.0,
        }
    }

    /// The factor of inverted dropout, 1 / (1 - p), in double precision; 0 for p = 1, where nothing is kept.
    #[inline]
    pub fn inverse_keep(self) -> f64 {
        if self.always_drops() { 0.0 } else { 1.0 / self.keep() }
    }

    /// Whether no lane is ever dropped: p = 0, or so small that its threshold is 0.
    #[inline]
    pub fn never_drops(self) -> bool {
        self.threshold() == Some(0)
    }

    /// Whether every lane is dropped: p = 1.
    #[inline]
    pub fn always_drops(self) -> bool {
        self.0 == 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_exact() {
        assert_eq!(Rate::new(0.5).unwrap().threshold(), Some(1 << 63));
        assert_eq!(Rate::new(0.25).unwrap().threshold(), Some(1 << 62));
        assert_eq!(Rate::new(0.0).unwrap().threshold(), Some(0));
        assert_eq!(Rate::new(-0.0).unwrap().get().to_bits(), 0);
        assert_eq!(Rate::new(1.0).unwrap().threshold(), None);
        assert_eq!(Rate::new(1.0 - f64::EPSILON / 2.0).unwrap().threshold(), Some(u64::MAX - 2047));
        assert_eq!(Rate::new(2f64.powi(-64)).unwrap().threshold(), Some(1));
        assert_eq!(Rate::new(0.1).unwrap().keep(), 0.9);
    }

    #[test]
    fn what_is_outside_is_refused_by_name() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = Rate::new(bad).unwrap_err();
            assert_eq!(error.code(), Code::Rate);
            assert!(error.to_string().starts_with("`rate` must be a number in [0, 1]; got "), "{error}");
        }
    }
}
