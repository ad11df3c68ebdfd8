import { fromNative } from '../../errors.js'
import { emptyLike } from '../../mask/apply.js'
import { native } from '../../native/load.js'
import type { Floats } from '../../validate/array.js'
import { optional } from '../../validate/options.js'
import {
  activationNames,
  type BiasActivationDropoutOptions,
  checkActivation,
  checkFused,
  checkSame,
  checkVector,
  zerosLike,
} from './options.js'

/** The options of {@link biasActivationDropoutBackward}: those of the forward call, and its input. */
export interface BiasActivationDropoutBackwardOptions<T extends Floats = Floats>
  extends BiasActivationDropoutOptions<T> {
  /** The input of the forward call. */
  x: T
}

/** The gradients that {@link biasActivationDropoutBackward} gives. */
export interface BiasActivationDropoutGradients<T extends Floats = Floats> {
  /** The gradient of the loss by `x`. */
  readonly dx: T
  /** The gradient by the bias, `features` numbers; that of zeros where there was none. */
  readonly dBias: T
}

const FORWARD = activationNames()
const BACKWARD = activationNames('x')

/**
 * `residual + dropout(activation(x + bias))` in one pass over memory: what follows the product of a dense layer, and
 * with a residual the `x + dropout(f(x) + b)` of a transformer's block.
 *
 * A dropped element is +0 before the residual is added, whatever it was: NaN and infinities do not leak. `rate: 0`
 * draws nothing and `rate: 1` leaves the residual. The mask is that of {@link dropout} with the same options.
 *
 * @param x - the elements, `[rows, ..., features]`; left alone unless `out` is `x`.
 * @returns `options.out`, or a new array of the type of `x`.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const x = new Float32Array([1, -2, 3, 4])
 * const y = biasActivationDropout(x, { bias: Float32Array.of(1, 1), activation: 'relu', rate: 0.5, seed: 7n, shape: [2, 2] })
 */
export function biasActivationDropout<T extends Floats>(x: T, options: BiasActivationDropoutOptions<T>): T {
  const work = checkFused(x, options, FORWARD, 'x')
  const bias = optional(options.bias, 'bias', checkVector<T>, work)
  const residual = optional(options.residual, 'residual', checkSame<T>, work)
  const out = optional(options.out, 'out', checkSame<T>, work) ?? emptyLike(x)
  const activation = checkActivation(options.activation)
  try {
    native.biasActivationDropout(x, out, residual, bias, activation, ...work.dropout)
  } catch (error) {
    throw fromNative(error)
  }
  return out
}

/**
 * The gradients of {@link biasActivationDropout} by `x` and by the bias, in one pass. Mask and activation are computed
 * again from the options, which must be those of the forward call, and its `x`; nothing else was stored. The gradient
 * by the residual is `dy` itself.
 *
 * Sums over rows have a fixed order: the gradients are the same for any number of threads.
 *
 * @param dy - the gradient of the loss by the output; left alone unless `out` is `dy`.
 * @returns `dx`, in `options.out` or a new array, and `dBias`.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const { dx, dBias } = biasActivationDropoutBackward(dy, { x, bias, activation: 'gelu', rate: 0.1, seed: 7n, shape })
 */
export function biasActivationDropoutBackward<T extends Floats>(
  dy: T,
  options: BiasActivationDropoutBackwardOptions<T>,
): BiasActivationDropoutGradients<T> {
  const work = checkFused(dy, options, BACKWARD, 'dy')
  const x = checkSame<T>(options.x, 'x', work)
  const bias = optional(options.bias, 'bias', checkVector<T>, work)
  optional(options.residual, 'residual', checkSame<T>, work)
  const dx = optional(options.out, 'out', checkSame<T>, work) ?? emptyLike(dy)
  const dBias = zerosLike(dy, work.features)
  const activation = checkActivation(options.activation)
  try {
    native.biasActivationDropoutBackward(dy, x, dx, dBias, bias, activation, ...work.dropout)
  } catch (error) {
    throw fromNative(error)
  }
  return { dx, dBias }
}
