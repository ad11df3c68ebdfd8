/** Edge masks against their definition in plain TypeScript, and what other libraries get wrong. */
import test from 'ava'
import fc from 'fast-check'
import { type CompressedRows, MaskStream, mask } from '../../../src/index.js'
import { BASE, type Edge, graphs, isEdgeKept, isPlausible, rates, shuffled, stacked } from '../naive/graph.js'
import { unpack } from '../naive/stream.js'

const RUNS = { numRuns: 60 }
const id64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const bitsOf = (m: { bits(): Uint8Array; edges: number }): boolean[] => unpack(m.bits(), m.edges)

test('an edge is kept as its name says', (t) => {
  fc.assert(
    fc.property(
      graphs,
      rates,
      fc.boolean(),
      fc.boolean(),
      fc.infiniteStream(id64),
      ({ nodes, edges }, rate, undirected, named, stream) => {
        const edgeIds = named ? edges.map(() => stream.next().value as bigint) : undefined
        const m = mask.edges({ ...BASE, rate, edges: stacked(edges), edgeIds, nodes, undirected })
        const expected = edges.map((edge, i) => isEdgeKept(edge, rate, undirected, edgeIds?.[i]))
        t.deepEqual(bitsOf(m), expected)
        t.is(m.bits().length, Math.ceil(edges.length / 8))
        const kept = expected.filter(Boolean).length
        t.is(m.count(), kept)
        t.is(m.realizedRate(), edges.length === 0 ? 0 : 1 - kept / edges.length)
        t.is(m.expectedRate, rate)
      },
    ),
    RUNS,
  )
})

test('lists and sparse rows hold the kept edges', (t) => {
  fc.assert(
    fc.property(graphs, rates, fc.boolean(), fc.boolean(), ({ nodes, edges }, rate, byTarget, mirror) => {
      const m = mask.edges({ ...BASE, rate, edges: stacked(edges), nodes })
      const kept = edges.map((edge, i) => ({ edge, i })).filter(({ edge }) => isEdgeKept(edge, rate, false))
      const list = m.list()
      t.deepEqual(
        [...list.indices],
        kept.map(({ i }) => i),
      )
      t.deepEqual(list.edges, stacked(kept.map(({ edge }) => edge)))
      t.deepEqual(
        [...list.source],
        kept.map(({ edge }) => edge[0]),
      )
      t.deepEqual(
        [...list.target],
        kept.map(({ edge }) => edge[1]),
      )

      const rows: [column: number, edge: number][][] = Array.from({ length: nodes }, () => [])
      for (const { edge, i } of kept) {
        const [row, column] = byTarget ? [edge[1], edge[0]] : edge
        rows[row]?.push([column, i])
        if (mirror && row !== column) rows[column]?.push([row, i])
      }
      const csr = m.csr({ rows: byTarget ? 'target' : 'source', mirror, scaling: 'none' })
      t.deepEqual(rowsOf(csr), rows)
      t.true(csr.values.every((value) => value === 1))
    }),
    RUNS,
  )
})

const rowsOf = ({ rowPointers, columns, edges }: CompressedRows): [number, number][][] =>
  Array.from({ length: rowPointers.length - 1 }, (_, row) =>
    Array.from(columns.subarray(rowPointers[row], rowPointers[row + 1]), (column, i) => [
      column,
      edges[(rowPointers[row] as number) + i] as number,
    ]),
  )

test('relabelled nodes with their ids and reordered edges drop the same', (t) => {
  fc.assert(
    fc.property(graphs, fc.boolean(), fc.integer({ min: 0 }), ({ nodes, edges }, undirected, seed) => {
      const options = { ...BASE, rate: 0.4, undirected }
      const plain = bitsOf(mask.edges({ ...options, edges: stacked(edges), nodes }))
      const order = shuffled(edges.length, seed)
      const label = shuffled(nodes, seed + 1)
      // Node `label[i]` of the new graph is node i of the old one, and keeps its id.
      const nodeIds = new Uint32Array(nodes)
      label.forEach((to, from) => {
        nodeIds[to] = from
      })
      const moved = order.map((i) => (edges[i] as Edge).map((node) => label[node])) as unknown as Edge[]
      const m = mask.edges({ ...options, edges: stacked(moved), nodeIds })
      t.deepEqual(
        bitsOf(m),
        order.map((i) => plain[i]),
      )
      const edgeIds = edges.map((_, i) => 3 * i + 1)
      const byId = bitsOf(mask.edges({ ...options, edges: stacked(edges), edgeIds }))
      const again = mask.edges({
        ...options,
        edges: stacked(moved),
        edgeIds: order.map((i) => edgeIds[i] as number),
      })
      t.deepEqual(
        bitsOf(again),
        order.map((i) => byId[i]),
      )
    }),
    RUNS,
  )
})

