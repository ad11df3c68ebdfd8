import type { NativeData } from '../native/binding.js'
import { checkInteger, checkNumber, MAX_WORD } from '../validate/number.js'
import { checkIds, checkPerRow } from '../validate/rows.js'
import { checkFields } from './check.js'
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
  readonly shape?: ArrayLike<number> | undefined
  /**
   * The identity of each row, in `[0, 2^32)`: its masks depend on it, and so are the same in any order and company.
   *
   * @default the row's index
   */
  readonly ids?: ArrayLike<number> | undefined
  /**
   * How many steps of each row's first axis are data, from 1; the rest is padding. Layers that mix steps look at the data
   * alone, and so do loss and metrics where there is an output at each step.
   *
   * @default all
   */
  readonly lengths?: ArrayLike<number> | undefined
  /**
   * How much each row counts in the loss and the metrics, at least 0.
   *
   * @default 1
   */
  readonly weights?: ArrayLike<number> | undefined
}

/** What a model expects of its data. */
export interface DataShape {
  readonly inputs: InputShape
  readonly output: Output
  /** Logits of an output vector. */
  readonly outputFeatures: number
  /** Output vectors of a row: its steps, where the model has an output at each. */
  readonly outputSteps: number
}

/** Checks a data set for a model; `argument` is its name in messages. */
export function checkDataset(data: unknown, argument: string, model: DataShape): NativeData {
  const fields = checkFields<Dataset>(data, argument, ['x', 'y', 'shape', 'ids', 'lengths', 'weights'])
  const { values: x, rows } = checkInputs(fields.x, fields.shape, `${argument}.x`, model.inputs)
  const shape = { output: model.output, width: model.outputFeatures, steps: model.outputSteps }
  return {
    x,
    rows,
    ...checkTargets(fields.y, `${argument}.y`, rows, shape),
    ...(fields.ids !== undefined && { ids: checkIds(fields.ids, `${argument}.ids`, rows) }),
    ...(fields.lengths !== undefined && {
      lengths: checkLengths(fields.lengths, `${argument}.lengths`, rows),
    }),
    ...(fields.weights !== undefined && {
      weights: checkWeights(fields.weights, `${argument}.weights`, rows),
    }),
  }
}

/** How many steps of each row are data. */
export function checkLengths(value: unknown, argument: string, rows: number): Uint32Array {
  const list = checkPerRow(value, argument, rows, 'lengths')
  return Uint32Array.from(list, (length, row) => checkInteger(length, `${argument}[${row}]`, 1, MAX_WORD))
}

function checkWeights(value: unknown, argument: string, rows: number): Float32Array {
  const list = checkPerRow(value, argument, rows, 'weights')
  return Float32Array.from(list, (weight, row) => checkNumber(weight, `${argument}[${row}]`, { least: 0 }))
}
