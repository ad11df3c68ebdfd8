import test, { type ExecutionContext } from 'ava'
import { scaledDotProductAttention, scaledDotProductAttentionBackward } from '../../../src/index.js'
import { throwsCode, untyped } from '../../throws.js'
import { attention, type Case } from './naive.js'

function numbers(length: number, salt: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => (((i * 7919 + salt * 104729 + 1) * 0.618033988749895) % 1) * 2 - 1,
  )
}

const SMALL: Case = {
  shape: [2, 2, 5, 3],
  keys: 7,
  valueFeatures: 4,
  ids: [9, 4],
  rate: 0.3,
  seed: 7n,
  per: 'element',
  renormalize: false,
  causal: false,
  bias: () => 0,
}

function inputs({ shape: [batch, heads, queries, features], keys, valueFeatures }: Case) {
  const pairs = batch * heads
  return {
    q: numbers(pairs * queries * features, 1),
    k: numbers(pairs * keys * features, 2),
    v: numbers(pairs * keys * valueFeatures, 3),
    dy: numbers(pairs * queries * valueFeatures, 4),
  }
}

function optionsOf({ shape, ids, rate, seed, per, renormalize, causal }: Case) {
  return { shape, ids, rate, seed, per, renormalize, causal }
}

function close(t: ExecutionContext, got: Float32Array, expected: readonly number[], tolerance: number): void {
  t.is(got.length, expected.length)
  const wrong = expected.findIndex((value, i) => !(Math.abs(value - (got[i] as number)) <= tolerance))
  t.is(wrong, -1, `element ${wrong}: ${got[wrong]} for ${expected[wrong]}`)
}

for (const per of ['element', 'key', 'row', 'head'] as const) {
  for (const renormalize of [false, true]) {
    for (const causal of [false, true]) {
      test(`per ${per}${renormalize ? ', renormalised' : ''}${causal ? ', causal' : ''}: explicit weights`, (t) => {
        for (const of of [SMALL, { ...SMALL, shape: [1, 3, 70, 5], keys: 131, ids: [6] } as const]) {
          const own = { ...of, per, renormalize, causal }
          const { q, k, v } = inputs(own)
          const { y } = scaledDotProductAttention(q, k, v, optionsOf(own))
          close(t, y, attention(own, q, k, v), 3e-6)
        }
      })
    }
  }
}

test('gradients are those of finite differences', (t) => {
  const shown = Uint8Array.of(1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0)
  for (const renormalize of [false, true]) {
    const of: Case = {
      ...SMALL,
      renormalize,
      bias: (row, _, __, key) => (shown[row * 7 + key] === 0 ? -Infinity : 0),
    }
    const { q, k, v, dy } = inputs(of)
    const options = { ...optionsOf(of), mask: shown, maskShape: [2, 1, 1, 7] }
    const { y, logSumExp } = scaledDotProductAttention(q, k, v, options)
    const gradients = scaledDotProductAttentionBackward(dy, { ...options, q, k, v, y, logSumExp })
    const arrays = { q: Array.from(q), k: Array.from(k), v: Array.from(v) }
    const loss = () =>
      attention(of, arrays.q, arrays.k, arrays.v).reduce((sum, y, i) => sum + y * (dy[i] as number), 0)
    for (const name of ['q', 'k', 'v'] as const) {
      const array = arrays[name]
      const expected = array.map((value, i) => {
        const at = (step: number) => {
          array[i] = value + step
          return loss()
        }
        const difference = (at(1e-5) - at(-1e-5)) / 2e-5
        array[i] = value
        return difference
      })
      close(t, gradients[`d${name}`], expected, 1e-5)
    }
  }
})

test('masks: boolean and additive, of every shape', (t) => {
  const of: Case = { ...SMALL, rate: 0 }
  const { q, k, v } = inputs(of)
  const [batch, heads, queries] = of.shape
  for (const sizes of [
    [1, 1, 1, 7],
    [batch, 1, 1, 7],
    [1, heads, queries, 7],
    [batch, heads, queries, 7],
  ] as const) {
    const values = numbers(
      sizes.reduce((a, b) => a * b),
      5,
    )
    const at = (row: number, head: number, query: number, key: number) => {
      const pick = (size: number, index: number) => (size === 1 ? 0 : index)
      const place = (pick(sizes[0], row) * sizes[1] + pick(sizes[1], head)) * sizes[2] + pick(sizes[2], query)
      return values[place * 7 + key] as number
    }
    const run = (mask: Uint8Array | Float32Array) =>
      scaledDotProductAttention(q, k, v, { ...optionsOf(of), mask, maskShape: sizes }).y
    close(t, run(values), attention({ ...of, bias: at }, q, k, v), 3e-6)
    const shown = Uint8Array.from(values, (value) => (value > -0.5 ? 200 : 0))
    const bias: Case['bias'] = (...place) => (at(...place) > -0.5 ? 0 : -Infinity)
    close(t, run(shown), attention({ ...of, bias }, q, k, v), 3e-6)
  }
})

test('rates 0 and 1, inference, and a query that sees nothing', (t) => {
  const { q, k, v, dy } = inputs(SMALL)
  const shape = SMALL.shape
  const plain = scaledDotProductAttention(q, k, v, { shape })
  t.deepEqual(scaledDotProductAttention(q, k, v, { shape, rate: 0, seed: 3n }), plain)
  t.deepEqual(scaledDotProductAttention(q, k, v, { shape, rate: 0.5, seed: 3n, training: false }), plain)
  const all = { shape, rate: 1, seed: 3n }
  const { y, logSumExp } = scaledDotProductAttention(q, k, v, all)
  t.true(y.every((value) => Object.is(value, 0)))
  const { dq, dk, dv } = scaledDotProductAttentionBackward(dy, { ...all, q, k, v, y, logSumExp })
  t.true([...dq, ...dk, ...dv].every((value) => Object.is(value, 0)))
  const hidden = scaledDotProductAttention(q, k, v, {
    shape,
    mask: new Uint8Array(7),
    maskShape: [1, 1, 1, 7],
  })
  t.true(hidden.y.every((value) => Object.is(value, 0)))
  t.true(hidden.logSumExp.every((value) => value === -Infinity))
})

