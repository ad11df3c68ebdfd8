/** Weights of edges under a mask: factors, gradients, and the bias of dropping and then renormalising. */
import test from 'ava'
import fc from 'fast-check'
import { type EdgeScaling, type Floats, mask } from '../../../src/index.js'
import { BASE, type Edge, graphs, isEdgeKept, rates, stacked } from '../naive/graph.js'

const RUNS = { numRuns: 60 }
const SCALINGS: EdgeScaling[] = ['inverted', 'none', 'degree']

/** The factor of each edge, 0 where it drops. */
function factors(edges: readonly Edge[], rate: number, scaling: EdgeScaling, byTarget: boolean): number[] {
  const row = ([source, target]: Edge): number => (byTarget ? target : source)
  const kept = edges.map((edge) => isEdgeKept(edge, rate, false))
  return edges.map((edge, i) => {
    if (!kept[i]) return 0
    if (scaling === 'none') return 1
    if (scaling === 'inverted') return 1 / (1 - rate)
    const same = edges.map((other, j) => ({ other, j })).filter(({ other }) => row(other) === row(edge))
    return same.length / same.filter(({ j }) => kept[j]).length
  })
}

test('kept weights are multiplied by their factor, and dropped ones are +0 whatever they were', (t) => {
  fc.assert(
    fc.property(
      graphs,
      rates,
      fc.constantFrom(...SCALINGS),
      fc.boolean(),
      fc.integer({ min: 0, max: 3 }),
      ({ nodes, edges }, rate, scaling, byTarget, width) => {
        const m = mask.edges({ ...BASE, rate, edges: stacked(edges), nodes })
        const options = { scaling, rows: byTarget ? 'target' : 'source' } as const
        const expected = factors(edges, rate, scaling, byTarget)
        const x = Float64Array.from({ length: edges.length * width }, (_, i) =>
          expected[Math.floor(i / width)] === 0 && i % 2 === 0 ? Number.NaN : i - 3.5,
        )
        const times = (i: number, factor: number): number => (factor === 0 ? 0 : (x[i] as number) * factor)
        const y = m.apply(x, options)
        const scaled = [...x.keys()].map((i) => times(i, expected[Math.floor(i / width)] as number))
        t.deepEqual([...y], scaled)
        t.deepEqual(m.backward(x, options), y)
        t.deepEqual(m.apply(new Float64Array(x), { ...options, out: y }), y)
        const place = new Float64Array(x)
        t.is(m.apply(place, { ...options, out: place }), place)
        t.deepEqual(place, y)
        const kept = [...y].filter((_, i) => (expected[Math.floor(i / width)] as number) > 0)
        t.deepEqual([...m.gather(x, options)], kept)
        t.deepEqual(m.apply(x, { ...options, training: false }), x)
        const single = Float32Array.from(expected, (_, i) => i + 0.5)
        const by32 = (factor: number, i: number): number => Math.fround((i + 0.5) * Math.fround(factor))
        t.deepEqual([...m.apply(single, options)], expected.map(by32))
      },
    ),
    RUNS,
  )
})

test('values of sparse rows are weights times the factor of their row', (t) => {
  fc.assert(
    fc.property(graphs, fc.boolean(), fc.boolean(), ({ nodes, edges }, byTarget, mirror) => {
      const rate = 0.4
      const m = mask.edges({ ...BASE, rate, edges: stacked(edges), nodes, undirected: true })
      const weights = Float64Array.from(edges, (_, i) => i + 1)
      const rows = byTarget ? 'target' : 'source'
      const all = mask.edges({ ...BASE, rate: 0, edges: stacked(edges), nodes }).csr({ rows, mirror })
      const degree = (row: number, pointers: Uint32Array): number =>
        (pointers[row + 1] as number) - (pointers[row] as number)
      const check = (
        values: Floats,
        at: { rowPointers: Uint32Array; edges: Uint32Array },
        by: EdgeScaling,
      ): void => {
        for (let row = 0; row < nodes; row++) {
          const [start, end] = [at.rowPointers[row] as number, at.rowPointers[row + 1] as number]
          for (let entry = start; entry < end; entry++) {
            const factor =
              by === 'degree'
                ? degree(row, all.rowPointers) / (end - start)
                : by === 'none'
                  ? 1
                  : 1 / (1 - rate)
            t.is(values[entry], (weights[at.edges[entry] as number] as number) * factor)
          }
        }
      }
      for (const scaling of SCALINGS) {
        const csr = m.csr({ rows, mirror, scaling, weights })
        check(csr.values, csr, scaling)
      }
    }),
    RUNS,
  )
})

