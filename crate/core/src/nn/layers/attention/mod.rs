//! Self-attention: a product to queries, keys and values, attention of each head, a product of all heads.
//!
//! Queries, keys and values stay side by side as the product gives them, and heads within a vector, so that nothing is
//! copied between the products and attention.

mod kernel;
mod plain;

pub(crate) use kernel::Attend;

use std::ops::Range;

use super::{Context, Flow, Layer, Memory, Room};
use crate::error::Result;
use crate::mask::Per;
use crate::nn::Scalar;
use crate::nn::config::{SelfAttentionConfig, Shape, Share};
use crate::nn::epilogue::{Epilogue, Source};
use crate::nn::product;
use crate::ops::attention::{AttentionDropout, PackedAttention};
use crate::stream::{Address, Rate};

/// Attention within rows of `steps` vectors of `features` numbers.
#[derive(Clone, Debug)]
pub(crate) struct SelfAttention {
    steps: usize,
    features: usize,
    heads: usize,
    causal: bool,
    drop: Option<WeightDrop>,
    input: Linear,
    output: Linear,
    epilogue: Epilogue,
}

/// The dropout of weights.
#[derive(Clone, Copy, Debug)]
struct WeightDrop {
    rate: Rate,
    per: Per,
    site: u16,
}

/// Where weights and a bias lie among the parameters.
#[derive(Clone, Debug)]
struct Linear {
    weight: Range<usize>,
    bias: Option<Range<usize>>,
}

impl SelfAttention {
    /// With the layer's tensors in its order, on rows of `input`.
    pub(crate) fn new(config: &SelfAttentionConfig, tensors: &[Range<usize>], input: &Shape) -> Result<Self> {
        let features = input.last();
        let rate = Rate::new(config.dropout)?;
        let site = config.site.expect("`with_sites` gave every mask one");
        let each = tensors.len() / 2;
        let linear =
            |tensors: &[Range<usize>]| Linear { weight: tensors[0].clone(), bias: tensors.get(1).cloned() };
        Ok(SelfAttention {
            steps: input.width() / features,
            features,
            heads: config.heads,
            causal: config.causal,
            drop: (!rate.never_drops()).then_some(WeightDrop { rate, per: config.per, site }),
            input: linear(&tensors[..each]),
            output: linear(&tensors[each..]),
            epilogue: Epilogue::NONE,
        })
    }

    fn vectors(&self, rows: usize) -> usize {
        rows * self.steps
    }

    fn product(&self, rows: usize, units: usize) -> product::Dense {
        product::Dense { rows: self.vectors(rows), inputs: self.features, units }
    }

    /// Elements of queries, keys and values, of the heads' outputs, and of the sums.
    fn parts(&self, rows: usize) -> [usize; 3] {
        let vectors = self.vectors(rows);
        [3 * vectors * self.features, vectors * self.features, vectors * self.heads]
    }

    /// Zeros in the steps past the length of each row: nothing attends there, and nothing comes from there.
    fn clear_padding<T: Scalar>(&self, context: &Context<'_, T>, values: &mut [T]) {
        let Some(lengths) = context.keys.lengths else { return };
        for (values, &length) in values.chunks_exact_mut(self.steps * self.features).zip(lengths) {
            values[self.steps.min(length as usize) * self.features..].fill(T::ZERO);
        }
    }

    fn attention<'a, T: Scalar>(&self, context: &Context<'a, T>) -> PackedAttention<'a> {
        let domain = context.mode.domain();
        let dropout = self.drop.zip(domain).map(|(WeightDrop { rate, per, site }, domain)| {
            let shared = context.is_shared(Share::None);
            let address = Address { seed: context.seed, domain, shared, site, ..Address::default() };
            AttentionDropout { address, rate, per, shared_by_heads: false, renormalize: false }
        });
        PackedAttention {
            rows: context.rows,
            steps: self.steps,
            heads: self.heads,
            features: self.features / self.heads,
            causal: self.causal,
            dropout,
            ids: context.keys.ids,
            mask_steps: context.keys.steps,
            lengths: context.keys.lengths,
        }
    }
}

/// The parts of a slice, of so many elements each, and the rest.
fn divide<T, const N: usize>(mut memory: &mut [T], lengths: [usize; N]) -> ([&mut [T]; N], &mut [T]) {
    let parts = lengths.map(|length| memory.split_off_mut(..length).expect("planned"));
    (parts, memory)
}

