import test from 'ava'
import { dropout, Mask, type MaskRecipe } from '../../src/index.js'
import { throwsCode, untyped } from '../throws.js'

const recipe: MaskRecipe = {
  streamVersion: 1,
  rate: 0.5,
  seed: 42n,
  site: 3,
  domain: 'mc',
  step: 7,
  sample: 9,
  shared: true,
}

test('a mask shows its recipe and is frozen', (t) => {
  const mask = Mask.from(recipe)
  const { streamVersion, rate, seed, site, domain, step, sample, shared, expectedRate } = mask
  t.deepEqual({ streamVersion, rate, seed, site, domain, step, sample, shared }, recipe as never)
  t.is(expectedRate, 0.5)
  t.true(Object.isFrozen(mask))
})

test('a mask survives JSON, with all 64 bits of its seed', (t) => {
  const mask = Mask.from({ ...recipe, seed: 2n ** 64n - 1n })
  const text = JSON.stringify(mask)
  t.is(
    text,
    '{"streamVersion":1,"rate":0.5,"seed":"18446744073709551615","site":3,"domain":"mc","step":7,"sample":9,"shared":true}',
  )
  t.deepEqual(Mask.from(JSON.parse(text)).bits(1000), mask.bits(1000))
  t.false('shared' in Mask.from({ rate: 0.5, seed: 1 }).toJSON())
})

test('what is left out has its default', (t) => {
  t.deepEqual(Mask.from({ rate: 0.5, seed: '1' }).toJSON(), {
    streamVersion: 1,
    rate: 0.5,
    seed: '1',
    site: 0,
    domain: 'user',
    step: 0,
    sample: 0,
  })
})

test('every part of a recipe changes the bits', (t) => {
  const bits = (part: Partial<MaskRecipe>): string =>
    Buffer.from(Mask.from({ ...recipe, shared: false, ...part }).bits(256)).toString('hex')
  const all = [
    bits({}),
    bits({ seed: 43n }),
    bits({ seed: 42n + 2n ** 32n }),
    bits({ site: 4 }),
    bits({ domain: 'train' }),
    bits({ step: 8 }),
    bits({ sample: 10 }),
    bits({ shared: true }),
    bits({ rate: 0.51 }),
  ]
  t.is(new Set(all).size, all.length)
})

test('the highest words are taken and the next are refused', (t) => {
  const word = 2 ** 32 - 1
  t.is(Mask.from({ rate: 0.5, seed: 1, step: word, sample: word, site: 65535 }).bits(8).length, 1)
  throwsCode(t, () => Mask.from({ ...recipe, step: word + 1 }), 'ERR_RANGE', '`step` must be')
  throwsCode(t, () => Mask.from({ ...recipe, sample: word + 1 }), 'ERR_RANGE', '`sample` must be')
  throwsCode(t, () => Mask.from({ ...recipe, site: 65536 }), 'ERR_RANGE', '`site` must be')
})

test('bad recipes are refused', (t) => {
  throwsCode(t, () => Mask.from({ ...recipe, rate: 1.5 }), 'ERR_RATE', '`rate` must be')
  throwsCode(t, () => Mask.from(untyped({ rate: 0.5 })), 'ERR_TYPE', '`seed` must be')
  throwsCode(
    t,
    () => Mask.from(untyped({ ...recipe, domain: 'mine' })),
    'ERR_OPTION',
    "one of 'user', 'train', 'mc'",
  )
  throwsCode(t, () => Mask.from({ ...recipe, streamVersion: 2 }), 'ERR_VERSION', '`streamVersion` must be 1')
  throwsCode(t, () => Mask.from(untyped({ ...recipe, color: 1 })), 'ERR_OPTION', 'has no "color"')
  throwsCode(t, () => Mask.from(untyped(undefined)), 'ERR_TYPE', '`recipe` must be an object')
})

