//! Masks: packed bits and counts of a recipe.

use inverted_dropout::mask::Mask;
use inverted_dropout::stream::{Address, Domain, Rate};
use inverted_dropout::{Code, Error, Result};
use napi_derive::napi;

use crate::errors::{self, guarded};
use crate::memory::{Bytes, Seed};

/// The domains in the order of their numbers.
const DOMAINS: [Domain; 6] =
    [Domain::User, Domain::Train, Domain::MonteCarlo, Domain::Init, Domain::Shuffle, Domain::Split];

/// The recipe that a call names. `place` is counter word 3 without its plane: the site in bits 0..15, the
/// domain in bits 16..22, and bit 23 for a mask that all rows share.
pub(crate) fn recipe(rate: f64, seed: Seed, place: u32, step: u32, sample: u32) -> Result<Mask> {
    let number = place >> 16 & 0x7f;
    let Some(&domain) = DOMAINS.get(number as usize) else {
        return Err(Error::argument(Code::Range, "domain", number, "a number in [0, 5]"));
    };
    let address =
        Address { seed: seed.0, domain, shared: place >> 23 & 1 == 1, site: place as u16, step, sample };
    Ok(Mask { address, rate: Rate::new(rate)? })
}

/// Writes the keep bits of lanes `start..start + length` into `out`.
#[napi]
pub fn mask_bits(
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    start: f64,
    length: f64,
    #[napi(ts_arg_type = "Uint8Array")] out: Bytes<'_>,
) -> errors::Result<()> {
    guarded(|| {
        // SAFETY: the only slice of a new array.
        let out = unsafe { out.0.as_mut_slice() };
        recipe(rate, seed, place, step, sample)?.bits(start as u64, length as usize, out)
    })
}

/// How many of the lanes `start..start + length` are kept.
#[napi]
pub fn mask_count(
    rate: f64,
    #[napi(ts_arg_type = "bigint")] seed: Seed,
    place: u32,
    step: u32,
    sample: u32,
    start: f64,
    length: f64,
) -> errors::Result<f64> {
    guarded(|| {
        let mask = recipe(rate, seed, place, step, sample)?;
        mask.count(start as u64, length as usize).map(|kept| kept as f64)
    })
}
