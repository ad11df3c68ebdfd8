/** What the tests of noise share: random calls, the words of the stream, comparison of arrays. */
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { Floats, NoiseOptions } from '../../src/index.js'
import { filled } from '../filled.js'
import { isLaneKept, type NaiveAddress, words } from '../mask/naive/stream.js'
import { throwsCode, untyped } from '../throws.js'

/** A call on rows: its options and where each element stands. */
export interface Call {
  readonly options: {
    readonly rate: number
    readonly seed: bigint
    readonly step: number
    readonly site: number
  }
  readonly ids: readonly number[]
  readonly width: number
}

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })

/** Random calls: no row, one element, odd tails. The naive stream is slow, so they are small. */
export function calls(rate: fc.Arbitrary<number>): fc.Arbitrary<Call> {
  const options = fc.record({
    rate,
    seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    step: word,
    site: fc.integer({ min: 0, max: 65535 }),
  })
  return fc.record({
    options,
    ids: fc.array(word, { maxLength: 5 }),
    width: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  })
}

/** Asserts a property; a failure shows the smallest counterexample. */
export function holds<T>(t: ExecutionContext, property: fc.IProperty<T>, numRuns = 60): void {
  t.notThrows(() => fc.assert(property, { numRuns }))
}

/** The options of a call by rows. */
export const byRows = ({ options, ids, width }: Call) => ({
  ...options,
  shape: [ids.length, width],
  ids: Uint32Array.from(ids),
})

/** The address of the row that element i of a call belongs to. */
export function addressOf({ options, ids, width }: Call, i: number): NaiveAddress {
  const { seed, site, step } = options
  const sample = ids[Math.floor(i / width)] as number
  return { seed, site, domain: 0, step, sample, shared: false }
}

/** Whether element i of a call is kept; its row begins at lane `first`. */
export function isKept(call: Call, i: number, first = 0): boolean {
  return isLaneKept(addressOf(call, i), first + (i % call.width), call.options.rate)
}

/** The word of lane `lane` of a stream. */
export function wordOf(address: NaiveAddress, lane: number): number {
  return words(address, lane >>> 2, 16)[lane & 3] as number
}

/** Ordinary numbers, zeros, infinities and NaN. */
export function special(i: number): number {
  const others: Record<number, number> = { 5: Number.NaN, 11: Infinity, 17: -Infinity, 23: -0 }
  return others[i % 29] ?? Math.sin(i * 0.37) * 3
}

/** The bits of every element. */
export const bitsOf = (x: Floats): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength)

/** What every pass on one array owes its caller: outputs, rows with identity, inference, errors. */
export function behaves(
  t: ExecutionContext,
  pass: <T extends Floats>(x: T, options: NoiseOptions<T>) => T,
  argument: string,
): void {
  const options = { rate: 0.4, seed: 7n }
  for (const Floats of [Float32Array, Float64Array]) {
    const x = filled(Floats, 301, special)
    const y = pass(x, options)
    t.is(y.constructor, Floats)
    const shifted = new Floats(310).subarray(3, 304)
    t.is(pass(x, { ...options, out: shifted }), shifted)
    t.deepEqual(shifted, y)
    const copy = x.slice()
    t.is(pass(copy, { ...options, out: copy }), copy)
    t.deepEqual(copy, y, 'in place')
    t.deepEqual(bitsOf(pass(x, { ...options, training: false })), bitsOf(x), 'inference')
    t.deepEqual(bitsOf(pass(x, { ...options, rate: 0 })), bitsOf(x), 'rate 0')
    t.is(pass(new Floats(0), options).length, 0)
    t.deepEqual(pass(x, { ...options, sample: 0 }), y)
    t.notDeepEqual(pass(x, { ...options, sample: 1 }), y)
    // A row is the same in any batch.
    const ids = [9, 4, 9]
    const batch = pass(x.slice(0, 300), { ...options, shape: [3, 100], ids })
    ids.forEach((sample, row) => {
      const part = x.slice(100 * row, 100 * (row + 1))
      t.deepEqual(batch.slice(100 * row, 100 * (row + 1)), pass(part, { ...options, sample }))
    })
  }
  const x = new Float32Array(12)
  const refuses = (change: object, code: Parameters<typeof throwsCode>[2], text: string): void =>
    throwsCode(t, () => pass(x, untyped({ ...options, ...change })), code, text)
  refuses({ rate: 1.5 }, 'ERR_RATE', '`rate` must be a number in [0, 1')
  refuses({ seed: undefined }, 'ERR_TYPE', '`seed` must be')
  refuses({ scaling: 'inverted' }, 'ERR_OPTION', 'has no "scaling"')
  refuses({ shape: [5, 2] }, 'ERR_SHAPE', '`shape` must be')
  refuses({ shape: [4, 3], sample: 2 }, 'ERR_OPTION', '`sample` must be left out')
  refuses({ out: new Float32Array(11) }, 'ERR_SHAPE', '`out` must be')
  refuses({ out: new Float64Array(12) }, 'ERR_TYPE', '`out` must be a Float32Array as the input is')
  refuses({ out: [] }, 'ERR_TYPE', '`out` must be')
  refuses({ training: 1 }, 'ERR_TYPE', '`training` must be')
  const all = new Float32Array(20)
  const overlapping = { ...options, out: all.subarray(4, 16) }
  throwsCode(t, () => pass(all.subarray(0, 12), overlapping), 'ERR_OVERLAP', '`out` must be')
  const ids = new Uint32Array(x.buffer, 0, 4)
  refuses({ shape: [4, 3], ids, out: x }, 'ERR_OVERLAP', '`ids` must be')
  throwsCode(t, () => pass(untyped([1]), options), 'ERR_TYPE', `\`${argument}\` must be`)
}
