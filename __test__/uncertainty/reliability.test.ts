import test from 'ava'
import fc from 'fast-check'
import { accuracy, expectedCalibrationError, reliability } from '../../src/uncertainty/index.js'
import { throwsCode, untyped } from '../throws.js'
import { binary } from './arbitraries.js'
import { near } from './near.js'

test('rows are grouped by the confidence of the predicted class; an upper edge belongs to its bin', (t) => {
  // Confidences: 0.95 right, 0.8 wrong, 0.85 right, 0.6 right.
  const bins = reliability([1, 1, 0, 1], [0.95, 0.2, 0.15, 0.6], { bins: 5 })
  t.deepEqual(
    bins.map(({ from, to, count, accuracy }) => [from, to, count, accuracy]),
    [
      [0.4, 0.6, 1, 1],
      [0.6, 0.8, 1, 0],
      [0.8, 1, 2, 1],
    ],
  )
  near(t, bins[2]!.confidence, 0.9)
})

test('the error is the mean distance between confidence and accuracy, weighted by rows', (t) => {
  near(t, expectedCalibrationError([1, 0], [0.8, 0.8]), 0.3)
  // Bins of the test above: |1 - 0.6|, |0 - 0.8| and twice |1 - 0.9|.
  near(t, expectedCalibrationError([1, 1, 0, 1], [0.95, 0.2, 0.15, 0.6], { bins: 5 }), (0.4 + 0.8 + 0.2) / 4)
})

test('sure and right is calibrated', (t) => {
  t.is(expectedCalibrationError([0, 1, 1], [0, 1, 1]), 0)
})

test('one bin: the distance between the mean confidence and the accuracy', (t) => {
  fc.assert(
    fc.property(binary, ({ labels, probabilities }) => {
      const confidence = probabilities.reduce((sum, p) => sum + Math.max(p, 1 - p), 0) / labels.length
      const expected = Math.abs(confidence - accuracy(labels, probabilities))
      near(t, expectedCalibrationError(labels, probabilities, { bins: 1 }), expected)
    }),
  )
})

test('every row is in one bin, and its confidence lies inside', (t) => {
  fc.assert(
    fc.property(binary, fc.integer({ min: 1, max: 40 }), ({ labels, probabilities }, bins) => {
      const diagram = reliability(labels, probabilities, { bins })
      t.is(
        diagram.reduce((sum, bin) => sum + bin.count, 0),
        labels.length,
      )
      t.true(
        diagram.every(({ from, to, confidence }) => confidence > from - 1e-12 && confidence < to + 1e-12),
      )
    }),
  )
})

test('the number of bins is a positive integer that memory is there for', (t) => {
  for (const bins of [0, -1, 1.5, NaN, Infinity, 10_001]) {
    t.throws(() => reliability([1], [0.5], { bins }), { code: 'ERR_RANGE', message: /`bins`/ })
  }
  t.is(reliability([1], [0.5], { bins: 10_000 }).length, 1)
  t.deepEqual(reliability([1], [0.5], { bins: undefined }), reliability([1], [0.5], { bins: 15 }))
  throwsCode(t, () => reliability([1], [0.5], { bins: untyped('15') }), 'ERR_TYPE', '`bins`')
  throwsCode(t, () => reliability([1], [0.5], untyped({ bin: 3 })), 'ERR_OPTION', '"bin"; it may have `bins`')
  throwsCode(t, () => expectedCalibrationError([1], [0.5], untyped(null)), 'ERR_TYPE', '`options`')
})
