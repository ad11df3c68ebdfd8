import { argumentError, DropoutError } from '../errors.js'
import { checkIds } from './array.js'

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
    throw new DropoutError(
      'ERR_SHAPE',
      '`shape` must be given with `ids`: its first size is the number of rows',
    )
  }
  if (!Array.isArray(shape)) throw argumentError('ERR_TYPE', 'shape', shape, ALLOWED_SHAPE)
  let elements = 1
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw shapeError(shape, length)
    elements *= size
  }
  if (shape.length === 0 || elements !== length) throw shapeError(shape, length)
  const rows: number = shape[0]
  const width = rows === 0 ? 0 : length / rows
  return { ids: ids === undefined ? indices(rows) : checkLength(checkIds(ids), rows), width }
}

function indices(rows: number): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, index) => index)
}

function checkLength(ids: Uint32Array, rows: number): Uint32Array {
  if (ids.length === rows) return ids
  throw new DropoutError(
    'ERR_SHAPE',
    `\`ids\` must have one id per row, ${rows} by \`shape\`; got ${ids.length}`,
  )
}

function shapeError(shape: unknown[], length: number): DropoutError {
  const got = `[${shape.map(String).join(', ')}] for ${length} elements`
  return new DropoutError('ERR_SHAPE', `\`shape\` must be ${ALLOWED_SHAPE}; got ${got}`)
}
