import { types } from 'node:util'
import { argumentError, describe, mismatch } from '../errors.js'
import { checkMemory } from '../validate/array.js'
import { checkList, isList } from '../validate/list.js'
import { checkFields } from './check.js'
import type { InputConfig } from './config.js'

/**
 * The features of some rows: a `Float32Array` of all rows one after another (row-major), or an array of rows, each
 * an array of its features. Values are stored in single precision.
 */
export type Rows = Float32Array | readonly ArrayLike<number>[]

/** The same for each named input of a model that has several. */
export interface InputsByName {
  readonly [name: string]: Rows
}

/** What a model gets: rows, or rows for each of its named inputs. */
export type Inputs = Rows | InputsByName

/** Rows of equal width, one after another. */
export interface Matrix {
  readonly values: Float32Array
  readonly rows: number
}

/** What a model expects of its inputs. */
export interface InputShape {
  /** The shape of one row, or of each named input. */
  readonly input: InputConfig
  /** The number of elements in a row. */
  readonly width: number
}

/** The number of elements in a row. */
export function widthOf(input: InputConfig): number {
  const product = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1)
  return isShape(input)
    ? product(input)
    : Object.values(input).reduce((sum, shape) => sum + product(shape), 0)
}

function isShape(input: InputConfig): input is readonly number[] {
  return Array.isArray(input)
}

/** Rows for a model. `shape`, where it is given, must be the model's with the number of rows in front. */
export function checkInputs(x: unknown, shape: unknown, argument: string, model: InputShape): Matrix {
  const { input } = model
  const matrix = isShape(input) ? rowsFor(x, argument, input) : sideBySide(x, argument, input)
  if (matrix.rows === 0) throw mismatch('ERR_EMPTY', argument, 'no rows', 'at least one row')
  if (shape !== undefined) {
    const name = argument.replace(/x$/, 'shape')
    if (!isShape(input))
      throw argumentError('ERR_OPTION', name, shape, 'left out for a model of named inputs')
    checkShape(shape, name, [matrix.rows, ...input])
  }
  return matrix
}

function rowsFor(x: unknown, argument: string, input: readonly number[]): Matrix {
  const width = widthOf(input)
  return types.isFloat32Array(x) ? flat(x, argument, { input, width }) : rowsOf(x, argument, width)
}

/** The named inputs of each row, one after another in the order of their names. */
function sideBySide(x: unknown, argument: string, input: Exclude<InputConfig, readonly number[]>): Matrix {
  const names = Object.keys(input)
  if (isList(x)) {
    const allowed = `an object with rows for each of ${names.join(', ')}`
    throw argumentError('ERR_TYPE', argument, x, allowed)
  }
  const given = checkFields<Record<string, unknown>>(x, argument, names)
  const parts = names.map((name) => {
    const shape = input[name] as readonly number[]
    return { name, width: widthOf(shape), ...rowsFor(given[name], `${argument}.${name}`, shape) }
  })
  const [first] = parts as [(typeof parts)[0]]
  const width = widthOf(input)
  const values = new Float32Array(first.rows * width)
  let start = 0
  for (const part of parts) {
    if (part.rows !== first.rows) {
      const allowed = `${first.rows} rows, as many as ${argument}.${first.name}`
      throw mismatch('ERR_SHAPE', `${argument}.${part.name}`, `${part.rows} rows`, allowed)
    }
    for (let row = 0; row < part.rows; row++) {
      const from = row * part.width
      values.set(part.values.subarray(from, from + part.width), row * width + start)
    }
    start += part.width
  }
  return { values, rows: first.rows }
}

function flat(
  x: Float32Array,
  argument: string,
  { input, width }: { readonly input: readonly number[]; readonly width: number },
): Matrix {
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
