import test from 'ava'
import fc from 'fast-check'
import { auroc } from '../../src/uncertainty/index.js'
import { near } from './near.js'

/** The definition: the share of pairs in order, ties counting one half. */
function byPairs(labels: readonly number[], scores: readonly number[]): number {
  let inOrder = 0
  let pairs = 0
  for (const [positive, a] of scores.entries()) {
    if (labels[positive] !== 1) continue
    for (const [negative, b] of scores.entries()) {
      if (labels[negative] !== 0) continue
      inOrder += a > b ? 1 : a === b ? 0.5 : 0
      pairs++
    }
  }
  return inOrder / pairs
}

/** Few distinct scores, so that many are equal. */
const scored = fc
  .array(fc.record({ label: fc.integer({ min: 0, max: 1 }), score: fc.integer({ min: -4, max: 4 }) }), {
    minLength: 2,
    maxLength: 40,
  })
  .filter((rows) => new Set(rows.map(({ label }) => label)).size === 2)
  .map((rows) => ({ labels: rows.map(({ label }) => label), scores: rows.map(({ score }) => score) }))

test('the share of pairs in order', (t) => {
  t.is(auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 0.75)
  t.is(auroc([0, 1], [0, 1]), 1)
  t.is(auroc([1, 0], [0, 1]), 0)
})

test('ties count one half', (t) => {
  t.is(auroc([0, 1, 0, 1], [2, 2, 2, 2]), 0.5)
  // Pairs: (0.5, 0.5) tied, (0.5, 0.1) and (0.9, 0.5), (0.9, 0.1) in order.
  t.is(auroc([1, 0, 0, 1], [0.5, 0.5, 0.1, 0.9]), 3.5 / 4)
})

test('infinite scores have their place', (t) => {
  t.is(auroc([0, 1, 0, 1], [-Infinity, Infinity, 0, Infinity]), 1)
})

test('equals the definition', (t) => {
  fc.assert(
    fc.property(scored, ({ labels, scores }) => near(t, auroc(labels, scores), byPairs(labels, scores))),
  )
})

test('negated scores give the complement', (t) => {
  fc.assert(
    fc.property(scored, ({ labels, scores }) => {
      const negated = scores.map((score) => -score)
      near(t, auroc(labels, negated), 1 - auroc(labels, scores))
    }),
  )
})

test('rejects what has no answer', (t) => {
  t.throws(() => auroc([1, 1], [0.1, 0.2]), { code: 'ERR_LABEL', message: /both classes/ })
  t.throws(() => auroc([], []), { code: 'ERR_EMPTY', message: /labels/ })
  t.throws(() => auroc([0, 1], []), { code: 'ERR_EMPTY', message: /scores/ })
  t.throws(() => auroc([0, 2], [0.1, 0.2]), { code: 'ERR_LABEL', message: /labels\[1\].*got 2/ })
  t.throws(() => auroc([0, 1], [0.1]), { code: 'ERR_SHAPE', message: /scores/ })
  t.throws(() => auroc([0, 1], [0.1, NaN]), { code: 'ERR_RANGE', message: /scores\[1\]/ })
})
