/** Bad input of structured masks: an error with a code, never a crash. */
import test from 'ava'
import fc from 'fast-check'
import { DropoutError, type ErrorCode, MaskStream, mask } from '../../../src/index.js'
import { throwsCode, untyped } from '../../throws.js'

const seed = 1n
const bad: [string, () => unknown, ErrorCode, string][] = [
  ['a block larger than the map', () => block({ blockSize: 8 }), 'ERR_SHAPE', 'blockSize'],
  ['a block of nothing', () => block({ blockSize: 0 }), 'ERR_RANGE', 'blockSize'],
  ['a block of too few axes', () => block({ blockSize: [3] }), 'ERR_SHAPE', 'blockSize'],
  ['a layout of another rank', () => block({ layout: 'NLC' }), 'ERR_SHAPE', 'layout'],
  ['an unknown layout', () => block({ layout: 'HWC' }), 'ERR_OPTION', 'layout'],
  ['no layout', () => block({ layout: undefined }), 'ERR_TYPE', 'layout'],
  ['a map of no positions', () => block({ shape: [1, 0, 7, 1], blockSize: 1 }), 'ERR_SHAPE', 'blockSize'],
  ['a rate past 1', () => block({ rate: 1.5 }), 'ERR_RATE', 'rate'],
  ['more than there are', () => mask.exactly({ seed, drop: 5, size: 4 }), 'ERR_RANGE', 'drop'],
  ['a NaN among rates', () => element([0.1, Number.NaN, 0.2]), 'ERR_RATE', 'rate[1]'],
  ['a word among rates', () => element(untyped([0.1, 'x', 0.2])), 'ERR_TYPE', 'rate[1]'],
  ['too few rates', () => element([0.1, 0.2]), 'ERR_SHAPE', 'rate'],
  ['no rates', () => element([]), 'ERR_SHAPE', 'rate'],
  ['no seed', () => mask.element(untyped({ rate: 0.1, shape: [1, 3] })), 'ERR_TYPE', 'seed'],
  [
    'a misspelt name',
    () => mask.element(untyped({ seed, rates: 0.1, shape: [1, 3] })),
    'ERR_OPTION',
    'rates',
  ],
  ['a shape without rows', () => mask.element({ seed, rate: 0.1, shape: [3] }), 'ERR_SHAPE', 'shape'],
  ['a negative size', () => mask.element({ seed, rate: 0.1, shape: [1, -3] }), 'ERR_RANGE', 'shape[1]'],
  ['an endless shape', () => mask.element({ seed, rate: 0.1, shape: [1, 2e9, 2e9] }), 'ERR_RANGE', 'shape'],
  ['a noise shape of another rank', () => broadcast([null, 3]), 'ERR_SHAPE', 'noiseShape'],
  ['a noise shape that does not fit', () => broadcast([null, 2, 1]), 'ERR_SHAPE', 'noiseShape'],
  ['too many heads', () => attention([1, 257, 2, 2]), 'ERR_RANGE', 'heads'],
  ['too many queries', () => attention([1, 1, 16385, 2]), 'ERR_RANGE', 'queries'],
  ['too many keys', () => attention([1, 1, 1, 131073]), 'ERR_RANGE', 'keys'],
  ['a sharing nobody knows', () => mask.element(untyped({ ...E, share: 'all' })), 'ERR_OPTION', 'share'],
  ['data of another length', () => mask.element(E).apply(new Float32Array(5)), 'ERR_SHAPE', 'x'],
  ['ids of another length', () => apply({ ids: [1, 2, 3] }), 'ERR_SHAPE', 'x'],
  ['an id that is none', () => apply({ ids: [1, -2] }), 'ERR_RANGE', 'ids[1]'],
  ['ids that are none', () => apply({ ids: untyped(7) }), 'ERR_TYPE', 'ids'],
  ['out of another type', () => apply({ out: untyped(new Float64Array(6)) }), 'ERR_TYPE', 'out'],
  ['out of another length', () => apply({ out: new Float32Array(7) }), 'ERR_SHAPE', 'out'],
  ['no array', () => mask.element(E).apply(untyped([1, 2, 3, 4, 5, 6])), 'ERR_TYPE', 'x'],
  ['another kind', () => mask.from(untyped({ streamVersion: 1, kind: 'x' })), 'ERR_OPTION', 'kind'],
  [
    'another stream',
    () => mask.from({ ...mask.element(E).toJSON(), streamVersion: 2 }),
    'ERR_VERSION',
    'streamVersion',
  ],
  ['no recipe', () => mask.from(untyped(null)), 'ERR_TYPE', 'recipe'],
]

