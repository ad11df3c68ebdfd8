import { native } from '../native/load.js'
import type { Floats } from '../validate/array.js'
import { checkNumber, checkRate } from '../validate/number.js'
import { checkOptions } from '../validate/options.js'
import { checkLike, checkNoise, guarded, NOISE_OPTIONS, type NoiseOptions, outputFor } from './noise.js'

/** The options of {@link concreteDropout} and {@link concreteDropoutBackward}. */
export interface ConcreteDropoutOptions<T extends Floats = Floats> extends NoiseOptions<T> {
  /**
   * The temperature t of the relaxation, in `[1e-6, 1e6]`: the lower, the nearer the gates are to 0 or 1.
   *
   * @default 0.1
   */
  temperature?: number | undefined
}

/** What {@link concreteDropoutBackward} gives. */
export interface ConcreteGradient<T extends Floats> {
  /** The gradient by the input: `options.out`, or a new array. */
  readonly dx: T
  /** The gradient by the rate p, summed over all elements. */
  readonly dRate: number
  /** The gradient by the rate's logit ln p - ln(1 - p), which is what is learnt: `p (1 - p) dRate`. */
  readonly dLogit: number
}

/** The options of {@link concreteRegularizer}. */
export interface ConcreteRegularizerOptions {
  /** The rate, in `[0, 1]`. */
  rate: number
  /**
   * What the entropy is multiplied by: the paper's K, the number of input features of the layer, over the number of rows
   * in the training data, where the loss is a mean of negative log likelihoods.
   *
   * @default 1
   */
  weight?: number | undefined
}

/** What {@link concreteRegularizer} gives. */
export interface ConcreteRegularizer {
  /** `weight (p ln p + (1 - p) ln(1 - p))`, a negative number that is added to the loss. */
  readonly value: number
  /** Its derivative by the rate: `weight (ln p - ln(1 - p))`, infinite at both ends. */
  readonly dRate: number
  /** Its derivative by the rate's logit: `p (1 - p) dRate`, 0 at both ends. */
  readonly dLogit: number
}

const KNOWN = new Set([...NOISE_OPTIONS, 'temperature'])
const REGULARIZER = new Set(['rate', 'weight'])
const TEMPERATURE = { least: 1e-6, most: 1e6 }

/**
 * Concrete dropout: a relaxed mask, whose rate p can be learnt by its gradient. With u uniform in (0, 1),
 * `z = sigmoid((ln p - ln(1 - p) + ln u - ln(1 - u)) / t)` and `y = x (1 - z) / (1 - p)` (Gal, Hron & Kendall 2017,
 * section 3). Inference is the identity.
 *
 * `rate: 0` is the identity bit for bit and `rate: 1` gives +0. Where 1 - z is 0 in the precision of the elements the
 * output is +0, whatever the input was. The mean of (1 - z) / (1 - p) is 1 at p = 1/2 and for small t only. In single
 * precision that factor is within 1e-6 / (1 - p) of the exact one at t = 0.1; doubles are computed in double precision,
 * which takes some twenty times as long. O(n) time and no memory; large arrays use several threads.
 *
 * @param x - the elements, a `Float32Array` or `Float64Array`; left alone unless `out` is `x`.
 * @returns `options.out`, or a new array of the type of `x`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_SHAPE`, `ERR_OVERLAP`, `ERR_DETACHED`,
 * `ERR_SHARED`, `ERR_OPTION`: see `docs/errors.md`.
 * @example
 * const y = concreteDropout(x, { rate, seed: 7n, step })
 * const { dx, dLogit } = concreteDropoutBackward(x, dy, { rate, seed: 7n, step })
 * logit -= learningRate * (dLogit + concreteRegularizer({ rate, weight }).dLogit)
 */
export function concreteDropout<T extends Floats>(x: T, options: ConcreteDropoutOptions<T>): T {
  const { training, place } = checkNoise(x, options, KNOWN, 'x')
  const temperature = checkTemperature(options)
  const out = outputFor(options.out, x)
  guarded(() => native.concreteDropout(x, out, training, temperature, ...place))
  return out
}

/**
 * The gradients of {@link concreteDropout}: `dx = dy (1 - z) / (1 - p)`, and the gradient by the rate,
 * `sum dy x (1 - z) (1 - z / (t p)) / (1 - p)^2`, summed in double precision in one order for any number of threads. The
 * gates are computed again from the options, which must be those of the forward call; nothing was stored but `x`.
 *
 * At rates 0 and 1, and in inference, the rate is taken for fixed: its gradient is 0.
 *
 * @param x - the input of {@link concreteDropout}.
 * @param dy - the gradient of the loss by its output, as long as `x` and of its type. `options.out` may be `dy`, but
 * not `x`.
 * @throws {DropoutError} as {@link concreteDropout}.
 */
export function concreteDropoutBackward<T extends Floats>(
  x: T,
  dy: T,
  options: ConcreteDropoutOptions<T>,
): ConcreteGradient<T> {
  const { training, place } = checkNoise(x, options, KNOWN, 'x')
  const temperature = checkTemperature(options)
  checkLike(dy, 'dy', x, 'x')
  const dx = outputFor(options.out, dy)
  const call = () => native.concreteDropoutBackward(x, dy, dx, training, temperature, ...place)
  const [dRate, dLogit] = guarded(call) as [number, number]
  return { dx, dRate, dLogit }
}

/**
 * The regulariser of a learnt rate: the negative entropy of its mask, `p ln p + (1 - p) ln(1 - p)`, which draws the rate
 * towards 1/2 (Gal, Hron & Kendall 2017, section 3). Without it, or with too few data, rates go to 0.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * concreteRegularizer({ rate: 0.5 }) // { value: -0.693…, dRate: 0, dLogit: 0 }
 */
export function concreteRegularizer(options: ConcreteRegularizerOptions): ConcreteRegularizer {
  checkOptions(options, REGULARIZER)
  const rate = checkRate(options.rate)
  const weight = options.weight === undefined ? 1 : checkNumber(options.weight, 'weight', { least: 0 })
  const entropy = guarded(() => native.concreteRegularizer(rate))
  const [value, dRate, dLogit] = entropy.map((term) => (weight === 0 ? 0 : weight * term))
  return { value, dRate, dLogit } as ConcreteRegularizer
}

function checkTemperature({ temperature }: ConcreteDropoutOptions): number {
  return temperature === undefined ? 0.1 : checkNumber(temperature, 'temperature', TEMPERATURE)
}
