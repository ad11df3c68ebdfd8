import { checkInteger, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkBoolean, checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { MAX_UNITS } from './dense.js'
import { ACTIVATIONS, type Activation, INITIALIZERS, type Initializer, SHARES, type Share } from './names.js'

/** A dense layer whose weights drop in training. */
export interface DropConnectLayer extends DropConnectOptions {
  readonly type: 'dropConnect'
  /** The number of outputs, at least 1. */
  readonly units: number
  /** How likely a weight drops, in `[0, 1]`. */
  readonly rate: number
}

/** The options of {@link dropConnect}. */
export interface DropConnectOptions {
  /**
   * What is applied to the sums.
   *
   * @default 'identity'
   */
  readonly activation?: Activation | undefined
  /**
   * Whether each unit has a bias, which never drops.
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
  /**
   * Who has masks of its own: `none`, every row; `batch`, every step (and every Monte Carlo pass).
   *
   * @default 'none'
   */
  readonly share?: Share | undefined
  /**
   * The place of the layer's masks in the stream, in `[0, 65535]`; two layers may not share one.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

const DROP_CONNECT_OPTIONS = ['activation', 'bias', 'initializer', 'share', 'site'] as const

/**
 * A dense layer whose weights drop (Wan et al. 2013): in training `y = f(x (m * W)' / (1 - rate) + b)` with a mask `m` of
 * the weights, in inference `y = f(x W' + b)`. `[..., inputs]` becomes `[..., units]`. The masks are those of `mask.weights`.
 *
 * @param units - the number of outputs, at least 1.
 * @param rate - how likely a weight drops, in `[0, 1]`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * Cost: as `dense`, and `inputs x units` random numbers for each row; with `share: 'batch'` once a step.
 *
 * @example
 * dropConnect(64, 0.5, { activation: 'relu', share: 'batch' })
 */
export function dropConnect(units: number, rate: number, options: DropConnectOptions = {}): DropConnectLayer {
  const fields = checkFields(options, 'options', DROP_CONNECT_OPTIONS)
  return checkDropConnect({ ...fields, type: 'dropConnect', units, rate }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkDropConnect(layer: object, at: string): DropConnectLayer {
  const fields = checkPart<DropConnectLayer>(layer, at, ['type', 'units', 'rate', ...DROP_CONNECT_OPTIONS])
  return record<DropConnectLayer>({
    type: 'dropConnect',
    units: checkInteger(fields.units, `${at}units`, 1, MAX_UNITS),
    rate: checkRate(fields.rate, `${at}rate`),
    activation: optional(fields.activation, `${at}activation`, checkWord, ACTIVATIONS),
    bias: optional(fields.bias, `${at}bias`, checkBoolean),
    initializer: optional(fields.initializer, `${at}initializer`, checkWord, INITIALIZERS),
    share: optional(fields.share, `${at}share`, checkWord, SHARES),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}
