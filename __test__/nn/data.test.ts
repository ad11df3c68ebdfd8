import test from 'ava'
import { checkDataset } from '../../src/nn/data.js'
import { throwsCode } from '../throws.js'

const MODEL = {
  inputs: { input: [2], width: 2 },
  output: 'identity',
  outputFeatures: 1,
  outputSteps: 1,
} as const
const X = [
  [1, 2],
  [3, 4],
]

test('a data set is checked and converted as a whole', (t) => {
  t.deepEqual(checkDataset({ x: X, y: [5, 6], ids: [7, 4294967295], weights: [0, 0.5] }, 'train', MODEL), {
    x: Float32Array.of(1, 2, 3, 4),
    rows: 2,
    values: Float32Array.of(5, 6),
    ids: Uint32Array.of(7, 4294967295),
    weights: Float32Array.of(0, 0.5),
  })
  const ids = Uint32Array.of(1, 2)
  t.is(checkDataset({ x: X, y: [5, 6], shape: [2, 2], ids }, 'train', MODEL).ids, ids)
})

test('each part is named', (t) => {
  const check = (change: object) => () => checkDataset({ x: X, y: [5, 6], ...change }, 'validation', MODEL)
  throwsCode(t, check({ x: [[1]] }), 'ERR_SHAPE', '`validation.x[0]`')
  throwsCode(t, check({ y: [5] }), 'ERR_SHAPE', '`validation.y`')
  throwsCode(t, check({ shape: [1, 4] }), 'ERR_SHAPE', '`validation.shape`')
  throwsCode(
    t,
    check({ ids: [1] }),
    'ERR_SHAPE',
    '`validation.ids` must be 2 ids, one for each row; got 1 ids',
  )
  throwsCode(t, check({ ids: [1, -1] }), 'ERR_RANGE', '`validation.ids[1]`')
  throwsCode(t, check({ ids: [1, 2 ** 32] }), 'ERR_RANGE', '`validation.ids[1]`')
  throwsCode(t, check({ ids: 'all' }), 'ERR_TYPE', '`validation.ids`')
  throwsCode(t, check({ ids: new Uint32Array(new SharedArrayBuffer(8)) }), 'ERR_SHARED', '`validation.ids`')
  throwsCode(t, check({ weights: [1] }), 'ERR_SHAPE', '`validation.weights`')
  throwsCode(t, check({ weights: [1, -1] }), 'ERR_RANGE', '`validation.weights[1]`')
  throwsCode(t, check({ weights: [1, Number.NaN] }), 'ERR_RANGE', '`validation.weights[1]`')
  throwsCode(t, check({ weights: ['1', 1] }), 'ERR_TYPE', '`validation.weights[0]`')
  throwsCode(t, check({ labels: [5, 6] }), 'ERR_OPTION', 'labels')
  throwsCode(t, () => checkDataset(undefined, 'train', MODEL), 'ERR_TYPE', '`train`')
})
