import test from 'ava'
import { accuracy } from '../../src/uncertainty/index.js'

test('the share of rows whose most probable class is the true one', (t) => {
  t.is(accuracy([1, 0, 1], [0.9, 0.2, 0.4]), 2 / 3)
  t.is(accuracy([0, 2, 1], Float32Array.of(0.5, 0.3, 0.2, 0.1, 0.2, 0.7, 0.6, 0.3, 0.1)), 2 / 3)
})

test('between equally probable classes the lowest is predicted', (t) => {
  t.is(accuracy([0, 1], [0.5, 0.5]), 0.5)
  t.is(accuracy([0, 1], [0.5, 0.5, 0.5, 0.5]), 0.5)
  t.is(accuracy([1, 2], [0.2, 0.4, 0.4, 0.2, 0.4, 0.4]), 0.5)
})
