/** The published values of keyed draws. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { mask } from '../../../src/index.js'
import { unpack } from '../naive/stream.js'

const file = new URL('../../../crate/core/tests/data/golden.json', import.meta.url)
const { graph } = JSON.parse(readFileSync(file, 'utf8')) as {
  graph: {
    seed: string
    rate: number
    site: number
    domain: 'user'
    step: number
    edges: [number, number][]
    edgeIds: string[]
    undirectedKept: number[]
    directedKept: number[]
    byEdgeIdKept: number[]
    nodesKept: number[]
  }
}
const { seed, rate, site, domain, step } = graph
const source = graph.edges.map(([source]) => source)
const target = graph.edges.map(([, target]) => target)
const bits = (m: { bits(): Uint8Array }, length: number): number[] => unpack(m.bits(), length).map(Number)

test('edges and nodes drop as published', (t) => {
  const options = { seed, rate, site, domain, step, edges: { source, target } }
  t.deepEqual(bits(mask.edges(options), source.length), graph.directedKept)
  t.deepEqual(bits(mask.edges({ ...options, undirected: true }), source.length), graph.undirectedKept)
  const named = graph.edgeIds.length
  const edges = { source: source.slice(0, named), target: target.slice(0, named) }
  const m = mask.edges({ ...options, edges, edgeIds: graph.edgeIds.map(BigInt) })
  t.deepEqual(bits(m, named), graph.byEdgeIdKept)
  const nodes = graph.nodesKept.length
  t.deepEqual(bits(mask.nodes({ seed, rate, site, domain, step, nodes }), nodes), graph.nodesKept)
})
