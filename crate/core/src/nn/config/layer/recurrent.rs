//! Recurrent layers: rnn, lstm and gru, with dropout inside.
//!
//! Their masks take sites in this order, each only where there is one: `inputDropout`, `stateDropout`,
//! `candidateDropout`, `zoneout`, `cellZoneout`, `outputDropout`.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor, at_least_one};
use super::yes;
use crate::error::Result;
use crate::nn::config::{Activation, Shape};
use crate::stream::Rate;

/// How long a mask of a recurrent layer lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MaskPer {
    /// A fresh mask at each time step (Zaremba et al. 2014): lane t * features + feature.
    Step,
    /// One mask for the whole sequence (Gal & Ghahramani 2016, "A theoretically grounded application of dropout in
    /// recurrent neural networks"): lane = feature.
    #[default]
    Sequence,
}

/// Inverted dropout of something that a recurrent layer has at each time step: m x / (1 - rate) in training with
/// m ~ Bernoulli(1 - rate), x in inference. What both directions of a bidirectional layer have counts as 2 units
/// features, the forward ones first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SequenceDropout {
    /// Drop probability in [0, 1].
    pub rate: f64,
    /// How long a mask lasts; default the sequence.
    #[serde(default)]
    pub mask: MaskPer,
    /// The mask's place in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl SequenceDropout {
    /// One mask for each sequence, at the next free site.
    pub fn sequence(rate: f64) -> Self {
        SequenceDropout { rate, mask: MaskPer::Sequence, site: None }
    }

    /// A fresh mask at each step, at the next free site.
    pub fn step(rate: f64) -> Self {
        SequenceDropout { rate, mask: MaskPer::Step, site: None }
    }
}

/// Zoneout (Krueger et al. 2017): a unit keeps its previous value, h = m h' + (1 - m) h~ with h' the previous and h~ the
/// new value and m ~ Bernoulli(rate) for each time step, lane t * features + feature; in inference the expectation,
/// h = rate h' + (1 - rate) h~.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ZoneoutConfig {
    /// How likely a unit keeps its previous value, in [0, 1].
    pub rate: f64,
    /// The mask's place in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl ZoneoutConfig {
    /// Zoneout at the next free site.
    pub fn new(rate: f64) -> Self {
        ZoneoutConfig { rate, site: None }
    }
}

/// The activation of an rnn layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RnnActivation {
    /// Hyperbolic tangent.
    #[default]
    Tanh,
    /// Rectified linear unit.
    Relu,
}

impl From<RnnActivation> for Activation {
    fn from(activation: RnnActivation) -> Activation {
        match activation {
            RnnActivation::Tanh => Activation::Tanh,
            RnnActivation::Relu => Activation::Relu,
        }
    }
}

/// The options of any recurrent layer; what it does not have is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecurrentOptions {
    pub(crate) units: usize,
    pub(crate) return_sequences: bool,
    pub(crate) input_dropout: Option<SequenceDropout>,
    pub(crate) output_dropout: Option<SequenceDropout>,
    pub(crate) state_dropout: Option<SequenceDropout>,
    pub(crate) candidate_dropout: Option<SequenceDropout>,
    pub(crate) zoneout: Option<ZoneoutConfig>,
    pub(crate) cell_zoneout: Option<ZoneoutConfig>,
}

/// A rate and a site of a layer, by its name in the configuration.
struct Mask<'a> {
    name: &'static str,
    rate: &'a mut f64,
    site: &'a mut Option<u16>,
}

impl<'a> Mask<'a> {
    fn dropout(name: &'static str, dropout: &'a mut Option<SequenceDropout>) -> Option<Self> {
        dropout.as_mut().map(|SequenceDropout { rate, site, .. }| Mask { name, rate, site })
    }

    fn zoneout(name: &'static str, zoneout: &'a mut Option<ZoneoutConfig>) -> Option<Self> {
        zoneout.as_mut().map(|ZoneoutConfig { rate, site }| Mask { name, rate, site })
    }
}

