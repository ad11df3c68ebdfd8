import test from 'ava'
import fc from 'fast-check'
import { gaussianDropout, gaussianDropoutBackward } from '../../src/index.js'
import { throwsCode } from '../throws.js'
import { addressOf, behaves, byRows, type Call, calls, holds, wordOf } from './noise.js'

const rates = fc.double({ min: 1e-3, max: 0.999, noNaN: true })

/** The normal number of element i, as `docs/mask-stream.md` says it, in double precision. */
function normal(call: Call, i: number): number {
  const [address, lane] = [addressOf(call, i), i % call.width]
  const first = wordOf(address, lane - (lane % 2))
  const second = wordOf(address, lane - (lane % 2) + 1)
  const radius = Math.sqrt(-2 * Math.log(Math.fround((first + 0.5) / 2 ** 32)))
  const angle = (2 * Math.PI * (second >>> 8)) / 2 ** 24
  return radius * (lane % 2 === 0 ? Math.cos(angle) : Math.sin(angle))
}

test('elements are multiplied by 1 + sqrt(p / (1 - p)) n, forward and backward', (t) => {
  holds(
    t,
    fc.property(calls(rates), (call) => {
      const { rate } = call.options
      const deviation = Math.sqrt(rate / (1 - rate))
      const x = Float64Array.from({ length: call.ids.length * call.width }, (_, i) => Math.sin(i) * 3)
      const y = gaussianDropout(x, byRows(call))
      const single = gaussianDropout(Float32Array.from(x), byRows(call))
      const dx = gaussianDropoutBackward(x, byRows(call))
      return x.every((value, i) => {
        const n = normal(call, i)
        const expected = value * (1 + deviation * n)
        // The normal number is in single precision; see the core's documentation.
        const error = Math.abs(value) * (2e-7 * deviation * Math.max(1, Math.abs(n)) + 1e-12)
        const rounding = 2e-7 * (Math.abs(expected) + Math.abs(value))
        return (
          Math.abs((y[i] as number) - expected) <= error &&
          Math.abs((single[i] as number) - expected) <= error + rounding &&
          Object.is(dx[i], y[i])
        )
      })
    }),
  )
})

test('outputs, rows, inference and errors are those of all kernels', (t) => {
  behaves(t, gaussianDropout, 'x')
  behaves(t, gaussianDropoutBackward, 'dy')
})

test('rate 1 is an error, in inference too', (t) => {
  for (const training of [true, false]) {
    const call = () => gaussianDropout(new Float32Array(3), { rate: 1, seed: 7, training })
    throwsCode(t, call, 'ERR_RATE', '`rate` must be a number in [0, 1): at 1 the variance')
  }
})

test('the noise has mean 1 and variance p / (1 - p), within five standard errors', (t) => {
  const n = 1 << 20
  for (const rate of [0.1, 0.5]) {
    const y = gaussianDropout(new Float64Array(n).fill(1), { rate, seed: 3n })
    const variance = rate / (1 - rate)
    const mean = y.reduce((sum, value) => sum + value, 0) / n
    const square = y.reduce((sum, value) => sum + (value - 1) ** 2, 0) / n
    t.true(Math.abs(mean - 1) < 5 * Math.sqrt(variance / n), `${mean}`)
    t.true(Math.abs(square - variance) < 5 * variance * Math.sqrt(2 / n), `${square}`)
  }
})
