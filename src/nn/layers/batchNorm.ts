import { checkNumber } from '../../validate/number.js'
import { checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { IMAGE_LAYOUTS, type ImageLayout } from './window.js'

/** Each channel to mean 0 and variance 1 over the batch, then scaled and shifted as learnt. */
export interface BatchNormLayer extends BatchNormOptions {
  readonly type: 'batchNorm'
}

/** The options of {@link batchNorm}. */
export interface BatchNormOptions {
  /**
   * The part of a batch in the running statistics, in `[0, 1]`: `running = (1 - momentum) running + momentum batch`, as
   * in PyTorch (Keras calls `1 - momentum` so).
   *
   * @default 0.1
   */
  readonly momentum?: number | undefined
  /**
   * What is added to the variance, above 0.
   *
   * @default 1e-5
   */
  readonly epsilon?: number | undefined
  /**
   * Where the channels stand.
   *
   * @default 'NHWC'
   */
  readonly layout?: ImageLayout | undefined
}

const BATCH_NORM_OPTIONS = ['momentum', 'epsilon', 'layout'] as const

/**
 * Batch normalisation (Ioffe & Szegedy 2015): `y = gamma (x - mean) / sqrt(variance + epsilon) + beta` for each channel,
 * the last axis. A training step takes the moments of its batch, over rows and positions, and moves the running ones
 * towards them (the variance unbiased); predictions, Monte Carlo ones too, take the running ones and leave them alone.
 * Of sequences only the steps within the rows' lengths count.
 *
 * Dropout before it shifts the variance between training and inference (Li et al. 2019): put dropout after it.
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 *
 * @example
 * sequential({ input: [28, 28, 1], output: 'softmax', layers: [conv2d(16, 3), batchNorm(), activation('relu'), flatten(), dense(10)] })
 */
export function batchNorm(options: BatchNormOptions = {}): BatchNormLayer {
  const fields = checkFields<BatchNormOptions>(options, 'options', BATCH_NORM_OPTIONS)
  return checkBatchNorm({ ...fields, type: 'batchNorm' }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkBatchNorm(layer: object, at: string): BatchNormLayer {
  const fields = checkPart<BatchNormLayer>(layer, at, ['type', ...BATCH_NORM_OPTIONS])
  return record<BatchNormLayer>({
    type: 'batchNorm',
    momentum: optional(fields.momentum, `${at}momentum`, checkNumber, { least: 0, most: 1 }),
    epsilon: optional(fields.epsilon, `${at}epsilon`, checkNumber, { least: 0, above: true }),
    layout: optional(fields.layout, `${at}layout`, checkWord, IMAGE_LAYOUTS),
  })
}
