import test from 'ava'
import fc from 'fast-check'
import { brier } from '../../src/uncertainty/index.js'
import { binary } from './arbitraries.js'
import { near } from './near.js'

test('one column: the mean squared distance to the label', (t) => {
  near(t, brier([1, 0], [0.8, 0.4]), 0.1)
})

test('several columns: the sum over classes', (t) => {
  // Row 1: 0.2^2 + 0.1^2 + 0.1^2 = 0.06; row 2: 0.5^2 + 0.7^2 + 0.2^2 = 0.78.
  near(t, brier([0, 1], [0.8, 0.1, 0.1, 0.5, 0.3, 0.2]), 0.42)
})

test('the same predictions in two columns score twice as much', (t) => {
  fc.assert(
    fc.property(binary, ({ labels, probabilities }) => {
      near(
        t,
        brier(
          labels,
          probabilities.flatMap((p) => [1 - p, p]),
        ),
        2 * brier(labels, probabilities),
      )
    }),
  )
})