/// A recurrent layer: the fields that all have, its own, and what it says of itself.
macro_rules! recurrent {
    (
        $(#[$doc:meta])*
        $config:ident, gates: $gates:literal, activation: $activation:expr,
        fields: { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* },
        masks: [$($mask:ident($mask_field:ident, $mask_name:literal)),*]
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $config {
            /// Number of units, at least 1.
            pub units: usize,
            /// Whether a row gives the state after each step, [time, units], or the one after its last step, \[units\];
            /// default true.
            #[serde(default = "yes")]
            pub return_sequences: bool,
            /// Whether a second set of units goes through the sequence from its end, its states standing behind those of
            /// the first: 2 units features; default false. Its tensors have the same names with `Reverse` behind them.
            #[serde(default)]
            pub bidirectional: bool,
            /// Dropout of the input; both directions get the same.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub input_dropout: Option<SequenceDropout>,
            /// Dropout of the output. A layer that gives its last state has one mask for it, lane = feature.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub output_dropout: Option<SequenceDropout>,
            /// Dropout of the previous state where it enters the product with the hidden weights.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub state_dropout: Option<SequenceDropout>,
            /// Units that keep their previous state.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub zoneout: Option<ZoneoutConfig>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $config {
            /// The masks in the order of their sites.
            fn masks(&mut self) -> impl Iterator<Item = Mask<'_>> {
                let masks = [
                    Mask::dropout("inputDropout", &mut self.input_dropout),
                    Mask::dropout("stateDropout", &mut self.state_dropout),
                    $(Mask::$mask($mask_name, &mut self.$mask_field),)*
                    Mask::dropout("outputDropout", &mut self.output_dropout),
                ];
                masks.into_iter().flatten()
            }

            /// What all recurrent layers are planned from.
            #[allow(clippy::needless_update)] // not every layer has every mask
            pub(crate) fn options(&self) -> RecurrentOptions {
                RecurrentOptions {
                    units: self.units,
                    return_sequences: self.return_sequences,
                    input_dropout: self.input_dropout,
                    output_dropout: self.output_dropout,
                    state_dropout: self.state_dropout,
                    $($mask_field: self.$mask_field,)*
                    ..RecurrentOptions::default()
                }
            }

            /// Features of the output.
            fn features(&self) -> Option<usize> {
                self.units.checked_mul(if self.bidirectional { 2 } else { 1 })
            }
        }

        impl Describe for $config {
            fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
                let &[time, _] = input.extents() else {
                    return Err(format!("gets {input}, but needs rows of [time, features]"));
                };
                let features = self.features().filter(|features| {
                    time.checked_mul(*features).is_some_and(|states| states <= MAX_STATES)
                });
                let Some(features) = features else {
                    let units = self.units;
                    return Err(format!("has too many states for {input}: {units} units at {time} steps"));
                };
                let sequence = Shape::new([time, features]);
                Ok(if self.return_sequences { sequence } else { Shape::new([features]) })
            }

            fn tensors(&self, input: &Shape) -> Vec<Tensor> {
                tensors($gates, self.units, input.last(), self.bidirectional)
            }

            fn check(&self, path: &str) -> Result<Result<(), String>> {
                for mask in self.clone().masks() {
                    Rate::named(&format!("{path}.{}.rate", mask.name), *mask.rate)?;
                }
                Ok(at_least_one("units", self.units))
            }

            fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
                self.masks().for_each(|mask| each(mask.site));
            }

            /// That of its mask, if it has just one.
            fn rate(&self) -> Option<f64> {
                let mut own = self.clone();
                let mut masks = own.masks();
                masks.next().map(|mask| *mask.rate).filter(|_| masks.next().is_none())
            }

            fn set_rate(&mut self, rate: Rate) -> bool {
                let single = self.rate().is_some();
                if let Some(mask) = self.masks().next().filter(|_| single) {
                    *mask.rate = rate.get();
                }
                single
            }

            fn activation(&self) -> Option<Activation> {
                let activation: fn(&Self) -> Option<Activation> = $activation;
                activation(self)
            }

            fn effect(&self) -> Effect {
                Effect::Activates(self.activation().unwrap_or(Activation::Tanh))
            }
        }
    };
}

/// More states of a row than this are refused: no data set has them.
const MAX_STATES: usize = 1 << 31;

/// PyTorch's tensors by their names here: weights of the input [gates * units, inputs] and of the state [gates * units,
/// units], a bias for each; all uniform in +-1 / sqrt(units), as PyTorch draws them.
fn tensors(gates: usize, units: usize, inputs: usize, bidirectional: bool) -> Vec<Tensor> {
    let start = Start::Uniform(1.0 / (units as f64).sqrt());
    let rows = gates.saturating_mul(units);
    let directions: &[&str] = if bidirectional { &["", "Reverse"] } else { &[""] };
    let each = directions.iter().flat_map(|direction| {
        [
            Tensor::trained(format!("weightInput{direction}"), [rows, inputs], start),
            Tensor::trained(format!("weightHidden{direction}"), [rows, units], start),
            Tensor::trained(format!("biasInput{direction}"), [rows], start),
            Tensor::trained(format!("biasHidden{direction}"), [rows], start),
        ]
    });
    each.collect()
}

