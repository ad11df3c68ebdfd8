import { argumentError, mismatch } from '../errors.js'
import { checkMemory } from '../validate/array.js'
import { isList } from '../validate/list.js'
import type { Output } from './config.js'
import { copyNumbers, rowsOf } from './inputs.js'

/**
 * What a model shall predict, by its output:
 *
 * | output | targets |
 * |---|---|
 * | `softmax` | a class index for each row; or a probability for each class (one-hot), flat or by rows |
 * | `sigmoid` | a value in `[0, 1]` for each unit, flat or by rows |
 * | `identity` | a value for each unit, flat or by rows |
 * | `gaussian` | a value for each mean, flat or by rows |
 *
 * Flat is any typed array of numbers or `number[]`, row-major. A model with an output at each step of a row has a target
 * at each step: a row then has as many classes, or as many times the values.
 */
export type Targets = ArrayLike<number> | readonly ArrayLike<number>[]

/** Targets as the core takes them: a class for each row and step, or values row by row. */
export type NativeTargets = { readonly classes: Uint32Array } | { readonly values: Float32Array }

/** What a model expects of its targets. */
export interface TargetShape {
  readonly output: Output
  /** Logits of an output vector. */
  readonly width: number
  /** Output vectors of a row; 1 where it has no steps. */
  readonly steps: number
}

const ALLOWED = 'a typed array, an array of numbers or an array of rows'

/** Targets for `rows` rows. */
export function checkTargets(y: unknown, argument: string, rows: number, model: TargetShape): NativeTargets {
  if (!isList(y)) throw argumentError('ERR_TYPE', argument, y, ALLOWED)
  if (ArrayBuffer.isView(y)) checkMemory(y as unknown as NodeJS.TypedArray, argument)
  const { output, steps } = model
  const features = output === 'gaussian' ? model.width / 2 : model.width
  const width = steps * features
  const mayBeClasses = output === 'softmax'
  if (isList(y[0])) {
    const areClasses = mayBeClasses && steps > 1 && y[0].length === steps
    const matrix = rowsOf(y, argument, areClasses ? steps : width)
    if (matrix.rows !== rows)
      throw mismatch('ERR_SHAPE', argument, `${matrix.rows} rows`, `${rows} rows, as many as x`)
    return areClasses ? { classes: classes(matrix.values, argument, model.width) } : { values: matrix.values }
  }
  if (mayBeClasses && y.length === rows * steps) return { classes: classes(y, argument, model.width) }
  if (y.length !== rows * width) {
    const flat = `${rows * width} numbers (${rows} rows of ${width})`
    const allowed = mayBeClasses ? `${rows * steps} class indices, or ${flat}` : flat
    throw mismatch('ERR_SHAPE', argument, `${y.length} numbers`, allowed)
  }
  const values = new Float32Array(y.length)
  copyNumbers(y, argument, values, 0)
  return { values }
}

function classes(y: ArrayLike<unknown>, argument: string, count: number): Uint32Array {
  const out = new Uint32Array(y.length)
  for (let row = 0; row < y.length; row++) {
    const label = y[row] as number
    if (!(Number.isInteger(label) && label >= 0 && label < count)) {
      const allowed = `a class index from 0 to ${count - 1}`
      throw argumentError(
        typeof label === 'number' ? 'ERR_LABEL' : 'ERR_TYPE',
        `${argument}[${row}]`,
        label,
        allowed,
      )
    }
    out[row] = label
  }
  return out
}
