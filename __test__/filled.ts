import type { Floats } from '../src/index.js'

/** An array of a class whose element i is `value(i)`. */
export function filled(
  Class: Float32ArrayConstructor | Float64ArrayConstructor,
  length: number,
  value: (index: number) => number,
): Floats {
  const array = new Class(length)
  for (let i = 0; i < length; i++) array[i] = value(i)
  return array
}
