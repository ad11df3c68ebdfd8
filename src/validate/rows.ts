import { types } from 'node:util'
import { argumentError, type DropoutError, mismatch } from '../errors.js'
import { checkMemory } from './array.js'
import { checkList } from './list.js'
import { checkInteger, MAX_WORD } from './number.js'

/** Elements by rows: each row is the stream at its own sample. */
export interface Rows {
  /** The identity of each row. */
  readonly ids: Uint32Array
  /** Elements in a row. */
  readonly width: number
}

const ALLOWED_SHAPE = 'an array of sizes, the rows first, whose product is the number of elements'

/** The rows that `shape` and `ids` describe for `length` elements; undefined for a flat tensor. */
export function checkRows(shape: unknown, ids: unknown, length: number): Rows | undefined {
  if (shape === undefined) {
    if (ids === undefined) return undefined
    const allowed = 'given with `ids`: its first size is the number of rows'
    throw argumentError('ERR_SHAPE', 'shape', shape, allowed)
  }
  const sizes = Array.from(checkList<unknown>(shape, 'shape', ALLOWED_SHAPE))
  if (!isProduct(sizes, length)) throw shapeError(sizes, length)
  const rows = sizes[0] as number
  const width = length === 0 ? 0 : length / rows
  if (ids !== undefined) return { ids: checkIds(ids, 'ids', rows), width }
  // Where no element has one, rows need no ids, however many the shape speaks of.
  return { ids: indices(length === 0 ? 0 : rows), width }
}

/** An id for each row. */
export function checkIds(value: unknown, argument: string, rows: number): Uint32Array {
  const list = checkPerRow(value, argument, rows, 'ids')
  if (types.isUint32Array(list)) return list
  return Uint32Array.from(list, (id, row) => checkInteger(id, `${argument}[${row}]`, 0, MAX_WORD))
}

/** A list with an element for each row. */
export function checkPerRow(
  value: unknown,
  argument: string,
  rows: number,
  what: string,
): ArrayLike<unknown> {
  const allowed = `${rows} ${what}, one for each row`
  const list = checkList<unknown>(value, argument, `a typed array or an array with ${allowed}`)
  if (ArrayBuffer.isView(list)) checkMemory(list as unknown as NodeJS.TypedArray, argument)
  if (list.length === rows) return list
  throw mismatch('ERR_SHAPE', argument, `${list.length} ${what}`, allowed)
}

/** The error of a single row's `sample` where a shape speaks of many. */
export function sampleWithShape(sample: number): DropoutError {
  const allowed = 'left out where `shape` is given: its rows are named by `ids`'
  return argumentError('ERR_OPTION', 'sample', sample, allowed)
}

/** Whether the sizes are those of `length` elements in rows that ids can name. */
function isProduct(sizes: readonly unknown[], length: number): boolean {
  let elements = 1
  for (const size of sizes) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return false
    elements *= size
  }
  const [rows = Infinity] = sizes as number[]
  return elements === length && rows <= MAX_WORD + 1
}

/** The ids of rows that have none: their indices. */
export function indices(rows: number): Uint32Array {
  const ids = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) ids[row] = row
  return ids
}

function shapeError(sizes: readonly unknown[], length: number): DropoutError {
  return mismatch(
    'ERR_SHAPE',
    'shape',
    `[${sizes.map(String).join(', ')}] for ${length} elements`,
    ALLOWED_SHAPE,
  )
}
