import test from 'ava'
import { checkTargets } from '../../src/nn/targets.js'
import { throwsCode } from '../throws.js'

const SOFTMAX = { output: 'softmax', width: 3, steps: 1 } as const
const SIGMOID = { output: 'sigmoid', width: 2, steps: 1 } as const
const GAUSSIAN = { output: 'gaussian', width: 4, steps: 1 } as const

test('class indices may come as any list', (t) => {
  const classes = Uint32Array.of(2, 0)
  for (const y of [
    [2, 0],
    Int32Array.of(2, 0),
    Uint8Array.of(2, 0),
    Float32Array.of(2, 0),
    Float64Array.of(2, 0),
  ]) {
    t.deepEqual(checkTargets(y, 'y', 2, SOFTMAX), { classes })
  }
})

test('values may be flat or rows', (t) => {
  const values = Float32Array.of(0, 0, 1, 1, 0, 0)
  t.deepEqual(checkTargets([[0, 0, 1], Uint8Array.of(1, 0, 0)], 'y', 2, SOFTMAX), { values })
  t.deepEqual(checkTargets(values, 'y', 2, SOFTMAX), { values })
  t.deepEqual(checkTargets([1, 0, 0, 1], 'y', 2, SIGMOID), { values: Float32Array.of(1, 0, 0, 1) })
  t.deepEqual(checkTargets([[0.5, 2]], 'y', 1, GAUSSIAN), { values: Float32Array.of(0.5, 2) })
})

test('what does not fit is refused by name', (t) => {
  const check = (y: unknown) => () => checkTargets(y, 'train.y', 2, SOFTMAX)
  throwsCode(t, check([0, 3]), 'ERR_LABEL', '`train.y[1]` must be a class index from 0 to 2; got 3')
  throwsCode(t, check([0, -1]), 'ERR_LABEL', '-1')
  throwsCode(t, check([0, 0.5]), 'ERR_LABEL', '0.5')
  throwsCode(t, check([0, Number.NaN]), 'ERR_LABEL', 'NaN')
  throwsCode(t, check([0, '1']), 'ERR_TYPE', '`train.y[1]`')
  throwsCode(t, check([0, 1, 2]), 'ERR_SHAPE', '2 class indices, or 6 numbers (2 rows of 3); got 3 numbers')
  throwsCode(t, check([[1, 0, 0]]), 'ERR_SHAPE', '2 rows, as many as x; got 1 rows')
  throwsCode(
    t,
    check([
      [1, 0],
      [0, 1],
    ]),
    'ERR_SHAPE',
    '`train.y[0]` must be a row of 3 numbers',
  )
  const hole: number[][] = new Array(2)
  hole[0] = [1, 0, 0]
  throwsCode(t, check(hole), 'ERR_TYPE', '`train.y[1]`')
  throwsCode(t, check(new Array(2)), 'ERR_TYPE', '`train.y[0]`')
  throwsCode(t, check('01'), 'ERR_TYPE', '`train.y`')
  throwsCode(t, check(undefined), 'ERR_TYPE', '`train.y`')
  throwsCode(t, check(new DataView(new ArrayBuffer(2))), 'ERR_TYPE', 'DataView')
  throwsCode(t, check(new Uint8Array(new SharedArrayBuffer(2))), 'ERR_SHARED', '`train.y`')
  throwsCode(
    t,
    () => checkTargets([1, 2], 'y', 2, SIGMOID),
    'ERR_SHAPE',
    '4 numbers (2 rows of 2); got 2 numbers',
  )
  throwsCode(t, () => checkTargets(['a', 1], 'y', 1, GAUSSIAN), 'ERR_TYPE', '`y[0]` must be a number')
})
