/**
 * Inverted dropout, its masks and where their bits come from.
 *
 * @packageDocumentation
 */
export { AbortError, DropoutError, ERROR_CODES, type ErrorCode } from './errors.js'
export type { ApplyOptions, RowOptions } from './mask/apply.js'
export {
  type CompressedRows,
  type CompressedRowsOptions,
  type EdgeApplyOptions,
  type EdgeEnds,
  type EdgeList,
  type EdgeListOptions,
  EdgeMask,
  type EdgeMaskOptions,
  type EdgeScaling,
  type EdgeScalingOptions,
  type EdgesOptions,
  type GraphKind,
  GraphMask,
  type GraphMaskJSON,
  type GraphMaskOptions,
  type NodeApplyOptions,
  NodeEdgesMask,
  NodeMask,
  type NodeMaskOptions,
  type NodesOptions,
  PathMask,
  type PathMaskOptions,
} from './mask/graph/index.js'
export { Mask } from './mask/mask.js'
export { mask } from './mask/namespace.js'
export { type RateProgress, type RateSchedule, rateAt } from './mask/rateSchedule.js'
export type { Domain, MaskJSON, MaskOptions, MaskRecipe } from './mask/recipe.js'
export type { Scaling } from './mask/scaling.js'
export {
  type MaskSource,
  MaskStream,
  type MaskStreamJSON,
  type MaskStreamOptions,
  type StreamMaskOptions,
} from './mask/stream.js'
export {
  AttentionMask,
  type AttentionMaskOptions,
  BlockMask,
  type BlockMaskOptions,
  type BroadcastMaskOptions,
  type ChannelMaskOptions,
  type DropPathMaskOptions,
  type DropPathRatesOptions,
  dropPathRates,
  type ElementMaskOptions,
  type ExactlyMaskOptions,
  type Layout,
  type Rates,
  type RenormalizeOptions,
  type RowsOptions,
  type SequenceMaskOptions,
  type StructuredApplyOptions,
  type StructuredKind,
  StructuredMask,
  type StructuredMaskJSON,
  type StructuredOptions,
  type WeightsMaskOptions,
} from './mask/structured/index.js'
export { type InstructionSet, type Runtime, runtime } from './native/runtime.js'
export { alphaDropout, alphaDropoutBackward } from './ops/alphaDropout.js'
export {
  type AttentionGradients,
  type AttentionOptions,
  type AttentionResult,
  type ScaledDotProductAttentionBackwardOptions,
  type ScaledDotProductAttentionOptions,
  scaledDotProductAttention,
  scaledDotProductAttentionBackward,
} from './ops/attention/index.js'
export {
  type ConcreteDropoutOptions,
  type ConcreteGradient,
  type ConcreteRegularizer,
  type ConcreteRegularizerOptions,
  concreteDropout,
  concreteDropoutBackward,
  concreteRegularizer,
} from './ops/concreteDropout.js'
export { dropout, dropoutBackward } from './ops/dropout.js'
export { dropoutAsync, dropoutBackwardAsync } from './ops/dropoutAsync.js'
export {
  type BiasActivationDropoutBackwardOptions,
  type BiasActivationDropoutGradients,
  type BiasActivationDropoutLayerNormBackwardOptions,
  type BiasActivationDropoutLayerNormOptions,
  type BiasActivationDropoutOptions,
  biasActivationDropout,
  biasActivationDropoutBackward,
  biasActivationDropoutLayerNorm,
  biasActivationDropoutLayerNormBackward,
  type ElementwiseActivation,
  type FusedOptions,
  type LayerNormGradients,
  type LayerNormResult,
  type SoftmaxDropoutBackwardOptions,
  type SoftmaxDropoutOptions,
  softmaxDropout,
  softmaxDropoutBackward,
} from './ops/fused/index.js'
export { gaussianDropout, gaussianDropoutBackward } from './ops/gaussianDropout.js'
export type { NoiseOptions } from './ops/noise.js'
export type { DropoutAsyncOptions, DropoutOptions } from './ops/options.js'
export {
  type ZoneoutBackwardOptions,
  type ZoneoutGradient,
  type ZoneoutOptions,
  zoneout,
  zoneoutBackward,
} from './ops/zoneout.js'
export type { SelfTestEffort } from './selfTest/effort.js'
export type { SelfTestSubject } from './selfTest/part.js'
export type { SelfTestReport, SelfTestResult } from './selfTest/report.js'
export { type SelfTestOptions, selfTest } from './selfTest/selfTest.js'
export type { Floats } from './validate/array.js'
export type { Seed } from './validate/seed.js'
