import { argumentError } from '../errors.js'
import { native } from '../native/load.js'
import type { Floats } from '../validate/array.js'
import { checkNoise, guarded, NOISE_OPTIONS, type NoiseOptions, outputFor } from './noise.js'

const KNOWN = new Set(NOISE_OPTIONS)

/**
 * Gaussian dropout: every element is multiplied by noise of mean 1 and variance p / (1 - p), which are those of
 * inverted dropout at the rate p: `y = x (1 + sqrt(p / (1 - p)) n)` with n ~ N(0, 1) (Srivastava et al. 2014, section
 * 10; Kingma, Salimans & Welling 2015, section 3.1). Nothing is dropped; inference is the identity.
 *
 * `rate: 0` is the identity bit for bit; `rate: 1` is an error, since the variance would be infinite. The noise is a
 * pure function of `seed`, `site`, `step`, the row and the place in it, the same on any machine, in single precision
 * (within 2e-7 of max(1, |n|)) for doubles too. O(n) time and no memory; large arrays use several threads.
 *
 * @param x - the elements, a `Float32Array` or `Float64Array`; left alone unless `out` is `x`.
 * @returns `options.out`, or a new array of the type of `x`.
 * @throws {DropoutError} `ERR_RATE` (also for 1), `ERR_RANGE`, `ERR_TYPE`, `ERR_SHAPE`, `ERR_OVERLAP`, `ERR_DETACHED`,
 * `ERR_SHARED`, `ERR_OPTION`: see `docs/errors.md`.
 * @example
 * const y = gaussianDropout(x, { rate: 0.2, seed: 7n }) // factors of mean 1 and standard deviation 1/2
 */
export function gaussianDropout<T extends Floats>(x: T, options: NoiseOptions<T>): T {
  return apply(x, options, 'x')
}

/**
 * The gradient of {@link gaussianDropout}: the same factors on the gradient of its output. The noise is computed again
 * from the options, which must be those of the forward call; nothing was stored.
 *
 * @param dy - the gradient of the loss by the output of {@link gaussianDropout}.
 * @returns the gradient by its input: `options.out`, or a new array.
 * @throws {DropoutError} as {@link gaussianDropout}.
 * @example
 * const dx = gaussianDropoutBackward(dy, { rate: 0.2, seed: 7n })
 */
export function gaussianDropoutBackward<T extends Floats>(dy: T, options: NoiseOptions<T>): T {
  return apply(dy, options, 'dy')
}

function apply<T extends Floats>(elements: T, options: NoiseOptions<T>, argument: string): T {
  const { x, training, place } = checkNoise(elements, options, KNOWN, argument)
  if (options.rate === 1) {
    const allowed = 'a number in [0, 1): at 1 the variance of the noise would be infinite'
    throw argumentError('ERR_RATE', 'rate', options.rate, allowed)
  }
  const out = outputFor(options.out, x)
  guarded(() => native.gaussianDropout(x, out, training, ...place))
  return out
}
