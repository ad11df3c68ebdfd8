import { types } from 'node:util'
import { argumentError, mismatch } from '../../errors.js'
import { type Address, checkAddress } from '../../mask/recipe.js'
import { checkFloats, checkMemory } from '../../validate/array.js'
import { checkList } from '../../validate/list.js'
import { checkInteger, checkNumber, MAX_WORD } from '../../validate/number.js'
import { checkBoolean, checkOptions, checkWord } from '../../validate/options.js'
import { checkIds, indices } from '../../validate/rows.js'
import type { Seed } from '../../validate/seed.js'

/** The options of {@link scaledDotProductAttention} and its gradient. */
export interface AttentionOptions {
  /**
   * The shape of the queries: `[batch, heads, queries, features]`. The number of keys and the features of the values
   * follow from the lengths of `k` and `v`.
   */
  shape: ArrayLike<number>
  /**
   * How likely a weight drops, in `[0, 1]`.
   *
   * @default 0
   */
  rate?: number | undefined
  /** The seed of the mask. Required where `rate` is not 0. */
  seed?: Seed | undefined
  /**
   * The optimiser step or the Monte Carlo pass, in `[0, 2^32)`.
   *
   * @default 0
   */
  step?: number | undefined
  /**
   * Which layer or call, in `[0, 65535]`.
   *
   * @default 0
   */
  site?: number | undefined
  /**
   * The identity of each row of the batch in its data set, in `[0, 2^32)`.
   *
   * @default 0, 1, 2, …: the index of the row
   */
  ids?: ArrayLike<number> | undefined
  /**
   * What drops together: single weights (Vaswani et al. 2017), a key for all queries (Zehui et al. 2019), all keys of a
   * query, or a head (Zhou et al. 2020). The mask is that of `mask.attention`.
   *
   * @default 'element'
   */
  per?: 'element' | 'key' | 'row' | 'head' | undefined
  /**
   * One draw of keys or rows for all heads.
   *
   * @default false
   */
  shareHeads?: boolean | undefined
  /**
   * Whether kept weights are divided by their sum, so that they add up to 1 (Zehui et al. 2019, equation 3), in the
   * place of the factor `1 / (1 - rate)`.
   *
   * @default false
   */
  renormalize?: boolean | undefined
  /**
   * Whether query i sees keys 0 to i only.
   *
   * @default false
   */
  causal?: boolean | undefined
  /**
   * Which keys a query sees besides: a `Uint8Array` where 0 hides and anything else shows, or a `Float32Array` that is
   * added to the scaled scores.
   *
   * @default nothing is hidden
   */
  mask?: Uint8Array | Float32Array | undefined
  /**
   * The shape of `mask`: `[batch, heads, queries, keys]`, each of the first three 1 where one mask serves all; so
   * `[batch, 1, 1, keys]` hides padding. Required with `mask`.
   */
  maskShape?: ArrayLike<number> | undefined
  /**
   * What scores are multiplied by.
   *
   * @default 1 / Math.sqrt(features)
   */
  scale?: number | undefined
  /**
   * False for inference: nothing drops, whatever `rate` is.
   *
   * @default true
   */
  training?: boolean | undefined
}

const ATTENTION_OPTIONS = [
  'shape',
  'rate',
  'seed',
  'step',
  'site',
  'ids',
  'per',
  'shareHeads',
  'renormalize',
  'causal',
  'mask',
  'maskShape',
  'scale',
  'training',
] as const

/** The names of a call's options: those of all, and its own. */
export function attentionNames(...own: string[]): ReadonlySet<string> {
  return new Set([...ATTENTION_OPTIONS, ...own])
}

/** What both passes are told, checked. */
export interface AttentionWork {
  readonly q: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
  /** The sizes of an output: `[batch, heads, queries, valueFeatures]`. */
  readonly outputs: readonly [number, number, number, number]
  /** The end of the native argument list. */
  readonly rest: readonly [
    settings: Settings,
    shown: Uint8Array | undefined,
    added: Float32Array | undefined,
    ids: Uint32Array,
  ]
}

interface Settings extends Omit<Address, 'sample'> {
  readonly heads: number
  readonly queries: number
  readonly keys: number
  readonly features: number
  readonly valueFeatures: number
  readonly scale: number
  readonly causal: boolean
  readonly maskShape: number[]
  readonly training: boolean
  readonly per: 'element' | 'key' | 'row' | 'head'
  readonly shareHeads: boolean
  readonly renormalize: boolean
}

