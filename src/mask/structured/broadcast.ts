import { mismatch } from '../../errors.js'
import { checkList } from '../../validate/list.js'
import { checkOptions } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkRates, type Rates } from './rates.js'
import { checkShape } from './shape.js'

/** The options of `mask.element`. */
export interface ElementMaskOptions extends StructuredOptions {
  /** How likely an element drops: one rate, one for each element of a row, or for each of its last axes. */
  rate: Rates
  /** Rows first: `[rows, ...]`, 2 to 8 axes. */
  shape: ArrayLike<number>
}

/** The options of `mask.broadcast`. */
export interface BroadcastMaskOptions extends StructuredOptions {
  /** How likely a lane drops: one rate, one for each lane of a row, or for each of its last axes. */
  rate: Rates
  /** Rows first: `[rows, ...]`, 2 to 8 axes. */
  shape: ArrayLike<number>
  /**
   * For each axis its size, or `null` which stands for it, where the mask differs along the axis; 1 where one lane
   * serves the whole axis. 1 for the rows shares one mask among all of them; write `null` for a mask of each row's own
   * in batches of any size.
   *
   * @example [null, 1, 64]
   */
  noiseShape: ArrayLike<number | null>
}

const ELEMENT = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape'])
const BROADCAST = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape', 'noiseShape'])

/** Axes of a shape, the rows among them. */
const RANKS: [number, number] = [2, 8]

/**
 * Every element on its own (Srivastava et al. 2014), where wanted with a rate of its own, for instance per feature.
 * Lane: the row-major index inside the row.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.element({ rate: [0, 0.1, 0.5], shape: [128, 3], seed: 7n }) // per feature
 */
export function element(options: ElementMaskOptions): StructuredMask {
  checkOptions(options, ELEMENT)
  const shape = checkShape(options.shape, 'shape', RANKS)
  const inner = shape.slice(1)
  const rate = checkRates(options.rate, inner)
  return new StructuredMask({
    kind: 'element',
    shape,
    source: checkSource(options),
    own: { rate, shape },
    structure: { kind: 'broadcast', rate, shape: inner, noiseShape: inner },
  })
}

/**
 * One lane for several elements: the noise shape of Keras and TensorFlow. Lanes are counted row-major in the noise
 * shape.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.broadcast({ rate: 0.2, shape: [32, 10, 64], noiseShape: [null, 1, 64], seed: 7n }) // one for all time steps
 */
export function broadcast(options: BroadcastMaskOptions): StructuredMask {
  checkOptions(options, BROADCAST)
  const shape = checkShape(options.shape, 'shape', RANKS)
  const noiseShape = checkNoiseShape(options.noiseShape, shape)
  const [rows, ...lanes] = noiseShape.map((size, axis) => size ?? (shape[axis] as number))
  const source = checkSource(rows === 1 && noiseShape[0] !== null ? { ...options, share: 'batch' } : options)
  const rate = checkRates(options.rate, lanes)
  return new StructuredMask({
    kind: 'broadcast',
    shape,
    source,
    own: { rate, shape, noiseShape },
    structure: { kind: 'broadcast', rate, shape: shape.slice(1), noiseShape: lanes },
  })
}

function checkNoiseShape(value: unknown, shape: readonly number[]): (number | null)[] {
  const allowed = `${shape.length} sizes, each 1, null or that of the shape [${shape.join(', ')}]`
  const sizes = Array.from(checkList<unknown>(value, 'noiseShape', `an array of ${allowed}`))
  const fits = (size: unknown, axis: number): boolean => size === null || size === 1 || size === shape[axis]
  if (sizes.length === shape.length && sizes.every(fits)) return sizes as (number | null)[]
  throw mismatch('ERR_SHAPE', 'noiseShape', `[${sizes.map(String).join(', ')}]`, allowed)
}
