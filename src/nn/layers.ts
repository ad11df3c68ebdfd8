import { argumentError } from '../errors.js'
import { SCALINGS, type Scaling } from '../mask/scaling.js'
import { checkInteger, checkNumber, checkRate, MAX_SITE } from '../validate/number.js'
import { checkBoolean, checkWord, optional } from '../validate/options.js'
import { checkFields, checkPart, record } from './check.js'

/** The activation functions by name. */
export const ACTIVATIONS = [
  'identity',
  'relu',
  'leakyRelu',
  'elu',
  'selu',
  'gelu',
  'geluTanh',
  'silu',
  'softplus',
  'tanh',
  'sigmoid',
  'softmax',
] as const

/**
 * An activation function; conventions are PyTorch's: `leakyRelu` has slope 0.01, `gelu` is exact and `geluTanh` its
 * approximation, `elu` has alpha 1, `softmax` works on the units of a row.
 */
export type Activation = (typeof ACTIVATIONS)[number]

/** The initialisers by name. */
export const INITIALIZERS = [
  'dropoutAware',
  'heNormal',
  'heUniform',
  'glorotNormal',
  'glorotUniform',
  'zeros',
] as const

/**
 * How a layer's weights are drawn. With `n` inputs and `m` outputs of a layer:
 *
 * | name | variance |
 * |---|---|
 * | `dropoutAware` | `q / (n E f^2)`: `2q / n` for ReLU, `q` the keep rate of the inverted dropout that feeds the layer |
 * | `heNormal`, `heUniform` | `2 / n` (He et al. 2015) |
 * | `glorotNormal`, `glorotUniform` | `2 / (n + m)` (Glorot & Bengio 2010) |
 * | `zeros` | 0 |
 */
export type Initializer = (typeof INITIALIZERS)[number]

/** `y = f(x W' + b)` with weights of shape `[units, inputs]`. */
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

/** An activation function as a layer of its own. */
export interface ActivationLayer {
  readonly type: 'activation'
  readonly activation: Activation
}

/** In training each element is dropped with probability `rate`; `scaling` says where what is kept is scaled. */
export interface DropoutLayer extends DropoutLayerOptions {
  readonly type: 'dropout'
  /** The drop probability, in `[0, 1]`. */
  readonly rate: number
}

/** The options of the layer {@link dropout}. */
export interface DropoutLayerOptions {
  /**
   * `inverted` divides what is kept by the keep rate in training and does nothing in inference; `standard` does not
   * scale in training and multiplies all by the keep rate in inference (Srivastava et al. 2014).
   *
   * @default 'inverted'
   */
  readonly scaling?: Scaling | undefined
  /**
   * The place of the layer's masks in the stream, in `[0, 65535]`; two layers may not share one.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
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

/** A layer as a plain, frozen value that can be written as JSON. */
export type Layer = DenseLayer | ActivationLayer | DropoutLayer | FlattenLayer | NormalizeLayer

/** The largest number of units. */
const MAX_UNITS = 2 ** 31

/**
 * A layer in which every unit sees every input: `y = f(x W' + b)`.
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
 * Dropout as a layer: in training `y = m x / (1 - rate)` with a fresh mask `m` for each row and step, in inference
 * `y = x`; with `scaling: 'standard'` `y = m x` and `y = (1 - rate) x`. A mask depends on the model's seed, the layer, the step and the row's id, and on nothing else.
 *
 * @param rate - the drop probability, in `[0, 1]`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as
 * described.
 * @example
 * dropout(0.5)
 */
export function dropout(rate: number, options: DropoutLayerOptions = {}): DropoutLayer {
  const { scaling, site } = checkFields(options, 'options', DROPOUT_OPTIONS)
  return checkDropout({ type: 'dropout', rate, scaling, site }, '')
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

const DENSE_OPTIONS = ['activation', 'bias', 'initializer'] as const
const DROPOUT_OPTIONS = ['scaling', 'site'] as const
const NORMALIZE_OPTIONS = ['epsilon'] as const

const CHECKS: { readonly [Type in Layer['type']]: (layer: object, at: string) => Layer } = {
  dense: checkDense,
  activation: checkActivation,
  dropout: checkDropout,
  flatten: checkFlatten,
  normalize: checkNormalize,
}

const LAYER_TYPES = Object.keys(CHECKS) as Layer['type'][]

/** Checks a layer that may come from anywhere, JSON for instance; `at` is where it stands. */
export function checkLayer(value: unknown, at: string): Layer {
  if (typeof value !== 'object' || value === null) {
    throw argumentError('ERR_TYPE', at, value, 'a layer, for instance dense(64)')
  }
  const type = checkWord((value as { type?: unknown }).type, `${at}.type`, LAYER_TYPES)
  return CHECKS[type](value, `${at}.`)
}

// In the checks below, `at` is what stands before a field's name in messages, as in `checkPart`.

function checkDense(layer: object, at: string): DenseLayer {
  const fields = checkPart<DenseLayer>(layer, at, ['type', 'units', ...DENSE_OPTIONS])
  return record<DenseLayer>({
    type: 'dense',
    units: checkInteger(fields.units, `${at}units`, 1, MAX_UNITS),
    activation: optional(fields.activation, `${at}activation`, checkWord, ACTIVATIONS),
    bias: optional(fields.bias, `${at}bias`, checkBoolean),
    initializer: optional(fields.initializer, `${at}initializer`, checkWord, INITIALIZERS),
  })
}

function checkActivation(layer: object, at: string): ActivationLayer {
  const fields = checkPart<ActivationLayer>(layer, at, ['type', 'activation'])
  return record<ActivationLayer>({
    type: 'activation',
    activation: checkWord(fields.activation, at ? `${at}activation` : 'name', ACTIVATIONS),
  })
}

function checkDropout(layer: object, at: string): DropoutLayer {
  const fields = checkPart<DropoutLayer>(layer, at, ['type', 'rate', ...DROPOUT_OPTIONS])
  return record<DropoutLayer>({
    type: 'dropout',
    rate: checkRate(fields.rate, `${at}rate`),
    scaling: optional(fields.scaling, `${at}scaling`, checkWord, SCALINGS),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

function checkFlatten(layer: object, at: string): FlattenLayer {
  checkPart<FlattenLayer>(layer, at, ['type'])
  return flatten()
}

function checkNormalize(layer: object, at: string): NormalizeLayer {
  const fields = checkPart<NormalizeLayer>(layer, at, ['type', ...NORMALIZE_OPTIONS])
  return record<NormalizeLayer>({
    type: 'normalize',
    epsilon: optional(fields.epsilon, `${at}epsilon`, checkNumber, { least: 0 }),
  })
}
