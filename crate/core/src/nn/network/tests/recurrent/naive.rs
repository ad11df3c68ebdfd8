//! The equations step by step, one number at a time, with masks from the reference of the stream.

use crate::nn::config::{MaskPer, RecurrentOptions, SequenceDropout, ZoneoutConfig};
use crate::nn::{Mode, Network};
use crate::stream::reference::keep_lane;
use crate::stream::{Address, Rate};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Tanh,
    Relu,
    Lstm,
    Gru,
}

/// The first layer of a network, applied to one row.
pub(super) struct Naive<'a> {
    pub(super) network: &'a Network<f64>,
    pub(super) kind: Kind,
    pub(super) options: RecurrentOptions,
    pub(super) inputs: usize,
    pub(super) mode: Mode,
    pub(super) id: u32,
    pub(super) step: u32,
}

impl Naive<'_> {
    fn keeps(&self, site: Option<u16>, rate: f64, lane: usize) -> Option<bool> {
        let seed = self.network.config().seed;
        let (sample, step) = (self.id, self.step);
        let domain = self.mode.domain()?;
        let address = Address { seed, domain, site: site.unwrap(), step, sample, shared: false };
        Some(keep_lane(&address, lane as u64, Rate::new(rate).unwrap()))
    }

    fn drop(&self, drop: Option<SequenceDropout>, x: f64, t: usize, feature: usize, features: usize) -> f64 {
        let Some(SequenceDropout { rate, mask, site }) = drop else { return x };
        let lane = if mask == MaskPer::Step { t * features + feature } else { feature };
        match self.keeps(site, rate, lane) {
            None => x,
            Some(true) => x / (1.0 - rate),
            Some(false) => 0.0,
        }
    }

    fn zone(&self, zone: Option<ZoneoutConfig>, new: f64, before: f64, lane: usize) -> f64 {
        let Some(ZoneoutConfig { rate, site }) = zone else { return new };
        match self.keeps(site, rate, lane) {
            None => rate * before + (1.0 - rate) * new,
            Some(true) => new,
            Some(false) => before,
        }
    }

    /// The output for a row of which `length` steps are data, and its gates' sums if asked for.
    pub(super) fn row(&self, x: &[f64], length: usize) -> Vec<f64> {
        let get = |name: String| self.network.parameters().get(&format!("layers.0.{name}"));
        let directions = if get("weightInputReverse".into()).is_some() { 2 } else { 1 };
        let (units, inputs, o) = (self.options.units, self.inputs, &self.options);
        let (time, features) = (x.len() / inputs, directions * units);
        let mut sequence = vec![0.0; time * features];
        let mut last = vec![0.0; features];
        for direction in 0..directions {
            let of = |name: &str| get(format!("{name}{}", ["", "Reverse"][direction])).unwrap();
            let (wi, wh) = (of("weightInput"), of("weightHidden"));
            let (bi, bh) = (of("biasInput"), of("biasHidden"));
            let (mut h, mut c) = (vec![0.0; units], vec![0.0; units]);
            for at in 0..length {
                let t = if direction == 0 { at } else { length - 1 - at };
                let lane = |unit: usize| direction * units + unit;
                let entering: Vec<f64> =
                    (0..units).map(|u| self.drop(o.state_dropout, h[u], t, lane(u), features)).collect();
                let of_input = |gate: usize, u: usize| {
                    let row = gate * units + u;
                    let product = |i| {
                        let x = self.drop(o.input_dropout, x[t * inputs + i], t, i, inputs);
                        wi[row * inputs + i] * x
                    };
                    (0..inputs).map(product).sum::<f64>() + bi[row]
                };
                let of_state = |gate: usize, u: usize| {
                    let row = gate * units + u;
                    (0..units).map(|k| wh[row * units + k] * entering[k]).sum::<f64>() + bh[row]
                };
                let both = |gate, u| of_input(gate, u) + of_state(gate, u);
                let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
                let (h_before, c_before) = (h.clone(), c.clone());
                for u in 0..units {
                    let candidate = |g: f64| self.drop(o.candidate_dropout, g, t, lane(u), features);
                    let new = match self.kind {
                        Kind::Tanh => both(0, u).tanh(),
                        Kind::Relu => both(0, u).max(0.0),
                        Kind::Lstm => {
                            let new = sigmoid(both(1, u)) * c_before[u]
                                + sigmoid(both(0, u)) * candidate(both(2, u).tanh());
                            c[u] = self.zone(o.cell_zoneout, new, c_before[u], t * features + lane(u));
                            sigmoid(both(3, u)) * new.tanh()
                        }
                        Kind::Gru => {
                            let (r, z) = (sigmoid(both(0, u)), sigmoid(both(1, u)));
                            let n = (of_input(2, u) + r * of_state(2, u)).tanh();
                            (1.0 - z) * candidate(n) + z * h_before[u]
                        }
                    };
                    h[u] = self.zone(o.zoneout, new, h_before[u], t * features + lane(u));
                    sequence[t * features + lane(u)] =
                        self.drop(o.output_dropout, h[u], t, lane(u), features);
                    last[lane(u)] = self.drop(o.output_dropout, h[u], 0, lane(u), features);
                }
            }
        }
        if o.return_sequences { sequence } else { last }
    }
}
