/** Every structured mask against its definition in plain TypeScript, and independence of the batch. */
import test from 'ava'
import fc from 'fast-check'
import { mask, type StructuredMask } from '../../../src/index.js'
import { isKept, isLaneKept, key, type NaiveAddress, unpack } from '../naive/stream.js'

const SEED = 0xfedcba9876543210n
const BASE = { seed: SEED, site: 5, step: 9, domain: 'mc' } as const
const at = (sample: number, shared = false): NaiveAddress => ({
  seed: SEED,
  site: 5,
  step: 9,
  domain: 2,
  sample,
  shared,
})

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
const rates = fc.oneof(fc.constantFrom(0, 1, 0.5, 1e-6, 0.1), fc.double({ min: 0, max: 1, noNaN: true }))
const ids = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 3 })
const RUNS = { numRuns: 25 }

/** Holds all rows to `kept(sample, element)`, and one row alone to itself in the batch. */
function holds(
  t: { deepEqual: (a: unknown, b: unknown, message?: string) => void; is: (a: unknown, b: unknown) => void },
  m: StructuredMask,
  ids: number[],
  kept: (sample: number, element: number) => boolean,
): void {
  const all = unpack(m.bits({ ids }), ids.length * m.elements)
  const expected = ids.flatMap((id) => Array.from({ length: m.elements }, (_, e) => kept(id, e)))
  t.deepEqual(all, expected, JSON.stringify(m))
  t.is(m.count({ ids }), expected.filter(Boolean).length)
  ids.forEach((id, row) => {
    const alone = unpack(m.bits({ ids: [id] }), m.elements)
    t.deepEqual(alone, all.slice(row * m.elements, (row + 1) * m.elements))
  })
  t.deepEqual(mask.from(JSON.parse(JSON.stringify(m))).bits({ ids }), m.bits({ ids }))
}

test('element: each element its own lane, at the rate of its feature', (t) => {
  fc.assert(
    fc.property(fc.array(rates, { minLength: 1, maxLength: 5 }), size(40), ids, (rate, times, ids) => {
      const features = rate.length
      const m = mask.element({ ...BASE, rate, shape: [1, times, features] })
      holds(t, m, ids, (id, e) => isLaneKept(at(id), e, rate[e % features] as number))
    }),
    RUNS,
  )
})

test('broadcast: the lane has coordinate 0 where the noise shape is 1', (t) => {
  const axes = fc.array(fc.tuple(size(5), fc.boolean()), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(rates, axes, ids, fc.boolean(), (rate, axes, ids, shared) => {
      const inner = axes.map(([size]) => size)
      const noise = axes.map(([size, own]) => (own ? size : 1))
      const shape = [ids.length, ...inner]
      const m = mask.broadcast({ ...BASE, rate, shape, noiseShape: [shared ? 1 : null, ...noise] })
      holds(t, m, ids, (id, e) => {
        let [rest, lane, stride] = [e, 0, 1]
        for (let axis = inner.length - 1; axis >= 0; axis--) {
          const [size, own] = [inner[axis] as number, noise[axis] as number]
          lane += ((rest % size) % own) * stride
          stride *= own
          rest = Math.floor(rest / size)
        }
        return isLaneKept(at(id, shared), lane, rate)
      })
    }),
    RUNS,
  )
})

test('channel: every position has the lane of its channel, in either layout', (t) => {
  fc.assert(
    fc.property(rates, size(9), size(4), size(5), ids, (rate, channels, h, w, ids) => {
      const first = mask.channel({ ...BASE, rate, shape: [1, channels, h, w], layout: 'NCHW' })
      holds(t, first, ids, (id, e) => isLaneKept(at(id), Math.floor(e / (h * w)), rate))
      const last = mask.channel({ ...BASE, rate, shape: [1, h, w, channels], layout: 'NHWC' })
      holds(t, last, ids, (id, e) => isLaneKept(at(id), e % channels, rate))
    }),
    RUNS,
  )
})

test('channel: signals, images and volumes in either layout, each channel at its own rate', (t) => {
  const positions = fc.tuple(size(4), size(3), size(3))
  fc.assert(
    fc.property(fc.array(rates, { minLength: 1, maxLength: 5 }), positions, ids, (rate, all, ids) => {
      for (const axes of ['L', 'HW', 'DHW']) {
        const space = all.slice(0, axes.length)
        const each = space.reduce((product, size) => product * size, 1)
        const first = { shape: [1, rate.length, ...space], layout: `NC${axes}` as 'NCHW' }
        holds(t, mask.channel({ ...BASE, rate, ...first }), ids, (id, e) => {
          const channel = Math.floor(e / each)
          return isLaneKept(at(id), channel, rate[channel] as number)
        })
        const last = { shape: [1, ...space, rate.length], layout: `N${axes}C` as 'NHWC' }
        holds(t, mask.channel({ ...BASE, rate, ...last }), ids, (id, e) => {
          const channel = e % rate.length
          return isLaneKept(at(id), channel, rate[channel] as number)
        })
      }
    }),
    RUNS,
  )
})

test('sequence: one mask for all time steps, or a fresh one at each', (t) => {
  fc.assert(
    fc.property(rates, size(6), size(9), ids, (rate, time, features, ids) => {
      const shape = [1, time, features]
      holds(t, mask.sequence({ ...BASE, rate, shape }), ids, (id, e) =>
        isLaneKept(at(id), e % features, rate),
      )
      holds(t, mask.sequence({ ...BASE, rate, shape, freshEachStep: true }), ids, (id, e) =>
        isLaneKept(at(id), e, rate),
      )
    }),
    RUNS,
  )
})

