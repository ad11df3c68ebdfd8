import { checkBoolean, checkOptions } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkRates, type Rates } from './rates.js'
import { checkShape } from './shape.js'

/** The options of `mask.sequence`. */
export interface SequenceMaskOptions extends StructuredOptions {
  /** How likely a feature drops: one rate, or one for each feature. */
  rate: Rates
  /** `[rows, time, features]`. */
  shape: ArrayLike<number>
  /**
   * A fresh mask at each time step (Zaremba, Sutskever & Vinyals 2014) instead of one for all of them.
   *
   * @default false
   */
  freshEachStep?: boolean | undefined
}

const SEQUENCE = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape', 'freshEachStep'])

/**
 * Features of a sequence: one mask for all time steps (Gal & Ghahramani 2016, variational dropout), so that a feature
 * is gone for the whole sequence. Lane: the feature, or `t * features + feature` where fresh; either does not depend on
 * the length, so padding changes nothing.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.sequence({ rate: 0.3, shape: [16, 100, 64], seed: 7n })
 */
export function sequence(options: SequenceMaskOptions): StructuredMask {
  checkOptions(options, SEQUENCE)
  const shape = checkShape(options.shape, 'shape', [3, 3])
  const freshEachStep = checkBoolean(options.freshEachStep, 'freshEachStep', false)
  const [, time, features] = shape as [number, number, number]
  const rate = checkRates(options.rate, [features])
  return new StructuredMask({
    kind: 'sequence',
    shape,
    source: checkSource(options),
    own: { rate, shape, freshEachStep },
    structure: {
      kind: 'broadcast',
      rate,
      shape: [time, features],
      noiseShape: [freshEachStep ? time : 1, features],
    },
  })
}
