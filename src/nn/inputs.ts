import { types } from 'node:util'
import { argumentError, describe, mismatch } from '../errors.js'
import { checkMemory } from '../validate/array.js'
import { checkList, isList } from '../validate/list.js'

/**
 * The features of some rows: a `Float32Array` of all rows one after another (row-major), or an array of rows, each
 * an array of its features. Values are stored in single precision.
 */
export type Inputs = Float32Array | readonly ArrayLike<number>[]

/** Rows of equal width, one after another. */
export interface Matrix {
  readonly values: Float32Array
  readonly rows: number
}

/** What a model expects of its inputs. */
export interface InputShape {
  /** The shape of one row. */
  readonly input: readonly number[]
  /** The number of elements in a row. */
  readonly width: number
}

/** Rows for a model. `shape`, where it is given, must be the model's with the number of rows in front. */
export function checkInputs(x: unknown, shape: unknown, argument: string, model: InputShape): Matrix {
  const matrix = types.isFloat32Array(x) ? flat(x, argument, model) : rowsOf(x, argument, model.width)
  if (matrix.rows === 0) throw mismatch('ERR_EMPTY', argument, 'no rows', 'at least one row')
  if (shape !== undefined) checkShape(shape, argument.replace(/x$/, 'shape'), [matrix.rows, ...model.input])
  return matrix
}

function flat(x: Float32Array, argument: string, { input, width }: InputShape): Matrix {
  checkMemory(x, argument)
  const rows = x.length / width
  if (!Number.isInteger(rows)) {
    const allowed = `whole rows of ${width} numbers (the model's input is [${input.join(', ')}])`
    throw mismatch('ERR_SHAPE', argument, `${x.length} numbers`, allowed)
  }
  return { values: x, rows }
}

/** An array of rows of `width` numbers each, copied into one array. */
export function rowsOf(value: unknown, argument: string, width: number): Matrix {
  if (!Array.isArray(value)) {
    throw argumentError('ERR_TYPE', argument, value, 'a Float32Array or an array of rows')
  }
  const values = new Float32Array(value.length * width)
  // An index visits holes too.
  for (let index = 0; index < value.length; index++) {
    const name = `${argument}[${index}]`
    const elements = checkList<unknown>(value[index], name, `a row of ${width} numbers`)
    if (elements.length !== width) {
      throw mismatch('ERR_SHAPE', name, `${elements.length} numbers`, `a row of ${width} numbers`)
    }
    copyNumbers(elements, name, values, index * width)
  }
  return { values, rows: value.length }
}

/** Copies a list whose elements must be numbers. */
export function copyNumbers(list: ArrayLike<unknown>, argument: string, out: Float32Array, at: number): void {
  if (ArrayBuffer.isView(list)) checkMemory(list as unknown as NodeJS.TypedArray, argument)
  for (let i = 0; i < list.length; i++) {
    const element = list[i]
    if (typeof element !== 'number') throw argumentError('ERR_TYPE', `${argument}[${i}]`, element, 'a number')
    out[at + i] = element
  }
}

function checkShape(shape: unknown, argument: string, expected: readonly number[]): void {
  const equal = isList(shape) && shape.length === expected.length && expected.every((n, i) => n === shape[i])
  if (equal) return
  const got = isList(shape) ? `[${Array.from(shape).join(', ')}]` : describe(shape)
  throw mismatch('ERR_SHAPE', argument, got, `[${expected.join(', ')}], as the data is`)
}