/** Checks what both passes take. */
export function checkAttention(
  arrays: { q: unknown; k: unknown; v: unknown },
  options: AttentionOptions,
  known: ReadonlySet<string>,
): AttentionWork {
  checkOptions(options, known)
  const shape = checkSizes(options.shape, 'shape', '[batch, heads, queries, features]')
  const [batch, heads, queries, features] = shape
  const [q, k, v] = (['q', 'k', 'v'] as const).map((name) => checkSingle(arrays[name], name)) as Triple
  checkLength(q, 'q', shape)
  if (features === 0) throw mismatch('ERR_SHAPE', 'shape', `[${shape.join(', ')}]`, 'at least one feature')
  const keys = rest(k, 'k', [batch, heads, features], 'keys')
  const valueFeatures = keys === 0 ? features : rest(v, 'v', [batch, heads, keys], 'features of the values')
  checkLength(v, 'v', [batch, heads, keys, valueFeatures])
  const { rate = 0, seed = rate === 0 ? 0n : undefined, step, site } = options
  const { sample: _, ...address } = checkAddress({ rate, seed: seed as Seed, step, site })
  const { mask, maskShape } = checkMask(options, [batch, heads, queries, keys])
  const settings = {
    ...address,
    ...{ heads, queries, keys, features, valueFeatures, maskShape },
    scale: options.scale === undefined ? 1 / Math.sqrt(features) : checkNumber(options.scale, 'scale'),
    causal: checkBoolean(options.causal, 'causal', false),
    training: checkBoolean(options.training, 'training', true),
    per: checkWord(options.per, 'per', ['element', 'key', 'row', 'head'], 'element'),
    shareHeads: checkBoolean(options.shareHeads, 'shareHeads', false),
    renormalize: checkBoolean(options.renormalize, 'renormalize', false),
  }
  const ids = options.ids === undefined ? indices(batch) : checkIds(options.ids, 'ids', batch)
  const [shown, added] = types.isFloat32Array(mask) ? [undefined, mask] : [mask, undefined]
  return { q, k, v, outputs: [batch, heads, queries, valueFeatures], rest: [settings, shown, added, ids] }
}

type Sizes = [number, number, number, number]
type Triple = [Float32Array, Float32Array, Float32Array]

function checkSizes(value: unknown, argument: string, what: string): Sizes {
  const allowed = `an array of four sizes, ${what}`
  const sizes = Array.from(checkList<unknown>(value, argument, allowed))
  if (sizes.length !== 4) throw mismatch('ERR_SHAPE', argument, `${sizes.length} sizes`, allowed)
  return sizes.map((size, axis) => checkInteger(size, `${argument}[${axis}]`, 0, MAX_WORD)) as Sizes
}

/** A `Float32Array`: attention has no other precision. */
export function checkSingle(value: unknown, argument: string): Float32Array {
  const floats = checkFloats(value, argument)
  if (floats.BYTES_PER_ELEMENT === 4) return floats as Float32Array
  throw mismatch('ERR_TYPE', argument, 'a Float64Array', 'a Float32Array')
}

/** An array with the elements of a shape. */
export function checkLength(array: Float32Array, argument: string, sizes: readonly number[]): Float32Array {
  const length = sizes.reduce((product, size) => product * size, 1)
  if (array.length === length) return array
  const allowed = `the ${length} elements of [${sizes.join(', ')}]`
  throw mismatch('ERR_SHAPE', argument, `${array.length} elements`, allowed)
}

/** The size that is left when the others are known. */
function rest(array: Float32Array, argument: string, sizes: readonly number[], what: string): number {
  const product = sizes.reduce((product, size) => product * size, 1)
  const size = product === 0 ? 0 : array.length / product
  if (Number.isInteger(size) && size * product === array.length) return size
  const allowed = `a multiple of ${product}, which the other sizes make, for the ${what}`
  throw mismatch('ERR_SHAPE', argument, `${array.length} elements`, allowed)
}

function checkMask(
  { mask, maskShape }: AttentionOptions,
  [batch, heads, queries, keys]: Sizes,
): { mask: Uint8Array | Float32Array | undefined; maskShape: number[] } {
  if (mask === undefined) {
    if (maskShape === undefined) return { mask, maskShape: [] }
    throw mismatch('ERR_OPTION', 'maskShape', 'a shape', 'left out where there is no mask')
  }
  if (!types.isUint8Array(mask) && !types.isFloat32Array(mask)) {
    throw argumentError('ERR_TYPE', 'mask', mask, 'a Uint8Array or a Float32Array')
  }
  checkMemory(mask, 'mask')
  const sizes = checkSizes(maskShape, 'maskShape', '[batch or 1, heads or 1, queries or 1, keys]')
  const full = [batch, heads, queries]
  const fits = full.every((size, axis) => sizes[axis] === 1 || sizes[axis] === size) && sizes[3] === keys
  if (!fits) {
    const allowed = `[${batch} or 1, ${heads} or 1, ${queries} or 1, ${keys}]`
    throw mismatch('ERR_SHAPE', 'maskShape', `[${sizes.join(', ')}]`, allowed)
  }
  const length = sizes.reduce((product, size) => product * size, 1)
  if (mask.length === length) return { mask, maskShape: sizes.slice(0, 3) }
  throw mismatch('ERR_SHAPE', 'mask', `${mask.length} values`, `${length} values, as \`maskShape\` says`)
}
