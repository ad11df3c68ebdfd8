import test from 'ava'
import fc from 'fast-check'
import { checkInputs } from '../../src/nn/inputs.js'
import { throwsCode } from '../throws.js'

const MODEL = { input: [2, 3], width: 6 }

test('flat arrays are taken as they are, rows of any kind are copied', (t) => {
  const flat = Float32Array.from({ length: 12 }, (_, i) => i)
  t.is(checkInputs(flat, undefined, 'x', MODEL).values, flat)
  t.is(checkInputs(flat, [2, 2, 3], 'x', MODEL).rows, 2)
  const rows = [[0, 1, 2, 3, 4, 5], new Float64Array([6, 7, 8, 9, 10, 11])]
  t.deepEqual(checkInputs(rows, new Int32Array([2, 2, 3]), 'x', MODEL), { values: flat, rows: 2 })
})

test('what is not rows of the model is refused by name', (t) => {
  const check = (x: unknown, shape?: unknown) => () => checkInputs(x, shape, 'train.x', MODEL)
  throwsCode(t, check([]), 'ERR_EMPTY', '`train.x` must be at least one row; got no rows')
  throwsCode(t, check(new Float32Array(0)), 'ERR_EMPTY', '`train.x`')
  throwsCode(
    t,
    check(new Float32Array(7)),
    'ERR_SHAPE',
    "whole rows of 6 numbers (the model's input is [2, 3]); got 7",
  )
  throwsCode(t, check([[1, 2]]), 'ERR_SHAPE', '`train.x[0]` must be a row of 6 numbers; got 2 numbers')
  throwsCode(t, check([[1, 2, 3, 4, 5, '6']]), 'ERR_TYPE', '`train.x[0][5]` must be a number; got "6"')
  throwsCode(t, check([[1, 2, 3, 4, 5, 6n]]), 'ERR_TYPE', '6n')
  throwsCode(t, check([3]), 'ERR_TYPE', '`train.x[0]`')
  throwsCode(t, check([null]), 'ERR_TYPE', '`train.x[0]`')
  for (const x of [undefined, null, 3, 'rows', {}, new Float64Array(6), new DataView(new ArrayBuffer(24))]) {
    throwsCode(t, check(x), 'ERR_TYPE', '`train.x` must be a Float32Array or an array of rows')
  }
  const flat = new Float32Array(12)
  throwsCode(
    t,
    check(flat, [3, 2, 3]),
    'ERR_SHAPE',
    '`train.shape` must be [2, 2, 3], as the data is; got [3, 2, 3]',
  )
  throwsCode(t, check(flat, [2, 6]), 'ERR_SHAPE', '`train.shape`')
  throwsCode(t, check(flat, 'all'), 'ERR_SHAPE', '"all"')
})

test('holes are no zeros', (t) => {
  const rows: number[][] = [[0, 1, 2, 3, 4, 5]]
  rows[2] = [0, 1, 2, 3, 4, 5]
  throwsCode(t, () => checkInputs(rows, undefined, 'x', MODEL), 'ERR_TYPE', '`x[1]`')
  const row = [0, 1, 2, 3, 4]
  row.length = 6
  throwsCode(t, () => checkInputs([row], undefined, 'x', MODEL), 'ERR_TYPE', '`x[0][5]`')
})

test('memory that is gone or shared is refused', (t) => {
  const gone = new Float32Array(6)
  structuredClone(gone, { transfer: [gone.buffer] })
  throwsCode(t, () => checkInputs(gone, undefined, 'x', MODEL), 'ERR_DETACHED', '`x`')
  const shared = new Float32Array(new SharedArrayBuffer(24))
  throwsCode(t, () => checkInputs(shared, undefined, 'x', MODEL), 'ERR_SHARED', '`x`')
  throwsCode(t, () => checkInputs([shared], undefined, 'x', MODEL), 'ERR_SHARED', '`x[0]`')
})

test('rows and flat arrays of the same numbers are the same', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.float({ noNaN: true }), { minLength: 6, maxLength: 6 }), { minLength: 1 }),
      (rows) => {
        const { values } = checkInputs(rows, undefined, 'x', MODEL)
        t.deepEqual(values, new Float32Array(rows.flat()))
      },
    ),
  )
})
