/** Graphs that are none and other bad input: an error with a code, never a crash. */
import test from 'ava'
import fc from 'fast-check'
import { DropoutError, type ErrorCode, mask } from '../../../src/index.js'
import { throwsCode, untyped } from '../../throws.js'

const seed = 1n
const G = { seed, rate: 0.5, edges: [0, 1, 2, 1, 2, 0], nodes: 3 } as const
const edges = (part: object): unknown => mask.edges(untyped({ ...G, ...part }))
const nodes = (part: object): unknown => mask.nodes(untyped({ seed, rate: 0.5, nodes: 3, ...part }))
const paths = (part: object): unknown => mask.paths(untyped({ ...G, ...part }))
const apply = (options: object, x = new Float32Array(3)): unknown => mask.edges(G).apply(x, untyped(options))
const unknown = mask.edges({ seed, rate: 0.5, edges: [0, 1] })
const shared = new Uint32Array(new SharedArrayBuffer(24))
const detached = new Uint32Array(6)
structuredClone(detached, { transfer: [detached.buffer] })
const together = new ArrayBuffer(24)

const bad: [string, () => unknown, ErrorCode, string][] = [
  ['an edge out of range', () => edges({ edges: [0, 3, 1, 2] }), 'ERR_RANGE', 'edges[1]'],
  ['an odd number of ends', () => edges({ edges: [0, 1, 2] }), 'ERR_SHAPE', 'edges'],
  ['lists of two lengths', () => edges({ edges: { source: [0], target: [] } }), 'ERR_SHAPE', 'edges.target'],
  ['no targets', () => edges({ edges: { source: [0] } }), 'ERR_TYPE', 'edges.target'],
  ['an end of an unknown name', () => edges({ edges: { source: [], to: [] } }), 'ERR_OPTION', 'to'],
  ['no edges', () => edges({ edges: undefined }), 'ERR_TYPE', 'edges'],
  ['edges that are a word', () => edges({ edges: '0 1' }), 'ERR_TYPE', 'edges'],
  ['a negative node', () => edges({ edges: [0, -1] }), 'ERR_RANGE', 'edges[1]'],
  ['half a node', () => edges({ edges: [0, 0.5] }), 'ERR_RANGE', 'edges[1]'],
  ['a node that is NaN', () => edges({ edges: new Float32Array([0, Number.NaN]) }), 'ERR_RANGE', 'edges[1]'],
  ['shared memory', () => edges({ edges: shared }), 'ERR_SHARED', 'edges'],
  ['detached memory', () => edges({ edges: detached }), 'ERR_DETACHED', 'edges'],
  ['an edge id too few', () => edges({ edgeIds: [1, 2] }), 'ERR_SHAPE', 'edgeIds'],
  ['an edge id too large', () => edges({ edgeIds: [1n, 2n, 2n ** 64n] }), 'ERR_RANGE', 'edgeIds[2]'],
  ['an edge id past 2^53', () => edges({ edgeIds: [1, 2, 2 ** 53] }), 'ERR_RANGE', 'edgeIds[2]'],
  ['an edge id that is a word', () => edges({ edgeIds: [1, 2, 'x'] }), 'ERR_TYPE', 'edgeIds[2]'],
  ['a node id too many', () => edges({ nodeIds: [1, 2, 3, 4] }), 'ERR_SHAPE', 'nodeIds'],
  ['a node id too large', () => edges({ nodeIds: [1, 2, 2 ** 32] }), 'ERR_RANGE', 'nodeIds[2]'],
  ['too few nodes by ids', () => edges({ nodes: undefined, nodeIds: [1, 2] }), 'ERR_RANGE', 'edges['],
  ['too many nodes', () => edges({ nodes: 2 ** 32 }), 'ERR_RANGE', 'nodes'],
  ['a rate of NaN', () => edges({ rate: Number.NaN }), 'ERR_RATE', 'rate'],
  ['a rate past 1', () => nodes({ rate: 1.1 }), 'ERR_RATE', 'rate'],
  ['a negative rate', () => paths({ rate: -0.1 }), 'ERR_RATE', 'rate'],
  ['no seed', () => edges({ seed: undefined }), 'ERR_TYPE', 'seed'],
  ['a misspelt name', () => edges({ directed: true }), 'ERR_OPTION', 'directed'],
  ['a direction that is a word', () => edges({ undirected: 'yes' }), 'ERR_TYPE', 'undirected'],
  ['the recipe of another kind', () => edges({ kind: 'nodes' }), 'ERR_OPTION', 'kind'],
  ['another stream', () => edges({ streamVersion: 2 }), 'ERR_VERSION', 'streamVersion'],
  ['rows of nobody knows how many nodes', () => unknown.csr(), 'ERR_OPTION', 'nodes'],
  ['degrees of them', () => unknown.apply(new Float32Array(1), { scaling: 'degree' }), 'ERR_OPTION', 'nodes'],
  ['a weight too few', () => apply({}, new Float32Array(2)), 'ERR_SHAPE', 'x'],
  ['weights that are none', () => apply({}, untyped([1, 2, 3])), 'ERR_TYPE', 'x'],
  ['out of another type', () => apply({ out: new Float64Array(3) }), 'ERR_TYPE', 'out'],
  ['out of another length', () => apply({ out: new Float32Array(4) }), 'ERR_SHAPE', 'out'],
  ['an unknown scaling', () => apply({ scaling: 'standard' }), 'ERR_OPTION', 'scaling'],
  ['unknown rows', () => apply({ rows: 'both' }), 'ERR_OPTION', 'rows'],
  [
    'a weight too few in rows',
    () => mask.edges(G).csr({ weights: new Float32Array(2) }),
    'ERR_SHAPE',
    'weights',
  ],
  ['overlapping out', () => overlapping(), 'ERR_OVERLAP', 'out'],
  ['out in the graph', () => inTheGraph(), 'ERR_OVERLAP', 'out'],
  ['neither nodes nor ids', () => nodes({ nodes: undefined }), 'ERR_OPTION', 'nodes'],
  ['nodes of NaN', () => nodes({ nodes: Number.NaN }), 'ERR_RANGE', 'nodes'],
  ['more ids than nodes', () => nodes({ nodeIds: [1, 2] }), 'ERR_SHAPE', 'nodeIds'],
  [
    'features of no node',
    () => mask.nodes({ seed, rate: 0.5, nodes: 3 }).apply(new Float32Array(4)),
    'ERR_SHAPE',
    'x',
  ],
  ['edges to no node', () => mask.nodes({ seed, rate: 0.5, nodes: 2 }).edges(G_EDGES), 'ERR_RANGE', 'edges['],
  ['walks without nodes', () => paths({ nodes: undefined }), 'ERR_OPTION', 'nodes'],
  ['walks too long', () => paths({ length: 65 }), 'ERR_RANGE', 'length'],
  ['half a walk', () => paths({ walksPerNode: 0.5 }), 'ERR_RANGE', 'walksPerNode'],
  [
    'inverted paths',
    () => mask.paths(G).apply(new Float32Array(3), { scaling: 'inverted' }),
    'ERR_OPTION',
    'scaling',
  ],
  ['walks without names', () => many().bits(), 'ERR_RANGE', 'walksPerNode'],
]

