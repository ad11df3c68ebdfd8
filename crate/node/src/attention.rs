//! Fused attention: `ops::attention` on the caller's memory.

use inverted_dropout::mask::Per;
use inverted_dropout::ops::attention::{
    Attention, AttentionDropout, AttentionGradients, AttentionInputs, AttentionMask, MaskValues,
    PARALLEL_FROM,
};
use inverted_dropout::{Code, Error, Result, parallel};
use napi_derive::napi;

use crate::errors::{self, guarded};
use crate::mask::recipe;
use crate::memory::{Bytes, Floats, Seed, Words};
use crate::outputs::{Outputs, named, optional};

/// Sizes, scores and dropout of a call.
#[napi(object, object_to_js = false)]
pub struct AttentionSettings {
    pub heads: u32,
    pub queries: u32,
    pub keys: u32,
    pub features: u32,
    pub value_features: u32,
    pub scale: f64,
    pub causal: bool,
    /// Batch, heads and queries of the mask.
    pub mask_shape: Vec<u32>,
    pub training: bool,
    pub rate: f64,
    #[napi(ts_type = "bigint")]
    pub seed: Seed,
    pub place: u32,
    pub step: u32,
    #[napi(ts_type = "'element' | 'key' | 'row' | 'head'")]
    pub per: String,
    pub share_heads: bool,
    pub renormalize: bool,
}

impl AttentionSettings {
    fn dropout(&self) -> Result<AttentionDropout> {
        let mask = recipe(self.rate, self.seed, self.place, self.step, 0)?;
        let per = match self.per.as_str() {
            "element" => Per::Element,
            "key" => Per::Key,
            "row" => Per::Row,
            "head" => Per::Head,
            other => {
                let allowed = "'element', 'key', 'row' or 'head'";
                return Err(Error::argument(Code::Option, "per", other, allowed));
            }
        };
        Ok(AttentionDropout {
            address: mask.address,
            rate: mask.rate,
            per,
            shared_by_heads: self.share_heads,
            renormalize: self.renormalize,
        })
    }

    fn attention<'call>(
        &self,
        outputs: &Outputs<'call, f32>,
        shown: &Option<Bytes<'call>>,
        added: &Option<Floats<'call>>,
        ids: &Words<'call>,
    ) -> Result<Attention<'call>> {
        let values = match (shown, optional("mask", added)?) {
            (Some(shown), _) => Some(MaskValues::Boolean(outputs.bytes("mask", shown)?)),
            (None, Some(added)) => Some(MaskValues::Additive(outputs.read(added)?)),
            (None, None) => None,
        };
        let mask = match (values, self.mask_shape.as_slice()) {
            (None, _) => None,
            (Some(values), &[batch, heads, queries]) => {
                Some(AttentionMask { values, shape: [batch, heads, queries].map(|size| size as usize) })
            }
            (Some(_), other) => {
                let got = format!("{} sizes", other.len());
                return Err(Error::argument(Code::Shape, "maskShape", got, "batch, heads and queries"));
            }
        };
        Ok(Attention {
            heads: self.heads as usize,
            queries: self.queries as usize,
            keys: self.keys as usize,
            features: self.features as usize,
            value_features: self.value_features as usize,
            scale: self.scale as f32,
            causal: self.causal,
            mask,
            dropout: if self.training { Some(self.dropout()?) } else { None },
            ids: outputs.ids(ids)?,
        })
    }
}

/// Enters the pool only where the core shares the work.
fn with_threads(attention: &Attention<'_>, work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    let Attention { heads, queries, keys, features, value_features, ids, .. } = *attention;
    let sizes = [ids.len(), heads, queries, keys, features + value_features];
    let multiply_adds = sizes.into_iter().fold(1usize, usize::saturating_mul);
    if multiply_adds < PARALLEL_FROM {
        work()
    } else {
        parallel::install(parallel::default_threads()?, work)?
    }
}

/// Writes the outputs of attention, and the log-sum-exp of each query's scores.
#[napi]
pub fn scaled_dot_product_attention(
    #[napi(ts_arg_type = "Float32Array")] q: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] k: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] v: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] out: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] log_sum_exp: Floats<'_>,
    settings: AttentionSettings,
    #[napi(ts_arg_type = "Uint8Array | undefined")] shown: Option<Bytes<'_>>,
    #[napi(ts_arg_type = "Float32Array | undefined")] added: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let outputs = Outputs::<f32>::new(vec![named("out", &out)?, named("logSumExp", &log_sum_exp)?])?;
        let attention = settings.attention(&outputs, &shown, &added, &ids)?;
        let q = outputs.read(named("q", &q)?)?;
        let k = outputs.read(named("k", &k)?)?;
        let v = outputs.read(named("v", &v)?)?;
        let [out, log_sum_exp] = outputs.write();
        with_threads(&attention, || attention.forward(q, k, v, out, log_sum_exp))
    })
}

/// Writes the gradients of `scaled_dot_product_attention` with the same settings.
#[napi]
pub fn scaled_dot_product_attention_backward(
    #[napi(ts_arg_type = "Float32Array")] dy: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] q: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] k: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] v: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] y: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] log_sum_exp: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] dq: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] dk: Floats<'_>,
    #[napi(ts_arg_type = "Float32Array")] dv: Floats<'_>,
    settings: AttentionSettings,
    #[napi(ts_arg_type = "Uint8Array | undefined")] shown: Option<Bytes<'_>>,
    #[napi(ts_arg_type = "Float32Array | undefined")] added: Option<Floats<'_>>,
    #[napi(ts_arg_type = "Uint32Array")] ids: Words<'_>,
) -> errors::Result<()> {
    guarded(|| {
        let outputs = Outputs::<f32>::new(vec![named("dq", &dq)?, named("dk", &dk)?, named("dv", &dv)?])?;
        let attention = settings.attention(&outputs, &shown, &added, &ids)?;
        let inputs = AttentionInputs {
            query: outputs.read(named("q", &q)?)?,
            key: outputs.read(named("k", &k)?)?,
            value: outputs.read(named("v", &v)?)?,
            y: outputs.read(named("y", &y)?)?,
            log_sum_exp: outputs.read(named("logSumExp", &log_sum_exp)?)?,
            dy: outputs.read(named("dy", &dy)?)?,
        };
        let [dquery, dkey, dvalue] = outputs.write();
        let gradients = AttentionGradients { dquery, dkey, dvalue };
        with_threads(&attention, || attention.backward(inputs, gradients))
    })
}
