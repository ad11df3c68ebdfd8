import test from 'ava'
import fc from 'fast-check'
import { concreteDropout, concreteDropoutBackward, concreteRegularizer } from '../../src/index.js'
import { throwsCode, untyped } from '../throws.js'
import { addressOf, behaves, byRows, type Call, calls, holds, wordOf } from './noise.js'

const rates = fc.double({ min: 0.01, max: 0.99, noNaN: true })
const temperatures = fc.constantFrom(0.1, 0.3, 1, 2)

/** The paper's factor of element i, in double precision. */
function factor(call: Call, i: number, rate: number, t: number): number {
  const u = (wordOf(addressOf(call, i), i % call.width) + 0.5) / 2 ** 32
  const logit = Math.log(rate) - Math.log1p(-rate) + Math.log(u) - Math.log1p(-u)
  return (1 - 1 / (1 + Math.exp(-logit / t))) / (1 - rate)
}

const inputs = (length: number): [Float64Array, Float64Array] => [
  Float64Array.from({ length }, (_, i) => Math.sin(i * 0.7)),
  Float64Array.from({ length }, (_, i) => Math.cos(i * 1.3)),
]

test('elements are multiplied by (1 - z) / (1 - p), forward and backward', (t) => {
  holds(
    t,
    fc.property(calls(rates), temperatures, (call, temperature) => {
      const { rate } = call.options
      const [x, dy] = inputs(call.ids.length * call.width)
      const options = { ...byRows(call), temperature }
      const y = concreteDropout(x, options)
      const single = concreteDropout(Float32Array.from(x), options)
      const { dx } = concreteDropoutBackward(x, dy, options)
      return x.every((value, i) => {
        const gate = factor(call, i, rate, temperature)
        const scale = 1 / (1 - rate)
        return (
          Math.abs((y[i] as number) - value * gate) < 1e-12 * scale &&
          Math.abs((dx[i] as number) - (dy[i] as number) * gate) < 1e-12 * scale &&
          Math.abs((single[i] as number) - value * gate) < 1e-6 * scale * Math.max(1, 0.1 / temperature)
        )
      })
    }),
  )
})

test('the gradient by the rate and by its logit are those of finite differences', (t) => {
  holds(
    t,
    fc.property(
      calls(fc.double({ min: 0.05, max: 0.95, noNaN: true })),
      temperatures,
      (call, temperature) => {
        const { rate } = call.options
        const [x, dy] = inputs(call.ids.length * call.width)
        const loss = (p: number): number =>
          x.reduce((sum, value, i) => sum + (dy[i] as number) * value * factor(call, i, p, temperature), 0)
        const h = 1e-6
        const slope = (loss(rate + h) - loss(rate - h)) / (2 * h)
        const { dRate, dLogit } = concreteDropoutBackward(x, dy, { ...byRows(call), temperature })
        const error = 1e-6 * (1 + Math.abs(slope)) + 1e-5 * x.length
        return (
          Math.abs(dRate - slope) < error &&
          Math.abs(dLogit - rate * (1 - rate) * dRate) < 1e-9 * (1 + Math.abs(dRate))
        )
      },
    ),
  )
})

test('outputs, rows, inference and errors are those of all kernels', (t) => {
  behaves(t, concreteDropout, 'x')
  behaves(t, (dy, options) => concreteDropoutBackward(dy.slice() as typeof dy, dy, options).dx, 'x')
})

test('the ends are the identity and +0, and give the rate no gradient', (t) => {
  const x = Float32Array.of(1, Number.NaN, -Infinity, -0)
  t.true(concreteDropout(x, { rate: 1, seed: 7 }).every((value) => Object.is(value, 0)))
  for (const options of [{ rate: 0 }, { rate: 1 }, { rate: 0.5, training: false }]) {
    const { dx, dRate, dLogit } = concreteDropoutBackward(x, x, { seed: 7, ...options })
    t.deepEqual([dRate, dLogit], [0, 0])
    t.deepEqual(dx, options.rate === 1 ? new Float32Array(4) : x)
  }
})

test('the temperature and the second input are checked', (t) => {
  const x = new Float32Array(4)
  const options = { rate: 0.5, seed: 7n }
  for (const temperature of [0, -1, Number.NaN, 2e6]) {
    const call = () => concreteDropout(x, { ...options, temperature })
    throwsCode(t, call, 'ERR_RANGE', '`temperature` must be a number in [0.000001, 1000000]')
  }
  throwsCode(
    t,
    () => concreteDropout(x, { ...options, temperature: untyped('1') }),
    'ERR_TYPE',
    '`temperature`',
  )
  const backward = (dy: unknown, out?: unknown) => () =>
    concreteDropoutBackward(x, untyped(dy), untyped({ ...options, out }))
  throwsCode(t, backward(new Float32Array(3)), 'ERR_SHAPE', '`dy` must be as long as `x`, 4 elements')
  throwsCode(t, backward(new Float64Array(4)), 'ERR_TYPE', '`dy` must be a Float32Array')
  throwsCode(t, backward([1]), 'ERR_TYPE', '`dy` must be a Float32Array or')
  throwsCode(t, backward(x.slice(), x), 'ERR_OVERLAP', '`out` must be memory that does not overlap `x`')
  throwsCode(t, backward(x.slice(), new Float64Array(4)), 'ERR_TYPE', '`out` must be a Float32Array')
})

test('the regulariser is the negative entropy of the mask', (t) => {
  for (const rate of [0.01, 0.3, 0.5, 0.9]) {
    const { value, dRate, dLogit } = concreteRegularizer({ rate, weight: 20 })
    const entropy = (p: number): number => 20 * (p * Math.log(p) + (1 - p) * Math.log(1 - p))
    t.true(Math.abs(value - entropy(rate)) < 1e-12)
    const slope = (entropy(rate + 1e-6) - entropy(rate - 1e-6)) / 2e-6
    t.true(Math.abs(dRate - slope) < 1e-6 * (1 + Math.abs(slope)))
    t.true(Math.abs(dLogit - rate * (1 - rate) * dRate) < 1e-12)
  }
  t.deepEqual(concreteRegularizer({ rate: 0.5 }), { value: -Math.LN2, dRate: 0, dLogit: 0 })
  t.deepEqual(concreteRegularizer({ rate: 0 }), { value: 0, dRate: -Infinity, dLogit: 0 })
  t.deepEqual(concreteRegularizer({ rate: 1, weight: 0 }), { value: 0, dRate: 0, dLogit: 0 })
  throwsCode(t, () => concreteRegularizer({ rate: 2 }), 'ERR_RATE', '`rate` must be')
  throwsCode(t, () => concreteRegularizer({ rate: 0.5, weight: -1 }), 'ERR_RANGE', '`weight` must be')
  throwsCode(t, () => concreteRegularizer(untyped({ p: 1 })), 'ERR_OPTION', 'has no "p"')
})
