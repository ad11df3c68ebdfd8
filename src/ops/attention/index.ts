export type { AttentionOptions } from './options.js'
export {
  type AttentionGradients,
  type AttentionResult,
  type ScaledDotProductAttentionBackwardOptions,
  type ScaledDotProductAttentionOptions,
  scaledDotProductAttention,
  scaledDotProductAttentionBackward,
} from './scaledDotProductAttention.js'
