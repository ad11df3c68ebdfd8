import test from 'ava'
import { holm } from '../../src/selfTest/verdict.js'

test("Holm's p-values, by hand", (t) => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005].map((pValue) => ({ pValue })))
  // 4 * 0.005, 3 * 0.01, 2 * 0.03, then 1 * 0.04, which may not be below the one before.
  t.deepEqual(
    adjusted.map((p) => Number(p.toFixed(12))),
    [0.03, 0.06, 0.06, 0.02],
  )
  t.deepEqual(holm([{ pValue: 0.9 }, { pValue: 0.8 }]), [1, 1])
  t.deepEqual(holm([]), [])
})