const G_EDGES = { edges: G.edges }
const many = (): { bits(): Uint8Array } =>
  mask.paths({ seed, rate: 1, edges: [], nodeIds: [2 ** 31], walksPerNode: 2 })

function overlapping(): unknown {
  const memory = new Float32Array(4)
  return mask.edges(G).apply(memory.subarray(0, 3), { out: memory.subarray(1) })
}

function inTheGraph(): unknown {
  const m = mask.edges({ seed, rate: 0.5, edges: new Uint32Array(together) })
  return m.apply(new Float32Array(3), { out: new Float32Array(together, 4, 3) })
}

for (const [what, work, code, name] of bad) {
  test(`${what} is ${code}`, (t) => throwsCode(t, work, code, name))
}

test('graphs that changed under a mask are refused, not read', (t) => {
  const list = Uint32Array.of(0, 1, 2, 1, 2, 0)
  const m = mask.edges({ ...G, edges: list })
  list[0] = 7
  throwsCode(t, () => m.csr(), 'ERR_RANGE', 'edges[0]')
})

test('empty graphs and single nodes are graphs', (t) => {
  for (const edges of [[], [0, 0]]) {
    for (const rate of [0, 0.5, 1]) {
      const graph = { seed, rate, edges, nodes: 1 }
      for (const m of [
        mask.edges(graph),
        mask.paths(graph),
        mask.nodes({ seed, rate, nodes: 1 }).edges({ edges }),
      ]) {
        const { rowPointers, columns } = m.csr()
        t.deepEqual([...rowPointers], [0, m.count()])
        t.is(columns.length, m.list().indices.length)
        t.is(m.apply(new Float32Array(edges.length / 2)).length, edges.length / 2)
      }
    }
  }
  const none = mask.nodes({ seed, rate: 0.5, nodes: 0 })
  t.deepEqual([none.bits().length, none.count(), none.realizedRate()], [0, 0, 0])
  t.is(none.apply(new Float32Array(0)).length, 0)
})

test('whatever comes, it is an error of this library or a mask', (t) => {
  const anything = fc.oneof(fc.anything(), fc.array(fc.integer({ min: -2, max: 9 })), fc.uint32Array())
  const keys = ['edges', 'edgeIds', 'nodes', 'nodeIds', 'rate', 'undirected', 'length', 'walksPerNode']
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), anything), (part) => {
      for (const make of [edges, nodes, paths]) {
        try {
          const m = make(part) as { bits(): Uint8Array }
          t.true(m.bits() instanceof Uint8Array)
        } catch (error) {
          t.true(error instanceof DropoutError, String(error))
          t.not((error as DropoutError).code, 'ERR_INTERNAL')
        }
      }
    }),
    { numRuns: 300 },
  )
})
