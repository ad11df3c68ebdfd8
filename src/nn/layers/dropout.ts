import { SCALINGS, type Scaling } from '../../mask/scaling.js'
import { checkInteger, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { SHARES, type Share } from './names.js'

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
   * Who has masks of its own: `none`, every row; `batch`, every step (and every Monte Carlo pass), whose rows then share
   * a mask. Units that all rows drop leave the products of the dense layers around, which makes training faster.
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

const DROPOUT_OPTIONS = ['scaling', 'share', 'site'] as const

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
  const { scaling, share, site } = checkFields(options, 'options', DROPOUT_OPTIONS)
  return checkDropout({ type: 'dropout', rate, scaling, share, site }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkDropout(layer: object, at: string): DropoutLayer {
  const fields = checkPart<DropoutLayer>(layer, at, ['type', 'rate', ...DROPOUT_OPTIONS])
  return record<DropoutLayer>({
    type: 'dropout',
    rate: checkRate(fields.rate, `${at}rate`),
    scaling: optional(fields.scaling, `${at}scaling`, checkWord, SCALINGS),
    share: optional(fields.share, `${at}share`, checkWord, SHARES),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}
