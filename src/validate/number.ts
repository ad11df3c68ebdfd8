import { argumentError } from '../errors.js'

/** Highest value of a counter word of the mask stream: a step, a sample, an id. */
export const MAX_WORD = 2 ** 32 - 1

/** Highest site: it has 16 bits of a counter word. */
export const MAX_SITE = 2 ** 16 - 1

/** A drop probability. */
export function checkRate(value: unknown, argument = 'rate'): number {
  if (typeof value !== 'number') throw argumentError('ERR_TYPE', argument, value, 'a number in [0, 1]')
  if (!(value >= 0 && value <= 1)) throw argumentError('ERR_RATE', argument, value, 'a number in [0, 1]')
  return value
}

/** A whole number in `[least, most]`, or `otherwise` where the value is undefined. */
export function checkInteger(
  value: unknown,
  argument: string,
  least: number,
  most: number,
  otherwise?: number,
): number {
  if (value === undefined && otherwise !== undefined) return otherwise
  const allowed = (): string => `a whole number in [${least}, ${most}]`
  if (typeof value !== 'number') throw argumentError('ERR_TYPE', argument, value, allowed())
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw argumentError('ERR_RANGE', argument, value, allowed())
  }
  return value
}

/** The numbers that are allowed; both ends belong to it unless they are said to be open. */
export interface Range {
  readonly least?: number
  readonly most?: number
  /** Whether `least` itself is refused. */
  readonly above?: boolean
  /** Whether `most` itself is refused. */
  readonly below?: boolean
}

/** A finite number in a range. */
export function checkNumber(value: unknown, argument: string, range: Range = {}): number {
  if (typeof value !== 'number') throw argumentError('ERR_TYPE', argument, value, describeRange(range))
  const { least = -Infinity, most = Infinity, above = false, below = false } = range
  const inside = (above ? value > least : value >= least) && (below ? value < most : value <= most)
  if (!(inside && Number.isFinite(value)))
    throw argumentError('ERR_RANGE', argument, value, describeRange(range))
  return value
}

function describeRange({ least, most, above = false, below = false }: Range): string {
  if (least === undefined) return 'a finite number'
  if (most === undefined) return `a finite number ${above ? 'above' : 'of at least'} ${least}`
  return `a number in ${above ? '(' : '['}${least}, ${most}${below ? ')' : ']'}`
}
