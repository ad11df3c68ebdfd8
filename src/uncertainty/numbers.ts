import { argumentError } from '../errors.js'
import { checkList } from '../validate/list.js'

/** A list of numbers that is not empty. What else they must be is for the caller to say, number by number. */
export function checkNumbers(value: unknown, argument: string): ArrayLike<number> {
  const list = checkList<number>(value, argument, 'an array or a typed array of numbers')
  if (list.length === 0) throw argumentError('ERR_EMPTY', `${argument}.length`, 0, 'at least 1')
  for (let row = 0; row < list.length; row++) {
    if (typeof list[row] !== 'number')
      throw argumentError('ERR_TYPE', `${argument}[${row}]`, list[row], 'a number')
  }
  return list
}

/** The rows by rising value. Values are numbers and not NaN; equal ones stay in the order of their rows. */
export function ascending(values: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(values.length)
  for (let row = 0; row < order.length; row++) order[row] = row
  // Not the difference: that of two equal infinities is NaN.
  return order.sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0))
}
