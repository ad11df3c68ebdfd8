import test from 'ava'
import { readTumours, select } from '../../../src/cli/demo/tumours.js'

test('all cases with all measurements', (t) => {
  const { x, y, ids } = readTumours()
  t.is(y.length, 569)
  t.is(x.length, 569 * 30)
  t.is(y.filter((label) => label === 1).length, 212)
  t.deepEqual([...ids.subarray(0, 3)], [0, 1, 2])
  t.true(x.every((value) => Number.isFinite(value) && value >= 0))
  // The first line of the file, and a benign case in the 20th.
  t.deepEqual([...x.subarray(0, 2)], [...Float32Array.of(17.99, 10.38)])
  t.is(y[0], 1)
  t.is(y[19], 0)
})

test('chosen rows keep their identity', (t) => {
  const all = readTumours()
  const { x, y, ids } = select(all, [19, 0])
  t.deepEqual([...ids], [19, 0])
  t.deepEqual([...y], [0, 1])
  t.deepEqual(x.subarray(30), all.x.subarray(0, 30))
})