test('the gradient is that of finite differences', (t) => {
  const edges: Edge[] = [
    [0, 1],
    [1, 2],
    [2, 0],
    [0, 2],
    [2, 2],
    [0, 3],
    [3, 1],
  ]
  for (const scaling of SCALINGS) {
    const m = mask.edges({ ...BASE, rate: 0.4, edges: stacked(edges), nodes: 4 })
    const w = Float64Array.from(edges, (_, i) => 0.3 * i - 1)
    const dy = Float64Array.from(edges, (_, i) => 1 / (i + 1))
    const loss = (w: Float64Array): number =>
      m.apply(w, { scaling }).reduce((sum, y, i) => sum + y * (dy[i] as number), 0)
    const gradient = m.backward(dy, { scaling })
    for (let i = 0; i < w.length; i++) {
      const [up, down] = [new Float64Array(w), new Float64Array(w)]
      up[i] = (up[i] as number) + 1e-4
      down[i] = (down[i] as number) - 1e-4
      t.true(Math.abs((loss(up) - loss(down)) / 2e-4 - (gradient[i] as number)) < 1e-9)
    }
  }
})

test('the mean over many steps is right when inverted, and as the formula says when renormalised', (t) => {
  // Node 0 has a loop that is always there and d = 3 neighbours: D + I normalised, 1 / (K + 1) for each kept neighbour.
  const [d, rate, passes] = [3, 0.5, 40_000]
  const edges = { source: [0, 0, 0], target: [1, 2, 3] }
  const sums = { inverted: 0, degree: 0, own: 0, neighbour: 0 }
  for (let step = 0; step < passes; step++) {
    const m = mask.edges({ ...BASE, step, rate, edges, nodes: 4 })
    sums.inverted += sum(m.apply(Float64Array.of(1, 1, 1))) / d
    sums.degree += sum(m.apply(Float64Array.of(1, 1, 1), { scaling: 'degree' })) / d
    const kept = m.count()
    sums.own += 1 / (kept + 1)
    sums.neighbour += kept / (kept + 1) / d
  }
  const close = (sum: number, mean: number, deviation: number): void => {
    const error = Math.abs(sum / passes - mean)
    t.true(error < (5 * deviation) / Math.sqrt(passes), `${sum / passes} for ${mean}`)
  }
  close(sums.inverted, 1, Math.sqrt(rate / (1 - rate) / d))
  // By degree a node's sum is the mean of its kept neighbours times its degree, and 0 where it keeps none.
  close(sums.degree, 1 - rate ** d, 0.5)
  close(sums.own, expectedOwn(d, rate), 0.5)
  t.is(expectedOwn(3, 0.5), 0.46875)
  // Without dropping each of the four has the weight 1/4; what the loop gains the neighbours lose.
  close(sums.neighbour, (1 - 0.46875) / 3, 0.5)
})

const sum = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)

/** E[1 / (K + 1)] for K binomial of d at 1 - p. */
const expectedOwn = (d: number, p: number): number => (1 - p ** (d + 1)) / ((d + 1) * (1 - p))

test('by enumeration, over all masks of d edges', (t) => {
  for (const [d, p] of [
    [3, 0.5],
    [1, 0.2],
    [6, 0.3],
  ] as const) {
    let [own, inverted] = [0, 0]
    for (let kept = 0; kept < 2 ** d; kept++) {
      const count = [...kept.toString(2)].filter((bit) => bit === '1').length
      const probability = (1 - p) ** count * p ** (d - count)
      own += probability / (count + 1)
      inverted += (probability * count) / (1 - p) / d
    }
    t.true(Math.abs(own - expectedOwn(d, p)) < 1e-12)
    t.true(Math.abs(inverted - 1) < 1e-12)
  }
})
