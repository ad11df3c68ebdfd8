/** Masks with a structure: what drops together, and how often. */
export { AttentionMask, type AttentionMaskOptions, attention, type RenormalizeOptions } from './attention.js'
export { BlockMask, type BlockMaskOptions, block } from './block.js'
export { type BroadcastMaskOptions, broadcast, type ElementMaskOptions, element } from './broadcast.js'
export { type ChannelMaskOptions, channel } from './channel.js'
export {
  type DropPathMaskOptions,
  type DropPathRatesOptions,
  dropPath,
  dropPathRates,
} from './dropPath.js'
export { type ExactlyMaskOptions, exactly } from './exactly.js'
export { from } from './from.js'
export {
  type RowsOptions,
  type StructuredApplyOptions,
  type StructuredKind,
  StructuredMask,
  type StructuredMaskJSON,
} from './mask.js'
export type { StructuredOptions } from './options.js'
export type { Rates } from './rates.js'
export { type SequenceMaskOptions, sequence } from './sequence.js'
export type { Layout } from './shape.js'
export { type WeightsMaskOptions, weights } from './weights.js'
