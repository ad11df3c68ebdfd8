import test from 'ava'
import { chiSquareAbove, chiSquareTest } from '../../../src/selfTest/statistics/chiSquare.js'
import { deviance, stirlingError } from '../../../src/selfTest/statistics/deviance.js'
import { normalTest } from '../../../src/selfTest/statistics/normal.js'

function near(a: number, b: number, tolerance = 1e-9): boolean {
  return Math.abs(a - b) <= tolerance * Math.abs(b)
}

test("Stirling's error is what logarithms of factorials lack", (t) => {
  let factorial = 1
  for (let n = 1; n <= 170; n += 1) {
    factorial *= n
    const missing = Math.log(factorial) - (0.5 * Math.log(2 * Math.PI * n) + n * Math.log(n) - n)
    t.true(Math.abs(stirlingError(n) - missing) < 1e-12, `${n}`)
  }
  // Γ(3/2) = sqrt(π) / 2.
  t.true(near(stirlingError(0.5), 0.5 - Math.log(2) / 2, 1e-13))
})

test('deviances', (t) => {
  t.is(deviance(7, 7), 0)
  t.true(near(deviance(2, 1), 2 * Math.log(2) - 1, 1e-14))
  t.true(near(deviance(1.001, 1), 1.001 * Math.log1p(0.001) - 0.001, 1e-9))
  // Close to the mean it is (x - mean)^2 / (2 mean), where the plain formula has no digit left.
  t.true(near(deviance(1e9 + 1, 1e9), 0.5e-9, 1e-8))
})

test('two-sided normal probabilities', (t) => {
  for (const [z, p] of [
    [0, 1],
    [1, 0.317310507862914],
    [1.959963984540054, 0.05],
    [2.5758293035489, 0.01],
    [5, 5.733031437583878e-7],
    [6, 1.973175290075396e-9],
    [10, 1.523970604832094e-23],
  ] as const) {
    t.true(near(normalTest(z), p), `${z}: ${normalTest(z)}`)
    t.is(normalTest(-z), normalTest(z))
  }
})

test('critical values of chi-square', (t) => {
  // Degrees of freedom, probability above, value: NIST/SEMATECH e-Handbook, 1.3.6.7.4 (three decimals).
  for (const [freedom, p, x] of [
    [1, 0.05, 3.841],
    [1, 0.001, 10.828],
    [2, 0.01, 9.21],
    [10, 0.05, 18.307],
    [10, 0.95, 3.94],
    [30, 0.1, 40.256],
    [63, 0.05, 82.529],
    [100, 0.001, 149.449],
    [100, 0.99, 70.065],
  ] as const) {
    const found = chiSquareAbove(x, freedom)
    t.true(near(found, p, 2e-3), `${freedom} ${p}: ${found}`)
  }
})

test('two degrees of freedom are exponential', (t) => {
  for (const x of [0, 0.1, 1, 3, 20, 200]) t.true(near(chiSquareAbove(x, 2), Math.exp(-x / 2), 1e-12))
})

test('chi-square is suspicious on both sides', (t) => {
  t.true(chiSquareTest(1023, 1023) > 0.9)
  t.true(chiSquareTest(1400, 1023) < 1e-12)
  t.true(chiSquareTest(700, 1023) < 1e-12)
})
