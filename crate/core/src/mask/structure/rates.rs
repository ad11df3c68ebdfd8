//! The rates of a row's lanes: one for all, or each its own.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::isa::Isa;
use crate::stream::bernoulli::{LaneThresholds, Steps, keep_lane_rates, keep_rows};
use crate::stream::{Address, Rate};

/// How likely the lanes of a row drop.
#[derive(Clone, Debug, PartialEq)]
pub enum Rates {
    /// All at the same rate.
    One(Rate),
    /// Lane i at rate i; the rates begin again after the last.
    Each(EachRate),
}

/// A rate for each lane of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct EachRate {
    rates: Vec<Rate>,
    thresholds: LaneThresholds,
}

impl Rates {
    /// A rate for each of `lanes` lanes: lane i has `rates[i % rates.len()]`, so that the rates of the last axes serve
    /// all that is before them. Takes 9 bytes a lane.
    ///
    /// # Errors
    /// `ERR_SHAPE` unless the lanes are a multiple of the rates.
    pub fn each(rates: Vec<Rate>, lanes: usize) -> Result<Self> {
        if rates.is_empty() || !lanes.is_multiple_of(rates.len()) {
            let got = format!("{} rates", rates.len());
            let allowed = format!("a list whose length divides the {lanes} lanes of a row");
            return Err(Error::argument(Code::Shape, "rate", got, allowed));
        }
        let thresholds = LaneThresholds::new(&rates, lanes);
        Ok(Rates::Each(EachRate { rates, thresholds }))
    }

    /// The mean over the lanes.
    pub(super) fn mean(&self) -> f64 {
        match self {
            Rates::One(rate) => rate.get(),
            Rates::Each(EachRate { rates, .. }) => {
                rates.iter().map(|rate| rate.get()).sum::<f64>() / rates.len() as f64
            }
        }
    }

    /// The probability that a lane is kept, where it differs from lane to lane.
    pub(super) fn keep_of(&self) -> Option<impl Fn(usize) -> f64> {
        match self {
            Rates::One(_) => None,
            Rates::Each(EachRate { rates, .. }) => Some(|lane: usize| rates[lane % rates.len()].keep()),
        }
    }

    /// As it is written: a number or a list of them.
    pub(super) fn written(&self) -> WrittenRates {
        match self {
            Rates::One(rate) => WrittenRates::One(rate.get()),
            Rates::Each(each) => WrittenRates::Each(each.rates.iter().map(|rate| rate.get()).collect()),
        }
    }

    /// The keep bits of rows, as [`keep_rows`] has them.
    pub(super) fn draw(
        &self,
        isa: Isa,
        address: &Address,
        ids: &[u32],
        steps: Steps<'_>,
        lanes: usize,
        out: &mut [u64],
    ) {
        match self {
            Rates::One(rate) => keep_rows(isa, address, *rate, ids, steps, lanes, out),
            Rates::Each(each) => keep_lane_rates(isa, address, &each.thresholds, ids, steps, lanes, out),
        }
    }
}

/// One rate or many, in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum WrittenRates {
    One(f64),
    Each(Vec<f64>),
}

impl WrittenRates {
    pub(super) fn read(self, lanes: usize) -> Result<Rates> {
        match self {
            WrittenRates::One(rate) => Rate::new(rate).map(Rates::One),
            WrittenRates::Each(rates) => {
                let named = |(i, &rate): (usize, &f64)| Rate::named(&format!("rate[{i}]"), rate);
                Rates::each(rates.iter().enumerate().map(named).collect::<Result<_>>()?, lanes)
            }
        }
    }
}
