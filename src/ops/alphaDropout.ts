import { native } from '../native/load.js'
import type { Floats } from '../validate/array.js'
import { checkNoise, guarded, NOISE_OPTIONS, type NoiseOptions, outputFor } from './noise.js'

const KNOWN = new Set(NOISE_OPTIONS)

/**
 * Alpha dropout, for networks with SELU: elements are dropped with probability `rate` to alpha' = -1.7581, the value
 * that SELU saturates at, and the affine map `a x + b` brings elements of mean 0 and variance 1 back to mean 0 and
 * variance 1 (Klambauer, Unterthiner, Mayr & Hochreiter 2017, section 3, "New dropout technique"):
 * `a = (q + alpha'^2 q p)^(-1/2)` and `b = -a p alpha'` with p the rate and q = 1 - p. Inference is the identity.
 *
 * Dropped elements are `a alpha' + b` whatever they were: NaN and infinities do not leak. `rate: 0` is the identity bit
 * for bit; `rate: 1` gives +0, which is what the output goes to as p goes to 1. The mask is that of {@link dropout} with
 * the same options. O(n) time and no memory; large arrays use several threads.
 *
 * @param x - the elements, a `Float32Array` or `Float64Array`; left alone unless `out` is `x`.
 * @returns `options.out`, or a new array of the type of `x`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_SHAPE`, `ERR_OVERLAP`, `ERR_DETACHED`,
 * `ERR_SHARED`, `ERR_OPTION`: see `docs/errors.md`.
 * @example
 * const y = alphaDropout(x, { rate: 0.05, seed: 7n })
 */
export function alphaDropout<T extends Floats>(x: T, options: NoiseOptions<T>): T {
  return apply(x, options, 'x', false)
}

/**
 * The gradient of {@link alphaDropout}: `a dy` where an element was kept, +0 where it was dropped. The mask is computed
 * again from the options, which must be those of the forward call; nothing was stored.
 *
 * @param dy - the gradient of the loss by the output of {@link alphaDropout}.
 * @returns the gradient by its input: `options.out`, or a new array.
 * @throws {DropoutError} as {@link alphaDropout}.
 * @example
 * const dx = alphaDropoutBackward(dy, { rate: 0.05, seed: 7n })
 */
export function alphaDropoutBackward<T extends Floats>(dy: T, options: NoiseOptions<T>): T {
  return apply(dy, options, 'dy', true)
}

function apply<T extends Floats>(
  elements: T,
  options: NoiseOptions<T>,
  argument: string,
  backward: boolean,
): T {
  const { x, training, place } = checkNoise(elements, options, KNOWN, argument)
  const out = outputFor(options.out, x)
  guarded(() => native.alphaDropout(x, out, backward, training, ...place))
  return out
}
