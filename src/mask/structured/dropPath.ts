import { checkInteger, checkNumber, checkRate } from '../../validate/number.js'
import { checkOptions } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkShape } from './shape.js'

/** The options of `mask.dropPath`. */
export interface DropPathMaskOptions extends StructuredOptions {
  /** How likely the branch of a row drops, in `[0, 1]`. */
  rate: number
  /** The shape of the branch's output, rows first: `[rows, ...]`. */
  shape: ArrayLike<number>
}

/** The options of {@link dropPathRates}. */
export interface DropPathRatesOptions {
  /** Residual branches of the network. */
  layers: number
  /**
   * The probability that the last branch survives, in `[0, 1]`.
   *
   * @default 0.5, the paper's
   */
  survival?: number | undefined
}

const DROP_PATH = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape'])
const RATES = new Set(['layers', 'survival'])

/**
 * The whole residual branch of a row drops: stochastic depth (Huang et al. 2016). Lane 0 decides.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.dropPath({ rate: 0.2, shape: [32, 128], seed: 7n })
 */
export function dropPath(options: DropPathMaskOptions): StructuredMask {
  checkOptions(options, DROP_PATH)
  const shape = checkShape(options.shape, 'shape', [2, 8])
  const rate = checkRate(options.rate)
  const inner = shape.slice(1)
  return new StructuredMask({
    kind: 'dropPath',
    shape,
    source: checkSource(options),
    own: { rate, shape },
    structure: { kind: 'broadcast', rate, shape: inner, noiseShape: inner.map(() => 1) },
  })
}

/**
 * The drop rate of each branch by the linear rule of Huang et al. 2016, section 4: branch l of L survives with
 * probability `1 - (l / L) (1 - survival)`, l = 1 … L.
 *
 * @returns `layers` rates, the first branch's first.
 * @throws {DropoutError} `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * dropPathRates({ layers: 4, survival: 0.5 }) // [0.125, 0.25, 0.375, 0.5]
 */
export function dropPathRates(options: DropPathRatesOptions): number[] {
  checkOptions(options, RATES)
  const layers = checkInteger(options.layers, 'layers', 1, 1e6)
  const { survival: last = 0.5 } = options
  const survival = checkNumber(last, 'survival', { least: 0, most: 1 })
  return Array.from({ length: layers }, (_, layer) => ((layer + 1) / layers) * (1 - survival))
}
