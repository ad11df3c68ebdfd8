import { checkNumber } from '../../validate/number.js'
import { checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { ACTIVATIONS, type Activation } from './names.js'

/** An activation function as a layer of its own. */
export interface ActivationLayer {
  readonly type: 'activation'
  readonly activation: Activation
}

/** Rows of any shape become rows of one axis. */
export interface FlattenLayer {
  readonly type: 'flatten'
}

/** Each feature to mean 0 and standard deviation 1, by the moments of the training data. */
export interface NormalizeLayer extends NormalizeOptions {
  readonly type: 'normalize'
}

/** The options of {@link normalize}. */
export interface NormalizeOptions {
  /**
   * A feature whose standard deviation is at most this part of its root mean square counts as constant and is only
   * centred; at least 0.
   *
   * @default 1e-7
   */
  readonly epsilon?: number | undefined
}

const NORMALIZE_OPTIONS = ['epsilon'] as const

/**
 * An activation function as a layer of its own.
 *
 * @throws {DropoutError} `ERR_OPTION` for a name that does not exist.
 * @example
 * activation('gelu')
 */
export function activation(name: Activation): ActivationLayer {
  return checkActivation({ type: 'activation', activation: name }, '')
}

/**
 * Rows of any shape to rows of one axis, row-major. Takes no time.
 *
 * @example
 * sequential({ input: [28, 28], output: 'softmax', layers: [flatten(), dense(10)] })
 */
export function flatten(): FlattenLayer {
  return Object.freeze({ type: 'flatten' })
}

/**
 * Each feature to mean 0 and standard deviation 1. The moments are those of the training rows, taken before the
 * first step and saved with the model; so it stands before every layer with weights.
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * sequential({ input: [30], output: 'softmax', layers: [normalize(), dense(64, { activation: 'relu' }), dense(2)] })
 */
export function normalize(options: NormalizeOptions = {}): NormalizeLayer {
  const { epsilon } = checkFields(options, 'options', NORMALIZE_OPTIONS)
  return checkNormalize({ type: 'normalize', epsilon }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkActivation(layer: object, at: string): ActivationLayer {
  const fields = checkPart<ActivationLayer>(layer, at, ['type', 'activation'])
  return record<ActivationLayer>({
    type: 'activation',
    activation: checkWord(fields.activation, at ? `${at}activation` : 'name', ACTIVATIONS),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkFlatten(layer: object, at: string): FlattenLayer {
  checkPart<FlattenLayer>(layer, at, ['type'])
  return flatten()
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkNormalize(layer: object, at: string): NormalizeLayer {
  const fields = checkPart<NormalizeLayer>(layer, at, ['type', ...NORMALIZE_OPTIONS])
  return record<NormalizeLayer>({
    type: 'normalize',
    epsilon: optional(fields.epsilon, `${at}epsilon`, checkNumber, { least: 0 }),
  })
}
