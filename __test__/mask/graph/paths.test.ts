/** Path masks against their definition in plain TypeScript. */
import test from 'ava'
import fc from 'fast-check'
import { mask } from '../../../src/index.js'
import { BASE, type Edge, graphs, passed, rates, shuffled, stacked } from '../naive/graph.js'
import { unpack } from '../naive/stream.js'

test('the edges that walks pass drop', (t) => {
  fc.assert(
    fc.property(
      graphs,
      rates,
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      fc.boolean(),
      ({ nodes, edges }, rate, length, walksPerNode, undirected, named) => {
        const ids = Array.from({ length: nodes }, (_, i) => (named ? 1000 - 3 * i : i))
        const options = { rate, length, walksPerNode, undirected }
        const m = mask.paths({ ...BASE, ...options, edges: stacked(edges), nodes, nodeIds: ids })
        const kept = passed(edges, ids, options).map((dropped) => !dropped)
        t.deepEqual(unpack(m.bits(), edges.length), kept)
        t.is(m.count(), kept.filter(Boolean).length)
        const x = Float32Array.from(edges, (_, i) => i + 1)
        t.deepEqual(
          [...m.apply(x)],
          kept.map((kept, i) => (kept ? i + 1 : 0)),
        )
        t.is(m.csr().columns.length, m.count())
      },
    ),
    { numRuns: 30 },
  )
})

test('relabelled nodes with their ids and reordered edges drop the same', (t) => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 0 }), ({ nodes, edges }, seed) => {
      const options = { ...BASE, rate: 0.4, length: 5, walksPerNode: 2, undirected: true }
      const plain = unpack(mask.paths({ ...options, edges: stacked(edges), nodes }).bits(), edges.length)
      const [order, label] = [shuffled(edges.length, seed), shuffled(nodes, seed + 1)]
      const nodeIds = new Uint32Array(nodes)
      label.forEach((to, from) => {
        nodeIds[to] = from
      })
      const moved = order.map((i) => (edges[i] as Edge).map((node) => label[node])) as unknown as Edge[]
      const bits = mask.paths({ ...options, edges: stacked(moved), nodeIds }).bits()
      t.deepEqual(
        unpack(bits, edges.length),
        order.map((i) => plain[i]),
      )
    }),
    { numRuns: 60 },
  )
})

test('a step goes to each neighbour equally often', (t) => {
  // Node 0 has three neighbours, one of them by two parallel edges; only node 0 has any.
  const edges = { source: [0, 0, 0, 0], target: [1, 2, 3, 3] }
  const counts = [0, 0, 0, 0]
  const steps = 6000
  for (let step = 0; step < steps; step++) {
    const m = mask.paths({ ...BASE, step, rate: 1, length: 1, edges, nodes: 4 })
    unpack(m.bits(), 4).forEach((kept, i) => {
      if (!kept) counts[i] = (counts[i] as number) + 1
    })
  }
  const deviation = Math.sqrt(steps * (1 / 3) * (2 / 3))
  for (const count of counts) t.true(Math.abs(count - steps / 3) < 5 * deviation, `${counts}`)
  t.is(counts[2], counts[3])
})

test('the realised rate is what the bits say', (t) => {
  const nodes = 5000
  const source = Uint32Array.from({ length: 4 * nodes }, (_, i) => i % nodes)
  const target = Uint32Array.from({ length: 4 * nodes }, (_, i) => (i * 37 + 11 + (i >> 2)) % nodes)
  const of = (rate: number): number =>
    mask.paths({ ...BASE, rate, edges: { source, target }, nodes, undirected: true }).realizedRate()
  t.is(of(0), 0)
  t.true(of(0.2) > 0.05 && of(0.2) < 0.2 * 3 * (nodes / source.length) * 1.2)
  t.true(of(0.7) > of(0.2))
})

test('the recipe goes through JSON', (t) => {
  const graph = { edges: [0, 1, 2, 1, 2, 0], nodes: 3 }
  const m = mask.paths({ ...BASE, ...graph, rate: 0.5, length: 2, walksPerNode: 2, undirected: true })
  const written = JSON.parse(JSON.stringify(m))
  t.like(written, { kind: 'paths', length: 2, walksPerNode: 2, undirected: true })
  t.deepEqual(mask.paths({ ...written, ...graph }).bits(), m.bits())
  t.true(Object.isFrozen(m))
})
