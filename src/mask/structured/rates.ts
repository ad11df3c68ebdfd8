import { mismatch } from '../../errors.js'
import { isList } from '../../validate/list.js'
import { checkRate } from '../../validate/number.js'
import { product } from './shape.js'

/**
 * A drop probability in `[0, 1]`, or a list of them: one for each lane of a row, or for each lane of its last axes
 * (per feature), from where it repeats.
 */
export type Rates = number | ArrayLike<number>

/** A rate, or rates that fit the last axes of a row's lanes. */
export function checkRates(value: unknown, lanes: readonly number[]): number | number[] {
  if (!isList(value)) return checkRate(value)
  const rates = Array.from(value, (rate, i) => checkRate(rate, `rate[${i}]`))
  const fits = lanes.some((_, axis) => product(lanes.slice(axis)) === rates.length)
  if (fits) return rates
  const allowed = `a number, or as many as the last axes of the lanes [${lanes.join(', ')}] have`
  throw mismatch('ERR_SHAPE', 'rate', `${rates.length} rates`, allowed)
}
