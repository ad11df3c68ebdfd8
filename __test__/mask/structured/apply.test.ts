/** What structured masks do to numbers. */
import test from 'ava'
import fc from 'fast-check'
import { mask, type StructuredMask } from '../../../src/index.js'
import { filled } from '../../filled.js'
import { unpack } from '../naive/stream.js'

const seed = 11n

function all(rate: number): StructuredMask[] {
  const common = { seed, rate }
  return [
    mask.element({ ...common, shape: [3, 7] }),
    mask.element({ ...common, shape: [3, 5, 2], rate: [rate, 0.5] }),
    mask.broadcast({ ...common, shape: [3, 4, 5], noiseShape: [1, 4, 1] }),
    mask.channel({ ...common, shape: [3, 6, 5, 5], layout: 'NCHW' }),
    mask.sequence({ ...common, shape: [3, 4, 9] }),
    mask.dropPath({ ...common, shape: [3, 10] }),
    mask.weights({ ...common, shape: [4, 5], per: 'sample', samples: 3 }),
    mask.attention({ ...common, shape: [3, 2, 4, 5] }),
    mask.attention({ ...common, shape: [3, 2, 4, 5], per: 'key', shareHeads: true }),
    mask.block({ ...common, blockSize: 3, shape: [3, 7, 7, 2], layout: 'NHWC' }),
    mask.block({
      ...common,
      blockSize: 2,
      shape: [3, 2, 7],
      layout: 'NCL',
      scale: 'position',
      border: 'clipped',
    }),
    mask.exactly({ seed, drop: Math.round(rate * 9), size: 9, rows: 3 }),
  ]
}

/** The factor of each element of a row as its definition has it. */
function factors(m: StructuredMask, kept: readonly boolean[]): number[] {
  const json = m.toJSON() as { kind: string; scale?: string; rate?: number | number[] }
  const keep = (rate: number): number => (rate < 1 ? 1 / (1 - rate) : 0)
  if (json.kind === 'block' && json.scale === 'sample') {
    return kept.map(() => m.elements / kept.filter(Boolean).length)
  }
  if (json.kind === 'block') {
    const channels = m.elements / (m as ReturnType<typeof mask.block>).positionRates().length
    const position = Array.from((m as ReturnType<typeof mask.block>).positionRates(), keep)
    return Array.from({ length: channels }, () => position).flat()
  }
  if (Array.isArray(json.rate)) return kept.map((_, e) => keep((json.rate as number[])[e % 2] as number))
  return kept.map(() => keep(m.expectedRate))
}

for (const Class of [Float32Array, Float64Array]) {
  test(`kept elements times the factor, +0 for dropped ones: ${Class.name}`, (t) => {
    for (const rate of [0, 0.3, 0.75, 1]) {
      for (const m of all(rate)) {
        const rows = m.shape[0] as number
        const kept = unpack(m.bits(), rows * m.elements)
        const x = filled(Class, kept.length, (i) => (kept[i] ? i - 5 : [NaN, Infinity, -1][i % 3]) as number)
        const y = m.apply(x)
        for (let row = 0; row < rows; row++) {
          const range = [row * m.elements, (row + 1) * m.elements] as const
          factors(m, kept.slice(...range)).forEach((factor, e) => {
            const i = range[0] + e
            const expected = kept[i] ? (i - 5) * factor : 0
            const close = Math.abs((y[i] as number) - expected) <= Math.abs(expected) * 2e-7
            t.true(close && (kept[i] || Object.is(y[i], 0)), `${m.kind} ${rate} ${i}: ${y[i]}, ${expected}`)
          })
        }
        t.deepEqual(m.backward(x), y)
        const inPlace = x.slice()
        t.is(m.apply(inPlace, { out: inPlace }), inPlace)
        t.deepEqual(inPlace, y)
        t.deepEqual(m.apply(x, { training: false }), x)
      }
    }
  })
}

test('a row is dropped alike alone, in any batch and in any order', (t) => {
  const x = filled(Float32Array, 4096, (i) => i + 1)
  fc.assert(
    fc.property(fc.array(fc.nat(1e6), { minLength: 1, maxLength: 6 }), fc.nat(11), (ids, which) => {
      const m = all(0.4)[which] as StructuredMask
      const one = x.subarray(0, m.elements)
      const batch = new Float32Array(ids.length * m.elements)
      for (let row = 0; row < ids.length; row++) batch.set(one, row * m.elements)
      const y = m.apply(batch, { ids })
      ids.forEach((id, row) => {
        t.deepEqual(y.slice(row * m.elements, (row + 1) * m.elements), m.apply(one, { ids: [id] }))
      })
    }),
    { numRuns: 60 },
  )
})

test('rows of padding after a batch and steps of padding after a sequence change nothing before them', (t) => {
  for (const m of all(0.4)) {
    const rows = m.shape[0] as number
    const ids = Array.from({ length: rows }, (_, row) => 40 + row)
    const bits = unpack(m.bits({ ids }), rows * m.elements)
    const padded = unpack(m.bits({ ids: [...ids, 0, 0] }), (rows + 2) * m.elements)
    t.deepEqual(padded.slice(0, bits.length), bits, m.kind)
  }
  for (const freshEachStep of [false, true]) {
    const of = (steps: number) => {
      const m = mask.sequence({ seed, rate: 0.4, shape: [1, steps, 9], freshEachStep })
      return unpack(m.bits({ ids: [3] }), steps * 9)
    }
    t.deepEqual(of(12).slice(0, 45), of(5), `fresh: ${freshEachStep}`)
  }
})

