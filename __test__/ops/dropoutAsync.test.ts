import test from 'ava'
import { dropout, dropoutAsync, dropoutBackward, dropoutBackwardAsync } from '../../src/index.js'
import { filled } from '../filled.js'
import { rejectsCode, untyped } from '../throws.js'

const options = { rate: 0.3, seed: 7n }

for (const Floats of [Float32Array, Float64Array]) {
  test(`${Floats.name}: async gives what sync gives`, async (t) => {
    const x = filled(Floats, 10_000, (i) => i + 1)
    t.deepEqual(await dropoutAsync(x, options), dropout(x, options))
    t.deepEqual(await dropoutBackwardAsync(x, options), dropoutBackward(x, options))
    const rows = { ...options, shape: [100, 100], ids: new Uint32Array(100).fill(9) }
    t.deepEqual(await dropoutAsync(x, rows), dropout(x, rows))
    const inference = { ...options, scaling: 'standard', training: false } as const
    t.deepEqual(await dropoutAsync(x, inference), dropout(x, inference))
    t.deepEqual(await dropoutAsync(new Floats(0), options), new Floats(0))
  })
}

test('the input may change and go away right after the call', async (t) => {
  const x = Float32Array.from({ length: 1 << 20 }, (_, i) => i)
  const expected = dropout(x, options)
  const promise = dropoutAsync(x, options)
  x.fill(Number.NaN)
  structuredClone(x.buffer, { transfer: [x.buffer] })
  t.deepEqual(await promise, expected)
})

test('many at once', async (t) => {
  const x = new Float32Array(5000).fill(1)
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, step) => dropoutAsync(x, { ...options, step })),
  )
  results.forEach((y, step) => {
    t.deepEqual(y, dropout(x, { ...options, step }))
  })
})

test('bad arguments reject', async (t) => {
  const x = new Float32Array(4)
  await rejectsCode(t, () => dropoutAsync(x, { ...options, rate: 2 }), 'ERR_RATE', '`rate` must be')
  await rejectsCode(t, () => dropoutAsync(untyped([1]), options), 'ERR_TYPE', '`x` must be')
  await rejectsCode(t, () => dropoutBackwardAsync(untyped([1]), options), 'ERR_TYPE', '`dy` must be')
  await rejectsCode(t, () => dropoutAsync(x, untyped({ ...options, out: x })), 'ERR_OPTION', 'has no "out"')
  await rejectsCode(t, () => dropoutAsync(x, untyped(undefined)), 'ERR_TYPE', '`options` must be an object')
})
