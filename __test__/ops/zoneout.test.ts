import test from 'ava'
import fc from 'fast-check'
import { alphaDropout, type Floats as Elements, mask, zoneout, zoneoutBackward } from '../../src/index.js'
import { filled } from '../filled.js'
import { unpack } from '../mask/naive/stream.js'
import { throwsCode, untyped } from '../throws.js'
import { behaves, bitsOf, byRows, calls, holds, isKept, special } from './noise.js'

const rates = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.25, 0.5, 1))
const times = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2000 }))

for (const Floats of [Float32Array, Float64Array]) {
  test(`${Floats.name}: units keep the previous value where they drop, and the gradient follows`, (t) => {
    holds(
      t,
      fc.property(calls(rates), times, (call, time) => {
        const length = call.ids.length * call.width
        const previous = filled(Floats, length, special)
        const candidate = filled(Floats, length, (i) => special(i + 7))
        const options = { ...byRows(call), time }
        const h = zoneout<Elements>(previous, candidate, options)
        const { dPrevious, dCandidate } = zoneoutBackward<Elements>(candidate, options)
        return Array.from(h).every((value, i) => {
          const kept = isKept(call, i, time * call.width)
          return (
            Object.is(value, kept ? candidate[i] : previous[i]) &&
            Object.is(dPrevious[i], kept ? 0 : candidate[i]) &&
            Object.is(dCandidate[i], kept ? candidate[i] : 0)
          )
        })
      }),
    )
  })

  test(`${Floats.name}: inference is the expected value`, (t) => {
    const [previous, candidate] = [Floats.of(1, -2, 3), Floats.of(4, 8, -1)]
    const options = { rate: 0.25, seed: 7n, training: false }
    t.deepEqual(zoneout<Elements>(previous, candidate, options), Floats.of(3.25, 5.5, 0))
    const { dPrevious, dCandidate } = zoneoutBackward<Elements>(candidate, options)
    t.deepEqual([dPrevious, dCandidate], [Floats.of(1, 2, -0.25), Floats.of(3, 6, -0.75)])
    const odd = Floats.of(Number.NaN, -0, Infinity)
    for (const training of [true, false]) {
      t.deepEqual(bitsOf(zoneout<Elements>(odd, candidate, { rate: 1, seed: 7, training })), bitsOf(odd))
      t.deepEqual(bitsOf(zoneout<Elements>(candidate, odd, { rate: 0, seed: 7, training })), bitsOf(odd))
    }
  })
}

test('outputs, rows and errors are those of all kernels', (t) => {
  // In terms of the previous state: where it is not kept, and in no other way, the output is NaN. What makes the
  // identity of one array, inference and rate 0, are those of two equal ones.
  behaves(
    t,
    (previous, options) => {
      const same = options.training === false || options.rate === 0
      const candidate = (same ? previous.slice() : previous.slice().fill(Number.NaN)) as typeof previous
      return zoneout(previous, candidate, same ? { ...options, rate: 0 } : options)
    },
    'previous',
  )
})

test('the output may be either input', (t) => {
  const options = { rate: 0.5, seed: 7n, time: 3 }
  for (const training of [true, false]) {
    const [a, b] = [Float32Array.from({ length: 99 }, (_, i) => i), new Float32Array(99).fill(-1)]
    const h = zoneout(a, b, { ...options, training })
    const [previous, candidate] = [a.slice(), b.slice()]
    t.is(zoneout(previous, b, { ...options, training, out: previous }), previous)
    t.is(zoneout(a, candidate, { ...options, training, out: candidate }), candidate)
    t.deepEqual([previous, candidate], [h, h])
    const both = a.slice()
    t.deepEqual(zoneout(both, both, { ...options, out: both }), a)
    const out = { dPrevious: new Float32Array(99), dCandidate: new Float32Array(99) }
    const gradient = zoneoutBackward(a, { ...options, training, out })
    t.is(gradient.dPrevious, out.dPrevious)
    t.deepEqual(gradient, zoneoutBackward(a, { ...options, training }))
  }
})

