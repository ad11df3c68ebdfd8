//! Layer norm, self-attention and the transformer block they make.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect, Start, Tensor, at_least_one};
use super::yes;
use crate::error::Result;
use crate::mask::{Attention, Per};
use crate::nn::config::{Activation, Initializer, Shape};
use crate::ops::fused::EPSILON;
use crate::stream::Rate;

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis (Ba, Kiros & Hinton 2016, "Layer
/// normalization", equations 3 and 4). The variance is that of the vector's elements, divided by their number.
///
/// Tensors: `gamma` \[features\], from 1; `beta` \[features\], from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerNormConfig {
    /// Added to the variance, above 0; default 1e-5.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
}

impl Default for LayerNormConfig {
    fn default() -> Self {
        LayerNormConfig { epsilon: EPSILON }
    }
}

fn epsilon() -> f64 {
    EPSILON
}

impl Describe for LayerNormConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        Ok(input.with_last(input.last()))
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let features = [input.last()];
        vec![
            Tensor::trained("gamma", features, Start::Constant(1.0)),
            Tensor::trained("beta", features, Start::Constant(0.0)),
        ]
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(check_epsilon(self.epsilon))
    }

    fn effect(&self) -> Effect {
        Effect::Activates(Activation::Identity)
    }
}

/// Attention of each step of a row to the steps of the row, in several heads (Vaswani et al. 2017, "Attention is all
/// you need", sections 3.2.1 and 3.2.2), on rows of `[steps, features]`:
///
/// ```text
/// [q k v] = x inputWeight' + inputBias      for each head: softmax(q k' / sqrt(features / heads)) v
/// y = [heads] outputWeight' + outputBias
/// ```
///
/// In training the weights after the softmax drop: a weight is multiplied by m / (1 - dropout), m ~ Bernoulli(1 -
/// dropout). Steps past a row's length are not seen and give zeros: they have neither an influence nor a gradient.
///
/// Tensors, those of PyTorch's `MultiheadAttention` one to one: `inputWeight` [3 features, features] (queries, keys,
/// values), `inputBias` [3 features], `outputWeight` [features, features], `outputBias` \[features\]; weights begin
/// Glorot-uniform, biases at 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelfAttentionConfig {
    /// How many heads the features are divided among, 1 to 256; a divisor of the features.
    pub heads: usize,
    /// Whether a step sees itself and earlier steps only; default false.
    #[serde(default)]
    pub causal: bool,
    /// How likely a weight drops, in [0, 1]; default 0.
    #[serde(default)]
    pub dropout: f64,
    /// Which weights drop together; default each by itself.
    #[serde(default = "element", skip_serializing_if = "is_element")]
    pub per: Per,
    /// Whether there are biases; default true.
    #[serde(default = "yes")]
    pub bias: bool,
    /// The place of the weights' mask in the stream; by default the smallest one that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

fn element() -> Per {
    Per::Element
}

fn is_element(per: &Per) -> bool {
    *per == Per::Element
}

impl SelfAttentionConfig {
    /// So many heads, with biases and without dropout.
    pub fn new(heads: usize) -> Self {
        SelfAttentionConfig { heads, causal: false, dropout: 0.0, per: Per::Element, bias: true, site: None }
    }
}

impl Describe for SelfAttentionConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let heads = self.heads;
        let &[steps, features] = input.extents() else {
            return Err(format!("gets {input}; it needs [steps, features]"));
        };
        if !features.is_multiple_of(heads) {
            return Err(format!("gets {input}, whose {features} features do not divide into {heads} heads"));
        }
        // Whether the mask stream can tell the weights apart.
        Attention::new(self.per, [heads, steps, steps], false).map_err(|error| error.to_string())?;
        Ok(input.with_last(features))
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let features = input.last();
        let mut tensors = Vec::new();
        for (name, outputs) in [("input", 3 * features), ("output", features)] {
            let start = glorot(features, outputs);
            tensors.push(Tensor::trained(format!("{name}Weight"), [outputs, features], start));
            if self.bias {
                tensors.push(Tensor::trained(format!("{name}Bias"), [outputs], Start::Constant(0.0)));
            }
        }
        tensors
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.dropout"), self.dropout)?;
        Ok(at_least_one("heads", self.heads))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.dropout)
    }

    fn set_rate(&mut self, rate: Rate) -> bool {
        self.dropout = rate.get();
        true
    }

    fn effect(&self) -> Effect {
        Effect::Activates(Activation::Identity)
    }
}