test('shared masks are the same for every id, and different from those of rows', (t) => {
  const own = mask.element({ seed, rate: 0.5, shape: [2, 200] })
  const shared = mask.element({ seed, rate: 0.5, shape: [2, 200], share: 'batch' })
  t.deepEqual(shared.bits({ ids: [1] }), shared.bits({ ids: [77] }))
  t.notDeepEqual(own.bits({ ids: [1] }), own.bits({ ids: [77] }))
  t.notDeepEqual(own.bits({ ids: [0] }), shared.bits({ ids: [0] }))
})

test('standard scaling multiplies in inference, position by position', (t) => {
  const x = filled(Float64Array, 98, () => 2)
  const m = mask.block({
    seed,
    rate: 0.25,
    blockSize: 3,
    shape: [2, 7, 7, 1],
    layout: 'NHWC',
    scale: 'position',
  })
  const rates = m.positionRates()
  const y = m.apply(x, { training: false, scaling: 'standard' })
  y.forEach((y, i) => {
    t.is(y, 2 * (1 - (rates[i % 49] as number)))
  })
  const e = mask.element({ seed, rate: [0.5, 1, 0], shape: [1, 3] })
  const special = Float64Array.of(8, NaN, -0)
  t.deepEqual(e.apply(special, { training: false, scaling: 'standard' }), Float64Array.of(4, 0, -0))
})

test('the expected value of every element stays with the scale by position', (t) => {
  const m = mask.block({
    seed,
    rate: 0.3,
    blockSize: 3,
    shape: [20000, 6, 1],
    layout: 'NLC',
    scale: 'position',
  })
  const y = m.apply(filled(Float64Array, 120000, () => 1))
  m.positionRates().forEach((rate, position) => {
    let sum = 0
    for (let row = 0; row < 20000; row++) sum += y[row * 6 + position] as number
    const sigma = Math.sqrt(rate / (1 - rate) / 20000)
    t.true(Math.abs(sum / 20000 - 1) < 4.5 * sigma, `position ${position}: ${sum / 20000}`)
  })
})

test('DropBlock realises the requested rate by default, and less by the paper', (t) => {
  const options = { seed, rate: 0.25, blockSize: 3, shape: [5000, 7, 7, 1], layout: 'NHWC' } as const
  const exact = mask.block(options)
  const dropped = 1 - exact.count() / (5000 * 49)
  t.true(Math.abs(exact.expectedRate - 0.25) < 1e-12)
  t.true(Math.abs(dropped - 0.25) < 0.01, `${dropped}`)
  const paper = mask.block({ ...options, rule: 'paper' })
  t.true(Math.abs(paper.seedRate - 0.054444) < 1e-6)
  t.true(Math.abs(paper.expectedRate - 0.218545) < 1e-6)
  const rates = paper.positionRates()
  t.true(Math.abs((rates[0] as number) - 0.05444) < 1e-5)
  t.true(Math.abs((rates[24] as number) - 0.3958) < 1e-5)
})

test('rows of attention weights have mean 1 and the variance of the oracle', (t) => {
  const m = mask.attention({ seed, rate: 0.1, shape: [1, 1, 16384, 4] })
  const y = m.apply(filled(Float64Array, 4 * 16384, () => 0.25) as Float64Array)
  const sums = Array.from({ length: 16384 }, (_, row) =>
    y.subarray(4 * row, 4 * row + 4).reduce((a, b) => a + b),
  )
  const mean = sums.reduce((a, b) => a + b) / sums.length
  const variance = sums.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (sums.length - 1)
  t.true(Math.abs(mean - 1) < 4.5 * Math.sqrt(0.02778 / 16384), `${mean}`)
  // The fourth moment of four weights of 1/3.6 puts the standard error of the variance near 0.0004.
  t.true(Math.abs(variance - 0.02778) < 0.002, `${variance}`)
})

test('renormalised weights add up to one, with the gradient of that', (t) => {
  const m = mask.attention({ seed, rate: 0.4, shape: [2, 2, 3, 5] })
  const weights = filled(Float64Array, 60, (i) => 0.1 + ((i * 7) % 11) / 11) as Float64Array
  const kept = unpack(m.bits(), 60)
  const y = m.renormalize(weights)
  for (let row = 0; row < 12; row++) {
    const sum = y.subarray(5 * row, 5 * row + 5).reduce((a, b) => a + b)
    t.true(Math.abs(sum - (kept.slice(5 * row, 5 * row + 5).some(Boolean) ? 1 : 0)) < 1e-14)
  }
  y.forEach((y, i) => {
    t.is(y !== 0, kept[i] as boolean)
  })
  const dy = filled(Float64Array, 60, (i) => Math.sin(i)) as Float64Array
  const dx = m.renormalizeBackward(dy, weights)
  const loss = (w: Float64Array): number =>
    m.renormalize(w).reduce((sum, y, i) => sum + y * (dy[i] as number), 0)
  dx.forEach((dx, i) => {
    const moved = (by: number): Float64Array => weights.map((w, j) => (j === i ? w + by : w))
    t.true(Math.abs((loss(moved(1e-5)) - loss(moved(-1e-5))) / 2e-5 - dx) < 1e-8)
  })
})
