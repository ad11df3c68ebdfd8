/** Lists and sparse rows of kept edges in the caller's own arrays. */
import test from 'ava'
import fc from 'fast-check'
import { type CompressedRows, type EdgeList, mask } from '../../../src/index.js'
import { throwsCode, untyped } from '../../throws.js'
import { BASE, graphs, rates, stacked } from '../naive/graph.js'

const words = (length: number): Uint32Array => new Uint32Array(length).fill(7)

/** Arrays with `spare` places more than are ever needed. */
const listRoom = (edges: number, spare: number): Pick<EdgeList, 'edges' | 'indices'> => ({
  edges: words(2 * edges + spare),
  indices: words(edges + spare),
})
const rowRoom = (nodes: number, edges: number, spare: number): CompressedRows => ({
  rowPointers: words(nodes + 1 + spare),
  columns: words(2 * edges + spare),
  edges: words(2 * edges + spare),
  values: new Float32Array(2 * edges + spare).fill(7),
})

test('they are what new arrays would hold, and the rest is left alone', (t) => {
  fc.assert(
    fc.property(graphs, rates, fc.boolean(), fc.nat(3), ({ nodes, edges }, rate, mirror, spare) => {
      const m = mask.edges({ ...BASE, rate, edges: stacked(edges), nodes })
      const list = listRoom(edges.length, spare)
      t.deepEqual(m.list({ out: list }), m.list())
      t.is(m.list({ out: list }).edges.buffer, list.edges.buffer)
      t.true(list.indices.subarray(m.count()).every((word) => word === 7))
      const out = rowRoom(nodes, edges.length, spare)
      const weights = Float32Array.from(edges, (_, i) => i + 0.5)
      const rows = m.csr({ mirror, weights, out })
      t.deepEqual(rows, m.csr({ mirror, weights }))
      t.is(rows.values.buffer, out.values.buffer)
      t.true(out.rowPointers.subarray(nodes + 1).every((word) => word === 7))
      t.true(out.columns.subarray(rows.columns.length).every((word) => word === 7))
    }),
    { numRuns: 60 },
  )
})

test('graphs that are sorted by several threads have the rows of their definition', (t) => {
  const nodes = 3001
  // Every fifth end is one node; the others lie in no order.
  const edges = Uint32Array.from({ length: 2 * 80_000 }, (_, i) =>
    i % 5 === 0 ? 11 : (Math.imul(i, 0x9e3779b1) >>> 8) % nodes,
  )
  const [source, target] = [edges.subarray(0, 80_000), edges.subarray(80_000)]
  const m = mask.edges({ ...BASE, rate: 0.3, edges, nodes })
  const kept = m.bits()
  const expected: [number, number][][] = Array.from({ length: nodes }, () => [])
  source.forEach((from, i) => {
    const to = target[i] as number
    if (((kept[i >> 3] as number) >> (i & 7)) % 2 === 0) return
    expected[from]?.push([to, i])
    if (to !== from) expected[to]?.push([from, i])
  })
  const rows = m.csr({ mirror: true, scaling: 'none' })
  // Compared as text: that is a hundred times faster than entry by entry.
  const text = expected.map((entries) => entries.flat().join(' '))
  const got = text.map((_, row) => {
    const range = [rows.rowPointers[row], rows.rowPointers[row + 1]]
    const edgesOf = rows.edges.subarray(...range)
    return Array.from(rows.columns.subarray(...range), (column, i) => `${column} ${edgesOf[i]}`).join(' ')
  })
  t.true(got.every((row, i) => row === text[i]))
  t.is(rows.rowPointers.length, nodes + 1)
})

const m = mask.edges({ ...BASE, rate: 0, edges: [0, 1, 2, 1, 2, 0], nodes: 3 })
const room = (part: object): CompressedRows => ({ ...rowRoom(3, 3, 0), ...part })
const memory = words(12)

test('arrays without room, of another type or of shared memory are refused and left as they were', (t) => {
  const csr = (part: object, options: object = {}) => {
    const out = room(part)
    return [() => m.csr({ out: untyped(out), ...options }), out] as const
  }
  const refused = [
    [...csr({ columns: words(2) }), 'ERR_SHAPE', 'out.columns'],
    [...csr({ rowPointers: words(3) }), 'ERR_SHAPE', 'out.rowPointers'],
    [...csr({ values: new Float32Array(2) }), 'ERR_SHAPE', 'out.values'],
    [...csr({ edges: words(5) }, { mirror: true }), 'ERR_SHAPE', 'out.edges'],
    [...csr({ edges: new Int32Array(6) }), 'ERR_TYPE', 'out.edges'],
    [...csr({ values: words(6) }), 'ERR_TYPE', 'out.values'],
    [...csr({ values: new Float64Array(6) }, { weights: new Float32Array(3) }), 'ERR_TYPE', 'out'],
    [...csr({ cols: words(6) }), 'ERR_OPTION', 'cols'],
    [...csr({}, { weights: new Float32Array(2) }), 'ERR_SHAPE', 'weights'],
    [...csr({ columns: memory, edges: memory }), 'ERR_OVERLAP', 'out.edges'],
    [
      ...csr({ columns: memory.subarray(0, 6), rowPointers: memory.subarray(2) }),
      'ERR_OVERLAP',
      'out.columns',
    ],
    [...csr({ values: new Float32Array(memory.buffer), edges: memory }), 'ERR_OVERLAP', 'out.edges'],
    [...csr({ columns: new Uint32Array(new SharedArrayBuffer(24)) }), 'ERR_SHARED', 'out.columns'],
  ] as const
  for (const [work, out, code, name] of refused) {
    const before = structuredClone(out)
    throwsCode(t, work, code, name)
    t.deepEqual(structuredClone(out), before)
  }
  const weights = new Float32Array(6)
  throwsCode(
    t,
    () => m.csr({ weights: weights.subarray(0, 3), out: room({ values: weights }) }),
    'ERR_OVERLAP',
    'out.values',
  )
  const list = (out: object) => () => m.list({ out: untyped(out) })
  throwsCode(t, list({ edges: words(5), indices: words(3) }), 'ERR_SHAPE', 'out.edges')
  throwsCode(t, list({ edges: words(6), indices: words(2) }), 'ERR_SHAPE', 'out.indices')
  throwsCode(t, list({ edges: memory, indices: memory }), 'ERR_OVERLAP', 'out.indices')
  throwsCode(t, list({ edges: [1], indices: memory }), 'ERR_TYPE', 'out.edges')
  throwsCode(t, list({ edges: memory, index: memory }), 'ERR_OPTION', 'index')
  const ends = new Uint32Array([0, 1, 2, 1, 2, 0])
  const own = mask.edges({ ...BASE, rate: 0, edges: ends, nodes: 3 })
  throwsCode(t, () => own.list({ out: { edges: ends, indices: words(3) } }), 'ERR_OVERLAP', 'out')
  throwsCode(t, () => own.csr({ out: room({ columns: ends }) }), 'ERR_OVERLAP', 'out')
})
