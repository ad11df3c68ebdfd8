import test from 'ava'
import { binomial, binomialPoint, binomialTest } from '../../../src/selfTest/statistics/binomial.js'

/** C(n, k) a^k (b - a)^(n - k) / b^n in whole numbers, for k = 0..n and p = a / b, as doubles. */
function naive(n: number, a: number, b: number): number[] {
  const whole = 10n ** 320n
  let choose = 1n
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) choose = (choose * BigInt(n - k + 1)) / BigInt(k)
    const weight = choose * BigInt(a) ** BigInt(k) * BigInt(b - a) ** BigInt(n - k)
    return divided((weight * whole) / BigInt(b) ** BigInt(n))
  })

  /** In two steps, since 10^320 is past the largest double. */
  function divided(value: bigint): number {
    return Number(value) > 1e300 ? Number(value / 10n ** 160n) / 1e160 : Number(value) / 1e160 / 1e160
  }
}

const sum = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

function near(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.abs(b)
}

for (const [n, a, b] of [
  [1, 1, 2],
  [2, 1, 3],
  [17, 1, 10],
  [60, 1, 2],
  [100, 999, 1000],
  [300, 1, 7],
] as const) {
  test(`points and tails of ${n} trials at ${a}/${b}`, (t) => {
    const points = naive(n, a, b)
    for (const [k, point] of points.entries()) {
      t.true(near(binomialPoint(k, n, a / b), point, 1e-12), `point at ${k}`)
      const { below, at, above } = binomial(k, n, a / b)
      t.true(Math.abs(below - sum(points.slice(0, k))) < 1e-12, `below ${k}`)
      t.true(Math.abs(above - sum(points.slice(k + 1))) < 1e-12, `above ${k}`)
      t.true(near(at, point, 1e-12))
      // The smaller tail has all its digits.
      const tail = k > (n * a) / b ? [above, sum(points.slice(k + 1))] : [below, sum(points.slice(0, k))]
      t.true(near(tail[0] as number, tail[1] as number, 1e-11), `tail at ${k}: ${tail}`)
    }
  })
}

test('rare events of many trials are those of Poisson', (t) => {
  // Mean 64 in 64 million: e^-64 64^k / k!, up to terms of 1e-6.
  let poisson = Math.exp(-64)
  for (let k = 0; k <= 128; k += 1) {
    t.true(near(binomialPoint(k, 64e6, 1e-6), poisson, 1e-4), `${k}`)
    poisson *= 64 / (k + 1)
  }
})

test('half of an even number of trials: 1/2 on either side of the middle', (t) => {
  for (const n of [2, 1000, 2 ** 20, 2 ** 32]) {
    const { below, at, above } = binomial(n / 2, n, 0.5)
    t.true(near(below, above, 1e-9) && Math.abs(below + at + above - 1) < 1e-12)
    t.true(near(at, Math.sqrt(2 / (Math.PI * n)) * (1 - 1 / (4 * n)), 1 / n ** 2 + 1e-12))
  }
})

test('six standard deviations of many trials', (t) => {
  // 6 standard deviations of 2^32 trials: 1.973e-9 on both sides, by tables of the normal distribution.
  const n = 2 ** 32
  const k = n / 2 + 6 * (Math.sqrt(n) / 2)
  t.true(near(binomialTest(k, n, 0.5), 1.9732e-9, 1e-3))
  t.true(near(binomialTest(n - k, n, 0.5), 1.9732e-9, 1e-3))
})

test('certain events', (t) => {
  t.is(binomialTest(0, 10, 0), 1)
  t.is(binomialTest(1, 10, 0), 0)
  t.is(binomialTest(10, 10, 1), 1)
  t.is(binomialTest(9, 10, 1), 0)
  t.deepEqual(binomial(10, 10, 0.5).above, 0)
  t.is(binomialPoint(11, 10, 0.5), 0)
})
