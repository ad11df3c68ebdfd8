import { types } from 'node:util'
import { checkMemory } from '../validate/array.js'
import { checkInteger, MAX_WORD } from '../validate/number.js'
import { checkFields, checkList, checkNumber, mismatch } from './check.js'
import type { Output } from './config.js'
import { checkInputs, type InputShape, type Inputs } from './inputs.js'
import { checkTargets, type Targets } from './targets.js'

/** Rows with what a model shall predict for them. */
export interface Dataset {
  /** The features of `n` rows. */
  readonly x: Inputs
  /** The targets of the same rows, as the model's output wants them. */
  readonly y: Targets
  /**
   * The shape of `x`, rows first: `[n, 28, 28]`. It is only checked: the model knows the shape of a row.
   *
   * @default the number of rows and the model's `input`
   */
  readonly shape?: readonly number[] | undefined
  /**
   * The identity of each row, in `[0, 2^32)`: its masks depend on it, and so are the same in any order and company.
   *
   * @default the row's index
   */
  readonly ids?: ArrayLike<number> | undefined
  /**
   * How much each row counts in the loss and the metrics, at least 0.
   *
   * @default 1
   */
  readonly weights?: ArrayLike<number> | undefined
}

/** A data set as the core takes it. */
export interface NativeData {
  readonly x: Float32Array
  readonly rows: number
  readonly classes?: Uint32Array
  readonly values?: Float32Array
  readonly ids?: Uint32Array
  readonly weights?: Float32Array
}

/** What a model expects of its data. */
export interface DataShape {
  readonly inputs: InputShape
  readonly output: Output
  /** Logits a row. */
  readonly outputWidth: number
}

/** Checks a data set for a model; `argument` is its name in messages. */
export function checkDataset(data: unknown, argument: string, model: DataShape): NativeData {
  const fields = checkFields<Dataset>(data, argument, ['x', 'y', 'shape', 'ids', 'weights'])
  const { values: x, rows } = checkInputs(fields.x, fields.shape, `${argument}.x`, model.inputs)
  const shape = { output: model.output, width: model.outputWidth }
  return {
    x,
    rows,
    ...checkTargets(fields.y, `${argument}.y`, rows, shape),
    ...(fields.ids !== undefined && { ids: checkRowIds(fields.ids, `${argument}.ids`, rows) }),
    ...(fields.weights !== undefined && {
      weights: checkWeights(fields.weights, `${argument}.weights`, rows),
    }),
  }
}

/** An id for each row. */
export function checkRowIds(value: unknown, argument: string, rows: number): Uint32Array {
  const list = perRow(value, argument, rows, 'ids')
  if (types.isUint32Array(list)) return list
  return Uint32Array.from(list, (id, row) => checkInteger(id, `${argument}[${row}]`, 0, MAX_WORD))
}

function checkWeights(value: unknown, argument: string, rows: number): Float32Array {
  const list = perRow(value, argument, rows, 'weights')
  return Float32Array.from(list, (weight, row) => checkNumber(weight, `${argument}[${row}]`, { least: 0 }))
}

function perRow(value: unknown, argument: string, rows: number, what: string): ArrayLike<unknown> {
  const list = checkList<unknown>(
    value,
    argument,
    `a typed array or an array with ${rows} ${what}, one for each row`,
  )
  if (ArrayBuffer.isView(list)) checkMemory(list as unknown as NodeJS.TypedArray, argument)
  if (list.length === rows) return list
  throw mismatch('ERR_SHAPE', argument, `${list.length} ${what}`, `${rows} ${what}, one for each row`)
}
