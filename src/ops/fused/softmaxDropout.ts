import { fromNative } from '../../errors.js'
import { emptyLike } from '../../mask/apply.js'
import { native } from '../../native/load.js'
import type { Floats } from '../../validate/array.js'
import { checkNumber } from '../../validate/number.js'
import { checkBoolean, optional } from '../../validate/options.js'
import { checkFused, checkSame, type FusedOptions, fusedNames } from './options.js'

/** The options of {@link softmaxDropout}. */
export interface SoftmaxDropoutOptions<T extends Floats = Floats> extends FusedOptions {
  /**
   * What `x` is multiplied by, above 0: `1 / Math.sqrt(d)` in attention, one over the temperature elsewhere.
   *
   * @default 1
   */
  scale?: number | undefined
  /**
   * Whether the softmax is that of the kept elements alone, so that every vector sums to 1 (or is all zeros where
   * nothing is kept), instead of 1 in expectation. `scaling` has no part in it.
   *
   * @default false
   */
  renormalize?: boolean | undefined
  /**
   * Where the result goes: an array of the type and length of the input, an input itself to work in place, or any
   * memory that overlaps none.
   *
   * @default a new array
   */
  out?: T | undefined
}

/** The options of {@link softmaxDropoutBackward}: those of the forward call, and its input. */
export interface SoftmaxDropoutBackwardOptions<T extends Floats = Floats> extends SoftmaxDropoutOptions<T> {
  /** The input of the forward call. */
  x: T
}

const FORWARD = fusedNames('scale', 'renormalize')
const BACKWARD = fusedNames('scale', 'renormalize', 'x')

/**
 * `dropout(softmax(scale * x))` along the last axis in one pass over memory: attention weights and their dropout.
 *
 * Dropped elements are +0, kept ones divided by `1 - rate`. The mask is that of {@link dropout} with the same options.
 * A vector whose largest element is -Infinity or Infinity, or that has a NaN, has no softmax: its kept elements are NaN.
 *
 * @param x - the elements, `[rows, ..., features]`; left alone unless `out` is `x`.
 * @returns `options.out`, or a new array of the type of `x`.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const weights = softmaxDropout(scores, { scale: 1 / 8, rate: 0.1, seed: 7n, shape: [batch, heads, queries, keys] })
 */
export function softmaxDropout<T extends Floats>(x: T, options: SoftmaxDropoutOptions<T>): T {
  return run(x, undefined, options, FORWARD)
}

/**
 * The gradient of {@link softmaxDropout}, in one pass. With the softmax `s` and its gradient `g`, which is `dy` dropped
 * and scaled: `scale * s * (g - sum(s * g))`. The softmax is computed again from `x`; nothing was stored.
 *
 * @param dy - the gradient of the loss by the output; left alone unless `out` is `dy`.
 * @returns the gradient by `x`: `options.out`, or a new array.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const dScores = softmaxDropoutBackward(dWeights, { x: scores, scale: 1 / 8, rate: 0.1, seed: 7n, shape })
 */
export function softmaxDropoutBackward<T extends Floats>(
  dy: T,
  options: SoftmaxDropoutBackwardOptions<T>,
): T {
  return run(dy, options, options, BACKWARD)
}

/** The forward pass from `input`, or the backward pass from `input` and the `x` of `backward`. */
function run<T extends Floats>(
  input: T,
  backward: SoftmaxDropoutBackwardOptions<T> | undefined,
  options: SoftmaxDropoutOptions<T>,
  known: ReadonlySet<string>,
): T {
  const work = checkFused(input, options, known, backward ? 'dy' : 'x')
  const x = backward ? checkSame<T>(backward.x, 'x', work) : input
  const scale = checkNumber(options.scale ?? 1, 'scale', { least: 0, above: true })
  const renormalize = checkBoolean(options.renormalize, 'renormalize', false)
  const out = optional(options.out, 'out', checkSame<T>, work) ?? emptyLike(input)
  try {
    native.softmaxDropout(x, backward && input, out, scale, renormalize, ...work.dropout)
  } catch (error) {
    throw fromNative(error)
  }
  return out
}
