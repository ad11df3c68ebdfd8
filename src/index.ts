/**
 * Inverted dropout, its masks and where their bits come from.
 *
 * @packageDocumentation
 */
export { AbortError, DropoutError, ERROR_CODES, type ErrorCode } from './errors.js'
export type { ApplyOptions, RowOptions } from './mask/apply.js'
export { Mask } from './mask/mask.js'
export type { Domain, MaskJSON, MaskOptions, MaskRecipe } from './mask/recipe.js'
export type { Scaling } from './mask/scaling.js'
export {
  MaskStream,
  type MaskStreamJSON,
  type MaskStreamOptions,
  type StreamMaskOptions,
} from './mask/stream.js'
export { type InstructionSet, type Runtime, runtime } from './native/runtime.js'
export { dropout, dropoutBackward } from './ops/dropout.js'
export { dropoutAsync, dropoutBackwardAsync } from './ops/dropoutAsync.js'
export type { DropoutAsyncOptions, DropoutOptions } from './ops/options.js'
export type { Floats } from './validate/array.js'
export type { Seed } from './validate/seed.js'