/// A block of a transformer's encoder, or with `causal` of a decoder without a second input, on rows of
/// `[steps, features]`; d are dropouts of single elements:
///
/// ```text
/// preNorm:    h = x + d(attention(norm1(x)))      y = h + d(W2 d(f(W1 norm2(h) + b1)) + b2)
/// otherwise:  h = norm1(x + d(attention(x)))      y = norm2(h + d(W2 d(f(W1 h + b1)) + b2))
/// ```
///
/// The second is that of Vaswani et al. 2017, the first that of Xiong et al. 2020, "On layer normalization in the
/// transformer architecture", which trains without a warm-up. Values are those of PyTorch's `TransformerEncoderLayer`.
///
/// Tensors: `norm1.gamma`, `norm1.beta`, then those of self-attention as `attention.inputWeight` and so on,
/// `norm2.gamma`, `norm2.beta`, `feedForward1.weight` [hidden, features], `feedForward1.bias`, `feedForward2.weight`
/// [features, hidden], `feedForward2.bias`. Weights begin Glorot-uniform, biases at 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransformerBlockConfig {
    /// How many heads the features are divided among, 1 to 256; a divisor of the features.
    pub heads: usize,
    /// Units of the feed-forward part's inner layer, at least 1; four times the features is usual.
    pub hidden: usize,
    /// f, any but softmax; default ReLU.
    #[serde(default = "relu")]
    pub activation: Activation,
    /// Whether the norms come before the branches, in the place of after the sums; default true.
    #[serde(default = "yes")]
    pub pre_norm: bool,
    /// Whether a step sees itself and earlier steps only; default false.
    #[serde(default)]
    pub causal: bool,
    /// The rate of what each branch gives, before it is added, in [0, 1]; default 0.
    #[serde(default)]
    pub dropout: f64,
    /// The rate of attention weights; default that of `dropout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention_dropout: Option<f64>,
    /// The rate within the feed-forward part; default that of `dropout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed_forward_dropout: Option<f64>,
    /// Added to the variances of the norms, above 0; default 1e-5.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
    /// The places of the masks in the stream; by default the smallest ones that are free, in this order.
    #[serde(default, skip_serializing_if = "TransformerSites::is_default")]
    pub sites: TransformerSites,
}

/// The places of a transformer block's masks, in the order in which they take their sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransformerSites {
    /// Of the attention weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<u16>,
    /// Of what attention gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<u16>,
    /// Of the inner layer of the feed-forward part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<u16>,
    /// Of what the feed-forward part gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed_forward: Option<u16>,
}

impl TransformerSites {
    fn is_default(&self) -> bool {
        *self == TransformerSites::default()
    }
}

fn relu() -> Activation {
    Activation::Relu
}

impl TransformerBlockConfig {
    /// A pre-norm block with ReLU and without dropout.
    pub fn new(heads: usize, hidden: usize) -> Self {
        TransformerBlockConfig {
            heads,
            hidden,
            activation: Activation::Relu,
            pre_norm: true,
            causal: false,
            dropout: 0.0,
            attention_dropout: None,
            feed_forward_dropout: None,
            epsilon: EPSILON,
            sites: TransformerSites::default(),
        }
    }

    /// The block's attention as a layer.
    pub(crate) fn attention(&self) -> SelfAttentionConfig {
        SelfAttentionConfig {
            causal: self.causal,
            dropout: self.attention_dropout.unwrap_or(self.dropout),
            site: self.sites.weights,
            ..SelfAttentionConfig::new(self.heads)
        }
    }

    /// The rate of the inner layer.
    pub(crate) fn hidden_dropout(&self) -> f64 {
        self.feed_forward_dropout.unwrap_or(self.dropout)
    }

    /// The block's norms as layers.
    fn norm(&self) -> LayerNormConfig {
        LayerNormConfig { epsilon: self.epsilon }
    }
}

impl Describe for TransformerBlockConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        self.attention().output_shape(input)
    }

    fn tensors(&self, input: &Shape) -> Vec<Tensor> {
        let features = input.last();
        let named = |part: &str, tensors: Vec<Tensor>| {
            let rename = |tensor: Tensor| Tensor { name: format!("{part}.{}", tensor.name), ..tensor };
            tensors.into_iter().map(rename).collect::<Vec<_>>()
        };
        let linear = |inputs: usize, outputs: usize| {
            vec![
                Tensor::trained("weight", [outputs, inputs], glorot(inputs, outputs)),
                Tensor::trained("bias", [outputs], Start::Constant(0.0)),
            ]
        };
        [
            named("norm1", self.norm().tensors(input)),
            named("attention", self.attention().tensors(input)),
            named("norm2", self.norm().tensors(input)),
            named("feedForward1", linear(features, self.hidden)),
            named("feedForward2", linear(self.hidden, features)),
        ]
        .concat()
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        let rates = [
            ("dropout", Some(self.dropout)),
            ("attentionDropout", self.attention_dropout),
            ("feedForwardDropout", self.feed_forward_dropout),
        ];
        for (name, rate) in rates {
            rate.map_or(Ok(Rate::ZERO), |rate| Rate::named(&format!("{path}.{name}"), rate))?;
        }
        if self.activation == Activation::Softmax {
            return Ok(Err("`activation` must be one of single elements; got softmax".into()));
        }
        Ok(at_least_one("heads", self.heads)
            .and_then(|()| at_least_one("hidden", self.hidden))
            .and_then(|()| check_epsilon(self.epsilon)))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        let TransformerSites { weights, attention, hidden, feed_forward } = &mut self.sites;
        [weights, attention, hidden, feed_forward].into_iter().for_each(each);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.dropout)
    }

    /// Rates that are given by themselves stay.
    fn set_rate(&mut self, rate: Rate) -> bool {
        self.dropout = rate.get();
        true
    }

    fn effect(&self) -> Effect {
        Effect::Activates(Activation::Identity)
    }
}

fn glorot(inputs: usize, outputs: usize) -> Start {
    Start::Weights { initializer: Initializer::GlorotUniform, inputs, outputs }
}

fn check_epsilon(epsilon: f64) -> Result<(), String> {
    // A number that single precision holds as 0 would let a constant vector divide by 0.
    if epsilon as f32 > 0.0 && epsilon.is_finite() {
        return Ok(());
    }
    Err(format!("`epsilon` must be a number above 0 in single precision; got {epsilon}"))
}
