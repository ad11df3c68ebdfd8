//! The recipe of an element mask: a rate and the address of its random bits.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::stream::{Address, Domain, GROUP, Rate, STREAM_VERSION, bernoulli};

/// An element mask: lane i is dropped with probability `rate`, independently of all other lanes.
///
/// A mask is a value of a few bytes and a pure function: the same recipe gives the same bits on every machine,
/// for any number of threads. It serialises as
/// `{"streamVersion":1,"rate":0.5,"seed":"42","site":0,"domain":"user","step":0,"sample":0}`, with
/// `"shared":true` where one mask serves all rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Mask {
    /// Where the random bits come from.
    pub address: Address,
    /// How likely a lane is dropped.
    pub rate: Rate,
}

/// The lanes one sample has: its groups of 128 are counted by one 32-bit word.
pub const MAX_LANES: u64 = (GROUP as u64) << 32;

impl Mask {
    /// Packed keep bits of lanes `start..start + length`: lane `start + i` is bit `i % 8` of byte `i / 8`, 1 =
    /// kept. Bits past the end of the last byte are 0.
    ///
    /// # Errors
    /// `ERR_SHAPE` unless `out` holds `length / 8` bytes, rounded up; `ERR_RANGE` past [`MAX_LANES`].
    pub fn bits(&self, start: u64, length: usize, out: &mut [u8]) -> Result<()> {
        let bytes = length.div_ceil(8);
        if out.len() != bytes {
            return Err(Error::argument(
                Code::Shape,
                "out",
                format!("{} bytes", out.len()),
                format!("{bytes} bytes"),
            ));
        }
        self.chunks(start, length, |at, count, words| {
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            for (out, byte) in out[at / 8..(at + count).div_ceil(8)].iter_mut().zip(bytes) {
                *out = byte;
            }
        })
    }

    /// How many of the lanes `start..start + length` are kept.
    ///
    /// # Errors
    /// `ERR_RANGE` past [`MAX_LANES`].
    pub fn count(&self, start: u64, length: usize) -> Result<u64> {
        let mut kept = 0;
        self.chunks(start, length, |_, _, words| {
            kept += words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        })?;
        Ok(kept)
    }

    /// Calls `each(offset, count, words)` for successive pieces of the range; `words` hold `count` keep bits
    /// from bit 0 on and zeros after them. Every offset is a multiple of 64.
    fn chunks(&self, start: u64, length: usize, mut each: impl FnMut(usize, usize, &[u64])) -> Result<()> {
        check_lanes(start, length)?;
        let isa = Isa::active()?;
        const WORDS: usize = 128;
        let mut words = [0u64; WORDS + 2];
        let mut done = 0;
        while done < length {
            let count = (length - done).min(WORDS * 64 - GROUP);
            let first = start + done as u64;
            let skip = (first % GROUP as u64) as usize;
            let groups = (skip + count).div_ceil(GROUP);
            bernoulli::keep_groups(
                isa,
                &self.address,
                self.rate,
                (first / GROUP as u64) as u32,
                &mut words[..2 * groups],
            );
            shift_down(&mut words[..2 * groups + 1], skip);
            let used = count.div_ceil(64);
            if !count.is_multiple_of(64) {
                words[used - 1] &= (1 << (count % 64)) - 1;
            }
            each(done, count, &words[..used]);
            done += count;
        }
        Ok(())
    }
}

/// Refuses lanes that a sample does not have.
pub(crate) fn check_lanes(start: u64, length: usize) -> Result<()> {
    match start.checked_add(length as u64) {
        Some(end) if end <= MAX_LANES => Ok(()),
        _ => Err(Error::argument(
            Code::Range,
            "start + length",
            u128::from(start) + length as u128,
            format!("at most 2^39 = {MAX_LANES} lanes in one sample"),
        )),
    }
}

/// Moves all bits down by `bits`; the last word is spare.
pub(crate) fn shift_down(words: &mut [u64], bits: usize) {
    let (whole, part) = (bits / 64, bits % 64);
    for i in 0..words.len() - 1 - whole {
        let (low, high) = (words[i + whole], words[i + whole + 1]);
        words[i] = if part == 0 { low } else { low >> part | high << (64 - part) };
    }
}

/// A recipe as it is written in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    stream_version: u32,
    rate: f64,
    seed: String,
    site: u16,
    domain: Domain,
    step: u32,
    sample: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
}

impl From<Mask> for Written {
    fn from(mask: Mask) -> Self {
        let Address { seed, domain, shared, site, step, sample } = mask.address;
        Written {
            stream_version: STREAM_VERSION,
            rate: mask.rate.get(),
            seed: seed.to_string(),
            site,
            domain,
            step,
            sample,
            shared,
        }
    }
}

impl TryFrom<Written> for Mask {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        if written.stream_version != STREAM_VERSION {
            return Err(Error::argument(
                Code::Version,
                "streamVersion",
                written.stream_version,
                format!("{STREAM_VERSION}, the version this library draws"),
            ));
        }
        let seed = written.seed.parse().map_err(|_| {
            Error::argument(Code::Range, "seed", &written.seed, "a decimal number in [0, 2^64)")
        })?;
        let Written { rate, site, domain, step, sample, shared, .. } = written;
        Ok(Mask { address: Address { seed, domain, shared, site, step, sample }, rate: Rate::new(rate)? })
    }
}
