import { fromNative } from '../../errors.js'
import { emptyLike } from '../../mask/apply.js'
import { native } from '../../native/load.js'
import type { Floats } from '../../validate/array.js'
import { checkNumber } from '../../validate/number.js'
import { optional } from '../../validate/options.js'
import {
  activationNames,
  type BiasActivationDropoutOptions,
  checkActivation,
  checkFused,
  checkLike,
  checkSame,
  checkVector,
  type FusedWork,
  zerosLike,
} from './options.js'

/** The options of {@link biasActivationDropoutLayerNorm}. */
export interface BiasActivationDropoutLayerNormOptions<T extends Floats = Floats>
  extends BiasActivationDropoutOptions<T> {
  /** What normalised elements are multiplied by: `features` numbers. */
  gamma: T
  /** What is added then: `features` numbers. */
  beta: T
  /**
   * Added to the variance, above 0.
   *
   * @default 1e-5
   */
  epsilon?: number | undefined
}

/** What {@link biasActivationDropoutLayerNorm} gives. */
export interface LayerNormResult<T extends Floats = Floats> {
  /** The normalised vectors. */
  readonly y: T
  /** The mean of every vector before it was normalised. */
  readonly mean: T
  /** `1 / sqrt(variance + epsilon)` of every vector. */
  readonly inverseDeviation: T
}

/** The options of {@link biasActivationDropoutLayerNormBackward}: those of the forward call, its input and its statistics. */
export interface BiasActivationDropoutLayerNormBackwardOptions<T extends Floats = Floats>
  extends BiasActivationDropoutLayerNormOptions<T> {
  /** The input of the forward call. */
  x: T
  /** What the forward call gave. */
  mean: T
  /** What the forward call gave. */
  inverseDeviation: T
}

/** The gradients that {@link biasActivationDropoutLayerNormBackward} gives. */
export interface LayerNormGradients<T extends Floats = Floats> {
  /** The gradient of the loss by `x`. */
  readonly dx: T
  /** The gradient by the residual; undefined where there was none. */
  readonly dResidual: T | undefined
  /** The gradient by the bias; that of zeros where there was none. */
  readonly dBias: T
  /** The gradient by `gamma`. */
  readonly dGamma: T
  /** The gradient by `beta`. */
  readonly dBeta: T
}

const FORWARD = activationNames('gamma', 'beta', 'epsilon')
const BACKWARD = activationNames('gamma', 'beta', 'epsilon', 'x', 'mean', 'inverseDeviation')

/**
 * `layerNorm(residual + dropout(activation(x + bias))) * gamma + beta` in one pass over memory: the end of a
 * transformer's post-norm block (Vaswani et al. 2017). Every vector of the last axis is normalised by its mean and its
 * variance, the mean squared difference from it (Ba, Kiros & Hinton 2016, equations 3 and 4).
 *
 * @param x - the elements, `[rows, ..., features]`; left alone unless `out` is `x`.
 * @returns the result `y`, in `options.out` or a new array, and of every vector the mean and inverse deviation, which
 * the backward pass takes.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const { y, mean, inverseDeviation } = biasActivationDropoutLayerNorm(x, {
 *   bias, residual, gamma, beta, rate: 0.1, seed: 7n, shape: [batch, time, 512],
 * })
 */
export function biasActivationDropoutLayerNorm<T extends Floats>(
  x: T,
  options: BiasActivationDropoutLayerNormOptions<T>,
): LayerNormResult<T> {
  const work = checkFused(x, options, FORWARD, 'x')
  const { bias, residual, gamma, beta, epsilon, activation } = checkNorm(options, work)
  const y = optional(options.out, 'out', checkSame<T>, work) ?? emptyLike(x)
  const [mean, inverseDeviation] = [zerosLike(x, work.vectors), zerosLike(x, work.vectors)]
  try {
    native.biasActivationDropoutLayerNorm(
      x,
      y,
      mean,
      inverseDeviation,
      residual,
      bias,
      gamma,
      beta,
      epsilon,
      activation,
      ...work.dropout,
    )
  } catch (error) {
    throw fromNative(error)
  }
  return { y, mean, inverseDeviation }
}

/**
 * The gradients of {@link biasActivationDropoutLayerNorm}, in one pass. What was normalised is computed again from `x`,
 * the residual and the options, which must be those of the forward call; only the statistics were stored.
 *
 * @param dy - the gradient of the loss by the output; left alone unless `out` is `dy`.
 * @returns the gradients; `dx` is in `options.out` or a new array.
 * @throws {DropoutError} as {@link dropout}.
 * @example
 * const { dx, dResidual, dBias, dGamma, dBeta } = biasActivationDropoutLayerNormBackward(dy, {
 *   x, mean, inverseDeviation, bias, residual, gamma, beta, rate: 0.1, seed: 7n, shape,
 * })
 */
export function biasActivationDropoutLayerNormBackward<T extends Floats>(
  dy: T,
  options: BiasActivationDropoutLayerNormBackwardOptions<T>,
): LayerNormGradients<T> {
  const work = checkFused(dy, options, BACKWARD, 'dy')
  const { bias, residual, gamma, beta, epsilon, activation } = checkNorm(options, work)
  const x = checkSame<T>(options.x, 'x', work)
  const [mean, inverseDeviation] = (['mean', 'inverseDeviation'] as const).map((name) =>
    checkLike<T>(options[name], name, dy, work.vectors, 'one for each vector'),
  ) as [T, T]
  const dx = optional(options.out, 'out', checkSame<T>, work) ?? emptyLike(dy)
  const dResidual = residual && emptyLike(dy)
  const [dBias, dGamma, dBeta] = [0, 1, 2].map(() => zerosLike(dy, work.features)) as [T, T, T]
  try {
    native.biasActivationDropoutLayerNormBackward(
      dy,
      x,
      mean,
      inverseDeviation,
      dx,
      dResidual,
      dBias,
      dGamma,
      dBeta,
      residual,
      bias,
      gamma,
      beta,
      epsilon,
      activation,
      ...work.dropout,
    )
  } catch (error) {
    throw fromNative(error)
  }
  return { dx, dResidual, dBias, dGamma, dBeta }
}

/** Checks what forward and backward pass share. */
function checkNorm<T extends Floats>(options: BiasActivationDropoutLayerNormOptions<T>, work: FusedWork<T>) {
  return {
    bias: optional(options.bias, 'bias', checkVector<T>, work),
    residual: optional(options.residual, 'residual', checkSame<T>, work),
    gamma: checkVector<T>(options.gamma, 'gamma', work),
    beta: checkVector<T>(options.beta, 'beta', work),
    epsilon: checkNumber(options.epsilon ?? 1e-5, 'epsilon', { least: 0, above: true }),
    activation: checkActivation(options.activation),
  }
}