const E = { seed, rate: 0.1, shape: [2, 3] } as const
const block = (part: object): unknown =>
  mask.block(untyped({ seed, rate: 0.1, blockSize: 3, shape: [1, 7, 7, 1], layout: 'NHWC', ...part }))
const element = (rate: number[]): unknown => mask.element({ ...E, rate })
const broadcast = (noiseShape: (number | null)[]): unknown =>
  mask.broadcast({ seed, rate: 0.1, shape: [2, 3, 4], noiseShape })
const attention = (shape: number[]): unknown => mask.attention({ seed, rate: 0.1, shape })
const apply = (options: object): unknown => mask.element(E).apply(new Float32Array(6), options)

for (const [name, work, code, text] of bad) {
  test(`${name} is refused`, (t) => {
    throwsCode(t, work, code, text)
  })
}

test('overlapping memory is refused and nothing is written', (t) => {
  const memory = new Float32Array(9).fill(1)
  const [x, out] = [memory.subarray(0, 6), memory.subarray(3, 9)]
  throwsCode(t, () => mask.element(E).apply(x, { out }), 'ERR_OVERLAP', 'out')
  const ids = new Uint32Array(memory.buffer, 0, 2)
  throwsCode(t, () => mask.element(E).apply(x, { out: x, ids }), 'ERR_OVERLAP', 'ids')
  t.true(memory.every((value) => value === 1))
})

test('whatever is passed, an error of this library comes back or a mask', (t) => {
  const value = fc.oneof(
    fc.anything(),
    fc.integer({ min: -2, max: 9 }),
    fc.array(fc.integer({ min: -1, max: 9 })),
  )
  const options = fc.record({
    rate: value,
    shape: value,
    noiseShape: value,
    seed: value,
    layout: value,
    blockSize: value,
  })
  const names = [
    'element',
    'broadcast',
    'channel',
    'sequence',
    'dropPath',
    'weights',
    'attention',
    'block',
    'exactly',
    'from',
  ] as const
  fc.assert(
    fc.property(fc.constantFrom(...names), options, fc.anything(), (name, options, other) => {
      for (const passed of [options, other, { ...E, ...(options as object), seed }]) {
        try {
          ;(mask[name] as (options: unknown) => unknown)(passed)
        } catch (error) {
          t.true(error instanceof DropoutError, String(error))
        }
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

test('a stream hands out the bits of the next mask', (t) => {
  const stream = new MaskStream({ seed: 3n, step: 4 })
  t.deepEqual(stream.next(), { seed: 3n, step: 4, site: 0 })
  const m = mask.dropPath({ ...stream.next(), rate: 0.5, shape: [8, 2] })
  t.is(m.toJSON().site, 1)
  t.is(stream.site, 2)
})

test('empty masks and empty batches are no error', (t) => {
  t.is(mask.element({ seed, rate: 0.5, shape: [0, 3] }).apply(new Float32Array(0)).length, 0)
  t.is(mask.element({ seed, rate: 0.5, shape: [4, 0] }).count(), 0)
  t.is(mask.exactly({ seed, drop: 0, size: 0 }).bits().length, 0)
  t.is(mask.attention({ seed, rate: 0.5, shape: [0, 1, 1, 1] }).renormalize(new Float64Array(0)).length, 0)
})