test('the mean over masks goes to the expected value, within five standard errors', (t) => {
  const [n, rate] = [2000, 0.3]
  const [previous, candidate] = [new Float64Array(10).fill(2), new Float64Array(10).fill(-1)]
  const sums = new Float64Array(10)
  for (let step = 0; step < n; step++) {
    zoneout(previous, candidate, { rate, seed: 5n, step, time: 4 }).forEach((h, i) => {
      sums[i] = (sums[i] as number) + h / n
    })
  }
  const error = 5 * 3 * Math.sqrt((rate * (1 - rate)) / n)
  t.true(sums.every((mean) => Math.abs(mean - (2 * rate - (1 - rate))) < error))
})

test('time steps, lengths and memory are checked', (t) => {
  const x = new Float32Array(4)
  const options = { rate: 0.5, seed: 7n }
  throwsCode(t, () => zoneout(x, x, { ...options, time: -1 }), 'ERR_RANGE', '`time` must be a whole number')
  const last = { ...options, time: 2 ** 32 - 1 }
  throwsCode(t, () => zoneout(new Float32Array(200), new Float32Array(200), last), 'ERR_RANGE', '2^39')
  throwsCode(
    t,
    () => zoneout(x, new Float32Array(3), options),
    'ERR_SHAPE',
    '`candidate` must be as long as `previous`',
  )
  throwsCode(
    t,
    () => zoneout(x, untyped(new Float64Array(4)), options),
    'ERR_TYPE',
    '`candidate` must be a Float32Array',
  )
  const other = { ...options, out: untyped(new Float64Array(4)) }
  throwsCode(t, () => zoneout(x, x.slice(), other), 'ERR_TYPE', '`out` must be a Float32Array')
  const into = (dPrevious: unknown, dCandidate: unknown) => () =>
    zoneoutBackward(x, { ...options, out: untyped({ dPrevious, dCandidate }) })
  const free = new Float32Array(4)
  throwsCode(t, into(x, free), 'ERR_OVERLAP', '`out.dPrevious` must be memory that does not overlap `dh`')
  throwsCode(
    t,
    into(free, free),
    'ERR_OVERLAP',
    '`out.dCandidate` must be memory that does not overlap `out.dPrevious`',
  )
  throwsCode(t, into(free, new Float32Array(5)), 'ERR_SHAPE', '`out.dCandidate` must be as long as `dh`')
  throwsCode(t, into(new Float64Array(4), free), 'ERR_TYPE', '`out.dPrevious` must be a Float32Array')
  throwsCode(t, into(free, new Float64Array(4)), 'ERR_TYPE', '`out.dCandidate` must be a Float32Array')
  throwsCode(t, into(free, undefined), 'ERR_TYPE', '`out.dCandidate` must be')
  const wrong = () => zoneoutBackward(x, { ...options, out: untyped({ dPrev: free }) })
  throwsCode(t, wrong, 'ERR_OPTION', '`out` has no "dPrev"')
})

test('zoneout and alpha dropout keep where `mask.element` keeps', (t) => {
  const options = { rate: 0.3, seed: 7n, site: 2, step: 5, shape: [40, 100] }
  const ids = Uint32Array.from({ length: 40 }, (_, row) => 3 * row + 1)
  const kept = unpack(mask.element(options).bits({ ids }), 4000)
  const [previous, candidate] = [new Float32Array(4000).fill(1), new Float32Array(4000).fill(2)]
  const h = zoneout(previous, candidate, { ...options, ids })
  t.deepEqual(
    Array.from(h, (value) => value === 2),
    kept,
  )
  const y = alphaDropout(previous, { ...options, ids })
  t.deepEqual(
    Array.from(y, (value) => value > 0),
    kept,
  )
})
