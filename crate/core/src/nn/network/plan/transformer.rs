//! Transformer blocks from residuals, norms, attention and dense layers.

use std::ops::Range;

use super::{Stages, site};
use crate::error::Result;
use crate::nn::Scalar;
use crate::nn::config::{Shape, Share, TransformerBlockConfig};
use crate::nn::epilogue::{Drop, Epilogue};
use crate::nn::layers::{Dense, LayerNorm, Residual, SelfAttention, Thinning};
use crate::ops::Scaling;
use crate::stream::Rate;

impl<T: Scalar> Stages<'_, T> {
    /// `tensors` are those of the block in its order.
    pub(super) fn transformer_block(
        &mut self,
        block: &TransformerBlockConfig,
        tensors: &[Range<usize>],
        input: &Shape,
    ) -> Result<()> {
        let (norm1, attention, norm2, feed_forward) =
            (&tensors[..2], &tensors[2..6], &tensors[6..8], &tensors[8..]);
        let norm = |tensors: &[Range<usize>]| LayerNorm::new(block.epsilon, tensors, input);
        let attended = self.inside(input, |stages| {
            if block.pre_norm {
                stages.push(norm(norm1));
            }
            stages.push(SelfAttention::new(&block.attention(), attention, input)?);
            stages.dropout(block.dropout, block.sites.attention, input)
        })?;
        self.push(Residual { branch: attended, drop: None });
        if !block.pre_norm {
            self.push(norm(norm1));
        }
        let fed = self.inside(input, |stages| {
            if block.pre_norm {
                stages.push(norm(norm2));
            }
            let hidden = input.with_last(block.hidden);
            stages.push(linear(&feed_forward[..2], input, &hidden));
            stages.activation(block.activation, &hidden);
            stages.dropout(block.hidden_dropout(), block.sites.hidden, &hidden)?;
            stages.push(linear(&feed_forward[2..], &hidden, input));
            stages.dropout(block.dropout, block.sites.feed_forward, input)
        })?;
        self.push(Residual { branch: fed, drop: None });
        if !block.pre_norm {
            self.push(norm(norm2));
        }
        Ok(())
    }

    /// Inverted dropout of single elements.
    fn dropout(&mut self, rate: f64, place: Option<u16>, shape: &Shape) -> Result<()> {
        let (rate, scaling, share) = (Rate::new(rate)?, Scaling::Inverted, Share::None);
        self.drop(Drop { rate, scaling, site: site(place), share }, shape);
        Ok(())
    }
}

fn linear(tensors: &[Range<usize>], from: &Shape, to: &Shape) -> Dense {
    Dense {
        inputs: from.last(),
        units: to.last(),
        vectors: from.width() / from.last(),
        weight: tensors[0].clone(),
        bias: Some(tensors[1].clone()),
        epilogue: Epilogue::NONE,
        max_norm: None,
        thinning: Thinning::default(),
    }
}