// PyG 2.8: `dropout_edge(force_undirected=True)` lists both directions from the one half of the edges, one after the
// other: a loop comes twice, the reverse edge has the forward edge's index, and the order is another one.
test('both directions of an undirected edge drop together, each with its own attributes in its own place', (t) => {
  const forward = Array.from({ length: 500 }, (_, i): Edge => [i, (i * 7 + 1) % 501])
  const edges = forward.flatMap(([a, b]): Edge[] => [
    [a, b],
    [b, a],
  ])
  const m = mask.edges({ ...BASE, rate: 0.5, edges: stacked(edges), undirected: true })
  const kept = bitsOf(m)
  for (let i = 0; i < kept.length; i += 2) t.is(kept[i], kept[i + 1])
  const { source, target, indices } = m.list()
  t.true(indices.length > 0 && indices.length < edges.length)
  indices.forEach((edge, i) => {
    t.deepEqual([source[i], target[i]], edges[edge])
    t.true(i === 0 || (indices[i - 1] as number) < edge)
  })
  const attributes = Float32Array.from({ length: 2 * edges.length }, (_, i) => i + 1)
  const gathered = m.gather(attributes, { scaling: 'none' })
  t.deepEqual(
    [...gathered],
    [...indices].flatMap((edge) => [2 * edge + 1, 2 * edge + 2]),
  )
})

test('a loop is there once, in lists and in mirrored rows', (t) => {
  const edges: Edge[] = Array.from({ length: 400 }, (_, i) => [i, i])
  for (const undirected of [false, true]) {
    const m = mask.edges({ ...BASE, rate: 0.3, edges: stacked(edges), nodes: 400, undirected })
    const { source, target } = m.list()
    t.deepEqual(source, target)
    t.is(new Set(source).size, source.length)
    t.is(m.csr({ mirror: true }).columns.length, m.count())
    t.true(isPlausible(400 - m.count(), 400, 0.3))
  }
})

test('NaN is no rate', (t) => {
  const edges = [0, 1]
  t.throws(() => mask.edges({ ...BASE, rate: Number.NaN, edges }), { code: 'ERR_RATE' })
})

test('parallel edges drop together without ids and on their own with them', (t) => {
  const edges: Edge[] = Array.from({ length: 1000 }, () => [3, 4])
  const together = mask.edges({ ...BASE, rate: 0.5, edges: stacked(edges) }).count()
  t.true(together === 0 || together === 1000)
  const edgeIds = edges.map((_, i) => i)
  t.true(
    isPlausible(1000 - mask.edges({ ...BASE, rate: 0.5, edges: stacked(edges), edgeIds }).count(), 1000, 0.5),
  )
})

test('ids of any kind are the same names', (t) => {
  const edges = [0, 1, 2, 3, 1, 2, 3, 0]
  const of = (edgeIds: ArrayLike<number> | BigUint64Array | bigint[]): Uint8Array =>
    mask.edges({ ...BASE, rate: 0.5, edges, edgeIds }).bits()
  const expected = of([5, 6, 7, 2 ** 32 - 1])
  t.deepEqual(of(Uint32Array.of(5, 6, 7, 2 ** 32 - 1)), expected)
  t.deepEqual(of(BigUint64Array.of(5n, 6n, 7n, 2n ** 32n - 1n)), expected)
  t.deepEqual(of([5n, 6n, 7n, 2n ** 32n - 1n]), expected)
  const lists = { source: [0, 1, 2, 3], target: [1, 2, 3, 0] }
  t.deepEqual(
    mask.edges({ ...BASE, rate: 0.5, edges: lists, edgeIds: [5, 6, 7, 2 ** 32 - 1] }).bits(),
    expected,
  )
})

test('the realised rate is the requested one, at every step and site', (t) => {
  const trials = 200_000
  const source = Uint32Array.from({ length: trials }, (_, i) => i)
  const target = Uint32Array.from({ length: trials }, (_, i) => (i * 31 + 7) % trials)
  for (const rate of [0.001, 0.1, 0.25, 0.5, 0.9]) {
    for (const undirected of [false, true]) {
      const stream = new MaskStream({ seed: 12n })
      const first = mask.edges({ ...stream.next(), rate, edges: { source, target }, undirected })
      const other = mask.edges({ ...stream.next(), rate, edges: { source, target }, undirected })
      const later = mask.edges({ ...stream.advance().next(), rate, edges: { source, target }, undirected })
      for (const m of [first, other, later]) t.true(isPlausible(trials - m.count(), trials, rate), `${rate}`)
      const both = (a: Uint8Array, b: Uint8Array): number => {
        const [one, two] = [unpack(a, trials), unpack(b, trials)]
        return one.filter((kept, i) => !kept && !two[i]).length
      }
      t.true(isPlausible(both(first.bits(), other.bits()), trials, rate * rate))
      t.true(isPlausible(both(first.bits(), later.bits()), trials, rate * rate))
    }
  }
})

test('the recipe goes through JSON, without the graph', (t) => {
  const edges = Uint32Array.from({ length: 400 }, (_, i) => i % 77)
  const m = mask.edges({ ...BASE, rate: 0.3, edges, undirected: true })
  const written = JSON.parse(JSON.stringify(m))
  t.deepEqual(written, {
    streamVersion: 1,
    kind: 'edges',
    rate: 0.3,
    seed: BASE.seed.toString(),
    site: 5,
    domain: 'train',
    step: 9,
    undirected: true,
  })
  t.deepEqual(mask.edges({ ...written, edges }).bits(), m.bits())
  t.true(Object.isFrozen(m))
})
