import { checkInteger, checkNumber, checkRate, MAX_SITE } from '../../validate/number.js'
import { optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'

/** The options of {@link gaussianDropout} and {@link alphaDropout}. */
export interface NoiseOptions {
  /**
   * The place of the layer's noise in the stream, in `[0, 65535]`; two layers may not share one.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/** Multiplicative normal noise on each element in training. */
export interface GaussianDropoutLayer extends NoiseOptions {
  readonly type: 'gaussianDropout'
  /** The drop probability of the dropout with this variance, in `[0, 1)`. */
  readonly rate: number
}

/** Dropout for layers with SELU. */
export interface AlphaDropoutLayer extends NoiseOptions {
  readonly type: 'alphaDropout'
  /** The drop probability, in `[0, 1]`. */
  readonly rate: number
}

/** Dropout whose rate is learnt. */
export interface ConcreteDropoutLayer extends ConcreteDropoutOptions {
  readonly type: 'concreteDropout'
}

/** The options of {@link concreteDropout}. */
export interface ConcreteDropoutOptions extends NoiseOptions {
  /**
   * The rate that training begins with, in `(0, 1)`.
   *
   * @default 0.1
   */
  readonly rate?: number | undefined
  /**
   * How soft the masks are, in `[1e-6, 1e6]`.
   *
   * @default 0.1
   */
  readonly temperature?: number | undefined
  /**
   * The factor of the masks' entropy in the loss, at least 0. The paper's is 1 over the number of training rows where the
   * loss is a mean log likelihood.
   *
   * @default 1e-5
   */
  readonly regularizer?: number | undefined
}

const CONCRETE_OPTIONS = ['rate', 'temperature', 'regularizer', 'site'] as const

/**
 * Gaussian dropout (Srivastava et al. 2014, section 10): in training `y = x (1 + sqrt(rate / (1 - rate)) n)` with
 * `n ~ N(0, 1)` for each element, in inference `y = x`. Mean and variance are those of inverted dropout.
 *
 * @param rate - the drop probability of the dropout with this variance, in `[0, 1)`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * gaussianDropout(0.2)
 */
export function gaussianDropout(rate: number, options: NoiseOptions = {}): GaussianDropoutLayer {
  const { site } = checkFields(options, 'options', ['site'])
  return checkGaussianDropout({ type: 'gaussianDropout', rate, site }, '')
}

/**
 * Alpha dropout (Klambauer et al. 2017): in training dropped elements take the value that SELU saturates at, and an
 * affine map keeps mean 0 and variance 1; in inference `y = x`.
 *
 * @param rate - the drop probability, in `[0, 1]`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * alphaDropout(0.1)
 */
export function alphaDropout(rate: number, options: NoiseOptions = {}): AlphaDropoutLayer {
  const { site } = checkFields(options, 'options', ['site'])
  return checkAlphaDropout({ type: 'alphaDropout', rate, site }, '')
}

/**
 * Concrete dropout (Gal, Hron & Kendall 2017), whose rate `p` is learnt: in training `y = x (1 - z) / (1 - p)` with
 * `z = sigmoid((logit p + logit u) / temperature)` and `u ~ U(0, 1)` for each element, in inference `y = x`. The loss of a
 * training step gets `regularizer x features x (p ln p + (1 - p) ln(1 - p))`, which draws `p` to 1/2; the data draw it
 * to 0. Its tensor is `logit` `[1]`.
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * concreteDropout({ regularizer: 1 / 1000 }) // trained on 1000 rows
 */
export function concreteDropout(options: ConcreteDropoutOptions = {}): ConcreteDropoutLayer {
  const fields = checkFields(options, 'options', CONCRETE_OPTIONS)
  return checkConcreteDropout({ ...fields, type: 'concreteDropout' }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkGaussianDropout(layer: object, at: string): GaussianDropoutLayer {
  const fields = checkPart<GaussianDropoutLayer>(layer, at, ['type', 'rate', 'site'])
  const rate = checkRate(fields.rate, `${at}rate`)
  return record<GaussianDropoutLayer>({
    type: 'gaussianDropout',
    // At 1 the variance would be infinite.
    rate: checkNumber(rate, `${at}rate`, { least: 0, most: 1, below: true }),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkAlphaDropout(layer: object, at: string): AlphaDropoutLayer {
  const fields = checkPart<AlphaDropoutLayer>(layer, at, ['type', 'rate', 'site'])
  return record<AlphaDropoutLayer>({
    type: 'alphaDropout',
    rate: checkRate(fields.rate, `${at}rate`),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkConcreteDropout(layer: object, at: string): ConcreteDropoutLayer {
  const fields = checkPart<ConcreteDropoutLayer>(layer, at, ['type', ...CONCRETE_OPTIONS])
  const open = { least: 0, most: 1, above: true, below: true }
  return record<ConcreteDropoutLayer>({
    type: 'concreteDropout',
    rate: optional(fields.rate, `${at}rate`, checkNumber, open),
    temperature: optional(fields.temperature, `${at}temperature`, checkNumber, { least: 1e-6, most: 1e6 }),
    regularizer: optional(fields.regularizer, `${at}regularizer`, checkNumber, { least: 0 }),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}
