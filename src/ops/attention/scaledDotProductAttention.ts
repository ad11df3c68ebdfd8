import { fromNative } from '../../errors.js'
import { empty } from '../../mask/apply.js'
import { native } from '../../native/load.js'
import { checkOptions, optional } from '../../validate/options.js'
import { type AttentionOptions, attentionNames, checkAttention, checkLength, checkSingle } from './options.js'

/** The options of {@link scaledDotProductAttention}. */
export interface ScaledDotProductAttentionOptions extends AttentionOptions {
  /**
   * Where the result goes: `[batch, heads, queries, valueFeatures]`, memory that overlaps no input.
   *
   * @default a new array
   */
  out?: Float32Array | undefined
}

/** What {@link scaledDotProductAttention} gives. */
export interface AttentionResult {
  /** The outputs, `[batch, heads, queries, valueFeatures]`. */
  readonly y: Float32Array
  /**
   * The logarithm of the sum of the exponentials of each query's scores, `[batch, heads, queries]`, for the backward
   * pass; negative infinity for a query that sees nothing.
   */
  readonly logSumExp: Float32Array
}

/** The options of {@link scaledDotProductAttentionBackward}: those of the forward call, its inputs and its results. */
export interface ScaledDotProductAttentionBackwardOptions extends AttentionOptions {
  /** The queries of the forward call. */
  q: Float32Array
  /** The keys of the forward call. */
  k: Float32Array
  /** The values of the forward call. */
  v: Float32Array
  /** What the forward call gave. */
  y: Float32Array
  /** What the forward call gave. */
  logSumExp: Float32Array
  /**
   * Where the gradients go: arrays as long as the inputs that overlap no other argument.
   *
   * @default new arrays
   */
  out?: AttentionGradients | undefined
}

/** The gradients that {@link scaledDotProductAttentionBackward} gives. */
export interface AttentionGradients {
  /** The gradient by the queries. */
  readonly dq: Float32Array
  /** The gradient by the keys. */
  readonly dk: Float32Array
  /** The gradient by the values. */
  readonly dv: Float32Array
}

const FORWARD = attentionNames('out')
const BACKWARD = attentionNames('q', 'k', 'v', 'y', 'logSumExp', 'out')
const GRADIENTS = new Set(['dq', 'dk', 'dv'])

/**
 * `dropout(softmax(scale q k' + mask)) v` for each head, without a matrix of scores (Vaswani et al. 2017; computed in tiles
 * with a running softmax: Dao et al. 2022, FlashAttention). Dropped weights are those that `mask.attention` with the same
 * options drops: a function of seed, step, site, id, head, query and key, drawn tile by tile.
 *
 * Single precision. O(batch heads queries keys features) time; besides the results, memory for some tiles of each thread.
 * Large calls use several threads; the bits do not depend on their number. `rate: 0` is attention without dropout bit for
 * bit, `rate: 1` gives zeros. A query that sees no key has zeros. Weights that drop or are hidden are zeros in a matrix
 * product, so NaN and infinities of their values do spread, as in every library.
 *
 * @param q - queries, `options.shape`.
 * @param k - keys, `[batch, heads, keys, features]`.
 * @param v - values, `[batch, heads, keys, valueFeatures]`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE` (more than 256 heads, 16384 queries or 131072 keys while
 * weights drop), `ERR_TYPE`, `ERR_OVERLAP`, `ERR_DETACHED`, `ERR_SHARED`, `ERR_OPTION`: see `docs/errors.md`.
 * @example
 * const { y, logSumExp } = scaledDotProductAttention(q, k, v, {
 *   shape: [2, 8, 512, 64], rate: 0.1, seed: 7n, causal: true,
 * })
 */
export function scaledDotProductAttention(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  options: ScaledDotProductAttentionOptions,
): AttentionResult {
  const work = checkAttention({ q, k, v }, options, FORWARD)
  const [batch, heads, queries, valueFeatures] = work.outputs
  const y = optional(options.out, 'out', checkSingle) ?? empty(batch * heads * queries * valueFeatures, 4)
  checkLength(y, 'out', work.outputs)
  const logSumExp = empty(batch * heads * queries, 4)
  try {
    native.scaledDotProductAttention(work.q, work.k, work.v, y, logSumExp, ...work.rest)
  } catch (error) {
    throw fromNative(error)
  }
  return { y, logSumExp }
}

/**
 * The gradients of {@link scaledDotProductAttention}. Weights and mask are computed again from the inputs and the options,
 * which must be those of the forward call; its results are all that was stored.
 *
 * Threads share the heads of the batch; the gradients are the same for any number of them.
 *
 * @param dy - the gradient of the loss by the outputs.
 * @throws {DropoutError} as {@link scaledDotProductAttention}.
 * @example
 * const { dq, dk, dv } = scaledDotProductAttentionBackward(dy, {
 *   q, k, v, y, logSumExp, shape: [2, 8, 512, 64], rate: 0.1, seed: 7n, causal: true,
 * })
 */
export function scaledDotProductAttentionBackward(
  dy: Float32Array,
  options: ScaledDotProductAttentionBackwardOptions,
): AttentionGradients {
  checkOptions(options, BACKWARD)
  const work = checkAttention(options, options, BACKWARD)
  checkLength(checkSingle(dy, 'dy'), 'dy', work.outputs)
  const y = checkLength(checkSingle(options.y, 'y'), 'y', work.outputs)
  const sums = work.outputs.slice(0, 3)
  const logSumExp = checkLength(checkSingle(options.logSumExp, 'logSumExp'), 'logSumExp', sums)
  if (options.out !== undefined) checkOptions(options.out, GRADIENTS, 'out')
  const [dq, dk, dv] = (['q', 'k', 'v'] as const).map((name) => {
    const [like, out] = [work[name], options.out?.[`d${name}`]]
    if (options.out === undefined) return empty(like.length, 4)
    return checkLength(checkSingle(out, `out.d${name}`), `out.d${name}`, [like.length])
  }) as [Float32Array, Float32Array, Float32Array]
  try {
    native.scaledDotProductAttentionBackward(
      dy,
      work.q,
      work.k,
      work.v,
      y,
      logSumExp,
      dq,
      dk,
      dv,
      ...work.rest,
    )
  } catch (error) {
    throw fromNative(error)
  }
  return { dq, dk, dv }
}
