import { checkInteger, MAX_WORD } from '../../validate/number.js'
import { checkOptions, checkWord } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkRates, type Rates } from './rates.js'
import { checkShape } from './shape.js'

/** The options of `mask.weights`. */
export interface WeightsMaskOptions extends Omit<StructuredOptions, 'share'> {
  /** How likely a weight drops: one rate, one for each weight, or one for each input. */
  rate: Rates
  /** `[outputs, inputs]`. */
  shape: ArrayLike<number>
  /**
   * `'batch'`: one mask of the matrix, for all samples of the step. `'sample'`: a mask for each sample, as in the
   * paper; then every row of what the mask is applied to is a matrix of its own.
   *
   * @default 'batch'
   */
  per?: 'batch' | 'sample' | undefined
  /**
   * Samples, where `per` is `'sample'` and no ids say how many.
   *
   * @default 1
   */
  samples?: number | undefined
}

const WEIGHTS = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape', 'per', 'samples'])

/**
 * Single weights of a matrix drop: DropConnect (Wan et al. 2013). Lane: the index in the `[outputs, inputs]` matrix.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * const m = mask.weights({ rate: 0.5, shape: [64, 30], seed: 7n })
 * const masked = m.apply(w)
 */
export function weights(options: WeightsMaskOptions): StructuredMask {
  checkOptions(options, WEIGHTS)
  const [outputs, inputs] = checkShape(options.shape, 'shape', [2, 2]) as [number, number]
  const per = checkWord(options.per, 'per', ['batch', 'sample'], 'batch')
  const samples = checkInteger(options.samples, 'samples', 0, MAX_WORD, 1)
  const rate = checkRates(options.rate, [outputs, inputs])
  const { share: _, ...source } = checkSource(options)
  return new StructuredMask({
    kind: 'weights',
    shape: [samples, outputs, inputs],
    source: per === 'batch' ? { ...source, share: 'batch' } : source,
    own: { rate, shape: [outputs, inputs], per, samples },
    structure: { kind: 'broadcast', rate, shape: [outputs, inputs], noiseShape: [outputs, inputs] },
  })
}