test('dropPath: lane 0 decides about the whole row', (t) => {
  fc.assert(
    fc.property(rates, size(9), size(9), ids, (rate, a, b, ids) => {
      holds(t, mask.dropPath({ ...BASE, rate, shape: [1, a, b] }), ids, (id) => isLaneKept(at(id), 0, rate))
    }),
    RUNS,
  )
})

test('weights: the index in the matrix, one draw for the batch or one a sample', (t) => {
  fc.assert(
    fc.property(rates, size(9), size(9), ids, fc.boolean(), (rate, out, inputs, ids, batch) => {
      const per = batch ? 'batch' : 'sample'
      const m = mask.weights({ ...BASE, rate, shape: [out, inputs], per })
      holds(t, m, ids, (id, e) => isLaneKept(at(id, batch), e, rate))
    }),
    RUNS,
  )
})

test('exactly: the lanes with the smallest keys drop', (t) => {
  fc.assert(
    fc.property(size(60), fc.nat(60), ids, (size, wanted, ids) => {
      const drop = Math.min(size, wanted)
      const m = mask.exactly({ ...BASE, drop, size })
      const order = new Map<number, number[]>()
      for (const id of ids) {
        const keys = Array.from({ length: size }, (_, lane) => key(at(id), lane))
        const sorted = keys.map((_, lane) => lane)
        sorted.sort((a, b) => ((keys[a] as bigint) < (keys[b] as bigint) ? -1 : 1))
        order.set(id, sorted.slice(0, drop))
      }
      holds(t, m, ids, (id, e) => !order.get(id)?.includes(e))
      t.is(m.count({ ids }), ids.length * (size - drop))
    }),
    RUNS,
  )
})

test('attention: lanes named by head, query and key', (t) => {
  const pers = fc.constantFrom('element', 'key', 'row', 'head') as fc.Arbitrary<
    'element' | 'key' | 'row' | 'head'
  >
  fc.assert(
    fc.property(
      rates,
      size(3),
      size(4),
      size(150),
      pers,
      fc.boolean(),
      ids,
      (rate, h, q, k, per, share, ids) => {
        const m = mask.attention({ ...BASE, rate, shape: [1, h, q, k], per, shareHeads: share })
        const kept = (id: number, e: number): boolean => {
          const [head, query, key] = [Math.floor(e / (q * k)), Math.floor(e / k) % q, e % k]
          const drawn = (share ? 0 : head) << 24
          switch (per) {
            case 'element':
              return isKept(at(id), (head << 24) | (query << 10) | (key >> 7), key & 127, rate)
            case 'key':
              return isKept(at(id), drawn | (key >> 7), key & 127, rate)
            case 'row':
              return isKept(at(id), drawn | (query >> 7), query & 127, rate)
            case 'head':
              return isLaneKept(at(id), head, rate)
          }
        }
        holds(t, m, ids.slice(0, 1), kept)
      },
    ),
    { numRuns: 12 },
  )
})

test('block: a position drops where the block of a seed covers it', (t) => {
  const axis = fc.tuple(size(7), size(4))
  const maps = fc.array(axis, { minLength: 1, maxLength: 3 })
  const layouts = [
    ['NCL', 'NLC'],
    ['NCHW', 'NHWC'],
    ['NCDHW', 'NDHWC'],
  ] as const
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      maps,
      size(3),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      ids,
      (rate, axes, channels, first, shareChannels, clipped, ids) => {
        const positions = axes.map(([size]) => size)
        const blockSize = axes.map(([size, block]) => Math.min(size, block))
        const layout = layouts[axes.length - 1]?.[first ? 0 : 1] as 'NCHW'
        const shape = first ? [1, channels, ...positions] : [1, ...positions, channels]
        const border = clipped ? 'clipped' : 'valid'
        const m = mask.block({ ...BASE, rate, blockSize, shape, layout, shareChannels, border })
        const area = positions.reduce((a, b) => a * b, 1)
        const covered = (id: number, channel: number, position: number[], seed: number[]): boolean => {
          if (seed.length < positions.length) {
            const d = seed.length
            const [block, length] = [blockSize[d] as number, positions[d] as number]
            const [below, above] = clipped ? [(block - 1) >> 1, block >> 1] : [0, block - 1]
            const seeds = clipped ? length : length + 1 - block
            for (let s = 0; s < seeds; s++) {
              const p = position[d] as number
              if (s - below <= p && p <= s + above && covered(id, channel, position, [...seed, s]))
                return true
            }
            return false
          }
          const index = seed.reduce((lane, s, d) => lane * (positions[d] as number) + s, 0)
          return !isLaneKept(at(id), (shareChannels ? 0 : channel) * area + index, m.seedRate)
        }
        holds(t, m, ids.slice(0, 1), (id, e) => {
          const channel = first ? Math.floor(e / area) : e % channels
          let rest = first ? e % area : Math.floor(e / channels)
          const position = positions
            .toReversed()
            .map((size) => {
              const p = rest % size
              rest = Math.floor(rest / size)
              return p
            })
            .toReversed()
          return !covered(id, channel, position, [])
        })
      },
    ),
    { numRuns: 15 },
  )
})
