import test from 'ava'
import fc from 'fast-check'
import { riskCoverage } from '../../src/uncertainty/index.js'
import { near } from './near.js'

const rows = fc.array(
  fc.record({ loss: fc.integer({ min: 0, max: 3 }), uncertainty: fc.integer({ min: 0, max: 5 }) }),
  { minLength: 1, maxLength: 40 },
)

test('the mean loss of the most certain rows', (t) => {
  const { coverage, risk, area } = riskCoverage([0, 1, 0, 0], [0.1, 0.9, 0.2, 0.3])
  t.deepEqual([...coverage], [0.25, 0.5, 0.75, 1])
  t.deepEqual([...risk], [0, 0, 0, 0.25])
  t.is(area, 0.0625)
})

test('an uncertainty that is upside down is worse than none', (t) => {
  const { risk } = riskCoverage([1, 0], [0.1, 0.2])
  t.deepEqual([...risk], [1, 0.5])
})

test('equally uncertain rows are answered in random order, in expectation', (t) => {
  const { risk } = riskCoverage([1, 0, 0, 0], [0.5, 0.5, 0.1, 0.9])
  // First the row at 0.1; then one of the two at 0.5, wrong half the time; then both; then all.
  t.deepEqual([...risk], [0, 0.25, 1 / 3, 0.25])
})

test('the last point is the mean loss, and the order of the rows does not matter', (t) => {
  fc.assert(
    fc.property(rows, fc.infiniteStream(fc.nat()), (data, keys) => {
      const curve = riskCoverage(
        data.map(({ loss }) => loss),
        data.map(({ uncertainty }) => uncertainty),
      )
      near(t, curve.risk.at(-1)!, data.reduce((sum, { loss }) => sum + loss, 0) / data.length)
      const shuffled = data
        .map((row) => ({ row, key: keys.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ row }) => row)
      const again = riskCoverage(
        shuffled.map(({ loss }) => loss),
        shuffled.map(({ uncertainty }) => uncertainty),
      )
      for (const [index, value] of curve.risk.entries()) near(t, again.risk[index]!, value)
      near(t, again.area, curve.area)
    }),
  )
})

test('rejects what is not a loss or an uncertainty', (t) => {
  t.throws(() => riskCoverage([], []), { code: 'ERR_EMPTY', message: /losses/ })
  t.throws(() => riskCoverage([1], [1, 2]), { code: 'ERR_SHAPE', message: /uncertainty/ })
  t.throws(() => riskCoverage([1, -1], [1, 2]), { code: 'ERR_RANGE', message: /losses\[1\]/ })
  t.throws(() => riskCoverage([NaN], [1]), { code: 'ERR_RANGE', message: /losses\[0\]/ })
  t.throws(() => riskCoverage([1], [NaN]), { code: 'ERR_RANGE', message: /uncertainty\[0\]/ })
})
