import test from 'ava'
import { dropout, dropoutBackward, Mask } from '../../src/index.js'
import { filled } from '../filled.js'
import { throwsCode, untyped } from '../throws.js'

const options = { rate: 0.5, seed: 7n }

/** The bits of every element: NaN payloads and the sign of zero count. */
const bitsOf = (x: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(x.buffer, x.byteOffset, x.byteLength)

for (const Floats of [Float32Array, Float64Array]) {
  const name = Floats.name
  const special = Floats.of(0, -0, Number.NaN, Infinity, -Infinity, 1e-45, -5e-324, 3.5)

  test(`${name}: rate 0 is the identity bit for bit`, (t) => {
    const y = dropout(special, { rate: 0, seed: 7 })
    t.deepEqual(bitsOf(y), bitsOf(special))
    t.not(y.buffer, special.buffer)
    t.deepEqual(bitsOf(dropoutBackward(special, { rate: 0, seed: 7 })), bitsOf(special))
  })

  test(`${name}: rate 1 gives +0 forward and backward`, (t) => {
    for (const pass of [dropout, dropoutBackward]) {
      for (const scaling of ['inverted', 'standard'] as const) {
        const y = pass(special, { rate: 1, seed: 7, scaling })
        t.true(y.every((value) => Object.is(value, 0)))
      }
    }
  })

  test(`${name}: dropped is +0 whatever it was, kept NaN stays NaN`, (t) => {
    const bits = Mask.from(options).bits(1000)
    for (const value of [Number.NaN, Infinity, -Infinity, -0, -3]) {
      const y = dropout(new Floats(1000).fill(value), options)
      const expected = Array.from({ length: 1000 }, (_, i) =>
        ((bits[i >> 3] as number) >> (i & 7)) & 1 ? value * 2 : 0,
      )
      t.true(y.every((got, i) => Object.is(got, expected[i])))
    }
  })

  test(`${name}: in place is out of place`, (t) => {
    for (const n of [0, 1, 127, 128, 129, 1000]) {
      const x = filled(Floats, n, (i) => i - 3)
      const y = dropout(x, { ...options, rate: 0.3 })
      const into = new Floats(n)
      t.is(dropout(x, { ...options, rate: 0.3, out: into }), into)
      t.deepEqual(into, y)
      t.is(dropout(x, { ...options, rate: 0.3, out: x }), x)
      t.deepEqual(x, y)
    }
  })

  test(`${name}: kept elements are scaled by 1 / (1 - rate), rounded once`, (t) => {
    const factor = Floats.of(1 / 0.9)[0] as number
    const y = dropout(new Floats(100).fill(1), { rate: 0.1, seed: 7 })
    t.deepEqual([...new Set(y)].sort(), [0, factor])
  })

  test(`${name}: standard scaling leaves training alone and multiplies in inference`, (t) => {
    const x = filled(Floats, 100, (i) => i + 1)
    const y = dropout(x, { ...options, rate: 0.2, scaling: 'standard' })
    t.true(y.every((value, i) => value === 0 || value === i + 1))
    const inference = dropout(x, { ...options, rate: 0.2, scaling: 'standard', training: false })
    const keep = Floats.of(0.8)[0] as number
    t.deepEqual(
      inference,
      filled(Floats, 100, (i) => (i + 1) * keep),
    )
    t.deepEqual(
      dropoutBackward(x, { ...options, rate: 0.2, scaling: 'standard', training: false }),
      inference,
    )
  })

  test(`${name}: inference of inverted dropout is the identity, in place too`, (t) => {
    for (const rate of [0, 0.999, 1]) {
      const y = dropout(special, { rate, seed: 7, training: false })
      t.deepEqual(bitsOf(y), bitsOf(special))
      t.not(y, special)
    }
    const x = special.slice()
    t.is(dropout(x, { rate: 0.999, seed: 7, training: false, out: x }), x)
    t.deepEqual(bitsOf(x), bitsOf(special))
  })
}

test('the realised rate is the rate', (t) => {
  const n = 1_000_000
  for (const rate of [0.001, 0.1, 0.5, 0.9, 0.999]) {
    const dropped = dropout(new Float32Array(n).fill(1), { rate, seed: 11n }).filter(
      (value) => value === 0,
    ).length
    const deviation = Math.sqrt(n * rate * (1 - rate))
    t.true(Math.abs(dropped - n * rate) < 5 * deviation, `${dropped} of ${n} at rate ${rate}`)
  }
})

test('views into one buffer: the same memory, separate memory, overlap', (t) => {
  const all = Float32Array.from({ length: 100 }, (_, i) => i + 1)
  const before = all.slice()
  const [left, right] = [all.subarray(0, 50), all.subarray(50)]
  throwsCode(
    t,
    () => dropout(left, { ...options, out: all.subarray(1, 51) }),
    'ERR_OVERLAP',
    '`out` must be the same memory',
  )
  throwsCode(t, () => dropout(left, { ...options, out: all }), 'ERR_OVERLAP', '`out` must be the same memory')
  t.deepEqual(all, before, 'nothing was written')
  dropout(left, { ...options, out: right })
  t.deepEqual(right, dropout(left, options))
  t.deepEqual(left, before.subarray(0, 50))
  const again = new Float32Array(all.buffer, 0, 50)
  t.deepEqual(dropout(left, { ...options, out: again }), dropout(before.subarray(0, 50), options))
})

test('ids that lie in the output are refused', (t) => {
  const buffer = new ArrayBuffer(64)
  const [x, ids] = [new Float32Array(buffer), new Uint32Array(buffer, 0, 4)]
  throwsCode(t, () => dropout(x, { ...options, shape: [4, 4], ids, out: x }), 'ERR_OVERLAP', '`ids` must be')
})

test('outputs must fit', (t) => {
  const x = new Float32Array(10)
  throwsCode(
    t,
    () => dropout(x, { ...options, out: new Float32Array(9) }),
    'ERR_SHAPE',
    '`out` must be as long as the input',
  )
  throwsCode(
    t,
    () => dropout(x, { ...options, out: untyped(new Float64Array(10)) }),
    'ERR_TYPE',
    '`out` must be a Float32Array as the input is; got Float64Array',
  )
  throwsCode(
    t,
    () => dropout(x, { ...options, out: untyped([]) }),
    'ERR_TYPE',
    '`out` must be a Float32Array or',
  )
})

test('bad arguments are refused before anything is written', (t) => {
  const x = new Float32Array([1, 2, 3])
  throwsCode(
    t,
    () => dropout(x, { ...options, rate: 1.5, out: x }),
    'ERR_RATE',
    '`rate` must be a number in [0, 1]; got 1.5',
  )
  throwsCode(t, () => dropout(x, { ...options, rate: Number.NaN, out: x }), 'ERR_RATE', 'got NaN')
  throwsCode(t, () => dropout(x, untyped({ rate: 0.5 })), 'ERR_TYPE', '`seed` must be')
  throwsCode(
    t,
    () => dropout(x, untyped({ ...options, rte: 1 })),
    'ERR_OPTION',
    'has no "rte"; it may have `rate`',
  )
  throwsCode(t, () => dropout(x, untyped(undefined)), 'ERR_TYPE', '`options` must be an object')
  throwsCode(t, () => dropout(untyped([1, 2]), options), 'ERR_TYPE', '`x` must be')
  throwsCode(t, () => dropoutBackward(untyped('x'), options), 'ERR_TYPE', '`dy` must be')
  throwsCode(
    t,
    () => dropout(x, { ...options, scaling: untyped('other') }),
    'ERR_OPTION',
    "'inverted', 'standard'",
  )
  throwsCode(
    t,
    () => dropout(x, { ...options, training: untyped('no') }),
    'ERR_TYPE',
    '`training` must be true or false',
  )
  throwsCode(t, () => dropout(x, { ...options, shape: [2, 2] }), 'ERR_SHAPE', '`shape` must be')
  throwsCode(
    t,
    () => dropout(x, { ...options, sample: 1, shape: [3] }),
    'ERR_OPTION',
    '`sample` must be left out where `shape` is given',
  )
  t.deepEqual(x, new Float32Array([1, 2, 3]))
})

test('the types follow the input', (t) => {
  const single: Float32Array = dropout(new Float32Array(1), options)
  const double: Float64Array = dropoutBackward(new Float64Array(1), options)
  // @ts-expect-error: an output of another type
  t.throws(() => dropout(new Float32Array(1), { ...options, out: new Float64Array(1) }))
  // @ts-expect-error: the seed is required
  t.throws(() => dropout(new Float32Array(1), { rate: 0.5 }))
  t.is(single.length + double.length, 2)
})
