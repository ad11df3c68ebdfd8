import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { dropout, dropoutBackward, Mask } from '../../src/index.js'

const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const rate = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 0.25, 0.5, 0.75, 1, 1e-6),
)
const options = fc.record({ rate, seed, step: word, site: fc.integer({ min: 0, max: 65535 }) })
const length = fc.integer({ min: 0, max: 700 })
const ones = (n: number): Float32Array => new Float32Array(n).fill(1)

/** Asserts a property; a failure shows the smallest counterexample. */
function holds<T>(t: ExecutionContext, property: fc.IProperty<T>): void {
  t.notThrows(() => fc.assert(property, { numRuns: 200 }))
}

test('backward drops what forward dropped and scales alike', (t) => {
  holds(
    t,
    fc.property(options, word, length, (options, sample, n) => {
      const gates = dropout(ones(n), { ...options, sample })
      const dy = Float32Array.from({ length: n }, (_, i) => 2 ** (i % 8))
      const dx = dropoutBackward(dy, { ...options, sample })
      return dx.every((value, i) => Object.is(value, (gates[i] as number) * (dy[i] as number)))
    }),
  )
})

test('the mask of a row does not depend on the batch', (t) => {
  holds(
    t,
    fc.property(
      options,
      fc.array(word, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 200 }),
      (options, rows, width) => {
        const x = Float32Array.from({ length: rows.length * width }, (_, i) => i + 1)
        const y = dropout(x, { ...options, shape: [rows.length, width], ids: Uint32Array.from(rows) })
        return rows.every((sample, row) => {
          const alone = dropout(x.slice(row * width, (row + 1) * width), { ...options, sample })
          return alone.every((value, i) => Object.is(value, y[row * width + i]))
        })
      },
    ),
  )
})

test('rows without ids are named by their index', (t) => {
  holds(
    t,
    fc.property(
      options,
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 150 }),
      (options, rows, width) => {
        const x = ones(rows * width)
        const ids = Uint32Array.from({ length: rows }, (_, row) => row)
        const shape = [rows, width]
        return Buffer.from(dropout(x, { ...options, shape }).buffer).equals(
          Buffer.from(dropout(x, { ...options, shape, ids }).buffer),
        )
      },
    ),
  )
})

test('in place, into an output at any offset, and out of place agree', (t) => {
  holds(
    t,
    fc.property(
      options,
      length,
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      (options, n, from, to) => {
        const x = new Float32Array(n + from).subarray(from).map((_, i) => i - 7.5)
        const y = dropout(x, options)
        const out = new Float32Array(n + to).subarray(to)
        dropout(x, { ...options, out })
        dropout(x, { ...options, out: x })
        return y.every((value, i) => Object.is(value, out[i]) && Object.is(value, x[i]))
      },
    ),
  )
})

test('single and double precision share the mask', (t) => {
  holds(
    t,
    fc.property(options, length, (options, n) => {
      const single = dropout(ones(n), options)
      const double = dropout(new Float64Array(n).fill(1), options)
      return double.every(
        (value, i) => (value === 0) === (single[i] === 0) && Math.fround(value) === single[i],
      )
    }),
  )
})

test('a longer tensor begins with the mask of a shorter one', (t) => {
  holds(
    t,
    fc.property(options, length, length, (options, a, b) => {
      const [short, long] = [Math.min(a, b), Math.max(a, b)]
      const head = dropout(ones(long), options).subarray(0, short)
      return dropout(ones(short), options).every((value, i) => value === head[i])
    }),
  )
})

test('bits, count and apply tell of the same mask', (t) => {
  holds(
    t,
    fc.property(options, fc.integer({ min: 0, max: 1000 }), length, (options, start, n) => {
      const mask = Mask.from(options)
      const bits = mask.bits(start, n)
      const y = mask.apply(ones(start + n)).subarray(start)
      const kept = Array.from(y, (_, i) => ((bits[i >> 3] as number) >> (i & 7)) & 1)
      return (
        (options.rate === 1 || kept.every((bit, i) => bit === Number(y[i] !== 0))) &&
        mask.count(start, n) === kept.reduce((a, b) => a + b, 0)
      )
    }),
  )
})
