import { APPLY_OPTIONS, apply } from '../mask/apply.js'
import { MASK_OPTIONS } from '../mask/recipe.js'
import type { Floats } from '../validate/array.js'
import { checkDropout, type DropoutOptions } from './options.js'

const KNOWN = new Set<string>([...MASK_OPTIONS, ...APPLY_OPTIONS])

/**
 * Inverted dropout: every element is dropped with probability `rate`, and what is kept is divided by `1 - rate`, so
 * the expected value stays (Srivastava et al. 2014, in the form of every current framework).
 *
 * Dropped elements are +0, NaN and infinities too; a kept NaN stays NaN. `rate: 0` is the identity bit for bit and
 * `rate: 1` gives zeros. The mask is a pure function of `seed`, `site`, `step` and the row: the same for any number
 * of threads, on any machine. About the time of copying the array; large arrays use several threads.
 *
 * @param x - the elements, a `Float32Array` or `Float64Array`; left alone unless `out` is `x`.
 * @returns `options.out`, or a new array of the type of `x`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_SHAPE`, `ERR_OVERLAP`, `ERR_DETACHED`,
 * `ERR_SHARED`, `ERR_OPTION`: see `docs/errors.md`.
 * @example
 * const x = new Float32Array([1, 2, 3, 4])
 * const y = dropout(x, { rate: 0.5, seed: 7n }) // what is kept is doubled
 * dropout(x, { rate: 0.5, seed: 7n, out: x }) // in place
 * dropout(x, { rate: 0.5, seed: 7n, shape: [2, 2], ids: Uint32Array.of(17, 4) }) // rows with identity
 */
export function dropout<T extends Floats>(x: T, options: DropoutOptions<T>): T {
  return apply(checkDropout(options, KNOWN), x, options, 'x')
}

/**
 * The gradient of {@link dropout}: the same elements are dropped and the rest scaled alike. The mask is computed
 * again from the options, which must be those of the forward call; nothing was stored.
 *
 * @param dy - the gradient of the loss by the output of {@link dropout}.
 * @returns the gradient by its input: `options.out`, or a new array.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const dx = dropoutBackward(dy, { rate: 0.5, seed: 7n })
 */
export function dropoutBackward<T extends Floats>(dy: T, options: DropoutOptions<T>): T {
  return apply(checkDropout(options, KNOWN), dy, options, 'dy')
}
