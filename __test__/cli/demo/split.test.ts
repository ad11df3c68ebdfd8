import test from 'ava'
import fc from 'fast-check'
import { stratifiedSplit } from '../../../src/cli/demo/split.js'

const problem = fc.record({
  labels: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 200 }),
  shares: fc.constantFrom([1], [0.5, 0.5], [0.6, 0.2, 0.2], [0.1, 0.2, 0.3, 0.4]),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
})

test('every row is in one part, and every part has its share of each class', (t) => {
  fc.assert(
    fc.property(problem, ({ labels, shares, seed }) => {
      const parts = stratifiedSplit(labels, shares, seed)
      t.deepEqual(
        parts.flat().toSorted((a, b) => a - b),
        [...labels.keys()],
      )
      for (const label of new Set(labels)) {
        const size = labels.filter((other) => other === label).length
        for (const [part, share] of shares.entries()) {
          const count = parts[part]!.filter((row) => labels[row] === label).length
          t.true(Math.abs(count - share * size) <= 1 + 1e-9)
        }
      }
    }),
  )
})

test('the seed decides, and nothing else', (t) => {
  const labels = Array.from({ length: 100 }, (_, row) => row % 2)
  const split = (seed: bigint) => stratifiedSplit(labels, [0.5, 0.5], seed)
  t.deepEqual(split(1n), split(1n))
  t.notDeepEqual(split(1n), split(2n))
})

test('every row is as likely to be in a part as every other', (t) => {
  const labels = new Array<number>(20).fill(0)
  const counts = new Array<number>(20).fill(0)
  const seeds = 400
  for (let seed = 0; seed < seeds; seed++) {
    for (const row of stratifiedSplit(labels, [0.5, 0.5], BigInt(seed))[0]!) counts[row]!++
  }
  // Five standard deviations of a binomial with p = 1/2.
  for (const count of counts) t.true(Math.abs(count - seeds / 2) < 5 * Math.sqrt(seeds / 4))
})