test('a row is the same alone, and outputs may be given', (t) => {
  const { q, k, v, dy } = inputs(SMALL)
  const { y, logSumExp } = scaledDotProductAttention(q, k, v, optionsOf(SMALL))
  const half = <T extends Float32Array>(array: T) => array.subarray(array.length / 2)
  const alone = { ...optionsOf(SMALL), shape: [1, 2, 5, 3], ids: [4] }
  const out = new Float32Array(y.length / 2)
  const second = scaledDotProductAttention(half(q), half(k), half(v), { ...alone, out })
  t.is(second.y, out)
  t.deepEqual(out, half(y).slice())
  const whole = scaledDotProductAttentionBackward(dy, { ...optionsOf(SMALL), q, k, v, y, logSumExp })
  const gradients = { dq: half(q).slice(), dk: half(k).slice(), dv: half(v).slice() }
  const own = { ...alone, q: half(q), k: half(k), v: half(v), ...second }
  t.is(scaledDotProductAttentionBackward(half(dy), { ...own, out: gradients }).dq, gradients.dq)
  for (const name of ['dq', 'dk', 'dv'] as const) t.deepEqual(gradients[name], half(whole[name]).slice())
})

test('shapes without elements', (t) => {
  const none = new Float32Array(0)
  t.is(scaledDotProductAttention(none, none, none, { shape: [0, 2, 5, 3] }).y.length, 0)
  t.deepEqual(
    scaledDotProductAttention(new Float32Array(6), none, none, { shape: [1, 1, 2, 3] }).y,
    new Float32Array(6),
  )
})

test('bad input is refused by name and code', (t) => {
  const { q, k, v, dy } = inputs(SMALL)
  const { shape } = SMALL
  const run = (more: object, arrays: { q?: unknown; k?: unknown; v?: unknown } = {}) =>
    scaledDotProductAttention(
      untyped(arrays.q ?? q),
      untyped(arrays.k ?? k),
      untyped(arrays.v ?? v),
      untyped({ shape, ...more }),
    )
  throwsCode(t, () => run({ shape: [2, 2, 5] }), 'ERR_SHAPE', '`shape`')
  throwsCode(t, () => run({ shape: [2, 2, 4, 3] }), 'ERR_SHAPE', '`q`')
  throwsCode(t, () => run({}, { k: k.subarray(1) }), 'ERR_SHAPE', '`k`')
  throwsCode(t, () => run({}, { v: v.subarray(1) }), 'ERR_SHAPE', '`v`')
  throwsCode(t, () => run({}, { q: new Float64Array(q) }), 'ERR_TYPE', '`q`')
  throwsCode(t, () => run({ rate: 2 }), 'ERR_RATE', '`rate`')
  throwsCode(t, () => run({ rate: 0.5 }), 'ERR_TYPE', '`seed`')
  throwsCode(t, () => run({ scale: NaN }), 'ERR_RANGE', '`scale`')
  throwsCode(t, () => run({ per: 'column' }), 'ERR_OPTION', '`per`')
  throwsCode(t, () => run({ dropout: 0.1 }), 'ERR_OPTION', 'dropout')
  throwsCode(t, () => run({ ids: [1] }), 'ERR_SHAPE', '`ids`')
  throwsCode(t, () => run({ mask: [1] }), 'ERR_TYPE', '`mask`')
  throwsCode(t, () => run({ mask: new Uint8Array(7) }), 'ERR_TYPE', '`maskShape`')
  throwsCode(t, () => run({ mask: new Uint8Array(7), maskShape: [1, 1, 3, 7] }), 'ERR_SHAPE', '`maskShape`')
  throwsCode(t, () => run({ mask: new Uint8Array(8), maskShape: [1, 1, 1, 7] }), 'ERR_SHAPE', '`mask`')
  throwsCode(t, () => run({ out: q }), 'ERR_SHAPE', '`out`')
  const memory = new Float32Array(200)
  const overlapping = memory.subarray(0, q.length).fill(1)
  const out = memory.subarray(10, 90)
  throwsCode(t, () => run({ out }, { q: overlapping }), 'ERR_OVERLAP', '`q`')
  const { y, logSumExp } = run({})
  const own = { shape, q, k, v, y, logSumExp }
  const back = (more: object) => scaledDotProductAttentionBackward(dy, untyped({ ...own, ...more }))
  throwsCode(t, () => back({ y: y.subarray(1) }), 'ERR_SHAPE', '`y`')
  throwsCode(t, () => back({ logSumExp: undefined }), 'ERR_TYPE', '`logSumExp`')
  throwsCode(t, () => back({ out: { dq: y, dk: y } }), 'ERR_SHAPE', '`out.dq`')
  throwsCode(t, () => back({ out: { dq: q, dk: k.slice(), dv: v.slice() } }), 'ERR_OVERLAP', 'dq')
  throwsCode(
    t,
    () =>
      run(
        { shape: [1, 300, 1, 1], rate: 0.1, seed: 1n },
        { q: numbers(300, 1), k: numbers(300, 1), v: numbers(300, 1) },
      ),
    'ERR_RANGE',
    '256 heads',
  )
})