impl<T: Scalar> Layer<T> for SelfAttention {
    fn input_width(&self) -> usize {
        self.steps * self.features
    }

    fn output_width(&self) -> usize {
        self.steps * self.features
    }

    fn memory(&self, rows: usize) -> Memory {
        let [packed, outputs, sums] = self.parts(rows);
        let kept = packed + outputs + sums;
        let partials = Epilogue::partials(rows, self.steps) * 3 * self.features;
        let room = T::attention_room(self.steps);
        Memory {
            kept: kept + if self.epilogue.kept(true) { outputs } else { 0 },
            // In inference all that training keeps; in the backward pass a gradient of queries, keys and values.
            scratch: kept.max(packed + partials) + room,
            flow: 0,
        }
    }

    fn trains(&self) -> bool {
        true
    }

    fn draws(&self) -> bool {
        self.drop.is_some() || self.epilogue.drop.is_some()
    }

    fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        Some(&mut self.epilogue)
    }

    fn forward(&self, context: &Context<'_, T>, x: &[T], y: &mut [T], room: Room<'_, T>) {
        let Room { kept, scratch } = room;
        let (memory, scratch) =
            if context.keeps { (kept, scratch) } else { (&mut *scratch, Default::default()) };
        let ([packed, outputs, sums], rest) = divide(memory, self.parts(context.rows));
        // Without a backward pass what is left is scratch, with one it is the epilogue's.
        let (kept, scratch) = if context.keeps { (rest, scratch) } else { (Default::default(), rest) };

        let weight = |linear: &Linear| &context.parameters[linear.weight.clone()];
        let bias = |linear: &Linear| linear.bias.clone().map(|bias| &context.parameters[bias]);
        let (rows, features) = (context.rows, self.features);
        self.product(rows, 3 * features).outputs(x, weight(&self.input), packed);
        let inputs = bias(&self.input);
        if inputs.is_some() {
            let source = Source::InPlace { bias: inputs };
            Epilogue::NONE.forward(context, source, 3 * features, packed, &mut []);
        }
        T::attend(context.isa, &self.attention(context), packed, outputs, sums, scratch);
        self.product(rows, features).outputs(outputs, weight(&self.output), y);
        let last = bias(&self.output);
        if last.is_some() || !self.epilogue.is_identity(context) {
            self.epilogue.forward(context, Source::InPlace { bias: last }, features, y, kept);
        }
        self.clear_padding(context, y);
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        x: &[T],
        y: &[T],
        flow: &mut Flow<'_, T>,
        gradients: &mut [T],
        room: Room<'_, T>,
    ) {
        let (rows, features) = (context.rows, self.features);
        let ([packed, outputs, sums], kept) = divide(room.kept, self.parts(rows));
        let partials = Epilogue::partials(rows, self.steps) * 3 * features;
        let ([dpacked, partials], scratch) = divide(room.scratch, [packed.len(), partials]);
        let (dz, heads) = (&mut flow.current[..y.len()], &mut flow.spare[..y.len()]);
        self.clear_padding(context, dz);
        let last = self.output.bias.clone();
        if last.is_some() || !self.epilogue.is_identity(context) {
            let bias = last.map(|bias| &mut gradients[bias]);
            self.epilogue.backward(context, None, features, y, kept, dz, bias, partials);
        }
        let product = self.product(rows, features);
        product.weight_gradient(dz, outputs, &mut gradients[self.output.weight.clone()]);
        product.input_gradient(dz, &context.parameters[self.output.weight.clone()], heads);

        let attention = self.attention(context);
        T::attend_back(context.isa, &attention, packed, outputs, sums, heads, dpacked, scratch);
        if let Some(bias) = self.input.bias.clone() {
            let bias = Some(&mut gradients[bias]);
            Epilogue::NONE.backward(context, None, 3 * features, packed, &[], dpacked, bias, partials);
        }
        let product = self.product(rows, 3 * features);
        product.weight_gradient(dpacked, x, &mut gradients[self.input.weight.clone()]);
        if flow.wanted {
            let weight = &context.parameters[self.input.weight.clone()];
            product.input_gradient(dpacked, weight, &mut flow.current[..x.len()]);
        }
    }
}
