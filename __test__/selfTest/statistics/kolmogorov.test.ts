import test from 'ava'
import {
  kolmogorovDistance,
  kolmogorovOneSided,
  kolmogorovTest,
} from '../../../src/selfTest/statistics/kolmogorov.js'

test('the distance from uniform', (t) => {
  t.is(kolmogorovDistance(Float64Array.of(0.5)), 0.5)
  t.is(kolmogorovDistance(Float64Array.of(0.75, 0.25)), 0.25)
  t.is(kolmogorovDistance(Float64Array.of(0.9, 0.8, 0.7, 0.6)), 0.6)
  t.is(kolmogorovDistance(Float64Array.of(1, 1)), 1)
})

test('one number: the distance above is uniform', (t) => {
  for (const d of [0.01, 0.3, 0.99]) t.true(Math.abs(kolmogorovOneSided(d, 1) - (1 - d)) < 1e-14)
})

test('two numbers: the areas of a square', (t) => {
  // The smaller is at most 1/2 - d or the larger at most 1 - d, by geometry: d in (0, 1/2).
  for (const d of [0.1, 0.25, 0.4]) {
    const largerBelow = (1 - d) ** 2
    const smallerBelow = 1 - (0.5 + d) ** 2
    const together = (1 - d) ** 2 - 0.5 ** 2
    t.true(Math.abs(kolmogorovOneSided(d, 2) - (largerBelow + smallerBelow - together)) < 1e-14)
  }
})

test('critical values', (t) => {
  // Miller, "Table of Percentage Points of Kolmogorov Statistics" (1956).
  for (const [n, p, d] of [
    [10, 0.05, 0.40925],
    [10, 0.01, 0.48893],
    [20, 0.05, 0.29408],
    [20, 0.01, 0.35241],
    [40, 0.01, 0.25205],
    [100, 0.05, 0.13403],
    [100, 0.01, 0.16081],
  ] as const) {
    const found = kolmogorovTest(d, n)
    t.true(Math.abs(found / p - 1) < 2e-3, `${n} ${p}: ${found}`)
  }
})

test('many numbers: the limit of Kolmogorov, far out too', (t) => {
  const n = 32_000
  for (const x of [1, 1.5, 2, 3, 3.5]) {
    const found = kolmogorovTest(x / Math.sqrt(n), n)
    // 2 exp(-2 x^2) with the first correction of Smirnov, 1 - 2 x / (3 sqrt(n)).
    const limit = 2 * Math.exp(-2 * x * x) * (1 - (2 * x) / (3 * Math.sqrt(n)))
    t.true(Math.abs(found / limit - 1) < 3e-3, `${x}: ${found} ${limit}`)
  }
})
