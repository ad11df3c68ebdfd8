import test from 'ava'
import fc from 'fast-check'
import { alphaDropout, alphaDropoutBackward, gaussianDropout } from '../../src/index.js'
import { behaves, byRows, calls, holds, isKept, special } from './noise.js'

const rates = fc.oneof(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), fc.constantFrom(0.5, 0.25))
const LAMBDA = 1.0507009873554805
const ALPHA = 1.6732632423543772

/** a, b and what dropped elements become. */
function affine(rate: number): [a: number, b: number, dropped: number] {
  const [q, alpha] = [1 - rate, -LAMBDA * ALPHA]
  const a = (q + alpha ** 2 * q * rate) ** -0.5
  const b = -a * rate * alpha
  return [a, b, a * alpha + b]
}

test('dropped elements become one value and kept ones are mapped, whatever they were', (t) => {
  holds(
    t,
    fc.property(calls(rates), (call) => {
      const [a, b, dropped] = affine(call.options.rate)
      const x = Float64Array.from({ length: call.ids.length * call.width }, (_, i) => special(i))
      const y = alphaDropout(x, byRows(call))
      const single = alphaDropout(Float32Array.from(x), byRows(call))
      const dx = alphaDropoutBackward(x, byRows(call))
      return x.every((value, i) => {
        const kept = isKept(call, i)
        const expected = kept ? a * value + b : dropped
        const gradient = kept ? a * value : 0
        const scale = a * (Math.abs(value) + 2)
        const near = (got: number | undefined, wanted: number, error: number): boolean =>
          Object.is(got, wanted) || Math.abs((got as number) - wanted) <= error
        const exact = Number.isFinite(value) || !kept
        return (
          near(y[i], expected, exact ? 1e-12 * (kept ? scale : a) : 0) &&
          near(single[i], expected, exact ? 3e-7 * (kept ? scale : a) : 0) &&
          near(dx[i], gradient, exact && kept ? 1e-12 * scale : 0)
        )
      })
    }),
  )
})

test('outputs, rows, inference and errors are those of all kernels', (t) => {
  behaves(t, alphaDropout, 'x')
  behaves(t, alphaDropoutBackward, 'dy')
})

test('rate 1 gives +0 forward and backward', (t) => {
  for (const pass of [alphaDropout, alphaDropoutBackward]) {
    const y = pass(Float32Array.of(1, Number.NaN, -Infinity, -0), { rate: 1, seed: 7 })
    t.true(y.every((value) => Object.is(value, 0)))
  }
})

test('normal numbers keep mean 0 and variance 1, within five standard errors', (t) => {
  const n = 1 << 19
  const ones = new Float64Array(n).fill(1)
  // Noise of standard deviation 1 around 1, less 1.
  const x = gaussianDropout(ones, { rate: 0.5, seed: 1n }).map((value) => value - 1)
  for (const rate of [0.05, 0.3]) {
    const y = alphaDropout(x, { rate, seed: 2n })
    const [a, b, dropped] = affine(rate)
    const mean = y.reduce((sum, value) => sum + value, 0) / n
    const variance = y.reduce((sum, value) => sum + value ** 2, 0) / n
    const fourth = (1 - rate) * (3 * a ** 4 + 6 * (a * b) ** 2 + b ** 4) + rate * dropped ** 4
    t.true(Math.abs(mean) < 5 / Math.sqrt(n), `${mean}`)
    t.true(Math.abs(variance - 1) < 5 * Math.sqrt((fourth - 1) / n), `${variance}`)
  }
})
