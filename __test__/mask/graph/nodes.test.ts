/** Node masks against their definition in plain TypeScript. */
import test from 'ava'
import fc from 'fast-check'
import { mask } from '../../../src/index.js'
import { BASE, graphs, isNodeKept, isPlausible, rates, shuffled, stacked } from '../naive/graph.js'
import { unpack } from '../naive/stream.js'

const RUNS = { numRuns: 60 }

test('a node is kept as its id says, and an edge if both its ends are', (t) => {
  fc.assert(
    fc.property(graphs, rates, fc.boolean(), ({ nodes, edges }, rate, named) => {
      const ids = Array.from({ length: nodes }, (_, i) => (named ? (i * 2_654_435_761) % 2 ** 32 : i))
      const m = mask.nodes({ ...BASE, rate, ...(named ? { nodeIds: ids } : { nodes }) })
      const kept = ids.map((id) => isNodeKept(id, rate))
      t.deepEqual(unpack(m.bits(), nodes), kept)
      t.is(m.count(), kept.filter(Boolean).length)
      t.is(m.realizedRate(), 1 - m.count() / nodes)
      t.is(m.expectedRate, rate)
      const between = m.edges({ edges: stacked(edges) })
      const keptEdges = edges.map(([source, target]) => kept[source] === true && kept[target] === true)
      t.deepEqual(unpack(between.bits(), edges.length), keptEdges)
      t.is(between.count(), keptEdges.filter(Boolean).length)

      // Each edge is inverted by its own probability.
      const x = Float64Array.from(edges, (_, i) => i + 1)
      const expected = edges.map(([source, target], i) => {
        if (!keptEdges[i]) return 0
        return (i + 1) * (source === target ? 1 / (1 - rate) : (1 / (1 - rate)) * (1 / (1 - rate)))
      })
      t.deepEqual([...between.apply(x)], expected)
      const drop = edges.map(([source, target]) => (source === target ? rate : 1 - (1 - rate) ** 2))
      const mean = drop.reduce((sum, rate) => sum + rate, 0) / Math.max(1, edges.length)
      t.true(Math.abs(between.expectedRate - mean) < 1e-12)
    }),
    RUNS,
  )
})

test('all features of a node drop together', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 40 }),
      rates,
      (nodes, width, rate) => {
        const m = mask.nodes({ ...BASE, rate, nodes })
        const kept = unpack(m.bits(), nodes)
        const x = Float32Array.from({ length: nodes * width }, (_, i) =>
          kept[Math.floor(i / width)] ? i - 7 : Number.POSITIVE_INFINITY,
        )
        const factor = Math.fround(1 / (1 - rate))
        const of = (factor: number) => (value: number, i: number) =>
          kept[Math.floor(i / width)] ? Math.fround(value * factor) : 0
        t.deepEqual(m.apply(x), x.map(of(factor)))
        t.deepEqual(m.backward(x), m.apply(x))
        t.deepEqual(m.apply(x, { scaling: 'none' }), x.map(of(1)))
        t.deepEqual(m.apply(x, { training: false }), x)
        const place = x.slice()
        t.deepEqual(m.apply(place, { out: place }), m.apply(x))
      },
    ),
    RUNS,
  )
})

test('reordered nodes with their ids drop the same', (t) => {
  const ids = Array.from({ length: 1000 }, (_, i) => 7 * i + 3)
  const plain = unpack(mask.nodes({ ...BASE, rate: 0.3, nodeIds: ids }).bits(), 1000)
  const order = shuffled(1000, 5)
  const nodeIds = order.map((i) => ids[i] as number)
  const moved = unpack(mask.nodes({ ...BASE, rate: 0.3, nodeIds }).bits(), 1000)
  t.deepEqual(
    moved,
    order.map((i) => plain[i]),
  )
})

test('the realised rate is the requested one', (t) => {
  for (const rate of [0.001, 0.1, 0.25, 0.5, 0.9]) {
    const m = mask.nodes({ ...BASE, rate, nodes: 300_001 })
    t.true(isPlausible(300_001 - m.count(), 300_001, rate), `${rate}`)
  }
})

test('the recipe goes through JSON', (t) => {
  const m = mask.nodes({ ...BASE, rate: 0.3, nodes: 99 })
  t.deepEqual(mask.nodes({ ...JSON.parse(JSON.stringify(m)), nodes: 99 }).bits(), m.bits())
  t.true(Object.isFrozen(m))
})
