import { checkInteger } from '../../validate/number.js'
import { checkBoolean, checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { ACTIVATIONS, type Activation, INITIALIZERS, type Initializer } from './names.js'

/** `y = f(x W' + b)` with weights of shape `[units, inputs]`, on the last axis of a row. */
export interface DenseLayer extends DenseOptions {
  readonly type: 'dense'
  /** The number of outputs, at least 1. */
  readonly units: number
}

/** The options of {@link dense}. */
export interface DenseOptions {
  /**
   * What is applied to the sums.
   *
   * @default 'identity'
   */
  readonly activation?: Activation | undefined
  /**
   * Whether each unit has a bias.
   *
   * @default true
   */
  readonly bias?: boolean | undefined
  /**
   * How the weights are drawn; biases start at 0.
   *
   * @default 'dropoutAware'
   */
  readonly initializer?: Initializer | undefined
}

/** The largest number of units. */
export const MAX_UNITS = 2 ** 31

const DENSE_OPTIONS = ['activation', 'bias', 'initializer'] as const

/**
 * A layer in which every unit sees every input: `y = f(x W' + b)`. Rows of several axes, `[steps, features]` for
 * instance, go through it vector by vector: `[..., inputs]` becomes `[..., units]`.
 *
 * @param units - the number of outputs, at least 1.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * Cost: `2 x rows x inputs x units` operations forward, twice that backward.
 *
 * @example
 * dense(64, { activation: 'relu' })
 */
export function dense(units: number, options: DenseOptions = {}): DenseLayer {
  const { activation, bias, initializer } = checkFields(options, 'options', DENSE_OPTIONS)
  return checkDense({ type: 'dense', units, activation, bias, initializer }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkDense(layer: object, at: string): DenseLayer {
  const fields = checkPart<DenseLayer>(layer, at, ['type', 'units', ...DENSE_OPTIONS])
  return record<DenseLayer>({
    type: 'dense',
    units: checkInteger(fields.units, `${at}units`, 1, MAX_UNITS),
    activation: optional(fields.activation, `${at}activation`, checkWord, ACTIVATIONS),
    bias: optional(fields.bias, `${at}bias`, checkBoolean),
    initializer: optional(fields.initializer, `${at}initializer`, checkWord, INITIALIZERS),
  })
}