recurrent! {
    /// A simple recurrent layer (Elman 1990), [time, features] -> [time, units] or \[units\]:
    ///
    /// ```text
    /// h_t = f(W_i x_t + b_i + W_h h_{t-1} + b_h),  h_0 = 0
    /// ```
    ///
    /// Equations and tensors are PyTorch's. Steps past a row's length leave the state as it is and give zeros.
    RnnConfig, gates: 1, activation: |layer| Some(layer.activation.into()),
    fields: {
        /// f; default tanh.
        #[serde(default)]
        activation: RnnActivation,
    },
    masks: [zoneout(zoneout, "zoneout")]
}

recurrent! {
    /// Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000),
    /// [time, features] -> [time, units] or \[units\]:
    ///
    /// ```text
    /// i, f, o = sigmoid(W_i x_t + b_i + W_h h_{t-1} + b_h),  g = tanh(...)     rows of the weights: i, f, g, o
    /// c_t = f c_{t-1} + i g,  h_t = o tanh(c_t),  c_0 = h_0 = 0
    /// ```
    ///
    /// Equations and tensors are PyTorch's. Steps past a row's length leave the state as it is and give zeros.
    LstmConfig, gates: 4, activation: |_| None,
    fields: {
        /// Dropout of the candidate g alone: c_t = f c_{t-1} + i d(g) (Semeniuta et al. 2016, "Recurrent dropout without
        /// memory loss", equation 10); what is in memory stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate_dropout: Option<SequenceDropout>,
        /// Units whose memory cell keeps its previous value. The state follows the new value all the same, as in Krueger et
        /// al. 2017.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cell_zoneout: Option<ZoneoutConfig>,
    },
    masks: [
        dropout(candidate_dropout, "candidateDropout"),
        zoneout(zoneout, "zoneout"),
        zoneout(cell_zoneout, "cellZoneout")
    ]
}

recurrent! {
    /// Gated recurrent units (Cho et al. 2014), [time, features] -> [time, units] or \[units\]:
    ///
    /// ```text
    /// r, z = sigmoid(W_i x_t + b_i + W_h h_{t-1} + b_h)                        rows of the weights: r, z, n
    /// n = tanh(W_in x_t + b_in + r (W_hn h_{t-1} + b_hn))
    /// h_t = (1 - z) n + z h_{t-1},  h_0 = 0
    /// ```
    ///
    /// Equations and tensors are PyTorch's. Steps past a row's length leave the state as it is and give zeros.
    GruConfig, gates: 3, activation: |_| None,
    fields: {
        /// Dropout of the candidate n alone: h_t = (1 - z) d(n) + z h_{t-1} (Semeniuta et al. 2016, "Recurrent dropout
        /// without memory loss", equation 11); what is in memory stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate_dropout: Option<SequenceDropout>,
    },
    masks: [dropout(candidate_dropout, "candidateDropout"), zoneout(zoneout, "zoneout")]
}

impl RnnConfig {
    /// A layer that never drops and gives the state after each step.
    pub fn new(units: usize) -> Self {
        RnnConfig {
            units,
            return_sequences: true,
            bidirectional: false,
            input_dropout: None,
            output_dropout: None,
            state_dropout: None,
            zoneout: None,
            activation: RnnActivation::Tanh,
        }
    }
}

impl LstmConfig {
    /// A layer that never drops and gives the state after each step.
    pub fn new(units: usize) -> Self {
        LstmConfig {
            units,
            return_sequences: true,
            bidirectional: false,
            input_dropout: None,
            output_dropout: None,
            state_dropout: None,
            zoneout: None,
            candidate_dropout: None,
            cell_zoneout: None,
        }
    }
}

impl GruConfig {
    /// A layer that never drops and gives the state after each step.
    pub fn new(units: usize) -> Self {
        GruConfig {
            units,
            return_sequences: true,
            bidirectional: false,
            input_dropout: None,
            output_dropout: None,
            state_dropout: None,
            zoneout: None,
            candidate_dropout: None,
        }
    }
}
