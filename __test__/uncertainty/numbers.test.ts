import test from 'ava'
import {
  accuracy,
  auroc,
  brier,
  expectedCalibrationError,
  negativeLogLikelihood,
  reliability,
  riskCoverage,
} from '../../src/uncertainty/index.js'
import { ascending } from '../../src/uncertainty/numbers.js'
import { throwsCode, untyped } from '../throws.js'

const MEASURES = {
  accuracy,
  auroc,
  brier,
  expectedCalibrationError,
  negativeLogLikelihood,
  reliability,
  riskCoverage,
}

for (const [name, measure] of Object.entries(MEASURES)) {
  const call = (first: unknown, second: unknown) => () => measure(untyped(first), untyped(second))

  test(`${name}: what is no list of numbers is refused`, (t) => {
    for (const list of [undefined, null, 3, '01', { length: 2 }, new Set([0, 1])]) {
      throwsCode(t, call(list, [0, 1]), 'ERR_TYPE', 'must be an array or a typed array of numbers')
      throwsCode(t, call([0, 1], list), 'ERR_TYPE', 'must be an array or a typed array of numbers')
    }
    for (const element of ['1', null, undefined, 1n, [1]]) {
      throwsCode(t, call([0, element], [0, 1]), 'ERR_TYPE', '[1]` must be a number')
      throwsCode(t, call([0, 1], [0, element]), 'ERR_TYPE', '[1]` must be a number')
    }
  })

  test(`${name}: no data`, (t) => {
    throwsCode(t, call([], []), 'ERR_EMPTY', '.length` must be at least 1; got 0')
    throwsCode(t, call([0, 1], new Float32Array(0)), 'ERR_EMPTY', '.length` must be at least 1; got 0')
  })

  test(`${name}: typed arrays are as good as arrays`, (t) => {
    t.deepEqual(measure(Uint8Array.of(0, 1), Float64Array.of(0.25, 1)), measure([0, 1], [0.25, 1]))
  })
}

test('rows by rising value: infinities have their place, equal values keep their order', (t) => {
  const order = ascending([Infinity, 2, -Infinity, 2, Infinity])
  t.deepEqual([...order], [2, 1, 3, 0, 4])
})
