import test from 'ava'
import fc from 'fast-check'
import { negativeLogLikelihood } from '../../src/uncertainty/index.js'
import { binary } from './arbitraries.js'
import { near } from './near.js'

test('minus the mean logarithm of the probability of the true class', (t) => {
  near(t, negativeLogLikelihood([1, 0], [0.5, 0.5]), Math.LN2)
  near(t, negativeLogLikelihood([1, 0], [0.8, 0.4]), -(Math.log(0.8) + Math.log(0.6)) / 2)
  near(t, negativeLogLikelihood([2, 0], [0.1, 0.2, 0.7, 0.5, 0.3, 0.2]), -(Math.log(0.7) + Math.log(0.5)) / 2)
})

test('a true class that was ruled out makes it infinite, a sure and right one costs nothing', (t) => {
  t.is(negativeLogLikelihood([1, 0], [0, 0.5]), Infinity)
  t.is(Math.abs(negativeLogLikelihood([1, 0], [1, 0])), 0)
})

test('two columns say the same as one', (t) => {
  fc.assert(
    fc.property(binary, ({ labels, probabilities }) => {
      const twoColumns = probabilities.flatMap((p) => [1 - p, p])
      near(t, negativeLogLikelihood(labels, twoColumns), negativeLogLikelihood(labels, probabilities))
    }),
  )
})