test('bits from anywhere are those bits', (t) => {
  const mask = Mask.from({ rate: 0.3, seed: 5 })
  const all = mask.bits(2000)
  const bit = (bits: Uint8Array, i: number): number => ((bits[i >> 3] as number) >> (i & 7)) & 1
  for (const [start, length] of [
    [0, 2000],
    [1, 1],
    [127, 2],
    [128, 128],
    [1000, 200],
    [1999, 1],
    [777, 0],
  ] as const) {
    const part = mask.bits(start, length)
    t.is(part.length, Math.ceil(length / 8))
    const expected = Array.from({ length }, (_, i) => bit(all, start + i))
    t.deepEqual(
      Array.from({ length }, (_, i) => bit(part, i)),
      expected,
    )
    t.is(
      mask.count(start, length),
      expected.reduce((sum, kept) => sum + kept, 0),
    )
    if (length % 8 !== 0) t.is((part.at(-1) as number) >> (length % 8), 0)
  }
  t.is(mask.count(2000), mask.count(0, 700) + mask.count(700, 1300))
})

test('the last lanes of a sample are there, and no more', (t) => {
  const mask = Mask.from({ rate: 0.5, seed: 5 })
  t.is(mask.bits(2 ** 39 - 8, 8).length, 1)
  throwsCode(t, () => mask.bits(2 ** 39 - 8, 9), 'ERR_RANGE', '`length` must be')
  throwsCode(t, () => mask.count(2 ** 39 + 1), 'ERR_RANGE', '`length` must be')
  throwsCode(t, () => mask.bits(2 ** 39), 'ERR_RANGE', 'fit into one Uint8Array')
  throwsCode(t, () => mask.bits(-1), 'ERR_RANGE', '`length` must be')
  throwsCode(t, () => mask.bits(0.5, 8), 'ERR_RANGE', '`start` must be')
})

test('apply keeps what the bits say and is the dropout of the recipe', (t) => {
  const mask = Mask.from({ rate: 0.25, seed: 5, site: 2, step: 3, sample: 4 })
  const x = Float32Array.from({ length: 300 }, (_, i) => i + 1)
  const y = mask.apply(x)
  const bits = mask.bits(x.length)
  const factor = Math.fround(1 / 0.75)
  t.true(
    y.every((value, i) => {
      const kept = ((bits[i >> 3] as number) >> (i & 7)) & 1
      return value === (kept ? Math.fround(Math.fround(i + 1) * factor) : 0)
    }),
  )
  t.deepEqual(dropout(x, { rate: 0.25, seed: 5, site: 2, step: 3, sample: 4 }), y)
  t.deepEqual(mask.backward(x), y)
})

test('apply takes rows', (t) => {
  const mask = Mask.from({ rate: 0.5, seed: 5 })
  const x = new Float64Array(60).fill(1)
  const ids = Uint32Array.of(8, 3, 8)
  const y = mask.apply(x, { shape: [3, 20], ids })
  t.deepEqual(y.subarray(0, 20), y.subarray(40))
  t.deepEqual(y.subarray(20, 40), Mask.from({ rate: 0.5, seed: 5, sample: 3 }).apply(x.subarray(0, 20)))
  throwsCode(t, () => mask.apply(x, untyped({ rate: 0.5 })), 'ERR_OPTION', 'has no "rate"')
  throwsCode(t, () => mask.backward(untyped([1])), 'ERR_TYPE', '`dy` must be a Float32Array')
})

test('a shared mask is the same for all rows', (t) => {
  const y = Mask.from({ rate: 0.5, seed: 5, shared: true }).apply(new Float32Array(100).fill(1), {
    shape: [2, 50],
  })
  t.deepEqual(y.subarray(0, 50), y.subarray(50))
})

test('a mask of a single row is not applied to many', (t) => {
  const x = new Float32Array(4).fill(1)
  const single = Mask.from({ rate: 0.5, seed: 1, sample: 7 })
  const message = '`sample` must be left out where `shape` is given: its rows are named by `ids`; got 7'
  throwsCode(t, () => single.apply(x, { shape: [2, 2] }), 'ERR_OPTION', message)
  throwsCode(t, () => single.backward(x, { shape: [2, 2], ids: [1, 2] }), 'ERR_OPTION', message)
  throwsCode(t, () => dropout(x, { rate: 0.5, seed: 1, sample: 7, shape: [2, 2] }), 'ERR_OPTION', message)
  const rows = Mask.from({ rate: 0.5, seed: 1 })
  t.deepEqual(
    rows.apply(x, { shape: Int32Array.of(2, 2), ids: [7, 9] }),
    rows.apply(x, { shape: [2, 2], ids: Uint32Array.of(7, 9) }),
  )
})
